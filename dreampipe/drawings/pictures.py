"""Pictures to show to a model: the training pictures of `motifnet`, or those of a folder, one by one to save memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from dreampipe.errors import MediaError
from dreampipe.events import Noted, Tell, ignore
from dreampipe.frames import Array, dequantize
from dreampipe.media import read
from dreampipe.media.formats import SUFFIXES
from dreampipe.media.kinds import Kind, kind_of, name_left_out
from dreampipe.media.listing import in_words
from dreampipe.media.profiles import to_srgb
from dreampipe.models.motifnet.renderer import CLASSES, SIZE, render
from dreampipe.stages import Resize


class Picture(NamedTuple):
    """A picture and its name: `pixels` (height, width, 3) float32, sRGB, in [0, 1]."""

    name: str
    pixels: Array


def training_pictures(count: int = 500) -> Iterator[Picture]:
    """Yield the first `count` training pictures of `motifnet`, of every class in turn, as its training saw them.

    Each takes about 30 ms of a core. They are rendered ahead, in one process for each core.
    """
    workers = max(1, min(os.cpu_count() or 1, count // 8))
    with ExitStack() as stack:
        pipes = [stack.enter_context(_rendering(range(first, count, workers))) for first in range(workers)]
        for number, pipe in zip(range(count), cycle(pipes), strict=False):
            # If a process cannot start or ends early, this one does its work.
            samples = pipe.read(SIZE * SIZE * 3)
            data = samples if len(samples) == SIZE * SIZE * 3 else render(number).pixels.tobytes()
            pixels = np.frombuffer(data, np.uint8).reshape(SIZE, SIZE, 3)
            yield Picture(f"{CLASSES[number % len(CLASSES)]}, training picture {number}", dequantize(pixels))


def folder_pictures(
    path: str | os.PathLike[str],
    longest: int = 256,
    most: int = 2000,
    tell: Tell = ignore,
) -> Iterator[Picture]:
    """Yield the pictures of a folder and its subfolders, in the order of their names; read each when it is due.

    Args:
        path: the folder; hidden files and folders, and links to folders, are left out.
        longest: shrink larger pictures to this longest side, in pixels.
        most: if there are more pictures, yield so many of them, evenly spread.
        tell: hears a `Noted`, with the folder as its name, for what is left out; an unreadable picture raises nothing.

    Raises:
        MediaError: at once if there is no folder or no picture in it; at the end if no picture could be read.
    """
    folder = Path(path)
    if not folder.is_dir():
        came = "is a file" if folder.exists() else "does not exist"
        raise MediaError(f"{folder} {came}, but a folder of pictures is expected: name the one that they are in.")
    kinds = {name: kind_of(folder / name) for name in _names(folder)}
    names = sorted(name for name, kind in kinds.items() if kind is Kind.PICTURE)
    if not names:
        raise MediaError(f"{folder} holds no pictures, but files with one of {SUFFIXES} are expected in it.")
    if unread := [name for name, kind in kinds.items() if kind is Kind.UNREAD]:
        note = f"Left out of {folder}: {in_words(Counter(name_left_out(folder / name) for name in unread))}."
        tell(Noted(str(folder), note))
    if len(names) > most:
        note = f"Of the {len(names)} pictures in {folder}, {most} are looked at, evenly spread."
        tell(Noted(str(folder), note))
        names = [names[at * len(names) // most] for at in range(most)]
    return _read(folder, names, Resize(longest), tell)


def _names(folder: Path) -> Iterator[str]:
    for here, below, files in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in files:
            if not name.startswith("."):
                yield (Path(here) / name).relative_to(folder).as_posix()


def _read(folder: Path, names: Iterable[str], resize: Resize, tell: Tell) -> Iterator[Picture]:
    found = False
    for name in names:
        try:
            media = read(folder / name)
            (frame,) = resize(iter(media))
            pixels = to_srgb(frame.pixels, media.info.icc)
        except MediaError as problem:
            tell(Noted(str(folder), f"Left out: {problem}"))
        else:
            found = True
            yield Picture(name, pixels)
    if not found:
        raise MediaError(
            f"No picture in {folder} could be read, but at least one is expected: look at the files in it."
        )


@contextmanager
def _rendering(numbers: range) -> Iterator[IO[bytes]]:
    """Open a pipe from a process that renders these training pictures: their samples, one picture after the other.

    This is not a pool of `multiprocessing`, which would run the user's own script again in each process.
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
