"""Addresses within recipe files, defaults and objectives: what is made with them is what is made with files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_stores import mirrors, objects, paint, upload, upload_bytes

from dreampipe.media import decode

SHORT = ("--octaves", "1", "--steps", "1")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return paint(tmp_path / "photos", ("a.png",)) / "a.png"


@pytest.fixture
def named(bucket: str, tiny_model: Path, tmp_path: Path) -> Path:
    """A folder with a mask, a guide, a concept and a model with its card, which are all also in the bucket."""
    folder = paint(tmp_path / "named", ("mask.png", "guide.png", "stripes/1.png", "stripes/2.png"), 40)
    (folder / "tiny.keras").write_bytes(tiny_model.read_bytes())
    (folder / "tiny.card.toml").write_text('scaling = "unit"\n')
    upload(folder, f"{bucket}/named")
    return folder


def pixels(path: Path) -> Any:
    return decode(path)[0].pixels


def recipe(at: object) -> str:
    return f"""
model = "{at}/tiny.keras"
mask = "{at}/mask.png"
objective = 'guide("{at}/guide.png", second) + 0.5 * concept("{at}/stripes/", third)'
"""


def write_recipe(folder: Path, at: object) -> tuple[Any, ...]:
    (folder / "mine.toml").write_text(recipe(at))
    return ("--recipe", folder / "mine.toml")


@pytest.fixture
def on_disk(call: Any, named: Path, photo: Path, tmp_path: Path) -> Any:
    """The pixels of the dream that the recipe with files of this disk makes."""
    made = call("dream", photo, tmp_path / "disk.png", *SHORT, *write_recipe(tmp_path, named))
    assert made.exit_code == 0, made.stderr
    return pixels(tmp_path / "disk.png")


def test_addresses_in_settings_are_files(call, bucket, named, photo, on_disk, tmp_path, monkeypatch):
    """In a recipe file, in one that is in the store, whose paths start from there, and in a file of defaults."""
    monkeypatch.chdir(tmp_path)
    upload_bytes(f"{bucket}/recipes/mine.toml", recipe("../named").encode())
    words = ("dream", photo, tmp_path / "dream.png", *SHORT)
    made = call(*words, *write_recipe(tmp_path, f"{bucket}/named"))
    assert made.exit_code == 0, made.stderr
    assert np.array_equal(pixels(tmp_path / "dream.png"), on_disk)
    assert b"dreampipe-stores" not in (tmp_path / "dream.png").read_bytes() and not mirrors()
    # The others mean the same, so they skip it, though the copies are elsewhere each time.
    assert "0 done, 1 skipped" in call(*words, "--recipe", f"{bucket}/recipes/mine.toml").stderr
    Path("dreampipe.toml").write_text("[dream]" + recipe(f"{bucket}/named"))
    assert "0 done, 1 skipped" in call(*words).stderr


def test_an_objective_of_the_command_line_names_addresses(call, bucket, named, photo):
    objective = recipe(f"{bucket}/named").partition("'")[2].partition("'")[0]
    words = ("--model", f"{bucket}/named/tiny.keras", "--mask", f"{bucket}/named/mask.png", "--caption")
    made = call("dream", photo, f"{bucket}/dream.png", *SHORT, *words, "-o", objective, "--sidecar", "--events")
    assert made.exit_code == 0, made.stderr
    record = json.loads(objects(bucket)["dream.png.dream.json"])
    assert record["recipe"]["mask"] == "named/mask.png" and 'guide("named/guide.png"' in record["recipe"]["objective"]


@pytest.mark.slow
def test_later_objectives_of_a_film_and_folders_of_explanations(call, bucket, named, photo, small, tmp_path):
    frames = paint(tmp_path / "frames", ("1.png", "2.png"))
    at = f'0.04:objective=guide("{bucket}/named/guide.png", second)'
    words = ("dream", frames, tmp_path / "film.mp4", *small, "--refresh-steps", "1", "--at", at)
    assert call(*words).exit_code == 0
    assert "1 skipped" in call(*words).stderr
    why = ("explain", photo, tmp_path / "why.png", *small[:4], "--baseline", f"{bucket}/named/stripes")
    made = call(*why)
    assert made.exit_code == 0, made.stderr
    assert "1 skipped" in call(*why).stderr


@pytest.mark.parametrize("way", ["option", "recipe"])
@pytest.mark.parametrize("setting", ["mask", "model", "objective"])
def test_an_address_of_nothing_is_what_a_path_of_nothing_is(call, setting, way, bucket, photo, small, tmp_path):
    """The sentence says what the address was to be: a mask, a model or a guide."""
    said = []
    for at in (bucket, tmp_path):
        value = f'guide("{at}/none.keras", second)' if setting == "objective" else f"{at}/none.keras"
        (tmp_path / "mine.toml").write_text(f"{setting} = '{value}'\n")
        words = small[:4] if setting != "model" else ()
        more = ("--recipe", tmp_path / "mine.toml") if way == "recipe" else (f"--{setting}", value)
        made = call("dream", photo, tmp_path / "dream.png", *words, *more)
        assert made.exit_code == 2 and made.stderr.startswith("Error: The "), made.stderr
        said.append([line.strip() for line in made.stderr.replace(str(at), "PLACE").splitlines()])
    assert said[0] == said[1] and "/none.keras" in said[0][0] and not mirrors()


def test_a_recipe_that_is_not_there_is_one_sentence(call, bucket, photo, small, tmp_path):
    made = call("dream", photo, tmp_path / "dream.png", *small, "--recipe", f"{bucket}/none.toml")
    assert made.exit_code == 2 and made.stderr.count("\n") == 1
    assert made.stderr.startswith(f"Error: The recipe {bucket}/none.toml does not exist: check its name")


@pytest.mark.parametrize("away", ["../../x/mask.png", "../../../../../mask.png"])
def test_a_path_that_leads_out_of_a_store_is_refused(call, away, bucket, photo, small, tmp_path):
    upload_bytes(f"{bucket}/recipes/mine.toml", f'mask = "{away}"\n'.encode())
    made = call("dream", photo, tmp_path / "dream.png", *small, "--recipe", f"{bucket}/recipes/mine.toml")
    assert made.exit_code == 2 and not mirrors()
    assert made.stderr == f"Error: {bucket}/recipes/mine.toml: {away} leads out of {bucket}: name it in full.\n"


def test_a_card_in_a_store_names_its_classes(call, bucket, named, tmp_path):
    upload_bytes(f"{bucket}/named/tiny.card.toml", b'scaling = "unit"\nclasses = "names.txt"\n')
    upload_bytes(f"{bucket}/named/names.txt", b"ash\nbirch\ncedar\ndate\nelm\n")
    made = call("classes", f"{bucket}/named/tiny.keras")
    assert made.exit_code == 0 and "cedar" in made.stdout, made.stderr
