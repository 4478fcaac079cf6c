"""A model file is opened in a process of its own the first time, so that a bad one takes down nothing but that.

    prove(path, sha256, what)        python -m dreampipe.models.own.probing FILE SHA256 WHAT MEMORY SECONDS

What `inspecting.py` finds safe can still ask for more memory than there is, compute for ever, or meet a fault of the
libraries, which are C and C++. The process has bounded memory, time and files, next to no environment and nothing to
read but one pipe, whose end tells it that its parent is gone, so that it ends as well; it builds the model and computes
one picture of the least size.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dreampipe.backend import choosing
from dreampipe.errors import ModelError
from dreampipe.models.own import seen
from dreampipe.models.own.archive import LIMITS
from dreampipe.models.own.inspecting import name_file
from dreampipe.models.own.scratch import scratch_folder

if TYPE_CHECKING:
    from dreampipe.backend import keras

REFUSED, SHORT = 3, 4
"""Exit codes of the process, other than 0: it says why on stdout; it was short of memory."""
_SIDE = 224
_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True)
class Allowance:
    """Limits of the process.

    Attributes:
        memory: bytes of address space, in addition to four times the size of the file; TensorFlow alone takes 2 GB.
        seconds: by the clock.
    """

    memory: int = 6 << 30
    seconds: float = 300


ALLOWANCE = Allowance()


def prove(path: Path, sha256: str, what: str = "model", allowance: Allowance = ALLOWANCE) -> None:
    """Open a file in a process of its own, unless one of its SHA-256 has been opened well before.

    Args:
        what: "model" or "decoder".

    Raises:
        ModelError: the process refuses the file, does not end in time, is ended by the system or wants too much memory.
    """
    if seen.knows(sha256, what):
        return
    if reason := _try_apart(path, sha256, what, allowance):
        raise ModelError(reason)
    seen.note(sha256, what)


def _try_apart(path: Path, sha256: str, what: str, allowance: Allowance) -> str:
    """Why a file is refused; empty where it is not."""
    memory = allowance.memory + 4 * (path.stat().st_size if path.exists() else 0)
    told = [str(path.absolute()), sha256, what, str(memory), str(int(allowance.seconds * (os.cpu_count() or 1)) + 1)]
    begun = f"The {what} {path} is refused: opened for the first time, in a process of its own, it"
    with name_file(path, what), scratch_folder() as folder, (folder / "said").open("w+b") as said:
        try:
            code = _wait_for(told, str(folder), said, allowance.seconds)
        except OSError as error:
            return f"The {what} {path} cannot be tried in a process of its own ({error.strerror}): free some memory."
        said.seek(0)
        words = said.read(4000).decode("utf-8", "replace").splitlines()
    if code is None:
        return f"{begun} did not end within {allowance.seconds:g} seconds: choose another."
    if code == REFUSED and words:
        return words[-1]
    if code in (SHORT, -signal.SIGABRT):  # which is how the libraries end where memory is short
        return f"{begun} wanted more than {memory / 1e9:.1f} GB of memory: choose a smaller one."
    return f"{begun} {_end(code)}: choose another." if code else ""


def _end(code: int) -> str:
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with the exit code {code}"


def _wait_for(told: Sequence[str], folder: str, said: IO[bytes], seconds: float) -> int | None:
    """The exit code of the process, minus a signal's number where one ended it; None where time was up."""
    process = subprocess.Popen(
        # -P and -s: nothing is imported from the folder that it runs in, nor from the user's own.
        [sys.executable, "-P", "-s", "-m", "dreampipe.models.own.probing", *told],
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=_environment(folder),
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:  # Ctrl-C, too
        if process.poll() is None:
            _kill(process)
        assert process.stdin is not None
        process.stdin.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _environment(folder: str) -> dict[str, str]:
    """Return the environment that the process needs: no keys or tokens, another home, two threads, no accelerator."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "2")
    # Threads and their arenas of memory count as address space, of which there is a limit.
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        **dict.fromkeys(("HOME", "KERAS_HOME", "TMPDIR", "TEMP", "TMP"), folder),
        "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path),
        "PYTHONUTF8": "1",
        "KERAS_BACKEND": choosing.name(),
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "-1",
        "MALLOC_ARENA_MAX": "2",
        **threads,
    }


def main(told: Sequence[str]) -> int:
    """The process: the exit code; stdout says why where it is `REFUSED`."""
    path, sha256, what, memory, seconds = told
    _confine(int(memory), int(seconds))
    try:
        _try(Path(path), sha256, what)
    except ModelError as error:
        print(" ".join(str(error).splitlines()))  # noqa: T201  this is what the process is for
        return REFUSED
    except MemoryError:
        return SHORT
    return 0


def _end_with_parent() -> None:
    """Wait until the other end of stdin is closed, which the system does when the parent ends in any way."""
    os.read(0, 1)  # not sys.stdin, whose lock would be held while this process ends
    os._exit(REFUSED)


def _confine(memory: int, seconds: int) -> None:
    """Bound this process for good, where the system can; not its threads, for that bound is of all the user's."""
    try:
        import resource
    except ImportError:  # Windows
        return
    bounds = [
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, LIMITS.total),
        (resource.RLIMIT_CORE, 0),
    ]
    for kind, most in bounds:
        with suppress(ValueError, OSError):  # lower already, or not to be bounded on this system
            resource.setrlimit(kind, (most, most))


def _try(path: Path, sha256: str, what: str) -> None:
    """Build the model of a file and compute one picture, or one picture's drawing."""
    from dreampipe.models import decoders
    from dreampipe.models.own import files

    if what == "decoder":
        shapes = list(_latents(path))
        model = decoders.load(path, sha256)
    else:
        shapes = list(_pictures(path))
        model = files.load(path, sha256)
    with name_file(path, what):
        _compute(model if what == "decoder" else _tap_all(model), shapes)


def _tap_all(model: keras.Model) -> keras.Model:
    """All of a model as it is dreamed: at sizes that its layers take, whatever size its input declares."""
    from dreampipe.models.tap import describe, tap

    return tap(model, [describe(model)[-1].name])


def _pictures(path: Path) -> Iterator[tuple[int, ...]]:
    """The shapes of pictures to try: the least, and a usual one where arithmetic knows too little of the least."""
    from dreampipe.models.own.inspecting import inspect

    found = inspect(path)
    if found.fixed:
        yield *found.fixed, 3
    else:
        yield from ((side, side, 3) for side in (found.least, max(found.least, _SIDE)))


def _latents(path: Path) -> Iterator[tuple[int, ...]]:
    from dreampipe.models.decoders import decoder

    card = decoder(path)
    least = card.grid.least if card.grid else (1, 1)
    for more in (0, 7):
        free = iter(least)
        yield tuple(next(free) + more if n is None else n for n in card.latents)


def _compute(model: keras.Model, shapes: Sequence[tuple[int, ...]]) -> None:
    """Compute zeros of the first of the shapes that can be computed."""
    import numpy as np

    reason = ""
    for shape in shapes:
        try:
            model(np.zeros((1, *shape), np.float32), training=False)
            return
        except MemoryError:
            raise
        except Exception as error:  # TensorFlow and Keras raise errors of every kind
            if "ResourceExhausted" in type(error).__name__:
                raise MemoryError from error
            reason = str(error).strip().partition("\n")[0][:300]
    raise ModelError(f"it cannot compute an input of the shape {shapes[-1]} ({reason}): save it anew.")


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
