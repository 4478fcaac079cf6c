"""The command on a Ray that loses a worker: its events stay JSON, whatever Ray itself prints."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from test_crews import PICTURES, photos  # noqa: F401

pytest.importorskip("ray")
pytestmark = pytest.mark.slow


def kill(driver: psutil.Process, is_meant: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """Kill the first process beneath a driver that is meant."""
    for process in driver.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if is_meant(process):
                process.kill()
                return [process]
    return []


@pytest.fixture
def run(photos: Path, tmp_path: Path, tiny_model: Path) -> Any:  # noqa: F811
    """Runs the command, and kills a process at its first step: `(is_meant, steps) -> (exit code, events, stderr)`."""

    def run(is_meant: Callable[[psutil.Process], bool], steps: int) -> tuple[int, list[dict[str, Any]], str]:
        words = ("dream", photos, tmp_path / "out", "--model", tiny_model, "--scaling", "unit", "--octaves", 1)
        command = [
            sys.executable,
            "-m",
            "dreampipe",
            *map(str, words),
            "--steps",
            str(steps),
            "--engine",
            "ray",
            "--events",
        ]
        told, killed = [], []
        with (tmp_path / "stderr").open("w+") as stderr:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr) as driver:
                assert driver.stdout is not None
                for line in driver.stdout:
                    told.append(json.loads(line))
                    if told[-1]["event"] == "stepped" and not killed:
                        killed = kill(psutil.Process(driver.pid), is_meant)
            assert killed
            stderr.seek(0)
            return driver.returncode, told, stderr.read()

    return run


def test_events_stay_json_when_a_worker_of_ray_is_killed(run: Any) -> None:
    code, told, _ = run(lambda process: any(word.startswith("ray::_Hand") for word in process.cmdline()), 400)
    assert code == 0
    assert sum(event["event"] == "done" for event in told) == PICTURES
    assert any(event["event"] == "noted" for event in told)
