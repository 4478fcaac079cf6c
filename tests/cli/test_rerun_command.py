"""`dreampipe rerun` in this process: everything that dreampipe makes is made once more from what it carries."""

from __future__ import annotations

import json
import os
import re
import shutil

import clip
import numpy as np
import pytest
import suffixes

import dreampipe
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import format_of, read, read_record, sha256, sidecar_of
from dreampipe.media.video.instructions import instructions

SAME = "the pixels are the same\n"


@pytest.fixture(autouse=True)
def in_the_folder_of_the_model(tiny_model, monkeypatch):
    """A record names the model's file alone, which is then looked for in the current folder."""
    monkeypatch.chdir(tiny_model.parent)


@pytest.fixture
def photo(tmp_path):
    """16 bits, with alpha."""
    rng = np.random.default_rng(7)
    frame = Frame(rng.random((40, 56, 3), np.float32), alpha=rng.random((40, 56), np.float32))
    path = tmp_path / "photo.png"
    dreampipe.write(frame, path, MediaInfo(56, 40, bits=16, alpha=True))
    return path


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "clip.mp4"
    clip.write(path, 6, (64, 48))
    return path


@pytest.fixture
def drawn(tiny_model):
    """Options for a drawing that takes no time."""
    return ("--model", tiny_model, "--scaling", "unit", "--octaves", "1", "--steps", "2")


def made(path):
    """Where the record of an output is read: numbered pictures are no file."""
    return path if path.is_file() else sidecar_of(path)


def record(path):
    return json.loads(read_record(made(path)))


@pytest.mark.parametrize("suffix", suffixes.WRITTEN)
def test_a_dream_of_a_picture_is_the_same_in_each_format(call, quick, photo, tmp_path, suffix):
    out, again = tmp_path / "out" / f"a.{suffix}", tmp_path / "new" / f"b.{suffix}"
    assert call("dream", photo, out, *quick).exit_code == 0
    result = call("rerun", out, again, "--input", photo)
    assert (result.exit_code, result.stdout) == (0, SAME)
    assert again.read_bytes() == out.read_bytes()
    assert sidecar_of(out).exists() != format_of(out).records
    assert record(again)["output"]["bits"] == format_of(out).bits


def test_what_is_made_again_carries_no_more_than_is_asked_for(call, quick, photo, tmp_path):
    out, bare = tmp_path / "a.png", tmp_path / "bare.png"
    assert call("dream", photo, out, *quick).exit_code == 0
    result = call("rerun", out, bare, "--no-metadata")
    assert (result.exit_code, result.stdout) == (0, SAME)
    assert b"dreampipe" not in bare.read_bytes() and read(bare).info.exif is None
    assert sidecar_of(bare).is_file() and not sidecar_of(out).exists()


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm", "a.gif", "a.webp", "%03d.png"])
def test_a_dream_of_a_film_is_the_same_in_each_form(call, quick, film, tmp_path, name):
    out, again = tmp_path / "out" / name, tmp_path / "new" / name
    assert call("dream", film, out, *quick, "--refresh-steps", "1", "--drop-streams").exit_code == 0
    result = call("rerun", made(out), again, "--input", film)
    assert (result.exit_code, result.stdout) == (0, SAME)
    assert record(again)["output"]["frames"] == 6
    assert sidecar_of(out).exists() == (name.endswith(("gif", "%03d.png")))


def test_numbered_pictures_are_named_by_their_folder_and_made_into_another(call, quick, film, tmp_path):
    assert call("dream", film, f"{tmp_path}/frames/", *quick).exit_code == 0
    assert call("rerun", tmp_path / "frames", f"{tmp_path}/again/").stdout == SAME
    assert len(list((tmp_path / "again").glob("*.png"))) == 6


def test_part_of_a_film_with_keyframes_and_a_codec_is_the_same(call, quick, film, tmp_path):
    out = tmp_path / "a.mkv"
    words = ("--codec", "ffv1", "--start", "0.04", "--end", "0.2", "--at", "0.1s:steps=1", "--drop-streams")
    assert call("dream", film, out, *quick, *words).exit_code == 0
    assert call("rerun", out, tmp_path / "b.mkv").stdout == SAME
    assert record(tmp_path / "b.mkv")["options"] == record(out)["options"]
    other = call("rerun", out, tmp_path / "c.mkv", "--set", "end=0.1")
    assert other.exit_code == 0
    assert other.stdout.startswith("the pixels differ: end was 0.2s and is 0.1; the number of frames was ")


def test_a_zoom_is_the_same(call, quick, photo, tmp_path):
    words = ("--seconds", "0.1", "--refresh-steps", "1", "--refresh-octaves", "1", "--loop")
    assert call("zoom", photo, tmp_path / "a.mp4", *quick, *words).exit_code == 0
    assert call("rerun", tmp_path / "a.mp4", tmp_path / "b.mp4").stdout == SAME
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_visualization_and_its_animation_are_the_same(call, drawn, tmp_path):
    out = tmp_path / "a.png"
    for suffix in ("gif", "mp4"):
        words = ("--size", "32", "--animate", tmp_path / f"a.{suffix}", "--overwrite")
        assert call("visualize", "third[3]", out, *drawn, *words).exit_code == 0
        assert call("rerun", tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}").stdout == SAME
        used = instructions() if suffix == "mp4" else None
        assert record(tmp_path / f"a.{suffix}")["output"].get("instructions") == used
    assert call("rerun", out, tmp_path / "b.png").stdout == SAME
    assert out.read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("suffix", ["png", "html"])
def test_an_atlas_is_the_same(call, drawn, pictures, tmp_path, suffix):
    out, again = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    words = ("--size", "32", "--channels", "0-3", "--pictures", pictures, "--exemplars", "1")
    assert call("atlas", "third", out, *drawn, *words).exit_code == 0
    assert call("rerun", out, again).stdout == SAME
    assert again.read_bytes() == out.read_bytes()
    dreampipe.write(Frame(np.zeros((48, 64, 3), np.float32)), pictures / "a.png")
    other = call("rerun", out, again, "--overwrite")
    assert f"Note: {pictures} is another file than it was, so pixels may differ.\n" in other.stderr


def test_a_sheet_is_the_same(call, drawn, photo, tmp_path):
    assert call("sheet", photo, tmp_path / "a.png", *drawn, "--size", "64").exit_code == 0
    assert call("rerun", tmp_path / "a.png", tmp_path / "b.png").stdout == SAME
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_files_that_a_recipe_names_come_along(call, quick, photo, tmp_path, tiny_model):
    folder = tmp_path / "deep" / "down"
    folder.mkdir(parents=True)
    mask, guide = tmp_path / "mask.png", folder / "it's a guide.png"
    dreampipe.write(Frame(np.ones((40, 56, 3), np.float32) * 0.5), mask)
    dreampipe.write(Frame(np.random.default_rng(2).random((40, 40, 3), np.float32)), guide)
    objective = f'guide("{guide}", second_relu) + 0.5*third'
    out = folder / "a.png"
    words = ("--mask", mask, "--objective", objective, "--keep-paths")
    assert call("dream", photo, out, *quick, *words).exit_code == 0
    said = record(out)
    assert said["recipe"]["mask"] == "../../mask.png"
    assert said["recipe"]["objective"] == 'guide("it\'s a guide.png", second_relu) + 0.5*third'
    assert said["source"]["path"] == "../../photo.png"
    assert said["files"].keys() == {"../../mask.png", "it's a guide.png"}
    assert str(tmp_path) not in read_record(out)
    moved = tmp_path / "elsewhere"  # all in one folder: files are found by their names alone
    moved.mkdir()
    for path in (mask, guide, photo, out, tiny_model):
        shutil.copy(path, moved)
    assert call("rerun", moved / "a.png", tmp_path / "b.png").stdout == SAME


def test_settings_and_the_source_may_be_others_and_this_is_told(call, quick, photo, pictures, tmp_path):
    out = tmp_path / "a.png"
    assert call("dream", photo, out, *quick).exit_code == 0
    result = call("rerun", out, tmp_path / "b.png", "--set", "steps=3", "--set", "seed=0")
    assert (result.exit_code, result.stdout) == (0, "the pixels differ: steps was 2 and is 3\n")
    result = call("rerun", out, tmp_path / "c.png", "--input", pictures / "a.png")
    assert result.stdout.startswith("the pixels differ: the source is another; the size was 56x40 and is 64x48; ")
    expected = tmp_path / "d.png"
    assert call("dream", pictures / "a.png", expected, *quick).exit_code == 0
    assert record(expected)["output"] == record(tmp_path / "c.png")["output"]
    assert call("rerun", out, tmp_path / "e.jpg").stdout == (
        "the pixels differ: the depth was 16 bits and is 8 bits; the transparency was kept and is left out\n"
    )


def test_a_file_that_changed_is_noted_and_one_that_is_gone_refused(call, quick, photo, tmp_path):
    out = tmp_path / "a.png"
    assert call("dream", photo, out, *quick).exit_code == 0
    dreampipe.write(Frame(np.zeros((40, 56, 3), np.float32)), photo)
    result = call("rerun", out, tmp_path / "b.png")
    assert f"Note: {photo} is another file than it was, so pixels may differ.\n" in result.stderr
    assert (result.exit_code, result.stdout.partition(";")[0]) == (
        0,
        f"the pixels differ: {photo} is another file than it was",
    )
    photo.unlink()
    result = call("rerun", out, tmp_path / "c.png")
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {out} was made with photo.png, which is neither in its folder nor in the current one: "
        "name it with --input.\n",
    )
    assert not (tmp_path / "c.png").exists()


def test_a_model_that_is_not_there_is_one_sentence(call, quick, photo, tmp_path, tiny_model):
    model, out = tmp_path / "own.keras", tmp_path / "a.png"
    shutil.copy(tiny_model, model)
    assert call("dream", photo, out, *quick, "--model", model).exit_code == 0
    model.unlink()
    result = call("rerun", out, tmp_path / "b.png")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.endswith(
        "was made with own.keras, which is neither in its folder nor in the current one: name it with --set "
        "model=FILE.\n"
    )
    assert call("rerun", out, tmp_path / "b.png", "--set", f"model={tiny_model}").stdout == SAME


def test_a_model_of_a_name_that_is_not_known_is_one_sentence(call, quick, photo, tmp_path):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    tampered(out, "recipe", model="inception_v9")
    result = call("rerun", out, tmp_path / "b.png")
    assert (result.exit_code, result.stderr.startswith("Error: There is no model 'inception_v9'")) == (2, True)


def tampered(out, part, **changes):
    """Change what the sidecar of an output says."""
    sidecar = sidecar_of(out)
    held = json.loads(sidecar.read_text())
    (held if part is None else held[part]).update(changes)
    sidecar.write_text(json.dumps(held))


@pytest.mark.parametrize(
    "part, changes, told",
    [
        (None, {"version": 2}, "is of version 2, but this dreampipe reads 1: install a newer dreampipe."),
        ("recipe", {"version": 2}, "is of version 2, but this dreampipe reads 1: install a newer dreampipe."),
        ("recipe", {"stpes": 2}, "stpes is no setting of a recipe: did you mean steps"),
        ("recipe", {"steps": -1}, "steps came as -1, but it must be a whole number from 0 to 100000."),
        ("recipe", {"steps": [1]}, "steps came as [1], but it must be a whole number from 0 to 100000."),
        ("recipe", {"objective": 5}, "objective came as 5, but it must be a text."),
        (None, {"ouptut": {}}, "it says ouptut, which no record has: did you mean output"),
        ("output", {"pixles": ""}, "it says output.pixles, which no record has: did you mean pixels"),
        ("output", {"pixels": "0"}, "its output.pixels came as '0', but it must be "),
        (None, {"source": "photo.png"}, "its source came as 'photo.png', but it must be "),
        (None, {"command": "draem"}, "its command came as 'draem', but it must be 'dream', 'zoom'"),
        (None, {"options": {"qualtiy": 3}}, "has the option qualtiy, which is none: did you mean quality."),
        (None, {"options": {"quality": "3"}}, "has quality as '3', which cannot be: take another copy."),
    ],
)
def test_a_record_that_is_wrong_is_one_sentence(call, quick, photo, tmp_path, part, changes, told):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    tampered(out, part, **changes)
    for words in (("rerun", out, tmp_path / "b.bmp"), ("info", out)):
        result = call(*words)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
        assert told in result.stderr and str(out) in result.stderr
    assert not (tmp_path / "b.bmp").exists()


def test_a_picture_without_a_recipe_and_a_damaged_record_are_one_sentence(call, quick, photo, tmp_path):
    for words in (("rerun", photo, tmp_path / "b.png"), ("info", photo)):
        result = call(*words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"Error: {photo} carries no recipe, but ")
    out = tmp_path / "a.png"
    assert call("dream", photo, out, *quick).exit_code == 0
    data = bytearray(out.read_bytes())
    data[data.index(b"iTXtdreampipe") + 40] ^= 1
    out.write_bytes(data)
    for words in (("rerun", out, tmp_path / "b.png"), ("info", out)):
        result = call(*words)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
        assert "damaged" in result.stderr


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../../../x.png", "a/../../x.png", "..", ".", "", "C:/x.png", "\\\\host\\x.png", "x\n.png", "x/"],
)
def test_a_record_names_no_file_far_from_its_picture(call, quick, photo, tmp_path, path):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    tampered(out, "source", path=path)
    result = call("rerun", out, tmp_path / "b.bmp")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "but only files near its picture are looked for: name that file yourself." in result.stderr


@pytest.mark.parametrize("path", ["n" * 300 + ".png", "/".join(["n" * 200] * 5)])
def test_a_name_that_no_file_can_have_is_that_of_none(call, quick, photo, tmp_path, path):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    tampered(out, "source", path=path)
    result = call("rerun", out, tmp_path / "b.bmp")
    assert (result.exit_code, result.stderr.endswith("nor in the current one: name it with --input.\n")) == (2, True)


HOSTILE = "x\x1b[2J\x9b2J\u202e\nError: forged\ud800"


@pytest.mark.parametrize(
    "part, changes",
    [
        (None, {HOSTILE: 1}),
        ("recipe", {HOSTILE: 1}),
        ("options", {HOSTILE: 1}),
        ("output", {HOSTILE: 1}),
        ("versions", {"keras": HOSTILE}),
        ("recipe", {"objective": HOSTILE}),
        ("recipe", {"model": HOSTILE}),
        ("source", {"path": HOSTILE}),
    ],
)
def test_a_stranger_s_words_neither_steer_a_terminal_nor_forge_a_line(call, quick, photo, tmp_path, part, changes):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    tampered(out, part, **changes)
    tampered(out, "output", pixels="0" * 64)
    result = call("rerun", out, tmp_path / "b.bmp")
    assert result.exit_code == (0 if part == "versions" else 2)
    assert not {"\x1b", "\x9b", "\u202e", "\ud800"} & {*result.stdout, *result.stderr}
    assert "\nError: forged" not in result.stdout + result.stderr


def test_no_record_makes_a_model_trusted(call, quick, photo, tmp_path):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    assert "trust" not in record(out)["recipe"]
    tampered(out, "recipe", trust=True)
    result = call("rerun", out, tmp_path / "b.bmp")
    assert (result.stdout, "TRUSTED" in result.stderr) == (SAME, False)
    result = call("rerun", out, tmp_path / "c.bmp", "--trust")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: --trust came, but it is {out} that names the model: name the file")
    assert call("rerun", out, tmp_path / "c.bmp", "--set", "trust=true").exit_code == 2


@pytest.mark.parametrize(
    "change, told",
    [
        ("stpes=3", "stpes is no setting of dream, but SETTING=VALUE is expected, as steps=20: did you mean steps"),
        ("steps", "steps is no setting of dream, but SETTING=VALUE is expected, as steps=20: did you mean steps"),
        ("steps=many", "steps came as 'many', but it must be a whole number from 0 to 100000"),
        ("quality=high", "quality came as 'high', but a whole number is expected"),
        ("preview=perhaps", "preview came as 'perhaps', but true or false is expected"),
        ("version=2", "version is no setting of dream"),
    ],
)
def test_a_change_that_is_none_is_one_sentence(call, quick, photo, tmp_path, change, told):
    out = tmp_path / "a.png"
    assert call("dream", photo, out, *quick).exit_code == 0
    result = call("rerun", out, tmp_path / "b.png", "--set", change)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert told in result.stderr


def test_what_is_there_is_replaced_only_when_told_so_and_the_source_never(call, quick, photo, tmp_path):
    out = tmp_path / "a.png"
    assert call("dream", photo, out, *quick).exit_code == 0
    before = photo.read_bytes()
    assert call("rerun", out, out).stderr.endswith(f"Error: {out} exists: give another name, or --overwrite.\n")
    strangers = [tmp_path / "link.png", tmp_path / "pipe.png"]
    strangers[0].symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(strangers[1])
    for stranger in strangers:
        assert f"Error: {stranger} exists: " in call("rerun", out, stranger).stderr
    assert strangers[0].is_symlink() and strangers[1].is_fifo()
    assert call("rerun", out, out, "--overwrite").stdout == SAME
    assert call("rerun", out, photo, "--overwrite").exit_code == 2
    assert photo.read_bytes() == before
    assert call("rerun", out, tmp_path / "b.png", "--input", tmp_path / "none.png").exit_code == 2


def test_what_is_drawn_from_nothing_takes_no_input(call, drawn, photo, tmp_path):
    out = tmp_path / "a.png"
    assert call("visualize", "third[3]", out, *drawn, "--size", "32").exit_code == 0
    result = call("rerun", out, tmp_path / "b.png", "--input", photo)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {out} was drawn from nothing, but --input {photo} came: leave it out.\n",
    )


def test_pixels_that_differ_for_no_reason_are_exit_code_1(call, quick, photo, tmp_path):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    tampered(out, "output", pixels="0" * 64)
    result = call("rerun", out, tmp_path / "b.bmp")
    told = "the pixels in the files are the same, but not those that the record describes\n"
    assert (result.exit_code, result.stdout) == (1, told)
    dreampipe.write(Frame(np.zeros((40, 56, 3), np.float32)), out)
    tampered(out, "output", file=sha256(out))
    result = call("rerun", out, tmp_path / "b.bmp", "--overwrite")
    assert (result.exit_code, result.stdout) == (1, "the pixels differ: nothing that is recorded does\n")
    tampered(out, "versions", keras="3.0.0")
    result = call("rerun", out, tmp_path / "c.bmp")
    assert result.exit_code == 0
    assert result.stdout.startswith("the pixels differ: keras was 3.0.0 and is ")
    assert re.search("; they are apart by [0-9.]+ levels of 255 at most, and ", result.stdout)


@pytest.mark.parametrize("what, was", [("backend", "jax"), ("device", "GPU (NVIDIA H100)")])
def test_another_backend_or_device_explains_a_difference(call, quick, photo, tmp_path, what, was):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    now = json.loads(sidecar_of(out).read_text())["versions"][what]
    tampered(out, "versions", **{what: was})
    same = call("rerun", out, tmp_path / "b.bmp")
    assert (same.exit_code, same.stdout) == (0, SAME)
    assert f"{what.capitalize()} was {was} and is {now}, so pixels may differ." in same.stderr
    tampered(out, "output", pixels="0" * 64)
    dreampipe.write(Frame(np.zeros((40, 56, 3), np.float32)), out)
    tampered(out, "output", file=sha256(out))
    other = call("rerun", out, tmp_path / "b.bmp", "--overwrite")
    levels = r"they are apart by \d+\.\d levels of 255 at most, and \d+\.\d\d on average\n"
    assert other.exit_code == 0
    assert re.fullmatch(rf"the pixels differ: {what} was {re.escape(was)} and is {now}; {levels}", other.stdout)


def test_numbered_pictures_of_another_backend_are_measured_frame_by_frame(call, quick, film, tmp_path):
    frames, backends = tmp_path / "frames", ("tensorflow", "jax")
    assert call("dream", film, frames / "%03d.png", *quick).exit_code == 0
    other = next(name for name in backends if name != record(frames / "%03d.png")["versions"]["backend"])
    tampered(frames / "%03d.png", "versions", backend=other)
    tampered(frames / "%03d.png", "output", pixels="0" * 64)
    shown = read(frames / "004.png")
    darker = Frame(np.maximum(next(iter(shown)).pixels - np.float32(0.5), 0))
    dreampipe.write(darker, frames / "004.png", shown.info)
    told = call("rerun", frames, tmp_path / "again" / "%03d.png").stdout
    assert re.search("; they are apart by 12[78].[0-9] levels of 255 at most, and [0-9.]+ on average\n", told)


def test_a_gpu_that_did_not_repeat_explains_a_difference(call, quick, photo, tmp_path):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    tampered(out, "versions", repeatable="no")
    assert call("rerun", out, tmp_path / "b.bmp").stdout == SAME
    tampered(out, "output", pixels="0" * 64)
    dreampipe.write(Frame(np.zeros((40, 56, 3), np.float32)), out)
    tampered(out, "output", file=sha256(out))
    other = call("rerun", out, tmp_path / "b.bmp", "--overwrite")
    assert other.exit_code == 0
    why = "a GPU computes other bits in each run without --repeatable; they are apart by "
    assert other.stdout.startswith(f"the pixels differ: {why}")


def test_a_record_that_does_not_say_its_backend_was_made_with_tensorflow(call, quick, photo, tmp_path):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    held = json.loads(sidecar_of(out).read_text())
    backend = held["versions"].pop("backend")
    sidecar_of(out).write_text(json.dumps(held))
    told = call("rerun", out, tmp_path / "b.bmp").stderr
    assert ("Backend was tensorflow" in told) == (backend != "tensorflow")


def test_the_instructions_that_an_encoder_used_are_shown_and_explain_nothing(call, quick, film, tmp_path):
    out = tmp_path / "a.mp4"
    assert call("dream", film, out, *quick, "--codec", "h264", "--no-metadata", "--sidecar").exit_code == 0
    assert json.loads(sidecar_of(out).read_text())["output"].get("instructions") == instructions()
    tampered(out, "output", instructions="those of another machine")
    assert "those of another machine" in call("info", out).stdout
    result = call("rerun", out, tmp_path / "b.mp4")
    assert (result.exit_code, result.stdout) == (0, SAME)
    assert "another machine" not in result.stderr


def test_an_edited_picture_is_told_from_the_one_that_its_sidecar_is_of(call, quick, photo, tmp_path):
    out = tmp_path / "a.bmp"
    assert call("dream", photo, out, *quick).exit_code == 0
    assert call("info", out).stderr == ""
    out.write_bytes(out.read_bytes()[:-1] + b"\0")
    assert call("info", out).stderr == f"Note: {out} is not the file that its sidecar describes.\n"
    assert (
        call("info", sidecar_of(out)).stderr == f"Note: {sidecar_of(out)} is not the file that its sidecar describes.\n"
    )
    assert call("rerun", sidecar_of(out), tmp_path / "b.bmp").stdout == (
        "the frames before encoding are the same, but the pixels in the files differ: "
        f"{sidecar_of(out)} is not the file that its sidecar describes\n"
    )
    assert (tmp_path / "b.bmp").exists()


def test_edited_numbered_pictures_are_told_from_those_that_their_sidecar_is_of(call, quick, film, tmp_path):
    frames = tmp_path / "frames"
    assert call("dream", film, frames / "%03d.jpg", *quick).exit_code == 0
    assert call("info", frames).stderr == ""
    shutil.copy(frames / "001.jpg", frames / "002.jpg")
    for named in (frames, frames / "%03d.jpg.dream.json"):
        assert call("info", named).stderr == f"Note: {named} is not the file that its sidecar describes.\n"


@pytest.fixture
def house(tmp_path, tiny_model):
    """A model, a picture, a mask and a guide, each in a folder of its own with a name that tells too much."""
    places = {}
    for name, suffix in (("model", "keras"), ("photo", "png"), ("mask", "png"), ("guide", "png")):
        places[name] = tmp_path / f"secret-{name}-folder" / f"my-{name}.{suffix}"
        places[name].parent.mkdir()
    shutil.copy(tiny_model, places["model"])
    rng = np.random.default_rng(4)
    for name in ("photo", "mask", "guide"):
        dreampipe.write(Frame(rng.random((40, 56, 3), np.float32)), places[name])
    return places


def words_of(house, command, out):
    own = ("--model", house["model"], "--scaling", "unit", "--octaves", "1", "--steps", "1")
    objective = f'guide("{house["guide"]}", second_relu)'
    of_picture = ("--objective", objective, "--mask", house["mask"])
    return {
        "dream": ("dream", house["photo"], out, *own, *of_picture, "--at", f"1s:objective={objective}"),
        "zoom": ("zoom", house["photo"], out, *own, "--objective", objective, "--seconds", "0.1"),
        "sheet": ("sheet", house["photo"], out, *own, "--mask", house["mask"], "--size", "32"),
        "visualize": ("visualize", objective, out, *own, "--size", "32", "--init", house["photo"]),
        "atlas": (
            *("atlas", "third", out, *own, "--size", "32", "--channels", "0-1", "--exemplars", "1"),
            *("--pictures", house["photo"].parent),
        ),
    }[command]


WRITTEN = [
    *(("dream", suffix) for suffix in suffixes.RECORDING),
    *(("zoom", suffix) for suffix in ("mp4", "mkv", "webp", "png")),
    *(("sheet", "png"), ("visualize", "png"), ("atlas", "png"), ("atlas", "html")),
]


@pytest.mark.parametrize("command, suffix", WRITTEN)
def test_what_is_written_names_no_folder_but_in_a_sidecar_or_where_wanted(call, house, tmp_path, command, suffix):
    out = tmp_path / "out" / f"a.{suffix}"
    words = words_of(house, command, out)
    result = call(*words)
    assert result.exit_code == 0, result.stderr
    said = read_record(out) if suffix != "html" else call("info", out, "--json").stdout
    told = {"photo"} if command == "atlas" else set()  # whose folder is what the setting names
    for name in {*house} - told:
        assert f"secret-{name}-folder" not in said and f"secret-{name}-folder".encode() not in out.read_bytes()
    assert "my-model.keras" in said and "../" not in said
    assert call(*words, "--overwrite", "--sidecar", "--keep-paths").exit_code == 0
    for said in (call("info", out, "--json").stdout, sidecar_of(out).read_text()):
        assert "../secret-model-folder/my-model.keras" in said
    assert call(*words, "--overwrite", "--sidecar").exit_code == 0
    assert "../secret-model-folder/my-model.keras" in sidecar_of(out).read_text()
    assert "../" not in call("info", out, "--json").stdout


def test_files_are_looked_for_beside_the_dream_and_in_the_current_folder(call, house, tmp_path, monkeypatch):
    out, again = tmp_path / "out" / "a.png", tmp_path / "new" / "a.png"
    assert call(*words_of(house, "dream", out)).exit_code == 0
    places = [*house.values()]
    for number, place in enumerate(places):
        result = call("rerun", out, again)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert ", which is neither in its folder nor in the current one: " in result.stderr
        here = out.parent if number % 2 else tmp_path
        monkeypatch.chdir(tmp_path)
        shutil.copy(place, here)
    assert call("rerun", out, again).stdout == SAME


def test_a_sidecar_of_the_same_record_says_where_files_are(call, house, tmp_path):
    out = tmp_path / "out" / "a.png"
    assert call(*words_of(house, "dream", out), "--sidecar").exit_code == 0
    assert call("rerun", out, tmp_path / "b.png").stdout == SAME
    tampered(out, "recipe", seed=5)  # of another record by now
    assert call("rerun", out, tmp_path / "c.png").exit_code == 2


def test_a_dream_of_its_source_s_name_is_not_taken_for_the_source(call, quick, photo, tmp_path):
    out = tmp_path / "out" / photo.name
    assert call("dream", photo, out, *quick).exit_code == 0
    result = call("rerun", out, tmp_path / "b.png")
    assert result.exit_code == 2
    assert "was made with photo.png, which is neither in its folder nor in the current one" in result.stderr
    assert call("rerun", out, tmp_path / "b.png", "--input", photo).stdout == SAME


def test_files_of_one_name_are_not_taken_for_each_other_in_silence(call, quick, photo, tmp_path):
    one, other = tmp_path / "one" / "m.png", tmp_path / "other" / "m.png"
    for number, place in enumerate((one, other)):
        place.parent.mkdir()
        dreampipe.write(Frame(np.random.default_rng(number).random((40, 56, 3), np.float32)), place)
    out, words = tmp_path / "a.png", ("--mask", one, "--objective", f'guide("{other}", third)')
    assert call("dream", photo, out, *quick, *words).exit_code == 0
    shutil.copy(one, tmp_path)
    result = call("rerun", out, tmp_path / "b.png")
    assert "m.png is another file than it was, so pixels may differ." in result.stderr


def test_an_old_record_with_folders_is_made_again(call, quick, photo, tmp_path):
    out = tmp_path / "out" / "a.png"
    assert call("dream", photo, out, *quick, "--keep-paths").exit_code == 0
    assert record(out)["source"]["path"] == "../photo.png"
    assert call("rerun", out, tmp_path / "b.png").stdout == SAME
