"""Choose the backend of keras, before keras is imported. Nothing here loads keras or a backend."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from dreampipe.errors import ModelError, shown

VARIABLE = "KERAS_BACKEND"
SHARERS = "DREAMPIPE_WORKERS"
"""The variable that says how many processes of a run share the memory of this machine."""
REPEATABLE = "DREAMPIPE_REPEATABLE"
"""The variable that asks for the same bits in each run, also on a GPU; anything but empty and 0 does."""
DRIVERS = (
    *(Path("/proc/driver/nvidia/version"), Path("/dev/nvidiactl")),
    Path("/usr/lib/wsl/lib/libcuda.so.1"),
    Path(os.environ.get("SYSTEMROOT", "C:\\Windows"), "System32", "nvcuda.dll"),
)
"""Files that NVIDIA's driver brings: on Linux, on Linux within Windows, and on Windows. macOS has no such driver."""
_WSL = Path("/dev/dxg")
"""The device of Linux within Windows, where a container may lack the files of the driver and still have a GPU."""


class Row(NamedTuple):
    """The facts of a backend that are known before it is loaded.

    Attributes:
        label: its own spelling.
        install: the line that installs it.
        install_gpu: the line that installs its build for GPUs of NVIDIA.
        device: the variable of the environment that names the device to compute on.
    """

    label: str
    install: str
    install_gpu: str
    device: str


BACKENDS = {
    "tensorflow": Row(
        "TensorFlow", "pip install tensorflow", "pip install 'tensorflow[and-cuda]'", "CUDA_VISIBLE_DEVICES"
    ),
    "jax": Row("JAX", "pip install 'dreampipe[jax]'", "pip install 'dreampipe[jax-cuda]'", "JAX_PLATFORMS"),
    "torch": Row(
        "PyTorch", "pip install 'dreampipe[torch]'", "pip install --force-reinstall torch", "KERAS_TORCH_DEVICE"
    ),
}
"""The backends by the names that KERAS_BACKEND takes; the first that is installed is the default."""


def installed() -> tuple[str, ...]:
    """Name the backends that are installed."""
    return tuple(name for name in BACKENDS if find_spec(name) is not None)


def ask_for(name: str) -> None:
    """Ask for a backend, for this process and those that it starts.

    Raises:
        ModelError: it is none of ours, is not installed, or another one is loaded already.
    """
    _check(name, f"The backend came as {shown(name)}")
    if (loaded := _loaded()) not in (None, name):
        raise ModelError(f"The backend {name} came, but this program has loaded keras with {loaded}: leave it out.")
    os.environ[VARIABLE] = name


def ask_to_repeat() -> None:
    """Ask for the same bits in each run, for this process and those that it starts, before the backend is loaded."""
    os.environ[REPEATABLE] = "1"


def is_to_repeat() -> bool:
    """Say whether somebody asks for the same bits in each run."""
    return os.environ.get(REPEATABLE, "0") not in ("", "0")


def choose() -> str:
    """Choose the backend, and tell keras by the variable KERAS_BACKEND.

    A program that has imported keras before decides it; then the variable does; then `keras.json`, the file of the
    user's settings of keras, where it names a backend that is installed; then what is installed.

    Returns:
        the name of the module of `dreampipe.backend` that computes.

    Raises:
        ModelError: the backend that is asked for is none of ours, or is not installed.
    """
    check_choice()
    chosen = name()
    if not os.environ.get(VARIABLE):  # which keras takes for unset, too
        os.environ[VARIABLE] = chosen
    return chosen


def name() -> str:
    """The name of the backend that computes in this process, or would: nothing checks that it can."""
    return _loaded() or os.environ.get(VARIABLE) or _set_by_user() or next(iter(installed()), next(iter(BACKENDS)))


def has_gpu() -> bool:
    """Say whether this machine has a GPU of NVIDIA that programs may see: its driver is there, and nothing hides it."""
    return not _hides_gpus() and any(path.exists() for path in DRIVERS)


def lacks_gpu() -> bool:
    """Say whether it is known, before a backend is loaded, that programs see no GPU of NVIDIA here."""
    return _hides_gpus() or not (_WSL.exists() or has_gpu())


def _hides_gpus() -> bool:
    return os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")


def idle_gpu(backend: str, device: str) -> str:
    """A sentence if there is a GPU of NVIDIA, but this backend computes on `device`, a processor; else empty.

    Empty, too, where the user has chosen a processor by the variable of the backend's devices.
    """
    row = BACKENDS[backend]
    if not has_gpu() or "CPU" not in device or os.environ.get(row.device, "").lower().startswith("cpu"):
        return ""
    return f"This machine has an NVIDIA driver, but {backend} does not use its GPU: {_use_of_gpu(backend, row)}."


def _use_of_gpu(backend: str, row: Row) -> str:
    """Say what lets a backend use a GPU of NVIDIA on this system."""
    if sys.platform != "win32":
        return f"`{row.install_gpu}` lets it"
    if backend == "torch":
        return "install PyTorch's build for CUDA, whose line its site shows"
    return f"{row.label} has no build for that on Windows, so take PyTorch, or Linux within Windows (WSL)"


def compiles_each_size() -> bool:
    """Say whether the backend of `name` compiles what it computes anew for each size, which takes seconds."""
    return name() == "jax"


def check_choice() -> None:
    """Check that the backend that is asked for is one of ours, and is installed; raises ModelError."""
    if loaded := _loaded():
        _check(loaded, f"This program has imported keras with the backend {shown(loaded)}")
    elif asked := os.environ.get(VARIABLE):
        _check(asked, f"{VARIABLE} is {shown(asked)}")
    elif not installed():
        _check(name(), "No backend is asked for")


def _loaded() -> str | None:
    """The backend of keras, if this process has imported it."""
    keras = sys.modules.get("keras")
    return str(keras.config.backend()) if keras and hasattr(keras, "config") else None


def _set_by_user() -> str | None:
    """The backend in `keras.json`, if it is one of ours and installed.

    Keras itself writes tensorflow into it at its first start, whatever is installed: so what cannot be is no error.
    """
    home = os.environ.get("KERAS_HOME")  # as keras finds it
    path = Path(home or os.path.join("~", ".keras"), "keras.json")
    try:
        chosen = json.loads(path.expanduser().read_bytes())["backend"]
    except (OSError, ValueError, TypeError, KeyError, RuntimeError):
        return None
    return next((name for name in installed() if name == chosen), None)


def _check(name: str, given: str) -> None:
    if name not in BACKENDS:
        *names, last = BACKENDS
        raise ModelError(f"{given}, but {', '.join(names)} or {last} is expected: set one of them.")
    if find_spec(name) is None:
        label, install = BACKENDS[name].label, BACKENDS[name].install
        raise ModelError(f"{given}, but {label} is not installed here: run `{install}`.")
