"""How much of the disk a film takes while it is made; used by `video.py`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import clip

PAUSE = 0.001
"""Seconds between two looks at the folder."""


@dataclass(frozen=True)
class Held:
    """The most bytes that the work folder and the output held at once.

    Attributes:
        all: everything.
        films: of segments and film alone, without the dreams that are gone on from and what is about to be written.
        output: of the film itself.
    """

    all: int
    films: int
    output: int


def held(source: Path, output: Path, settings: Sequence[str]) -> Held:
    """Dream a film in a process of its own, and look at the output's folder meanwhile, which has nothing else."""
    command = [sys.executable, "-m", "dreampipe", "dream", str(source), str(output), "--quiet", *settings]
    everything = films = 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            sizes = dict(_sizes(output.parent))
            everything = max(everything, sum(sizes.values()))
            films = max(films, sum(size for path, size in sizes.items() if path.suffix not in {".npy", ".part"}))
            time.sleep(PAUSE)
    if process.returncode:
        raise SystemExit(process.returncode)
    return Held(everything, films, output.stat().st_size)


def _sizes(folder: Path) -> Iterator[tuple[Path, int]]:
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # gone since
            if path.is_file():
                yield path, path.stat().st_size


def disk(count: int, size: tuple[int, int], settings: Sequence[str]) -> None:
    """Prints for each container how many times the output's bytes were held at most."""
    with tempfile.TemporaryDirectory() as name:
        source = Path(name, "clip.mp4")
        clip.write(source, count, size)
        for suffix in (".mp4", ".mkv"):
            output = Path(name, suffix[1:], f"film{suffix}")
            output.parent.mkdir()
            came = held(source, output, settings)
            print(
                f"{suffix}: {came.output / 1e6:.2f} MB; at most {came.films / came.output:.2f} times that in segments "
                f"and film, {came.all / came.output:.2f} times with all else",
                flush=True,
            )
