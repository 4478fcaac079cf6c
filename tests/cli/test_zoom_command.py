"""`dreampipe zoom` in this process: the film and its options."""

from __future__ import annotations

import json
import re

import av
import pytest
from PIL import Image

from dreampipe.recipes.zooming import Zooming


@pytest.fixture
def words(quick):
    """Options for a zoom of twelve frames that takes no time."""
    return (*quick, "--fps", "24", "--seconds", "0.5", "--refresh-octaves", "1", "--refresh-steps", "1")


def test_a_film_is_written_and_its_tenths_are_said(call, words, pictures, tmp_path):
    out = tmp_path / "new" / "out.mp4"
    result = call("zoom", pictures / "a.png", out, *words)
    *tenths, done = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    assert tenths == [f"a.png: {frames} of 12 frames" for frames in (2, 3, 4, 5, 6, 8, 9, 10, 11)]
    assert re.fullmatch(r"1/1 a\.png: done in \d+\.\d s", done)
    with av.open(str(out)) as film:
        frames = list(film.decode(video=0))
        assert film.streams.video[0].average_rate == 24
    assert [(frame.width, frame.height) for frame in frames] == [(64, 48)] * 12
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_an_animated_picture_is_written(call, words, pictures, tmp_path, suffix):
    assert call("zoom", pictures / "a.png", tmp_path / f"out.{suffix}", *words, "--loop").exit_code == 0
    with Image.open(tmp_path / f"out.{suffix}") as frames:
        assert (frames.n_frames, frames.size) == (12, (64, 48))


def test_the_camera_s_options_arrive(call, words, pictures, tmp_path):
    options = ("--zoom", "1.2", "--turn", "-3", "--shift", "-2,1", "--loop")
    for name, more in (("plain", ()), ("moved", options), ("again", options)):
        assert call("zoom", pictures / "a.png", tmp_path / f"{name}.mp4", *words, *more).exit_code == 0
    plain, moved, again = ((tmp_path / f"{name}.mp4").read_bytes() for name in ("plain", "moved", "again"))
    assert moved == again != plain


def test_a_picture_that_is_too_large_is_refused_by_the_option_that_its_sentence_names(call, words, pictures, tmp_path):
    refused = call("zoom", pictures / "a.png", tmp_path / "out.mp4", *words, "--max-pixels", "100")
    assert refused.exit_code == 2
    assert "64x48" in refused.stderr and "--max-pixels" in refused.stderr


def test_events_are_told_as_json(call, words, pictures, tmp_path):
    result = call("zoom", pictures / "a.png", tmp_path / "out.mp4", *words, "--events")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["done"] for event in events if event["event"] == "framed"] == list(range(1, 13))
    assert events[-1]["event"] == "done"


def test_what_is_there_is_replaced_only_when_told_so(call, words, pictures, tmp_path):
    out = tmp_path / "out.mp4"
    out.write_bytes(b"somebody's")
    refused = call("zoom", pictures / "a.png", out, *words)
    assert (refused.exit_code, refused.stderr) == (2, f"Error: {out} exists: give another name, or --overwrite.\n")
    assert out.read_bytes() == b"somebody's"
    assert call("zoom", pictures / "a.png", out, *words, "--overwrite").exit_code == 0
    assert out.read_bytes() != b"somebody's"


def test_what_a_kill_after_the_end_has_left_goes_although_the_film_is_there(call, words, pictures, tmp_path):
    out, left = tmp_path / "out.mp4", tmp_path / ".out.mp4.dreampipe"
    assert call("zoom", pictures / "a.png", out, *words, "--keep-work").exit_code == 0
    (left / "owner").write_text("999999999 0.0")
    film = out.read_bytes()
    out.write_bytes(b"an older one")  # which a killed run with --overwrite was to replace
    assert call("zoom", pictures / "a.png", out, *words).exit_code == 2
    assert left.exists()
    out.write_bytes(film)
    assert call("zoom", pictures / "a.png", out, *words).exit_code == 2
    assert not left.exists()
    assert out.read_bytes() == film


@pytest.mark.parametrize("name", [n for n in Zooming.model_fields if n not in ("version", "scale", "rotate")])
def test_each_setting_is_an_option(call, name):
    shown = " ".join(call("zoom", "--help-all").stdout.split())
    option = "import" if name == "imports" else name.replace("_", "-")
    entry = shown[shown.index(f"--{option} ") :].replace(f"/ --no-{option}", "", 1)
    assert Zooming.model_fields[name].description in entry[: entry.index(" --", 3)]
