"""The program as a process of its own: a terminal, Ctrl-C, SIGKILL, and what stands on stderr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dreampipe

pty = pytest.importorskip("pty", reason="needs a POSIX terminal")

# A test run in the background ignores Ctrl-C and hands that on.
MAIN = """
import signal
from dreampipe.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""


def started(*words: object, **kwargs: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", MAIN, *map(str, words)], **kwargs)


def finals(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.png"))


@pytest.mark.parametrize("sent, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_on_a_terminal_and_sigterm(quick, pictures, tmp_path, sent, code):
    terminal, end = pty.openpty()
    words = ("dream", pictures, tmp_path / "out", *quick, "--steps", "100000")
    with started(*words, stderr=end, stdout=subprocess.DEVNULL) as process:
        os.close(end)
        shown = read_until(terminal, b"step 3")
        process.send_signal(sent)
        shown += read_until(terminal, None)
    os.close(terminal)
    assert process.returncode == code
    assert b"0/3" in shown and b"a.png, step" in shown
    assert "Stopped. To continue, run: dreampipe dream" in shown.decode()
    assert "Traceback" not in shown.decode()
    assert finals(tmp_path / "out") == []


def read_until(terminal: int, wanted: bytes | None) -> bytes:
    """What a terminal shows until these bytes stand in it, or until nobody writes to it any more."""
    shown = b""
    while wanted is None or wanted not in shown:
        try:
            came = os.read(terminal, 65536)
        except OSError:  # Linux says so when the last writer is gone
            came = b""
        if not came:
            assert wanted is None, shown.decode()
            break
        shown += came
    return shown


def test_killed_in_the_middle_then_run_again(call, quick, pictures, tmp_path):
    words = ("dream", pictures, tmp_path / "out", *quick, "--octaves", "4", "--steps", "40")
    with started(*words, "--events", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "done":
                break
        process.kill()
    assert process.returncode == -signal.SIGKILL
    survivors = finals(tmp_path / "out")
    assert survivors
    for name in survivors:
        assert dreampipe.read(tmp_path / "out" / name).info.width == 64

    second = call(*words)
    assert second.exit_code == 0
    names = ("a.png", "b.png", "c.png")
    assert second.stdout.splitlines() == [str(tmp_path / "out" / name) for name in names]
    skipped = len(survivors)
    *lines, counts = second.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"{n}/3 {name}" for n, name in enumerate(names, 1)]
    assert counts == f"{3 - skipped} done, {skipped} skipped, 0 failed"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".dreampipe.jsonl", "a.png", "b.png", "c.png"]

    call("dream", pictures, tmp_path / "at once", *words[3:])
    for name in finals(tmp_path / "out"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "at once" / name).read_bytes()
