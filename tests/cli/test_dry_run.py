"""`--dry-run`: every command says what it would make, and nothing on the disk changes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from test_tasks import CLIMBING, SMALLEST

import dreampipe
from dreampipe.frames import Frame
from dreampipe.recipes import Climbing
from dreampipe.recipes.settings import ModelSettings
from dreampipe.recipes.tasks import TASKS


def content(folder: Path) -> Mapping[str, tuple[int, int]]:
    """Everything below a folder, with sizes and times."""
    found = sorted(folder.rglob("*"))
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in (folder, *found)}


@pytest.mark.parametrize("command", TASKS)
def test_each_command_says_what_it_would_make_and_changes_nothing(
    call: Any, pictures: Path, tiny_model: Path, tmp_path: Path, command: str
) -> None:
    shutil.copytree(pictures, tmp_path / "classes" / "3")
    model = ("--model", tiny_model, "--scaling", "unit")
    if "DREAMS" in SMALLEST[command]:
        assert call("dream", pictures, tmp_path / "dreams", *model, *CLIMBING).exit_code == 0
    own = {
        "PHOTO": pictures / "a.png",
        "FOLDER": pictures,
        "CLASSES": tmp_path / "classes",
        "DREAMS": tmp_path / "dreams",
    }
    words = [
        own[word] if word in own else tmp_path / "new" / word if word.startswith(("out.", "still.")) else word
        for word in SMALLEST[command]
    ]
    kind = TASKS[command].recipe
    climbs = issubclass(kind, Climbing) and command != "concepts"  # which climbs after it has looked for something
    how = (*(model if issubclass(kind, ModelSettings) else ()), *(CLIMBING if climbs else ()))
    before = content(tmp_path)
    result = call(command, *words, *how, "--dry-run")
    assert result.exit_code == 0
    assert content(tmp_path) == before
    (line,) = result.stdout.splitlines()
    assert not line.endswith((":", " "))
    assert all(str(word) in line for word in words if str(word).startswith(str(tmp_path / "new")))
    assert "1 to make, 0 skipped, 0 would fail" in result.stderr and "No output was written." in result.stderr
    if climbs:
        assert "octave" in line and "GB of memory, about" in line
        assert "The time rests on" in result.stderr
    elif command == "explain":
        assert ", about " in line and "The time rests on a part of each method's work at " in result.stderr
    else:
        assert "Time and memory are not estimated here" in result.stderr


def forecasts(result: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_folder_is_told_file_by_file(call, quick, pictures, tmp_path):
    (pictures / "b.png").write_text("no picture")
    dreampipe.write([Frame(np.full((32, 48, 3), 0.5, np.float32))] * 3, pictures / "d.mp4")
    words = ("dream", pictures, tmp_path / "out", *quick)
    result = call(*words, "--dry-run", "--events")
    assert result.exit_code == 1 and "Failed b.png: " in result.stderr
    first, failing, _, film = forecasts(result)
    assert first["name"] == str(pictures / "a.png") and first["targets"] == [str(tmp_path / "out" / "a.png")]
    assert (first["size"], first["octaves"]) == ([48, 64], [[34, 46], [48, 64]])
    assert first["memory"] > 1e8 and first["seconds"] > 0
    assert failing["failure"] and not failing["targets"]
    assert (film["frames"], film["size"]) == (3, [32, 48])
    assert not (tmp_path / "out").exists()


def test_what_is_finished_is_skipped_and_what_is_foreign_would_fail(call, quick, pictures, tmp_path):
    out = tmp_path / "out"
    call("dream", pictures / "a.png", f"{out}/", *quick)
    (out / "b.png").write_bytes(b"somebody's")
    before = content(tmp_path)
    result = call("dream", pictures, out, *quick, "--dry-run", "--events")
    assert result.exit_code == 1 and "1 to make, 1 skipped, 1 would fail" in result.stderr
    assert [(each["skipped"], bool(each["failure"])) for each in forecasts(result)] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert content(tmp_path) == before
    assert "was not written by dreampipe" in result.stderr


def test_a_finished_film_is_skipped(call, quick, tmp_path):
    dreampipe.write([Frame(np.full((32, 48, 3), 0.5, np.float32))] * 2, tmp_path / "in.mp4")
    words = ("dream", tmp_path / "in.mp4", tmp_path / "out.mp4", *quick)
    assert call(*words).exit_code == 0
    before = content(tmp_path)
    assert call(*words, "--dry-run").stdout == (
        f"{tmp_path / 'in.mp4'} -> {tmp_path / 'out.mp4'}: skipped, it is finished\n"
    )
    assert "would fail" in call(*words, "--dry-run", "--seed", "1").stderr
    assert content(tmp_path) == before


def test_the_octaves_are_those_of_the_run(call, quick, pictures, tmp_path):
    words = (
        "dream",
        pictures / "a.png",
        tmp_path / "out.png",
        *quick,
        "--octaves",
        "3",
        "--max-size",
        "50",
        "--events",
    )
    (told,) = forecasts(call(*words, "--dry-run"))
    events = forecasts(call(*words))
    sizes = [event["step"]["size"] for event in events if event["event"] == "stepped" and event["step"]["step"] == 1]
    assert told["octaves"] == sizes and len(sizes) == 3


def test_what_would_be_left_out_is_told_unless_it_is_ignored(call, quick, pictures, tmp_path):
    (pictures / "raw.dng").write_bytes(b"II*\0")
    words = ("dream", pictures, tmp_path / "out", *quick, "--dry-run")
    result = call(*words)
    assert result.exit_code == 1 and f"Failed {pictures}: left out: 1 .dng" in result.stderr
    assert call(*words, "--ignore").exit_code == 0


def test_what_is_refused_is_refused(call, quick, pictures, tmp_path):
    wrong = call("dream", pictures, tmp_path / "out", *quick, "--objective", "frist", "--dry-run")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    there = call("visualize", "second", pictures / "a.png", *quick[:4], "--dry-run")
    assert there.exit_code == 2 and "exists: give another name, or --overwrite." in there.stderr


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_takes_no_files_is_refused(call, quick, pictures, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    refused = call("dream", pictures, tmp_path / "closed" / "out", *quick, "--dry-run")
    assert refused.exit_code == 2 and "cannot be written (Permission denied)" in refused.stderr


def test_a_file_in_place_of_a_folder_is_refused(call, quick, pictures, tmp_path):
    refused = call("dream", pictures, pictures / "a.png" / "out", *quick, "--dry-run")
    assert refused.exit_code == 2 and "Not a directory" in refused.stderr


def test_weights_that_are_missing_are_named_and_not_fetched(call, pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("DREAMPIPE_WEIGHTS_URL", "http://127.0.0.1:9/")
    result = call("dream", pictures / "a.png", tmp_path / "out.png", "--model", "vgg16-notop", "--dry-run")
    assert result.exit_code == 0 and "GB of memory" in result.stdout and "about" not in result.stdout
    assert "58.9 MB, would be downloaded first; without them no time can be measured." in result.stderr
    fetch = call("models", "fetch", "vgg16-notop", "--dry-run")
    assert fetch.exit_code == 0 and f"-> {tmp_path / 'keras' / 'models'}" in fetch.stdout
    assert not (tmp_path / "keras").exists()


def test_a_rerun_and_a_card_are_told(call, quick, pictures, tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tiny_model.parent)
    own = shutil.copy(tiny_model, tmp_path / "own.keras")
    call("dream", pictures / "a.png", tmp_path / "out.png", *quick)
    before = content(tmp_path)
    again = call("rerun", tmp_path / "out.png", tmp_path / "b.png", "--input", pictures / "a.png", "--dry-run")
    assert again.exit_code == 0 and f"-> {tmp_path / 'b.png'}: 64x48, 2 octaves" in again.stdout
    card = call("models", "card", own, "--dry-run")
    assert card.exit_code == 0 and "scaling" in card.stdout and "own.card.toml was not written." in card.stderr
    assert content(tmp_path) == before


def test_verbose_and_events_say_as_much_as_in_a_run(call, quick, pictures, tmp_path):
    first, second = (Image.new("RGB", (64, 48), grey) for grey in ("#333", "#ccc"))
    first.save(pictures / "moving.gif", save_all=True, append_images=[second])
    result = call("dream", pictures, tmp_path / "out", *quick, "--dry-run", "--verbose", "--events")
    assert "settings of pictures: " in result.stderr and "settings of films: " in result.stderr
    assert "keras " in result.stderr
    note, *others = forecasts(result)
    assert note == {"event": "noted", "name": str(pictures), "text": "moving.gif is animated, and stays so."}
    assert [each["event"] for each in others] == ["forecast"] * 4
    quiet = call("dream", pictures, tmp_path / "out", *quick, "--dry-run", "--quiet", "--events")
    assert (len(forecasts(quiet)), quiet.stderr) == (5, "")
