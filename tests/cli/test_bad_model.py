"""A model that passes every check and still cannot be opened: each command says so once, before the first picture."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import clip
import pytest
from known import known


@pytest.fixture
def bad(tiny_model: Path, tmp_path: Path) -> Path:
    """A file whose weights do not fit its layers, which Keras alone finds out."""
    path = tmp_path / "bad.keras"
    with zipfile.ZipFile(tiny_model) as whole, zipfile.ZipFile(path, "w") as changed:
        for name in whole.namelist():
            data = whole.read(name)
            assert name != "config.json" or b'"filters": 16' in data
            changed.writestr(name, data.replace(b'"filters": 16', b'"filters": 17') if name == "config.json" else data)
    return known(path)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    clip.write(folder / "a.mp4", 6, (64, 48))
    shutil.copy(folder / "a.mp4", folder / "b.mp4")
    return folder


COMMANDS = {
    "a folder": "dream {pictures} {out}/",
    "a folder, at a given size": "dream {pictures} {out}/ --max-size 32",
    "a folder of films": "dream {films} {out}/",
    "zoom": "zoom {pictures}/a.png {out}.mp4 --seconds 0.2",
    "sheet": "sheet {pictures}/a.png {out}.png",
    "visualize": "visualize third[3] {out}.png --size 32",
    "atlas": "atlas third {out}.png --size 32 --exemplars 0",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_told_once(call, pictures, films, bad, tmp_path, command):
    places = {"pictures": pictures, "films": films, "out": tmp_path / "out"}
    words = [word.format(**places) for word in COMMANDS[command].split()]
    before = {*tmp_path.rglob("*")}
    result = call(*words, "--model", bad, "--scaling", "unit", "--octaves", "1", "--steps", "1")
    assert result.exit_code == 1
    (told,) = [line for line in result.stderr.splitlines() if not line.startswith("Note")]
    assert told.startswith(f"Error: The model {bad} is refused: Keras cannot build it")
    assert not [path for path in {*tmp_path.rglob("*")} - before if path.is_file() and not path.name.startswith(".")]
    assert not list(tmp_path.glob(".out*"))


def test_a_rerun_tells_it_once(call, quick, pictures, bad, tmp_path):
    assert call("dream", pictures / "a.png", tmp_path / "a.png", *quick).exit_code == 0
    words = ("--set", f"model={bad}", "--input", pictures / "a.png", "--quiet")
    result = call("rerun", tmp_path / "a.png", tmp_path / "b.png", *words)
    assert (result.exit_code, result.stderr.count("Error:")) == (1, 1)
    assert not (tmp_path / "b.png").exists()
