"""What `rerun` and `info` say of the pixels in files: edits that kept the record, lossy formats, missing files."""

from __future__ import annotations

import json

import clip
import numpy as np
import pytest
from PIL import Image
from suffixes import LOSSY, WRITTEN

import dreampipe
from dreampipe.engines.keeping import text_within
from dreampipe.frames import Frame
from dreampipe.media import decode, encode, format_of, read, read_record, sidecar_of
from dreampipe.records.making import USUAL
from dreampipe.records.record import Record

SAME = "the pixels are the same\n"
FILES_DIFFER = "the frames before encoding are the same, but the pixels in the files differ: "


@pytest.fixture(autouse=True)
def in_the_folder_of_the_model(tiny_model, monkeypatch):
    monkeypatch.chdir(tiny_model.parent)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    dreampipe.write(Frame(np.random.default_rng(7).random((40, 56, 3), np.float32)), path)
    return path


def edit(path):
    """Turn the picture upside down and keep its record, as an editor does that keeps metadata."""
    frame, info = decode(path)
    pixels = np.ascontiguousarray(frame.pixels[::-1])
    path.write_bytes(encode(Frame(pixels), format_of(path), info, record=read_record(path)))


@pytest.mark.parametrize("suffix", WRITTEN)
def test_an_edit_that_keeps_the_record_is_noticed(call, quick, photo, tmp_path, suffix):
    out = tmp_path / f"a.{suffix}"
    assert call("dream", photo, out, *quick).exit_code == 0
    assert call("info", out).stderr == ""
    edit(out)
    noted = call("info", out)
    assert (noted.exit_code, noted.stderr.count("Note: ")) == (0, 1)
    result = call("rerun", out, tmp_path / f"b.{suffix}")
    assert result.exit_code == 0 and result.stdout.startswith(FILES_DIFFER)
    assert str(out) in result.stdout.removeprefix(FILES_DIFFER)
    assert call("rerun", tmp_path / f"b.{suffix}", out, "--overwrite").stdout == SAME
    assert call("info", out).stderr == ""


def test_an_edited_animation_without_loss_is_noticed(call, quick, tmp_path):
    clip.write(tmp_path / "clip.mp4", 3, (32, 24))
    out = tmp_path / "a.png"
    assert call("dream", tmp_path / "clip.mp4", out, *quick, "--drop-streams").exit_code == 0
    if read_record(out) is None or "frames" not in json.loads(read_record(out))["output"]:
        pytest.fail("an animation says how many frames it has")
    assert call("info", out).stderr == ""
    frames = [Frame(1 - frame.pixels) for frame in read_frames(out)]
    dreampipe.media.write_animation(frames, out, record=read_record(out))
    assert call("info", out).stderr == f"Note: {out} shows other pixels than its record describes.\n"


def read_frames(path):
    from dreampipe.media.video.reading import Frames
    from dreampipe.media.video.sources import open_source

    return list(Frames(open_source(path)))


def test_a_film_whose_packets_were_changed_is_not_the_same(call, quick, tmp_path):
    film, other, out = tmp_path / "clip.mp4", tmp_path / "other.mp4", tmp_path / "a.mkv"
    clip.write(film, 3, (32, 24))
    assert call("dream", film, out, *quick, "--drop-streams").exit_code == 0
    record = read_record(out)
    dreampipe.write([Frame(1 - frame.pixels) for frame in read(out)], other.with_suffix(".mkv"), record=record)
    result = call("rerun", other.with_suffix(".mkv"), tmp_path / "b.mkv")
    assert (result.exit_code, result.stdout) == (1, f"{FILES_DIFFER}nothing that is recorded does\n")


@pytest.mark.parametrize(
    "name, words, why",
    [
        ("b.jpg", (), "the format was png and is jpeg\n"),
        ("b.avif", (), "the format was png and is avif\n"),
        ("b.jpg", ("--set", "quality=40"), "quality was not set and is 40; the format was png and is jpeg\n"),
        ("b.png", (), ""),
        ("b.bmp", (), ""),
        ("b.tiff", (), ""),
    ],
)
def test_another_format_shows_the_same_only_where_nothing_is_lost(call, quick, photo, tmp_path, name, words, why):
    out = tmp_path / "a.png"
    assert call("dream", photo, out, *quick).exit_code == 0
    result = call("rerun", out, tmp_path / name, *words)
    assert (result.exit_code, result.stdout) == (0, FILES_DIFFER + why if why else SAME)


@pytest.mark.parametrize("suffix", LOSSY)
def test_another_quality_is_not_called_the_same(call, quick, photo, tmp_path, suffix):
    out = tmp_path / f"a.{suffix}"
    assert call("dream", photo, out, *quick, "--quality", "90").exit_code == 0
    result = call("rerun", out, tmp_path / f"b.{suffix}", "--set", "quality=30")
    assert (result.exit_code, result.stdout) == (0, f"{FILES_DIFFER}quality was 90 and is 30\n")


def test_a_sidecar_alone_is_compared_with_nothing_and_says_so(call, quick, photo, tmp_path):
    out = tmp_path / "a.jpg"
    assert call("dream", photo, out, *quick, "--sidecar").exit_code == 0
    out.unlink()
    assert call("info", sidecar_of(out)).stderr == ""
    result = call("rerun", sidecar_of(out), tmp_path / "b.jpg")
    told = "the frames before encoding are the same; the first file is not there to compare with\n"
    assert (result.exit_code, result.stdout) == (0, told)


@pytest.mark.parametrize("suffix", LOSSY)
def test_what_a_lossy_file_shows_is_recorded_as_it_is_read(call, quick, photo, tmp_path, suffix):
    out = tmp_path / f"a.{suffix}"
    assert call("dream", photo, out, *quick).exit_code == 0
    with Image.open(out) as image:
        pixels = np.asarray(image.convert("RGB"))
    frame, _ = decode(out)
    # Pillow's decoder of AVIF rounds colours in between, and dreampipe's does not.
    np.testing.assert_allclose(np.rint(frame.pixels * 255), pixels, rtol=0, atol=1 if suffix == "avif" else 0)
    record = Record.read(read_record(out), out.name)
    assert record.output.decoded and record.output.decoded != record.output.pixels
    assert text_within(USUAL, record) == read_record(out)


def test_a_page_is_compared_without_its_record(call, tiny_model, tmp_path):
    out, again = tmp_path / "a.html", tmp_path / "b.html"
    words = ("--model", tiny_model, "--scaling", "unit", "--octaves", "1", "--steps", "2", "--size", "32")
    assert call("atlas", "third", out, *words, "--channels", "0-1", "--exemplars", "0").exit_code == 0
    assert call("rerun", out, again, "--keep-paths").stdout == SAME
    sidecar_of(out).unlink(missing_ok=True)
    out.write_text(out.read_text().replace("data:image/webp;base64,UklGR", "data:image/webp;base64,VklGR", 1))
    assert call("rerun", out, again, "--overwrite").stdout == f"{FILES_DIFFER}nothing that is recorded does\n"
