"""SIGKILLs of workers and of the driver, spread over a run: every output is there at the end, and whole."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import dreampipe
from dreampipe.frames import Frame

PICTURES, WORKERS, DRIVERS = 150, 20, 5


class Killed:
    """Runs a command again and again until it comes to its end; kills workers and the driver meanwhile.

    Args:
        words: the command, with `--events`.
        workers, drivers: how many to kill, spread evenly over the outputs.
        pictures: the number of outputs.
    """

    def __init__(self, words: Sequence[str], workers: int, drivers: int, pictures: int) -> None:
        self._words = words
        moments = [(number * pictures // (workers + drivers + 1), number) for number in range(1, workers + drivers + 1)]
        every = (workers + drivers) // drivers
        self._drivers = [at for at, number in moments if number % every == 0]
        self._workers = [at for at, number in moments if number % every]
        self._done: set[str] = set()
        self._hit: set[str] = set()
        self.killed = [0, 0]

    def run(self) -> int:
        """The exit code of the last run."""
        while True:
            with subprocess.Popen(self._words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as driver:
                assert driver.stdout is not None
                for line in driver.stdout:
                    if line.endswith(b"\n"):
                        self._hear(driver, json.loads(line))
            if driver.returncode >= 0:
                return driver.returncode

    def _hear(self, driver: subprocess.Popen[bytes], event: dict[str, Any]) -> None:
        if event["event"] in ("done", "skipped"):  # a driver that was killed did not tell of the last ones
            self._done.add(event["name"])
        elif event["event"] == "stepped" and self._due(event["name"]):
            with suppress(psutil.NoSuchProcess):  # a worker has ended just now
                self._kill_worker(driver, event["worker"], event["name"])
        if self._drivers and len(self._done) >= self._drivers[0]:
            self._drivers.pop(0)
            children = psutil.Process(driver.pid).children()
            driver.kill()
            self.killed[1] += 1
            assert psutil.wait_procs(children, timeout=300)[1] == []

    def _due(self, name: str) -> bool:
        return bool(self._workers) and len(self._done) >= self._workers[0] and name not in self._hit

    def _kill_worker(self, driver: subprocess.Popen[bytes], worker: int, name: str) -> None:
        """Kill the worker that makes a picture, unless another one is just being started: then nobody knows which."""
        children = [one for one in psutil.Process(driver.pid).children() if one.status() != psutil.STATUS_ZOMBIE]
        children.sort(key=lambda one: min(one.cpu_affinity()))
        if worker <= len(children) == len({min(one.cpu_affinity()) for one in children}):
            children[worker - 1].kill()
            self._workers.pop(0)
            self._hit.add(name)
            self.killed[0] += 1


@pytest.mark.slow
def test_twenty_workers_and_five_drivers(tmp_path: Path, tiny_model: Path) -> None:
    photos, rng = tmp_path / "photos", np.random.default_rng(5)
    photos.mkdir()
    for number in range(PICTURES):
        dreampipe.write(Frame(rng.random((36, 48, 3), np.float32)), photos / f"p{number}.png")
    options = ("--model", tiny_model, "--scaling", "unit", "--octaves", "1", "--steps", "3")

    def command(out: str, *more: str) -> list[str]:
        return [sys.executable, "-m", "dreampipe", "dream", *map(str, (photos, tmp_path / out, *options, *more))]

    killing = Killed(command("out", "--workers", "2", "--events"), WORKERS, DRIVERS, PICTURES)
    assert killing.run() == 0
    assert killing.killed == [WORKERS, DRIVERS]
    assert subprocess.run(command("alone", "--quiet")).returncode == 0
    found, alone = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("out", "alone"))
    lines = [json.loads(line) for line in found.pop(".dreampipe.jsonl").splitlines()]
    alone.pop(".dreampipe.jsonl")
    assert found == alone and len(found) == PICTURES
    assert {line["name"] for line in lines} == set(found)
    # Nothing is made twice, except what was under way.
    assert len(lines) <= PICTURES + 2 * (WORKERS + 2 * DRIVERS)
