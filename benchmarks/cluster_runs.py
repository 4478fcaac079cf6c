"""Runs of workers on this machine, watched from outside: what they cost, and what a driver holds.

Used by `cluster.py`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import psutil

from dreampipe.ascent import Step
from dreampipe.engines.coordinating import coordinate
from dreampipe.engines.crew import Heard, Made, Message, Ready
from dreampipe.engines.rows import Rows
from dreampipe.events import Began, Done, Stepped, ignore
from dreampipe.media import plan

STEPS = 8
"""Steps that a pretended picture tells."""
LINKS = 60_000
"""Names of one file: a file system has a limit of its own."""


class Mark(NamedTuple):
    """The end of a picture: seconds since the start of its run, and seconds of all processors until then."""

    wall: float
    processor: float


def watch(photos: Path, options: Sequence[str], environment: dict[str, str] | None = None) -> Iterator[Mark]:
    """Dream a folder by the command line, and mark the end of each picture."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dreampipe", "dream", str(photos), folder, "--events", *options]
        began = time.perf_counter()
        process = psutil.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        for line in process.stdout:
            if json.loads(line)["event"] == "done":
                yield Mark(time.perf_counter() - began, _processor_seconds(process))
        if process.wait():
            raise SystemExit(f"{photos} was not dreamed whole: the pictures of a benchmark must all be fine.")


def _processor_seconds(process: psutil.Process) -> float:
    """Add up the processor time of a process and of all below it, also of those that have ended."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(sum(each[:4]) for each in times))


class Cost(NamedTuple):
    """What a way to run takes: seconds to the first picture, and of all processors for one more."""

    first: float
    processor: float


def cost(photos: Path, options: Sequence[str]) -> Cost:
    """Measure what a picture costs once all workers have made some."""
    marks = list(watch(photos, options))
    settled, last = marks[len(marks) // 3], marks[-1]
    return Cost(marks[0].wall, (last.processor - settled.processor) / (len(marks) - 1 - len(marks) // 3))


def write_photos(folder: Path, pictures: int, side: int = 32) -> None:
    """Write pictures of noise; a million of them are names of a few files."""
    folder.mkdir()
    for number in range(pictures):
        path = folder / f"{number:07}.png"
        if pictures > LINKS and number % LINKS:
            os.link(folder / f"{number - number % LINKS:07}.png", path)
        else:
            noise = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
            cv2.imwrite(str(path), noise)


class Pretending:
    """A crew that makes nothing, and says that all is done."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._messages: deque[tuple[int, Message]] = deque()

    def start(self, worker: int) -> None:
        self._messages.append((worker, Ready("here")))

    def give(self, worker: int, piece: Any) -> None:
        for job in piece.jobs:
            steps = [Stepped(job.name, Step(1, 1, number, STEPS, (32, 32), 1.0, (1.0,), 1)) for number in range(STEPS)]
            told = (Began(job.name), *steps, Done(job.name, str(job.target), 1.0, 1))
            self._messages.extend((worker, Heard(replace(event, node="here"))) for event in told)
        self._messages.append((worker, Made(False)))

    def listen(self) -> tuple[int, Message]:
        return self._messages.popleft()

    def dismiss(self) -> None:
        self._messages.clear()


class Driver(NamedTuple):
    """What a driver takes: bytes at most, processor seconds to list a picture, and to hand it over and settle it."""

    memory: int
    listing: float
    handing: float


def drive(pictures: int, workers: int) -> Driver:
    """Drive a run whose workers only pretend."""
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder, "photos")
        write_photos(photos, pictures)
        began = time.process_time()
        planned = plan(str(photos), str(Path(folder, "dreams")))
        listed = time.process_time()
        rows = Rows(planned.jobs, workers, ignore)
        coordinate(Pretending(workers), rows, rows.pass_on)
        handed = time.process_time()
        done = rows.finish().done
    if done != pictures:
        raise SystemExit(f"{done} of {pictures} pictures were settled.")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Driver(most, (listed - began) / pictures, (handed - listed) / pictures)
