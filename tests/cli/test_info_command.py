"""`dreampipe info`, and what an output carries: for people, as JSON, as a recipe to go on with, or not at all."""

from __future__ import annotations

import json

import av
import clip
import numpy as np
import pytest
from PIL import Image
from suffixes import WRITTEN

import dreampipe
from dreampipe.media import read_record, sidecar_of
from dreampipe.records.making import recorded
from dreampipe.records.record import Record


@pytest.fixture
def photo(tmp_path):
    """Of a camera that knew where it was."""
    exif = Image.Exif()
    exif[271] = "A maker"
    exif[34853] = {1: "N", 2: (47.0, 22.0, 0.0), 3: "E", 4: (8.0, 33.0, 0.0)}
    path = tmp_path / "photo.jpg"
    noise = np.random.default_rng(3).integers(0, 256, (40, 56, 3), np.uint8)
    Image.fromarray(noise).save(path, exif=exif)
    return path


def exif_of(path):
    with Image.open(path) as image:
        return image.getexif()


def test_what_a_picture_was_made_of_and_how_is_shown_in_rows(call, quick, photo, tmp_path):
    out = tmp_path / "out" / "a.png"
    assert call("dream", photo, out, *quick, "--objective", "third[3]", "--seed", "5").exit_code == 0
    result = call("info", out)
    assert (result.exit_code, result.stderr) == (0, "")
    rows = {line.split("  ")[0]: line.partition("  ")[2].strip() for line in result.stdout.splitlines()}
    assert rows["source"].startswith("photo.jpg  sha256 ")
    assert rows["output"] == "56x40, 8 bits"
    assert (rows["objective"], rows["seed"], rows["steps"], rows["blend"]) == ("third[3]", "5", "2", "1.0  (default)")
    starts = {len(line) - len(line.partition("  ")[2].lstrip()) for line in result.stdout.splitlines()}
    assert len(starts) == 1  # all texts stand in one column


def test_json_is_the_record_and_the_recipe_makes_the_same_picture(call, quick, photo, tmp_path, tiny_model):
    out = tmp_path / "a.png"
    assert call("dream", photo, out, *quick, "--objective", "third[3]").exit_code == 0
    assert call("info", out, "--json").stdout == read_record(out) + "\n"
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(call("info", out, "--recipe").stdout)
    assert call("dream", photo, tmp_path / "b.png", "--recipe", recipe, "--model", tiny_model).exit_code == 0
    assert pixels(tmp_path / "b.png") == pixels(out)
    assert call("info", out, "--recipe", "--json").exit_code == 2


def pixels(path):
    return Record.read(read_record(path), path.name).output.pixels


def test_a_stranger_s_words_do_not_steer_a_terminal(call, quick, photo, tmp_path):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    held = json.loads(sidecar_of(out).read_text())
    held["recipe"]["objective"] = "third\x1b[2J\u202e"
    held["versions"]["keras"] = "3\x9b31m\n4"
    sidecar_of(out).write_text(json.dumps(held))
    for words in ((), ("--json",), ("--recipe",)):
        shown = call("info", out, *words).stdout
        assert not {"\x1b", "\x9b", "\u202e"} & {*shown}


def test_a_record_says_no_time_no_absolute_path_and_is_the_same_each_time(call, quick, photo, tmp_path):
    for name in ("a.png", "b.png"):
        assert call("dream", photo, tmp_path / name, *quick).exit_code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert str(tmp_path) not in read_record(tmp_path / "a.png")


def test_a_sidecar_lies_beside_where_it_is_asked_for_and_goes_when_it_is_not(call, quick, photo, tmp_path):
    out = tmp_path / "a.png"
    assert call("dream", photo, out, *quick, "--sidecar").exit_code == 0
    own, beside = read_record(out), json.loads(sidecar_of(out).read_text())
    assert beside["output"].pop("file")
    assert own == Record.read(json.dumps(beside), out.name).without_folders().text()
    assert call("dream", photo, out, *quick, "--sidecar").stderr.endswith("0 done, 1 skipped, 0 failed\n")
    sidecar_of(out).unlink()
    assert "sidecar: no there, yes now" in call("dream", photo, out, *quick, "--sidecar").stderr
    assert "1 done, " in call("dream", photo, out, *quick, "--sidecar", "--overwrite").stderr
    assert sidecar_of(out).exists()
    assert "sidecar: yes there, no now" in call("dream", photo, out, *quick).stderr
    assert "1 done, " in call("dream", photo, out, *quick, "--overwrite").stderr
    assert not sidecar_of(out).exists()


def test_a_file_that_is_no_sidecar_is_never_replaced(call, quick, photo, tmp_path):
    out = tmp_path / "a.bmp"
    sidecar_of(out).write_text('{"mine": 1}')
    result = call("dream", photo, out, *quick)
    assert result.exit_code == 1
    assert f"{sidecar_of(out)} exists and is no record of dreampipe's" in result.stderr
    assert (sidecar_of(out).read_text(), out.exists()) == ('{"mine": 1}', False)
    assert call("dream", photo, tmp_path / "b.bmp", *quick, "--no-metadata").exit_code == 0


@pytest.mark.parametrize("suffix", WRITTEN)
def test_no_metadata_is_none_at_all(call, quick, photo, tmp_path, suffix):
    out = tmp_path / f"a.{suffix}"
    assert call("dream", photo, out, *quick).exit_code == 0
    assert call("dream", photo, out, *quick, "--no-metadata", "--overwrite").exit_code == 0
    assert read_record(out) is None
    assert not sidecar_of(out).exists()
    assert b"maker" not in out.read_bytes() and b"dreampipe" not in out.read_bytes()
    assert call("info", out).exit_code == 2


def test_where_the_source_was_taken_goes_along_only_when_told_so(call, quick, photo, tmp_path):
    for name, words in (("a.jpg", ()), ("b.jpg", ("--keep-gps",))):
        assert call("dream", photo, tmp_path / name, *quick, *words).exit_code == 0
        exif = exif_of(tmp_path / name)
        assert exif[271] == "A maker"
        assert dict(exif.get_ifd(34853)) == (dict(exif_of(photo).get_ifd(34853)) if words else {})


def test_what_is_drawn_carries_its_record_too(call, tiny_model, tmp_path):
    words = ("--model", tiny_model, "--scaling", "unit", "--octaves", "1", "--steps", "1", "--size", "32")
    for command, name in (("visualize", "third[3]"), ("atlas", "third")):
        out = tmp_path / f"{command}.webp"
        more = ("--channels", "0-1", "--exemplars", "0") if command == "atlas" else ()
        assert call(command, name, out, *words, *more, "--sidecar").exit_code == 0
        assert json.loads(read_record(out))["command"] == command
        assert sidecar_of(out).exists()
        assert call(command, name, out, *words, *more, "--no-metadata", "--overwrite").exit_code == 0
        assert read_record(out) is None


def test_a_library_s_picture_can_carry_a_record_and_be_made_again(call, photo, tmp_path, tiny_model):
    recipe = dreampipe.Recipe(model=str(tiny_model), scaling="unit", steps=1, octaves=1)
    (frame,) = dreampipe.read(photo)
    dream, out = recipe.pipeline().one(frame), tmp_path / "a.png"
    dreampipe.write(dream, out, record=recorded(recipe, dream, out, source=photo))
    assert recorded(recipe, dream, out, source=photo) == read_record(out)
    with_paths = json.loads(recorded(recipe, dream, tmp_path / "deep" / "a.png", source=photo, keep_paths=True))
    assert with_paths["source"]["path"] == "../photo.jpg"
    words = ("--set", f"model={tiny_model}")
    assert call("rerun", out, tmp_path / "b.png", *words).stdout == "the pixels are the same\n"


def test_a_film_keeps_what_its_source_says_but_not_where_it_was_or_nothing(call, quick, tmp_path):
    source = tmp_path / "clip.mp4"
    clip.write(tmp_path / "plain.mp4", 3, (32, 24))
    with av.open(str(tmp_path / "plain.mp4")) as read, av.open(str(source), "w") as written:
        written.metadata.update({"title": "Holidays", "location": "+47.3-008.5/"})
        stream = written.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(read.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                written.mux(packet)
    said = {}
    for name, words in {"usual": (), "place": ("--keep-gps",), "none": ("--no-metadata",)}.items():
        out = tmp_path / f"{name}.mp4"
        assert call("dream", source, out, *quick, *words).exit_code == 0
        with av.open(str(out)) as film:
            said[name] = {key for key in film.metadata if key in ("title", "location")}
        assert (read_record(out) is None) == (name == "none")
    assert said == {"usual": {"title"}, "place": {"title", "location"}, "none": set()}
