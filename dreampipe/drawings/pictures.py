"""Pictures to show to a model: the training pictures of `motifnet`, or those of a folder.

They come one after the other, so that a large folder never lies in memory as a whole.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from dreampipe.errors import MediaError
from dreampipe.frames import Array
from dreampipe.media import read
from dreampipe.media.formats import SUFFIXES, format_of_suffix
from dreampipe.models.motifnet.renderer import CLASSES, SIZE, render
from dreampipe.stages import Resize


class Picture(NamedTuple):
    """A picture and its name: `pixels` (height, width, 3) float32, RGB, in [0, 1]."""

    name: str
    pixels: Array


def training_pictures(count: int = 500) -> Iterator[Picture]:
    """The first `count` training pictures of `motifnet`, of every class in turn, as its training saw them.

    Each takes about 30 ms of a core: they are rendered while they are taken, in as many processes as there are cores.
    """
    workers = max(1, min(os.cpu_count() or 1, count // 8))
    with ExitStack() as stack:
        pipes = [stack.enter_context(_rendering(range(first, count, workers))) for first in range(workers)]
        for number, pipe in zip(range(count), cycle(pipes), strict=False):
            # A process that cannot start or ends early leaves its share to this one.
            samples = pipe.read(SIZE * SIZE * 3)
            data = samples if len(samples) == SIZE * SIZE * 3 else _rendered(number)
            pixels = np.frombuffer(data, np.uint8).reshape(SIZE, SIZE, 3)
            yield Picture(f"{CLASSES[number % len(CLASSES)]}, training picture {number}", _unit(pixels))


def folder_pictures(
    path: str | os.PathLike[str],
    longest: int = 256,
    most: int = 2000,
    on_note: Callable[[str], None] | None = None,
) -> Iterator[Picture]:
    """The pictures of a folder and of those in it, by the order of their names, each read when it is taken.

    Args:
        path: the folder; hidden files and folders, and links to folders, are left out.
        longest: pixels of the longest side that larger pictures are shrunk to.
        most: of more pictures than these, so many are taken evenly.
        on_note: told in a sentence what was left out: a picture that cannot be read never ends it.

    Raises:
        MediaError: at once, where there is no folder or no picture in it; at the end, where none could be read.
    """
    folder = Path(path)
    if not folder.is_dir():
        came = "is a file" if folder.exists() else "does not exist"
        raise MediaError(f"{folder} {came}, but a folder of pictures is expected: name the one that they are in.")
    names = sorted(_names(folder))
    if not names:
        raise MediaError(f"{folder} holds no pictures, but files with one of {SUFFIXES} are expected in it.")
    tell = on_note or (lambda note: None)
    if len(names) > most:
        tell(f"Of the {len(names)} pictures in {folder}, {most} are looked at, evenly spread.")
        names = [names[at * len(names) // most] for at in range(most)]
    return _read(folder, names, Resize(longest), tell)


def _names(folder: Path) -> Iterator[str]:
    for here, below, files in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and format_of_suffix(Path(name)):
                yield (Path(here) / name).relative_to(folder).as_posix()


def _read(folder: Path, names: Iterable[str], resize: Resize, tell: Callable[[str], None]) -> Iterator[Picture]:
    found = False
    for name in names:
        try:
            (frame,) = resize(iter(read(folder / name)))
        except MediaError as problem:
            tell(f"Left out: {problem}")
        else:
            found = True
            yield Picture(name, frame.pixels)
    if not found:
        raise MediaError(
            f"No picture in {folder} could be read, but at least one is expected: look at the files in it."
        )


@contextmanager
def _rendering(numbers: range) -> Iterator[IO[bytes]]:
    """The samples of these training pictures, one after the other, out of a process that renders them.

    It is no pool of `multiprocessing`, which would run the user's own script again in each process.
    """
    bounds = [str(bound) for bound in (numbers.start, numbers.stop, numbers.step)]
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "dreampipe.models.motifnet.rendering", *bounds],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        yield BytesIO()
        return
    with process:
        try:
            assert process.stdout is not None
            yield process.stdout
        finally:
            process.kill()


def _rendered(number: int) -> bytes:
    return render(number).pixels.tobytes()


def _unit(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Array:
    return np.divide(pixels, 255, dtype=np.float32)
