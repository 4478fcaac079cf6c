"""`dreampipe dream` in this process: what is written, said and returned."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import dreampipe
from dreampipe.frames import Frame, MediaInfo
from dreampipe.recipes import Recipe


def noise(path: Path) -> Path:
    dreampipe.write(Frame(np.random.default_rng(1).random((48, 64, 3), np.float32)), path)
    return path


def test_a_folder_is_dreamed_and_counted(call, quick, pictures, tmp_path):
    result = call("dream", pictures, tmp_path / "out", *quick)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "3 done, 0 skipped, 0 failed\n"
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["a.png", "b.png", "c.png"]


def test_what_is_written_is_the_library_s_dream(call, quick, pictures, tmp_path, tiny_model):
    call(
        "dream",
        pictures,
        tmp_path / "out",
        *quick,
        "--seed",
        "7",
        "--objective",
        "2*third[3] - second",
        "--blend",
        "0.7",
    )
    recipe = Recipe.of(
        model=str(tiny_model), scaling="unit", octaves=2, steps=2, seed=7, objective="2*third[3] - second", blend=0.7
    )
    expected = dreampipe.dream(pictures / "b.png", recipe)
    written = next(iter(dreampipe.read(tmp_path / "out" / "b.png"))).pixels
    assert np.array_equal(np.rint(written * 255), expected)
    assert not np.array_equal(expected, dreampipe.dream(pictures / "b.png", recipe, seed=8))


def test_one_picture_becomes_one_picture(call, quick, pictures, tmp_path):
    assert call("dream", pictures / "a.png", tmp_path / "one.webp", *quick).exit_code == 0
    assert dreampipe.read(tmp_path / "one.webp").info.format == "webp"


def test_one_picture_goes_into_a_folder_that_is_named_as_one(call, quick, pictures, tmp_path):
    assert call("dream", pictures / "a.png", f"{tmp_path}/new/", *quick).exit_code == 0
    assert dreampipe.read(tmp_path / "new" / "a.png").info.width == 64


def test_format_and_recursive(call, quick, pictures, tmp_path):
    (pictures / "deep").mkdir()
    noise(pictures / "deep" / "d.png")
    assert call("dream", pictures, tmp_path / "out", *quick, "--recursive", "--format", "jpeg").exit_code == 0
    written = [
        path.relative_to(tmp_path / "out").with_suffix("").as_posix() for path in (tmp_path / "out").rglob("*.j*g")
    ]
    assert sorted(written) == ["a", "b", "c", "deep/d"]


def test_a_second_run_skips_and_a_changed_recipe_dreams_again(call, quick, pictures, tmp_path):
    words = ("dream", pictures, tmp_path / "out", *quick)
    call(*words)
    before = (tmp_path / "out" / "a.png").read_bytes()
    assert call(*words).stderr == "0 done, 3 skipped, 0 failed\n"
    assert (tmp_path / "out" / "a.png").read_bytes() == before
    assert call(*words, "--seed", "1").stderr == "3 done, 0 skipped, 0 failed\n"
    assert (tmp_path / "out" / "a.png").read_bytes() != before


def test_a_failure_is_named_the_rest_goes_on_and_the_exit_code_is_1(call, quick, pictures, tmp_path):
    (pictures / "b.png").write_text("no picture")
    result = call("dream", pictures, tmp_path / "out", *quick)
    failure, summary = result.stderr.splitlines()
    assert result.exit_code == 1
    assert failure.startswith("Failed b.png: ")
    assert summary == "2 done, 0 skipped, 1 failed"


def test_a_foreign_file_is_replaced_only_when_told_so(call, quick, pictures, tmp_path):
    target = tmp_path / "kept.png"
    target.write_bytes(b"somebody's")
    refused = call("dream", pictures / "a.png", target, *quick)
    assert refused.exit_code == 1
    assert "--overwrite" in refused.stderr
    assert target.read_bytes() == b"somebody's"
    assert call("dream", pictures / "a.png", target, *quick, "--overwrite").exit_code == 0
    assert dreampipe.read(target).info.width == 64


def test_quiet_tells_only_what_failed(call, quick, pictures, tmp_path, tiny_model):
    unknown_scaling = ("--model", tiny_model, "--octaves", "1", "--steps", "1")
    result = call("dream", pictures, tmp_path / "out", *unknown_scaling, "--quiet")
    assert (result.stdout, result.stderr) == ("", "")
    (pictures / "b.png").write_text("no picture")
    result = call("dream", pictures, tmp_path / "out", *quick, "--quiet")
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["Failed b.png"]


def test_what_had_to_be_decided_is_noted(call, pictures, tmp_path, tiny_model):
    result = call(
        "dream", pictures / "a.png", tmp_path / "a.png", "--model", tiny_model, "--octaves", "30", "--steps", "0"
    )
    first, second, _ = result.stderr.splitlines()
    assert first.startswith("Note: tiny.keras ")
    assert first.endswith("tf ([-1, 1]) is assumed.")
    assert second.startswith("Note on a.png: ")
    assert "of 30 octaves left out" in second


def test_events_are_lines_of_json(call, quick, pictures, tmp_path):
    (pictures / "b.png").write_text("no picture")
    result = call("dream", pictures, tmp_path / "out", *quick, "--events")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[0] == {"event": "started", "pictures": 3}
    assert (events[-1]["event"], events[-1]["done"], events[-1]["failed"]) == ("finished", 2, 1)
    assert 0 <= events[-1]["busy"] <= 1
    steps = [event for event in events if event["event"] == "stepped" and event["name"] == "c.png"]
    assert [(e["step"]["octave"], e["step"]["step"]) for e in steps] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert steps[-1]["step"]["size"] == [48, 64]
    assert {e["name"]: e["target"] for e in events if e["event"] == "done"} == {
        name: str(tmp_path / "out" / name) for name in ("a.png", "c.png")
    }


def test_a_long_name_in_another_script(call, quick, pictures, tmp_path):
    name = "夢" * 82 + ".png"  # 250 bytes
    (pictures / "a.png").rename(pictures / name)
    result = call("dream", pictures / name, f"{tmp_path}/out/", *quick, "--events")
    assert result.exit_code == 0
    assert json.loads(result.stdout.splitlines()[-2])["name"] == name
    assert dreampipe.read(tmp_path / "out" / name).info.height == 48


def test_a_picture_of_more_pixels_than_allowed_fails(call, quick, pictures, tmp_path):
    result = call("dream", pictures / "a.png", tmp_path / "out.png", *quick, "--max-pixels", "100")
    assert result.exit_code == 1
    assert "64x48" in result.stderr and not (tmp_path / "out.png").exists()


def test_events_that_cannot_be_written_end_in_one_sentence(quick, pictures, tmp_path):
    words = [sys.executable, "-m", "dreampipe", "dream", pictures, tmp_path / "out", *quick, "--events"]
    with open("/dev/full", "w") as full:
        shown = subprocess.run([str(word) for word in words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert shown.returncode == 1
    assert (
        shown.stderr == "Error: Standard output cannot be written (No space left on device), so the events end here.\n"
    )


def test_what_a_format_cannot_hold_is_noted(call, quick, tmp_path):
    source = tmp_path / "clear.png"
    alpha = np.full((48, 64), 0.5, np.float32)
    info = MediaInfo(64, 48, bits=16, alpha=True)
    dreampipe.write(Frame(np.full((48, 64, 3), 0.5, np.float32), alpha=alpha), source, like=info)
    result = call("dream", source, tmp_path / "out.jpg", *quick)
    assert result.exit_code == 0
    assert "its transparency is left out" in result.stderr and "its 16 bits become 8" in result.stderr


def test_a_name_cannot_reach_into_the_terminal(call, quick, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "\x1b[31mred.jpg").write_text("no picture")
    assert "\x1b" not in call("dream", tmp_path / "in", tmp_path / "out", *quick).stderr
