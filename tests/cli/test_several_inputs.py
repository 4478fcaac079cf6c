"""Several inputs and one folder: `dreampipe dream *.jpg out/`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dreampipe
from dreampipe.frames import Frame
from dreampipe.records.carried import record_of

EXPLAIN = ("--method", "gradient", "--size", "48", "--objective", "second")


def noise(path: Path, seed: int = 1) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    dreampipe.write(Frame(np.random.default_rng(seed).random((48, 64, 3), np.float32)), path)
    return path


def film(path: Path) -> Path:
    rng = np.random.default_rng(3)
    dreampipe.write([Frame(rng.random((32, 48, 3), np.float32)) for _ in range(2)], path)
    return path


def listed(folder: Path) -> list[str]:
    """The files of a folder that are not hidden, with those of the folders in it."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if not path.name.startswith("."))


@pytest.mark.parametrize("end", ["out", "out/", "new.v2/"])
def test_several_pictures_go_into_the_folder_that_comes_last(call, quick, pictures, tmp_path, end):
    result = call("dream", pictures / "a.png", pictures / "c.png", f"{tmp_path}/{end}", *quick)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [str(tmp_path / end / name) for name in ("a.png", "c.png")]
    assert listed(tmp_path / end) == ["a.png", "c.png"]
    call("dream", pictures / "a.png", tmp_path / "alone.png", *quick)
    assert np.array_equal(
        *(next(iter(dreampipe.read(path))).pixels for path in (tmp_path / end / "a.png", tmp_path / "alone.png"))
    )


def test_a_second_run_with_more_inputs_makes_only_what_is_new(call, quick, pictures, tmp_path):
    first, second, third = (pictures / f"{name}.png" for name in "abc")
    call("dream", first, f"{tmp_path}/out/", *quick)
    result = call("dream", third, first, second, tmp_path / "out", *quick)
    assert result.stderr.splitlines()[-1] == "2 done, 1 skipped, 0 failed"


def test_a_folder_among_files_keeps_its_name_and_a_film_is_a_film(call, quick, pictures, tmp_path):
    noise(pictures / "deep" / "d.png")
    alone, clip = noise(tmp_path / "e.jpg"), film(tmp_path / "clip.mp4")
    words = ("dream", alone, pictures, clip, tmp_path / "out", *quick)
    left = call(*words)
    assert left.exit_code == 1 and f"Left out: 1 folder (--recursive) in {pictures}" in left.stderr
    assert listed(tmp_path / "out") == ["clip.mp4", "e.jpg", *(f"pictures/{name}.png" for name in "abc")]
    assert call(*words, "--recursive").exit_code == 0
    assert "pictures/deep/d.png" in listed(tmp_path / "out")


def test_the_current_folder_and_one_written_with_a_separator_keep_their_names(
    call, quick, pictures, tmp_path, monkeypatch
):
    noise(tmp_path / "more" / "a.png")
    monkeypatch.chdir(pictures)
    assert call("dream", ".", f"{tmp_path}/more/", tmp_path / "out", *quick).exit_code == 0
    assert listed(tmp_path / "out") == ["more/a.png", *(f"pictures/{name}.png" for name in "abc")]


def test_the_output_folder_among_the_inputs_is_no_input(call, quick, pictures, tmp_path):
    out = tmp_path / "out"
    words = ("dream", pictures / "a.png", pictures / "b.png", out, out, *quick)
    noise(out / "before.png")
    for done in ("2 done, 0 skipped", "0 done, 2 skipped"):
        result = call(*words)
        assert f"Note: {out} is the output folder itself, so it is no input here." in result.stderr
        assert result.exit_code == 0 and f"{done}, 0 failed" in result.stderr
    assert listed(out) == ["a.png", "b.png", "before.png"]


def test_one_input_that_came_twice_is_made_once(call, quick, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(pictures)
    result = call("dream", "a.png", "./a.png", pictures / "a.png", tmp_path / "out", *quick)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (0, "1 done, 0 skipped, 0 failed")


def test_two_inputs_of_one_name_are_refused_and_their_folders_keep_both(call, quick, tmp_path):
    first, second = noise(tmp_path / "a" / "x.png", 1), noise(tmp_path / "b" / "x.png", 2)
    out = tmp_path / "out"
    refused = call("dream", first, second, out, *quick)
    assert refused.exit_code == 2 and not out.exists()
    assert refused.stderr == (
        f"Error: {first} and {second} would both be written to {out / 'x.png'}: rename one of them, or name their "
        "folders, which stay apart.\n"
    )
    assert call("dream", first.parent, second.parent, out, *quick).exit_code == 0
    assert listed(out) == ["a/x.png", "b/x.png"]


def test_names_that_some_file_systems_take_for_one_are_refused(call, quick, tmp_path):
    first, second = noise(tmp_path / "a" / "X.png", 1), noise(tmp_path / "b" / "x.png", 2)
    refused = call("dream", first, second, tmp_path / "out", *quick)
    assert refused.exit_code == 2
    assert f"{first} and {second} would both be written to" in refused.stderr


def test_inputs_of_one_stem_that_become_one_format_stay_apart(call, quick, tmp_path):
    first, second = noise(tmp_path / "a" / "x.png"), noise(tmp_path / "b" / "x.bmp")
    assert call("dream", first, second, tmp_path / "out", *quick, "--format", "png").exit_code == 0
    assert listed(tmp_path / "out") == ["x.bmp.png", "x.png"]


WRONG = {
    ("a.png", "b.png", "c.png"): "c.png is a file, but 2 inputs came before it",
    ("a.png", "b.png", "new.mp4"): "new.mp4 is the name of a file, but 2 inputs",
    ("a.png", "b.png", "new.jpg"): "new.jpg is the name of a file, but 2 inputs",
    ("a.png", "b.png", "new/%05d.png"): "new/%05d.png is the name of a file, but 2 inputs",
    ("a.png", "gone.png", "out"): "gone.png does not exist",
    ("a.png", "", "out"): "came empty",
    ("empty", "text", "out"): "None of the 2 inputs holds a picture or a film",
    ("a.png", "same/b.png", "same"): "same/b.png is the input same/b.png itself",
    ("a.png",): "Missing argument 'OUTPUT': the inputs come first",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_cannot_be_is_one_sentence_and_nothing_is_written(call, quick, pictures, monkeypatch, words):
    monkeypatch.chdir(pictures)
    (pictures / "empty").mkdir()
    (pictures / "text").mkdir()
    (pictures / "text" / "read.me").write_text("no picture")
    noise(pictures / "same" / "b.png")
    before = sorted(pictures.rglob("*"))
    refused = call("dream", *words, *quick)
    assert refused.exit_code == 2 and WRONG[words] in refused.stderr
    assert len([line for line in refused.stderr.splitlines() if line.startswith("Error: ")]) == 1
    assert sorted(pictures.rglob("*")) == before


def test_what_is_no_picture_among_several_fails_alone(call, quick, pictures, tmp_path):
    (pictures / "notes.txt").write_text("no picture")
    (pictures / "empty").mkdir()
    result = call("dream", pictures / "a.png", pictures / "notes.txt", pictures / "empty", tmp_path / "out", *quick)
    assert result.exit_code == 1 and f"{pictures / 'notes.txt'} does not hold" in result.stderr
    assert f"{pictures / 'empty'} holds no pictures and no films." in result.stderr
    assert listed(tmp_path / "out") == ["a.png"]


def test_explanations_of_several_inputs_are_png(call, pictures, tmp_path, tiny_model):
    noise(pictures / "d.jpg")
    model = ("--model", tiny_model, "--scaling", "unit")
    words = ("explain", pictures / "a.png", pictures / "d.jpg", tmp_path / "out", *model, *EXPLAIN)
    assert call(*words).exit_code == 0
    assert listed(tmp_path / "out") == ["a.png", "d.png"]
    assert call(*words).stderr.splitlines()[-1] == "0 done, 2 skipped, 0 failed"
    assert call(*words[:3], tmp_path / "maps", *model, *EXPLAIN, "--format", "npy").exit_code == 0


def test_events_and_records_are_those_of_each_input(call, quick, pictures, tmp_path, tiny_model, monkeypatch):
    monkeypatch.chdir(tiny_model.parent)  # a record names the model's file alone
    out = tmp_path / "out"
    result = call("dream", pictures / "b.png", pictures / "a.png", out, *quick, "--events")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[0] == {"event": "started", "pictures": 2}
    assert [event["target"] for event in events if event["event"] == "done"] == [str(out / "b.png"), str(out / "a.png")]
    assert record_of(out / "a.png").source.path == "a.png"
    shutil.copy(pictures / "a.png", tmp_path / "a.png")
    again = call("rerun", out / "a.png", tmp_path / "again.png", "--input", tmp_path / "a.png")
    assert (again.exit_code, again.stdout) == (0, "the pixels are the same\n")


def test_a_sheet_and_an_adversary_of_each(call, quick, pictures, tmp_path, tiny_model):
    noise(pictures / "d.jpg")
    model = ("--model", tiny_model, "--scaling", "unit")
    two = (pictures / "a.png", pictures / "d.jpg")
    drawn = call("sheet", *two, tmp_path / "sheets", *quick, "--size", "32")
    assert (drawn.exit_code, listed(tmp_path / "sheets")) == (0, ["a.png", "d.jpg"])
    assert drawn.stdout.splitlines() == [str(tmp_path / "sheets" / name) for name in ("a.png", "d.jpg")]
    assert [line for line in drawn.stderr.splitlines() if "Note" not in line] == [
        "1/2 a.png: drawn",
        "2/2 d.jpg: drawn",
        "2 done, 0 skipped, 0 failed",
    ]
    again = call("sheet", *two, tmp_path / "sheets", *quick, "--size", "32")
    assert again.exit_code == 2 and "exists: give another name, or --overwrite." in again.stderr
    assert call("attack", *two, tmp_path / "others", *model, "--steps", "2").exit_code == 0
    assert listed(tmp_path / "others") == ["a.png", "d.png"]  # without loss


def test_what_cannot_be_for_each_is_refused(call, quick, pictures, tmp_path, tiny_model):
    model, two = ("--model", tiny_model), (pictures / "a.png", pictures / "b.png")
    clip = film(tmp_path / "clip.mp4")
    refused = {
        ("sheet", *two, tmp_path / "out.png", *quick): "out.png is the name of a file, but 2 inputs",
        ("sheet", two[0], clip, tmp_path / "out", *quick): "clip.mp4 is a film, but pictures are expected here",
        ("sheet", two[0]): "Missing argument 'OUT'",
        ("zoom", *two, tmp_path / "out", *quick): "2 pictures came, but a dive begins in one: call zoom for each",
        ("attack", *two, tmp_path / "out", *model, "--sheet", "s.png"): "--sheet came with 2 pictures",
    }
    for words, sentence in refused.items():
        result = call(*words)
        assert result.exit_code == 2 and sentence in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_of_pictures_is_taken_for_each_of_them(call, quick, pictures, tmp_path, tiny_model):
    film(pictures / "clip.mp4")
    noise(pictures / "deeper" / "d.png")
    first, second = (Image.new("RGB", (64, 48), grey) for grey in ("#333", "#ccc"))
    first.save(pictures / "moving.gif", save_all=True, append_images=[second])  # whose first frame is taken
    model = ("--model", tiny_model, "--scaling", "unit", "--steps", "1")
    for command, own in {"sheet": (*quick, "--size", "32"), "attack": model}.items():
        out = tmp_path / command
        told = call(command, pictures, out, *own, "--dry-run")
        assert (told.exit_code, len(told.stdout.splitlines()), out.exists()) == (0, 4, False)
        made = call(command, pictures, out, *own)
        assert (made.exit_code, len(listed(out))) == (0, 4)
        for result in (told, made):
            assert "Note: Left out: 1 folder (--recursive).\n" in result.stderr
            assert f"Note: Left out: {pictures / 'clip.mp4'}, a film.\n" in result.stderr
            assert "Note: moving.gif: It has 2 frames, and only the first was read.\n" in result.stderr
    refused = call("attack", pictures, tmp_path / "out", *model, "--sheet", "s.png")
    assert refused.exit_code == 2 and f"--sheet came with the folder {pictures}, but" in refused.stderr
    (tmp_path / "films").mkdir()
    film(tmp_path / "films" / "clip.mp4")
    refused = call("sheet", tmp_path / "films", tmp_path / "out", *quick)
    assert refused.exit_code == 2 and "films holds films only, but pictures are expected here" in refused.stderr


def test_the_picture_that_is_too_small_is_named(call, pictures, tmp_path):
    dreampipe.write(Frame(np.zeros((32, 64, 3), np.float32)), pictures / "b.png")
    for how in (("--dry-run",), ("--method", "fgsm")):
        told = call("attack", pictures / "a.png", pictures / "b.png", tmp_path / "out", *how)
        assert told.exit_code == 1
        assert f"Failed b.png: {pictures / 'b.png'} is seen as 64x32, but motifnet needs 47 pixels" in told.stderr
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["a.png"]
