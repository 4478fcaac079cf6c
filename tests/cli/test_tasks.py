"""The table of tasks: every command that writes has a row, and `rerun` makes each output again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest
import typer

import dreampipe
from dreampipe.cli.app import app
from dreampipe.engines.task import load_task
from dreampipe.recipes import Climbing
from dreampipe.recipes.tasks import TASKS
from dreampipe.records.again import again
from dreampipe.records.carried import record_of
from dreampipe.records.making import USUAL, Making

SMALLEST: Mapping[str, tuple[str, ...]] = {
    "dream": ("PHOTO", "out.jpg", "--quality", "80"),
    "zoom": ("PHOTO", "out.mp4", "--seconds", "0.2", "--fps", "10", "--refresh-octaves", "1", "--crf", "20"),
    "visualize": ("second[1]", "still.png", "--animate", "out.png", "--size", "32"),
    "atlas": ("second", "out.html", "--channels", "0", "--size", "32", "--exemplars", "0"),
    "explain": ("PHOTO", "out.png", "--quality", "80", "--method", "gradient", "--size", "48"),
    "attack": ("PHOTO", "still.png", "--sheet", "out.png", "--steps", "2", "--size", "48"),
    "robustness": ("CLASSES", "out.html", "--method", "fgsm", "--eps", "1/255"),
    "influence": ("PHOTO", "out.html", "--pictures", "CLASSES", "--label", "3", "--size", "32"),
    "sheet": ("PHOTO", "out.png", "--size", "32"),
}
"""Words of the least that each command makes, with an option that its record keeps."""
CLIMBING = ("--octaves", "1", "--steps", "1")
SUFFIXES = (".jpg", ".mp4", ".png", ".html")


@pytest.fixture
def make(call: Any, pictures: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`make(command)` makes the least, and returns its output."""
    monkeypatch.chdir(tiny_model.parent)  # a record names the model's file alone

    def made(command: str) -> Path:
        if "CLASSES" in SMALLEST[command]:
            shutil.copytree(pictures, tmp_path / "classes" / "3")
            shutil.copytree(pictures, tmp_path / "classes" / "1")
        own = {"PHOTO": pictures / "a.png", "CLASSES": tmp_path / "classes"}
        words = [
            own[word] if word in own else tmp_path / word if Path(word).suffix in SUFFIXES else word
            for word in SMALLEST[command]
        ]
        climbs = issubclass(TASKS[command].recipe, Climbing)
        how = ("--model", tiny_model, "--scaling", "unit", *(CLIMBING if climbs else ()))
        assert call(command, *words, *how).exit_code == 0
        return tmp_path / next(word for word in SMALLEST[command] if word.startswith("out."))

    return made


def test_every_command_that_writes_has_a_row() -> None:
    commands: Mapping[str, Any] = vars(typer.main.get_command(app))["commands"]
    writing = {
        name for name, command in commands.items() for param in command.params if param.metavar in ("OUT", "OUTPUT")
    }
    assert writing == {*TASKS, "rerun"}  # which makes what the table says


@pytest.mark.parametrize("command", TASKS)
def test_rerun_makes_each_again(call: Any, make: Any, pictures: Path, tmp_path: Path, command: str) -> None:
    out = make(command)
    kept = record_of(out)
    assert kept.command == command and kept.options
    assert kept.options.keys() <= TASKS[command].options.keys()
    second = tmp_path / f"again{out.suffix}"
    source = ("--input", pictures / "a.png") if kept.source else ()
    result = call("rerun", out, second, *source)
    assert (result.exit_code, result.stdout) == (0, "the pixels are the same\n")
    assert second.read_bytes() == out.read_bytes()


@pytest.mark.parametrize("command", TASKS)
def test_a_task_is_a_frozen_value_and_opens_nothing_before_it_runs(
    make: Any, pictures: Path, tmp_path: Path, command: str
) -> None:
    out, second = make(command), tmp_path / "new" / "second"
    target = second.with_suffix(out.suffix)
    begun = again(out, source=pictures / "a.png" if record_of(out).source else None)
    task = load_task(command).remade(begun, str(target), False, USUAL, 10**6)
    assert not target.parent.exists()
    assert type(task.recipe) is TASKS[command].recipe
    with pytest.raises(FrozenInstanceError):
        setattr(task, fields(task)[0].name, None)  # type: ignore[arg-type]
    assert all(isinstance(note, str) for note in task.check())
    assert list(task.outputs.values()) == [target] and not target.exists()
    task.run(lambda event: None)
    assert target.exists()


def test_an_option_that_no_record_reads_is_refused(tiny_model: Path) -> None:
    recipe = dreampipe.Recipe.of(model=str(tiny_model))
    with pytest.raises(ValueError, match=r"'page'.* came as options of sheet"):
        Making("sheet", recipe, {"page": True})
