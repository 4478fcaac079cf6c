"""`dreampipe dream` in this process: what is written, said and returned."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import dreampipe
from dreampipe.frames import Frame, MediaInfo
from dreampipe.recipes import Recipe
from dreampipe.stages import Caption


def noise(path: Path) -> Path:
    dreampipe.write(Frame(np.random.default_rng(1).random((48, 64, 3), np.float32)), path)
    return path


def counted(result: Any) -> str:
    """The line that a run ends with."""
    return str(result.stderr.splitlines()[-1])


@pytest.mark.smoke
def test_a_folder_is_dreamed_and_counted(call, quick, pictures, tmp_path):
    result = call("dream", pictures, tmp_path / "out", *quick)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [str(tmp_path / "out" / name) for name in ("a.png", "b.png", "c.png")]
    assert counted(result) == "3 done, 0 skipped, 0 failed"
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


def test_a_second_run_skips_and_a_changed_recipe_needs_overwrite(call, quick, pictures, tmp_path):
    words = ("dream", pictures, tmp_path / "out", *quick)
    call(*words)
    before = (tmp_path / "out" / "a.png").read_bytes()
    assert counted(call(*words)) == "0 done, 3 skipped, 0 failed"
    assert (tmp_path / "out" / "a.png").read_bytes() == before
    refused = call(*words, "--seed", "1")
    assert refused.exit_code == 1
    assert (
        f"Failed a.png: {tmp_path / 'out' / 'a.png'} was made with other settings (seed: 0 there, 1 now): "
        "use --overwrite, or another output."
    ) in refused.stderr
    assert counted(refused) == "0 done, 0 skipped, 3 failed"
    assert (tmp_path / "out" / "a.png").read_bytes() == before
    assert counted(call(*words, "--seed", "1", "--overwrite")) == "3 done, 0 skipped, 0 failed"
    assert (tmp_path / "out" / "a.png").read_bytes() != before


def test_a_failure_is_named_the_rest_goes_on_and_the_exit_code_is_1(call, quick, pictures, tmp_path):
    (pictures / "b.png").write_text("no picture")
    result = call("dream", pictures, tmp_path / "out", *quick)
    failure, summary = (line for line in result.stderr.splitlines() if "done in" not in line)
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
    result = call("dream", pictures, tmp_path / "out", *quick, "--quiet", "--overwrite")
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["Failed b.png"]


def test_what_had_to_be_decided_is_noted(call, pictures, tmp_path, tiny_model):
    result = call(
        "dream", pictures / "a.png", tmp_path / "a.png", "--model", tiny_model, "--octaves", "30", "--steps", "0"
    )
    first, second, *_ = result.stderr.splitlines()
    assert first.startswith("Note: tiny.keras ")
    assert first.endswith("so tf is assumed: --scaling or a card says it.")
    assert second.startswith("Note on a.png: ")
    assert "octaves left out: smaller than 17 pixels" in second


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


def written(path: Path) -> Frame:
    (frame,) = dreampipe.read(path)
    return frame


def test_a_mask_says_where(call, quick, pictures, tmp_path):
    mask = np.zeros((24, 32, 3), np.float32)
    mask[:, 16:] = 1
    dreampipe.write(Frame(mask), tmp_path / "mask.png")
    words = ("dream", pictures, tmp_path / "out", *quick, "--mask", tmp_path / "mask.png")
    assert counted(call(*words)) == "3 done, 0 skipped, 0 failed"
    for name in ("a.png", "b.png", "c.png"):
        source, dreamed = written(pictures / name).pixels, written(tmp_path / "out" / name).pixels
        assert np.array_equal(dreamed[:, :31], source[:, :31])
        assert not np.array_equal(dreamed[:, 33:], source[:, 33:])
    assert counted(call(*words)) == "0 done, 3 skipped, 0 failed"
    dreampipe.write(Frame(1 - mask), tmp_path / "mask.png")
    assert "(mask.png has changed since): use --overwrite" in call(*words).stderr
    assert counted(call(*words, "--overwrite")) == "3 done, 0 skipped, 0 failed"


def test_a_mask_of_another_shape_fails_the_picture_that_it_does_not_fit(call, quick, pictures, tmp_path):
    dreampipe.write(Frame(np.ones((96, 128, 3), np.float32)), tmp_path / "mask.png")
    dreampipe.write(Frame(np.full((64, 48, 3), 0.5, np.float32)), pictures / "b.png")
    result = call("dream", pictures, tmp_path / "out", *quick, "--mask", tmp_path / "mask.png")
    failure, summary = (line for line in result.stderr.splitlines() if "done in" not in line)
    assert (result.exit_code, summary) == (1, "2 done, 0 skipped, 1 failed")
    assert failure.startswith("Failed b.png: The mask ")
    assert "has 128x96 pixels, but the picture has 48x64, which is another shape" in failure


@pytest.mark.parametrize("more", [(), ("--max-size", "32"), ("--blend", "0.5")], ids=" ".join)
def test_the_colour_is_kept(call, quick, pictures, tmp_path, more):
    words = ("dream", pictures / "a.png", tmp_path / "out.png", *quick, "--step-size", "0.1", "--keep-colour", *more)
    assert call(*words).exit_code == 0
    source, dreamed = (np.rint(written(path).pixels * 255) for path in (pictures / "a.png", tmp_path / "out.png"))
    assert np.abs(np.diff(dreamed, axis=2) - np.diff(source, axis=2)).max() <= 1  # each is rounded to 8 bits
    assert np.abs(dreamed - source).mean() > 1


def test_a_caption_stands_under_the_dream(call, quick, pictures, tmp_path):
    source = tmp_path / "deep.tif"
    rng = np.random.default_rng(4)
    info = MediaInfo(64, 48, bits=16, alpha=True)
    alpha = np.rint(rng.random((48, 64), np.float32) * 65535) / np.float32(65535)
    dreampipe.write(Frame(rng.random((48, 64, 3), np.float32), alpha=alpha), source, like=info)
    words = ("--objective", "0.5 * third[3]")
    assert call("dream", source, tmp_path / "plain.tif", *quick, *words).exit_code == 0
    assert call("dream", source, tmp_path / "out.tif", *quick, *words, "--caption").exit_code == 0
    media = dreampipe.read(tmp_path / "out.tif")
    (plain,), (out,) = dreampipe.read(tmp_path / "plain.tif"), media
    (expected,) = Caption("0.5*third[3] on tiny")(iter([plain]))
    assert (out.height, media.info.bits, media.info.alpha) == (48 + 2 * 16, 16, True)
    assert np.array_equal(out.alpha[:48], alpha) and out.alpha[48:].min() == 1
    assert np.array_equal(out.pixels[:48], plain.pixels)
    assert np.abs(out.pixels[48:] - expected.pixels[48:]).max() < 1e-4


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 1), (48, 64, 4)], ids=str)
def test_grey_pictures_and_transparent_ones_are_dreamed(call, quick, tmp_path, shape):
    source = np.random.default_rng(6).integers(0, 256, shape, np.uint8)
    (tmp_path / "in.png").write_bytes(cv2.imencode(".png", source)[1].tobytes())
    assert call("dream", tmp_path / "in.png", tmp_path / "out.png", *quick).exit_code == 0
    before, after = written(tmp_path / "in.png"), written(tmp_path / "out.png")
    assert after.pixels.shape == (48, 64, 3)
    assert not np.array_equal(after.pixels, before.pixels)
    if len(shape) == 3 and shape[2] == 4:
        assert np.array_equal(after.alpha, before.alpha)


@pytest.mark.parametrize("size", [(20, 20), (30, 200), (224, 100), (100, 140)], ids=str)
def test_a_guide_of_any_size_guides(call, quick, pictures, tmp_path, size):
    guide = tmp_path / "guide.png"
    dreampipe.write(Frame(np.random.default_rng(7).random((*size, 3), np.float32)), guide)
    for number, objective in enumerate((f'guide("{guide}", second)', "second")):
        out = tmp_path / f"{number}.png"
        assert call("dream", pictures / "a.png", out, *quick, "--objective", objective).exit_code == 0
    assert not np.array_equal(*(written(tmp_path / f"{number}.png").pixels for number in (0, 1)))
