"""What the pages in docs/ show works: their Python and commands run, their objectives are bound, their errors come."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from dreampipe import Frame, Objective, Resize, card, read, write
from dreampipe.errors import ObjectiveError
from dreampipe.objectives.forms import FORMS, table

ROOT = Path(__file__).parent.parent
SHORT = {
    "dream": ("--octaves", "1", "--max-size", "64"),
    "visualize": ("--octaves", "1", "--size", "64"),
    "explain": ("--max-size", "96"),
    "zoom": ("--octaves", "1", "--max-size", "48", "--seconds", "0.1"),
    "attack": ("--max-size", "96", "--steps", "2"),
    "robustness": ("--count", "2", "--method", "fgsm"),
    "concepts": ("--samples", "6", "--count", "2", "--size", "48", "--octaves", "1"),
    "influence": ("--top", "2"),
    "atlas": ("--size", "48", "--exemplars", "0", "--channels", "0-1"),
}
"""Commands that are run, and what is added so that they end soon; of others the options are looked up."""
CLIMBING = ("dream", "visualize", "zoom", "atlas", "concepts")
"""Of these, the ones that climb. They run without a step by default, because tracing a graph takes most of the time."""
GROUPS = ("models", "recipes")
"""Commands with commands of their own."""


class Block(NamedTuple):
    """A block of code: the page it is on, what it says it is, and its text."""

    page: str
    kind: str
    text: str


def blocks(*kinds: str) -> list[Block]:
    return [
        Block(path.name, kind, text)
        for path in sorted((ROOT / "docs").glob("*.md"))
        for kind, text in re.findall(
            r"^```(\w*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        )
        if kind in kinds
    ]


LINES = [line for block in blocks("") for line in block.text.splitlines() if line.strip()]
COMMANDS = [line.split(" #")[0].strip() for line in LINES if line.startswith("dreampipe ")]
OBJECTIVES = [line for line in LINES if not line.startswith("dreampipe ")] + [form.example for form in FORMS]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film of two seconds and six frames, and these as pictures."""
    folder = tmp_path_factory.mktemp("film")
    small = Resize(96)(iter(read(ROOT / "samples" / "clip.mp4").frames[:48:8]))
    frames = [Frame(frame.pixels, number, Fraction(number, 3), Fraction(1, 3)) for number, frame in enumerate(small)]
    write(frames, folder / "clip.mp4")
    (folder / "frames").mkdir()
    for frame in frames:
        write(frame, folder / "frames" / f"{frame.index}.png")
    return folder


@pytest.fixture
def house(tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with what the pages name: the samples, a guide, a vector, and a film of six frames."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    shutil.copy(ROOT / "samples" / "forest.jpg", tmp_path / "feathers.jpg")
    np.save(tmp_path / "v.npy", np.linspace(-1, 1, 256))
    cv2.imwrite(str(tmp_path / "mask.png"), np.tile(np.arange(200, dtype=np.uint8), (150, 1)))
    shutil.copy(ROOT / "samples" / "hills.jpg", tmp_path)
    (tmp_path / "stripes").mkdir()
    for name in ("sea.jpg", "hills.jpg"):
        shutil.copy(ROOT / "samples" / name, tmp_path / "stripes")
    np.savez(tmp_path / "found.npz", directions=np.eye(2, 256, dtype=np.float32), layer="mixed4")
    shutil.copytree(film, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def test_a_page_has_code_of_known_kinds_only() -> None:
    every = [
        kind for path in (ROOT / "docs").glob("*.md") for kind in re.findall(r"^```(\w+)$", path.read_text(), re.M)
    ]
    assert set(every) <= {"python", "text", "toml", "sh"}  # "sh" needs what a test has not, such as a bucket
    assert len(COMMANDS) >= 4 and len(OBJECTIVES) >= 50


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # keras' own, when it saves
def test_the_python_of_a_page_runs_in_order(house: Path) -> None:
    known: dict[str, dict[str, object]] = {}
    for block in blocks("python"):
        if block.page == "scaling.md":  # scripts for other libraries, which `test_pipelines.py` runs
            continue
        exec(block.text, known.setdefault(block.page, {}))
    assert known


@pytest.mark.parametrize(
    "command, steps",
    [
        *((command, "0") for command in COMMANDS),
        *(pytest.param(command, "1", marks=pytest.mark.slow) for command in COMMANDS if command.split()[1] in CLIMBING),
    ],
)
def test_a_command_has_these_options_and_runs(command: str, steps: str, house: Path) -> None:
    from dreampipe.cli.app import app

    _, name, *arguments = shlex.split(command)
    group = arguments[:1] if name in GROUPS else []
    shown = CliRunner().invoke(app, [name, *group, "--help"]).output
    if "--help-all" in shown:
        shown = CliRunner().invoke(app, [name, *group, "--help-all"]).output
    for option in (word for word in arguments if word.startswith("--")):
        assert option in shown
    if name in SHORT:
        climbed = ("--steps", steps) if name in CLIMBING else ()
        result = CliRunner().invoke(app, [name, *arguments, *SHORT[name], *climbed])
        assert result.exit_code == 0, result.output
        written = house / arguments[1]
        if "--preview" in arguments:
            written = written.with_suffix(f".preview{written.suffix}")
        least = 500 if steps == "0" else 1000  # without a step a picture may be one grey, and its record
        assert written.is_dir() or written.stat().st_size > least


@pytest.mark.parametrize("text", OBJECTIVES)
def test_an_objective_is_read_printed_and_bound(text: str, house: Path) -> None:
    objective = Objective.parse(text)
    assert Objective.parse(str(objective)) == objective
    assert objective.bind(card("motifnet"), starred="*]" in text or "(*)" in text).terms


@pytest.mark.parametrize("block", blocks("text"), ids=lambda block: block.text.splitlines()[1].strip())
def test_a_shown_error_is_the_one_that_comes(block: Block) -> None:
    with pytest.raises(ObjectiveError) as caught:
        Objective.parse(block.text.splitlines()[1].strip()).bind(card("motifnet"))
    assert str(caught.value) == block.text.rstrip("\n")


def test_the_table_of_the_language_is_that_of_its_forms() -> None:
    assert table() in (ROOT / "docs" / "objectives.md").read_text(encoding="utf-8")
