"""Check whether this machine is set up: findings on libraries, devices, codecs, memory, weights and settings.

`diagnose` needs no network. It opens the backend in another process, so a broken one becomes a finding, too.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import disk_usage
from typing import Any, Literal

import psutil

import dreampipe
from dreampipe.backend import choosing
from dreampipe.backend.choosing import BACKENDS, VARIABLE, installed
from dreampipe.errors import ModelError, RecipeError, brief
from dreampipe.media.abilities import failing_formats, missing_codecs
from dreampipe.models import imagenet, zoo
from dreampipe.models.own import seen
from dreampipe.models.weights import store
from dreampipe.recipes.defaults import NAME, Defaults, list_defaults
from dreampipe.records.making import LIBRARIES

State = Literal["ok", "note", "fault"]
_PROBE = "import json; from dreampipe.backend import probe; print(json.dumps(probe()))"
_PATIENCE = 180
"""Seconds that a backend may take to open; a cold disk needs up to a tenth of that."""
_VARIABLES = (
    *("KERAS_HOME", "KERAS_BACKEND", "DREAMPIPE_WEIGHTS_URL"),
    *(
        "CUDA_VISIBLE_DEVICES",
        "JAX_PLATFORMS",
        "KERAS_TORCH_DEVICE",
        "TF_ENABLE_ONEDNN_OPTS",
        "TF_NUM_INTRAOP_THREADS",
        "OMP_NUM_THREADS",
        "TMPDIR",
    ),
)
"""The variables of the environment that change what dreampipe does."""
_SMALL = 2e9
"""Bytes of free memory or disk under which a finding says so."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what it is.
        state: `fault` if dreams fail because of it, `note` if it limits them, else `ok`.
        text: what was found.
        advice: one sentence on what to do, or on what can be done.
    """

    subject: str
    state: State
    text: str
    advice: str


def diagnose(read_files: Callable[[], Sequence[Defaults]]) -> Iterator[Finding]:
    """Look at everything in turn: what is quick first, the backend last.

    Args:
        read_files: reads the files of defaults that are in force; raises RecipeError.
    """
    yield _program()
    yield _libraries()
    yield _backends()
    yield _memory()
    yield _disk()
    yield _pictures()
    yield _films()
    yield _weights()
    yield _cache()
    yield _settings()
    yield _defaults(read_files)
    yield _devices()


def _program() -> Finding:
    python = platform.python_version()
    text = f"dreampipe {dreampipe.__version__} on Python {python}, {platform.system()} {platform.machine()}"
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding("program", "ok", text, "`dreampipe --help` lists the commands.")
    return Finding("program", "fault", text, "Make an environment of Python 3.11 to 3.13 and install dreampipe there.")


def _libraries() -> Finding:
    found = {name: _version(package) for name, package in LIBRARIES.items()}
    text = ", ".join(f"{name} {found[name] or 'missing'}" for name in found)
    missing = [LIBRARIES[name] for name in found if not found[name]]
    if missing:
        return Finding("libraries", "fault", text, f"Run `pip install {' '.join(missing)}` in this environment.")
    return Finding("libraries", "ok", text, "Every output records these versions; `dreampipe info` shows them.")


def _backends() -> Finding:
    there = installed()
    shown = [f"{name} {_version(name) or '?'}" for name in there]
    missing = [f"{row.label}: `{row.install}`" for name, row in BACKENDS.items() if name not in there]
    if not there:
        return Finding("backends", "fault", "none", f"Install one of them. {'; '.join(missing)}.")
    text = f"{', '.join(shown)}; {_chosen()} computes"
    advice = "--backend or KERAS_BACKEND chooses another." if len(there) > 1 else f"Others are {'; '.join(missing)}."
    return Finding("backends", "ok", text, advice)


def _chosen() -> str:
    """The name of the backend that another process chooses."""
    return os.environ.get(VARIABLE) or choosing.name()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    text = f"{_gigabytes(memory.available)} free of {_gigabytes(memory.total)}, {os.cpu_count()} processor cores"
    if memory.available < _SMALL:
        return Finding("memory", "note", text, "Close other programs, or give --max-size, which needs less memory.")
    advice = "A picture that does not fit is dreamed smaller, with a note; --dry-run tells the memory of a run."
    return Finding("memory", "ok", text, advice)


def _disk() -> Finding:
    places = {"current folder": Path(), "temporary folder": Path(tempfile.gettempdir())}
    try:
        free = {what: disk_usage(place).free for what, place in places.items()}
    except OSError as problem:
        text = f"a folder cannot be looked at ({problem.strerror})"
        return Finding("disk", "note", text, "Change to a folder that exists, and set TMPDIR to one, too.")
    text = ", ".join(f"{_gigabytes(room)} free in the {what}" for what, room in free.items())
    if min(free.values()) < _SMALL:
        return Finding("disk", "note", text, "Make room before you dream films; TMPDIR names another temporary folder.")
    return Finding("disk", "ok", text, "A film checks that its disk has room before it begins.")


def _pictures() -> Finding:
    if failed := failing_formats():
        text, advice = f"{', '.join(failed)} cannot be written", "Install pillow, tifffile and imagecodecs anew."
        return Finding("pictures", "fault", text, advice)
    return Finding("pictures", "ok", "every format can be written", "--format chooses one.")


def _films() -> Finding:
    if lacking := missing_codecs():
        return Finding("films", "note", f"{', '.join(lacking)} cannot be encoded", "Install av anew, as a wheel.")
    return Finding("films", "ok", "every codec can be encoded", "--codec chooses one.")


def _weights() -> Finding:
    try:
        folder = store.folder()
    except ModelError as error:
        return Finding("weights", "note", "the embedded model only", str(error))
    names = [name for base in zoo.NAMES for name in (base, f"{base}{zoo.NOTOP}")]
    held = {name: found for name in names if (found := store.look(zoo.weights_of(name)))}
    text = f"{', '.join(held) or 'none'} in {folder}; motifnet is built in"
    faults = [f"{name} ({found.fault})" for name, found in held.items() if found.fault]
    if faults:
        advice = f"Fetch it again with `dreampipe models fetch {faults[0].split()[0]}`."
        return Finding("weights", "note", f"{text}; damaged: {', '.join(faults)}", advice)
    if imagenet.class_names() is None and held:
        advice = f"`dreampipe classes {next(iter(held)).removesuffix(zoo.NOTOP)} --fetch` gets ImageNet's class names."
        return Finding("weights", "note", f"{text}; without the names of classes", advice)
    return Finding("weights", "ok", text, "`dreampipe models fetch NAME` gets others before they are needed.")


def _cache() -> Finding:
    try:
        folder = seen.file().parent
    except ModelError as error:
        return Finding("cache", "note", "none", str(error))
    place = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(place, os.W_OK):
        advice = "Each run checks all model files anew: set KERAS_HOME to a folder that you can write to."
        return Finding("cache", "note", f"{folder} cannot be written", advice)
    return Finding("cache", "ok", str(folder), "Weights and the list of checked models are there; KERAS_HOME moves it.")


def _settings() -> Finding:
    given = [f"{name}={brief(os.environ[name])}" for name in _VARIABLES if name in os.environ]
    text = ", ".join(given) or "no variables of the environment"
    return Finding("settings", "ok", text, "`dreampipe recipes show default` prints the default of every setting.")


def _defaults(read_files: Callable[[], Sequence[Defaults]]) -> Finding:
    try:
        lines = list(list_defaults(read_files()))
    except RecipeError as error:
        return Finding("defaults", "fault", str(error), "Correct the file, or give --no-config.")
    if not lines:
        return Finding("defaults", "ok", f"no {NAME}", f"A {NAME} holds defaults of your own: see docs/recipes.md.")
    return Finding("defaults", "ok", "; ".join(lines), "--no-config ignores them; `rerun` and Python never read them.")


def _devices() -> Finding:
    """Open the backend in another process and compute a little there."""
    name = _chosen()
    anew = f"Install {name} and keras anew in this environment: `pip install --force-reinstall {name} keras`."
    here = str(Path(dreampipe.__file__).parent.parent)  # last, as it may be a folder of all packages
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), here]))
    try:
        probed = subprocess.run(
            [sys.executable, "-P", "-c", _PROBE],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return Finding("devices", "fault", f"{brief(name)} did not open ({brief(str(problem), 200)})", anew)
    try:
        found = json.loads(probed.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        said = (probed.stderr.strip() or f"exit code {probed.returncode}").splitlines()[-1]
        if lacking := _lacking_device(name, said):
            return lacking
        reason = said.removeprefix("dreampipe.errors.ModelError: ")
        advice = "Correct that, and run `dreampipe doctor` again." if reason != said else anew
        return Finding("devices", "fault", f"{brief(name)} did not open: {brief(reason, 200)}", advice)
    return _describe_devices(name, found)


def _lacking_device(name: str, said: str) -> Finding | None:
    """Find that the device is not there that the variable of a backend names, by the last line that it said."""
    row = BACKENDS.get(name)
    given = os.environ.get(row.device) if row else None
    if not row or not given or not said.startswith(("RuntimeError", "AssertionError")):
        return None
    _, _, reason = said.partition(": ")
    why = f" ({brief(reason, 160)})" if reason else ""
    text = f"{row.device} is {brief(given)}, but {row.label} cannot compute on that{why}"
    return Finding(
        "devices", "fault", text, f"Leave {row.device} unset; `{row.install_gpu}` lets {name} use a GPU of NVIDIA."
    )


def _describe_devices(name: str, found: Mapping[str, Any]) -> Finding:
    text = f"{name} sees {', '.join(found['seen'])}, and computes on {found['used']}"
    if "GPU" in found["used"]:
        return Finding("devices", "ok", text, "CUDA_VISIBLE_DEVICES= makes it compute on the processor instead.")
    if advice := choosing.idle_gpu(name, found["used"]):
        return Finding("devices", "note", f"{text}, although there is a GPU", advice)
    return Finding("devices", "ok", text, "No GPU is needed; one makes large pictures and films faster.")


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB"
