"""Ctrl-C while a film is dreamed: a line that resumes, segments that are kept, and in the end the very same film."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import clip
from kills import digest

# A test run in the background ignores Ctrl-C and hands that on.
MAIN = """
import signal
from dreampipe.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_ctrl_c_stops_at_once_and_the_line_that_it_prints_goes_on(call, quick, tmp_path):
    source, target = tmp_path / "a clip.mp4", tmp_path / "dream.mp4"
    clip.write(source, 48, (64, 48))
    words = ("dream", source, target, *quick, "--octaves", "1", "--refresh-steps", "3", "--events")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "pipesize": 4096}
    with subprocess.Popen([sys.executable, "-c", MAIN, *map(str, words)], **pipes) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "framed" and event["done"] == 26:
                # What comes after fills the pipe, so the film cannot be whole before the signal is there.
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
        said = process.stderr.read().decode().splitlines()
    assert process.returncode == 130
    assert b'"done": 48' not in rest
    assert said[-1] == f"Stopped. To continue, run: {shlex.join(['dreampipe', *map(str, words)])}"
    assert not [line for line in said if "Traceback" in line]
    assert names(tmp_path) == [".dream.mp4.dreampipe", "a clip.mp4"]
    kept = names(tmp_path / ".dream.mp4.dreampipe")
    assert "000000.segment" in kept and not [name for name in kept if name.endswith(".part")]

    resumed = call(*words)
    assert resumed.exit_code == 0
    first = next(json.loads(line) for line in resumed.stdout.splitlines() if '"framed"' in line)
    assert first["done"] in (25, 33)  # behind what was kept
    assert names(tmp_path) == [".dreampipe.jsonl", "a clip.mp4", "dream.mp4"]
    call("dream", source, tmp_path / "at once.mp4", *words[3:])
    assert digest(target) == digest(tmp_path / "at once.mp4")
