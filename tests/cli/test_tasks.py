"""The table of tasks: every command that writes has a row, and `rerun` makes each output again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

import dreampipe
from dreampipe.cli.commands import COMMANDS, load
from dreampipe.engines.task import load_task
from dreampipe.recipes import Climbing
from dreampipe.recipes.settings import ModelSettings
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
    "gallery": ("DREAMS", "out.html", "--size", "48"),
    "concepts": ("FOLDER", "out.html", "--layer", "second", "--count", "2", "--size", "32"),
    "influence": ("PHOTO", "out.html", "--pictures", "CLASSES", "--label", "3", "--size", "32"),
    "report": ("PHOTO", "out.html", "--pictures", "CLASSES", "--size", "32"),
    "sheet": ("PHOTO", "out.png", "--size", "32"),
}
"""Words of the least that each command makes, with an option that its record keeps."""
CLIMBING = ("--octaves", "1", "--steps", "1")
SUFFIXES = (".jpg", ".mp4", ".png", ".html")


@pytest.fixture
def make(call: Any, pictures: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`make(command)` makes the least, and returns its output."""
    monkeypatch.chdir(tiny_model.parent)  # a record names the model's file alone

    def made(command: str, *more: str) -> Path:
        if "CLASSES" in SMALLEST[command]:
            shutil.copytree(pictures, tmp_path / "classes" / "3")
            shutil.copytree(pictures, tmp_path / "classes" / "1")
        how = ("--model", tiny_model, "--scaling", "unit")
        if "DREAMS" in SMALLEST[command]:
            assert call("dream", pictures, tmp_path / "dreams", *how, *CLIMBING).exit_code == 0
        own = {
            "PHOTO": pictures / "a.png",
            "FOLDER": pictures,
            "CLASSES": tmp_path / "classes",
            "DREAMS": tmp_path / "dreams",
        }
        words = [
            own[word] if word in own else tmp_path / word if Path(word).suffix in SUFFIXES else word
            for word in SMALLEST[command]
        ]
        kind = TASKS[command].recipe
        how = (*(how if issubclass(kind, ModelSettings) else ()), *(CLIMBING if issubclass(kind, Climbing) else ()))
        made.result = call(command, *words, *how, *more)  # type: ignore[attr-defined]
        assert made.result.exit_code == 0  # type: ignore[attr-defined]
        return tmp_path / next(word for word in SMALLEST[command] if word.startswith("out."))

    return made


def test_every_command_that_writes_has_a_row() -> None:
    writing = {name for name in COMMANDS for param in load(name).params if param.metavar in ("OUT", "OUTPUT")}
    assert writing == {*TASKS, "rerun"}  # which makes what the table says


def test_every_command_that_takes_a_while_tells_its_events() -> None:
    slow = [*map(load, (*TASKS, "rerun")), vars(load("models"))["commands"]["fetch"]]
    for command in slow:
        assert "--events" in {option for param in command.params for option in param.opts}, command.name


@pytest.mark.parametrize("command", TASKS)
def test_rerun_makes_each_again(call: Any, make: Any, pictures: Path, tmp_path: Path, command: str) -> None:
    out = make(command, "--events")
    told = [json.loads(line)["event"] for line in make.result.stdout.splitlines()]
    assert told[0] in ("noted", "began", "started") and {"done", "written"} & {*told}
    kept = record_of(out)
    assert kept.command == command and kept.options
    assert kept.options.keys() <= TASKS[command].options.keys()
    second = tmp_path / f"again{out.suffix}"
    source = ("--input", pictures / "a.png") if kept.source else ()
    result = call("rerun", out, second, *source)
    assert (result.exit_code, result.stdout) == (0, "the pixels are the same\n")
    if command == "sheet":
        (*others, last) = call("rerun", out, second, *source, "--events", "--overwrite").stdout.splitlines()
        assert json.loads(last)["verdict"]["files"] is True and all(map(json.loads, others))
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
