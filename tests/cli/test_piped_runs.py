"""A run whose streams are pipes: lines for people, paths for programs, and pipes that nobody reads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import dreampipe

Words = Sequence[object]


def program(*words: object) -> list[str]:
    return [sys.executable, "-m", "dreampipe", *map(str, words)]


@pytest.fixture
def words(quick, pictures, tmp_path) -> Words:
    return ("dream", pictures, tmp_path / "out", *quick)


@pytest.fixture
def finished(call, words) -> Words:
    """The words of a run whose pictures are all there: a second one skips them, which takes no time."""
    assert call(*words, "--quiet").exit_code == 0
    return words


def outputs(folder: Path) -> list[str]:
    return [str(folder / name) for name in ("a.png", "b.png", "c.png")]


def test_a_second_run_prints_the_same_paths_and_says_that_they_are_skipped(call, words, tmp_path):
    first, second = call(*words), call(*words)
    assert first.stdout.splitlines() == second.stdout.splitlines() == outputs(tmp_path / "out")
    *lines, _ = first.stderr.splitlines()
    assert [re.sub(r"\d+\.\d s$", "", line) for line in lines] == [
        "1/3 a.png: done in ",
        "2/3 b.png: done in ",
        "3/3 c.png: done in ",
    ]
    assert second.stderr.splitlines() == [
        "1/3 a.png: skipped, it is finished",
        "2/3 b.png: skipped, it is finished",
        "3/3 c.png: skipped, it is finished",
        "0 done, 3 skipped, 0 failed",
    ]


def test_quiet_leaves_out_lines_and_paths_but_no_failure(call, words, pictures):
    result = call(*words, "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    (pictures / "b.png").write_text("no picture")
    result = call(*words, "--quiet")
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["Failed b.png"]


def test_what_fails_has_one_line_and_no_path(call, words, pictures, tmp_path):
    (pictures / "b.png").write_text("no picture")
    result = call(*words)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [str(tmp_path / "out" / name) for name in ("a.png", "c.png")]
    lines = result.stderr.splitlines()
    assert [sum(name in line for line in lines) for name in ("a.png", "b.png", "c.png")] == [1, 1, 1]


def test_events_leave_no_room_for_paths(call, words):
    result = call(*words, "--events")
    assert all(line.startswith('{"event": ') for line in result.stdout.splitlines())
    assert result.stderr == "3 done, 0 skipped, 0 failed\n"


@pytest.mark.parametrize("name", ["夢 1.png", "a\u202fb.png", "a\nb.png", "a\x1b[31m.png", "a\u202eb.png"], ids=ascii)
def test_a_path_is_one_line_that_cannot_steer_a_terminal(call, quick, pictures, tmp_path, name):
    (pictures / "a.png").rename(pictures / name)
    result = call("dream", pictures / name, f"{tmp_path}/out/", *quick)
    (path,) = result.stdout_bytes.decode().splitlines()
    assert not {"\x1b", "\u202e", "\n"} & {*path}
    safe = name in ("夢 1.png", "a\u202fb.png")
    assert Path(path).exists() == safe, path


def test_a_path_is_printed_whatever_the_encoding_of_the_terminal(call, quick, pictures, tmp_path):
    words = ("dream", pictures / "a.png", tmp_path / "夢.png", *quick)
    assert call(*words).exit_code == 0
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run(program(*words), capture_output=True, env=environment, check=True)
    assert shown.stdout.decode() == f"{tmp_path / '夢.png'}\n"


def closed_pipe() -> int:
    """The end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("more", [(), ("--events",)], ids=["paths", "events"])
def test_when_nobody_reads_stdout_that_is_said_once_and_the_run_continues(finished, more):
    pipe = closed_pipe()
    shown = subprocess.run(program(*finished, *more), stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    os.close(pipe)
    what = "events" if more else "paths"
    note = f"Note: nobody reads standard output any more, so the {what} end here; the work continues."
    lines = shown.stderr.splitlines()
    assert shown.returncode == 0
    assert (lines.count(note), lines[-1]) == (1, "0 done, 3 skipped, 0 failed")
    assert not [line for line in lines if "Traceback" in line or "Exception" in line]


def test_a_reader_that_takes_one_path_gets_it_and_all_is_dreamed(words, tmp_path):
    with subprocess.Popen(program(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert first == f"{tmp_path / 'out' / 'a.png'}\n"
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert all(Path(path).exists() for path in outputs(tmp_path / "out"))


def test_when_nobody_reads_either_stream_the_run_ends_well(finished, tmp_path):
    pipe = closed_pipe()
    assert subprocess.run(program(*finished), stdout=pipe, stderr=pipe, check=False).returncode == 0
    os.close(pipe)
    assert all(dreampipe.read(path).info.width == 64 for path in outputs(tmp_path / "out"))


@pytest.mark.parametrize("more", [(), ("--events",)], ids=["paths", "events"])
def test_stdout_that_cannot_be_written_ends_the_run_in_one_sentence(finished, more):
    with open("/dev/full", "w") as full:
        words = program(*finished, *more)
        shown = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    what = "events" if more else "paths"
    sentence = f"Error: Standard output cannot be written (No space left on device), so the {what} end here."
    assert (shown.returncode, shown.stderr.splitlines()[-1]) == (1, sentence)
    assert "Traceback" not in shown.stderr


def test_streams_may_be_closed(finished):
    shell = " ".join(map('"{}"'.format, program(*finished)))
    assert subprocess.run(f"{shell} >&- 2>&-", shell=True, check=False).returncode == 0


def test_picture_and_animation_each_have_a_path(call, tiny_model, tmp_path):
    out, film = tmp_path / "out.png", tmp_path / "film.gif"
    words = ("--model", tiny_model, "--scaling", "unit", "--size", "32", "--steps", "2", "--animate", film)
    result = call("visualize", "third[3]", out, *words)
    assert (result.exit_code, result.stdout) == (0, f"{out}\n{film}\n")


def test_a_rerun_says_what_is_drawn_and_prints_its_verdict_alone(call, quick, pictures, tmp_path):
    assert call("dream", pictures / "a.png", tmp_path / "a.png", *quick, "--keep-paths", "--quiet").exit_code == 0
    result = call("rerun", tmp_path / "a.png", tmp_path / "again.png")
    assert (result.exit_code, result.stdout) == (0, "the pixels are the same\n")
    assert re.fullmatch(r"1/1 again\.png: done in \d+\.\d s", result.stderr.splitlines()[-1])
    quiet = call("rerun", tmp_path / "a.png", tmp_path / "quiet.png", "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("the pixels are the same\n", "")
