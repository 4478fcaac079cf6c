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


def kill_worker(driver: psutil.Process) -> bool:
    """Kill the first actor beneath a driver; say whether there is one."""
    for process in driver.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if any(word.startswith("ray::_Hand") for word in process.cmdline()):
                process.kill()
                return True
    return False


def terminate(driver: psutil.Process) -> bool:
    driver.terminate()
    return True


@pytest.fixture
def run(photos: Path, tmp_path: Path, tiny_model: Path) -> Any:  # noqa: F811
    """Runs the command, and strikes at its first step: `(strike, steps) -> (exit code, events, stderr)`."""

    def run(strike: Callable[[psutil.Process], bool], steps: int) -> tuple[int, list[dict[str, Any]], str]:
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
        told, struck = [], False
        with (tmp_path / "stderr").open("w+") as stderr:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr) as driver:
                assert driver.stdout is not None
                for line in driver.stdout:
                    told.append(json.loads(line))
                    if told[-1]["event"] == "stepped" and not struck:
                        struck = strike(psutil.Process(driver.pid))
            assert struck
            stderr.seek(0)
            return driver.returncode, told, stderr.read()

    return run


def test_events_stay_json_when_a_worker_of_ray_is_killed(run: Any) -> None:
    code, told, _ = run(kill_worker, 400)
    assert code == 0
    assert sum(event["event"] == "done" for event in told) == PICTURES
    assert any(event["event"] == "noted" for event in told)


def test_sigterm_stops_a_run_of_ray_as_it_stops_any(run: Any) -> None:
    code, told, said = run(terminate, 100_000)
    assert code == 143
    assert "Stopped. To continue, run: dreampipe dream" in said and "Traceback" not in said
    assert not any(event["event"] == "done" for event in told)
