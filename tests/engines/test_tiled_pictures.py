"""Pictures in tiles at the public door: memory, records, running out, and a run that was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from typer.testing import CliRunner

import dreampipe
from dreampipe import Frame, Recipe
from dreampipe.cli.app import app
from dreampipe.engines import run
from dreampipe.engines.checkpoints import Checkpoint, key_of
from dreampipe.engines.orders import Order
from dreampipe.errors import RecipeError
from dreampipe.events import Event, Noted, Stepped
from dreampipe.media import Manifest, plan
from dreampipe.recipes.fields import bytes_of
from dreampipe.records.again import again


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    dreampipe.write(Frame(np.random.default_rng(3).random((300, 420, 3), np.float32)), path)
    return path


def recipe(model: Path, **settings: Any) -> Recipe:
    how = {"objective": "each(second_relu)", "octaves": 3, "steps": 2, **settings}
    return Recipe.of(model=str(model), scaling="unit", **how)


def made(photo: Path, out: Path, chosen: Recipe, tell: Any = lambda event: None) -> Path:
    planned = plan(photo, out)
    run(planned.jobs, Manifest(planned.folder), Order(chosen), tell)
    return out


@pytest.mark.parametrize("text", ["0", "-1GB", "4", "4TB", "0GB", "much", "4 XB", "nanGB", "9999999999GB"])
def test_memory_that_no_machine_has_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match=r"memory came as .*, but it must be an amount such as 4GB"):
        Recipe(memory=text)


def test_amounts_of_memory_are_read() -> None:
    assert [bytes_of(text) for text in ("4GB", "1.5 gb", "800MB", "1KiB")] == [
        4 * 10**9,
        1_500_000_000,
        8 * 10**8,
        1024,
    ]


def test_a_picture_that_fits_has_the_same_bytes_whatever_the_memory(
    photo: Path, tiny_model: Path, tmp_path: Path
) -> None:
    everything = f"{psutil.virtual_memory().total // 10**6}MB"
    plain = made(photo, tmp_path / "a.png", recipe(tiny_model, octaves=1))
    given = made(photo, tmp_path / "b.png", recipe(tiny_model, octaves=1, memory=everything))
    assert plain.read_bytes() == given.read_bytes()
    assert recipe(tiny_model).sha256() == recipe(tiny_model, memory=everything).sha256()


def test_too_little_memory_for_the_least_tile_is_told(photo: Path, tiny_model: Path, tmp_path: Path) -> None:
    told: list[Event] = []
    made(photo, tmp_path / "out.png", recipe(tiny_model, memory="2MB"), told.append)
    assert any("memory came as 2MB, but dreampipe itself needs" in str(event) for event in told)


def test_the_tile_is_in_the_record_and_makes_the_same_pixels_again(
    photo: Path, tiny_model: Path, tmp_path: Path
) -> None:
    first = made(photo, tmp_path / "first.png", recipe(tiny_model, tile=96))
    repeated = again(first, [f"model={tiny_model}"])
    assert isinstance(repeated.recipe, Recipe) and repeated.recipe.tile == 96
    second = made(photo, tmp_path / "second.png", repeated.recipe.model_copy(update={"objective": "each(second_relu)"}))
    (one,), (other,) = dreampipe.read(first), dreampipe.read(second)
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert not list(tmp_path.glob(".*octave*"))


def test_a_picture_that_runs_out_of_memory_begins_again_in_tiles(photo: Path, tiny_model: Path, tmp_path: Path) -> None:
    told: list[Event] = []

    def hear(event: Event) -> None:
        told.append(event)
        if isinstance(event, Stepped) and sum(isinstance(one, Stepped) for one in told) == 1:
            raise MemoryError

    out = made(photo, tmp_path / "out.png", recipe(tiny_model), hear)
    (note,) = [event.text for event in told if isinstance(event, Noted) and "memory ran out" in event.text]
    assert note == "memory ran out, so it is begun again in tiles of 208 pixels"
    assert again(out, [f"model={tiny_model}"]).recipe.tile == 208  # type: ignore[attr-defined]


def octave_of(line: str) -> int | None:
    """The octave of an event of a step; None for other events."""
    event = json.loads(line)
    return int(event["step"]["octave"]) if event["event"] == "stepped" else None


def test_a_killed_run_continues_at_its_octave(photo: Path, tiny_model: Path, tmp_path: Path) -> None:
    """SIGKILL in the third octave: the next run climbs that one only, and makes the very same file."""
    options = ["--model", str(tiny_model), "--scaling", "unit", "--tile", "96", "--octaves", "3", "--steps", "2"]
    whole, killed = tmp_path / "whole.png", tmp_path / "killed.png"
    assert CliRunner().invoke(app, ["dream", str(photo), str(whole), *options]).exit_code == 0
    words = [sys.executable, "-m", "dreampipe", "dream", str(photo), str(killed), *options, "--events"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if octave_of(line) == 3:
                os.kill(process.pid, signal.SIGKILL)
                break
    assert not killed.exists() and list(tmp_path.glob(".killed.png.*octave.npz"))
    result = CliRunner().invoke(app, ["dream", str(photo), str(killed), *options, "--events"])
    assert {octave for line in result.stdout.splitlines() if (octave := octave_of(line))} == {3}
    assert killed.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob(".*octave*"))


@pytest.mark.parametrize("bytes_there", [b"", b"PK nothing", b"someone's own"])
def test_what_is_no_checkpoint_is_neither_read_nor_replaced(
    photo: Path, tiny_model: Path, tmp_path: Path, bytes_there: bytes
) -> None:
    there = Checkpoint(tmp_path / "out.png", "").path
    there.write_bytes(bytes_there)
    made(photo, tmp_path / "out.png", recipe(tiny_model, tile=96))
    assert (tmp_path / "out.png").exists()
    assert there.read_bytes() == bytes_there


def test_the_key_of_a_checkpoint_needs_no_package_of_this_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow also comes in packages of other names, and JAX or PyTorch can compute in its place."""
    whole, known = key_of("recipe"), metadata.distribution

    def distribution(name: str) -> metadata.Distribution:
        if name == "tensorflow":
            raise metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(metadata, "distribution", distribution)
    assert key_of("recipe") != whole


def test_a_checkpoint_that_cannot_be_written_stops_no_picture(photo: Path, tiny_model: Path, tmp_path: Path) -> None:
    """The name of the output is as long as names can be, so that a longer one cannot be written next to it."""
    told: list[Event] = []
    out = made(photo, tmp_path / f"{'n' * 251}.png", recipe(tiny_model, tile=96), told.append)
    assert out.exists()
    notes = [event.text for event in told if isinstance(event, Noted) and "is not saved" in event.text]
    assert [note[:8] for note in notes] == ["octave 1", "octave 2"]
