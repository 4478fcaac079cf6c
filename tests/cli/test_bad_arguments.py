"""Arguments that cannot be right: one line, exit code 2, nothing written, and tensorflow never imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

DREAM = ("dream", "pictures", "out")
SHEET = ("sheet", "pictures/a.png", "sheet.png")

WRONG = {
    ("dream", "nowhere.png", "out.png"): "nowhere.png does not exist",
    ("dream", "empty", "out"): "empty holds no pictures",
    ("dream", "pictures", "pictures"): "inputs are never overwritten",
    ("dream", "pictures/a.png", "pictures/a.png"): "inputs are never overwritten",
    ("dream", "pictures/a.png", "a.tga"): "a.tga",
    ("dream", "pictures", "file"): "file is a file",
    (*DREAM, "--format", "png", "--recursive"): "pictures/a.jpg",
    (*DREAM, "--format", "exr"): "exr",
    (*DREAM, "--objective", "mixd4"): "mixed4",
    (*DREAM, "--objective", ""): "expected a layer",
    ("dream", "", "out"): "came empty",
    (*DREAM, "--objective", "mixed4[100000]"): "100000",
    (*DREAM, "--objective", "logit(eie)"): "eye",
    (*DREAM, "--objective", "mixed4 +"): "  mixed4 +\n          ^",
    (*DREAM, "--octaves", "0"): "octaves came as 0, but it must be greater than or equal to 1.",
    (*DREAM, "--octaves", "four"): "--octaves",
    (*DREAM, "--octave-scale", "1"): "octave-scale came as 1.0",
    (*DREAM, "--step-size", "nan"): "step-size came as 'nan', but it must be a number such as 8, or a ramp",
    (*DREAM, "--steps", "-1"): "steps came as -1",
    (*DREAM, "--blend", "1.5"): "blend came as 1.5",
    (*DREAM, "--seed", "-1"): "seed came as -1",
    (*DREAM, "--max-size", "0"): "max-size came as 0",
    (*DREAM, "--scaling", "octal"): "--scaling",
    (*DREAM, "--scaling", "caffe"): "'caffe'",
    (*DREAM, "--quality", "101"): "--quality",
    (*DREAM, "--model", "motifnett"): "motifnet",
    (*DREAM, "--model", "gone.keras"): "gone.keras",
    (*DREAM, "--model", "a" * 300): "There is no model",
    (*DREAM, "--model", "text.keras"): "text.keras",
    (*DREAM, "--model", "old.h5"): "old.h5",
    (*DREAM, "--layer", "mixed4"): "--layer",
    ("dream", "pictures"): "OUTPUT",
    ("sheet", "pictures", "sheet.png"): "pictures",
    ("sheet", "pictures/a.png", "sheet.xyz"): "sheet.xyz",
    ("sheet", "pictures/a.png", "pictures/b.jpg"): "pictures/b.jpg exists",
    (*SHEET, "--size", "8"): "--size",
    (*SHEET, "--objective", "mixed4"): "--objective",
    ("layers", "motivnet"): "motifnet",
    ("dreem",): "dreem",
}

# All of them in one process, which says for each how it ended, and at last what it had imported.
PROGRAM = """
import json, sys
from typer.testing import CliRunner
from dreampipe.cli.app import app
answers = []
for words in json.load(sys.stdin):
    result = CliRunner().invoke(app, words)
    answers.append([result.exit_code, result.stdout, result.stderr, repr(result.exception)])
print(json.dumps([answers, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import numpy as np

    import dreampipe
    from dreampipe.frames import Frame

    folder = tmp_path_factory.mktemp("house")
    (folder / "empty").mkdir()
    (folder / "pictures").mkdir()
    for name in ("a.png", "a.jpg", "b.jpg"):
        dreampipe.write(Frame(np.full((48, 64, 3), 0.5, np.float32)), folder / "pictures" / name)
    for name in ("file", "text.keras", "old.h5"):
        (folder / name).write_text("not what it seems")
    return folder


@pytest.fixture(scope="module")
def answered(house: Path) -> tuple[dict[tuple[str, ...], list], list[str]]:
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=house,
        input=json.dumps(list(WRONG)),
        capture_output=True,
        text=True,
        check=True,
    )
    answers, modules = json.loads(shown.stdout)
    return dict(zip(WRONG, answers, strict=True)), modules


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_one_sentence_and_exit_code_2(answered, words):
    code, stdout, stderr, exception = answered[0][words]
    assert (code, stdout, exception) == (2, "", "SystemExit(2)")
    assert stderr.count("Error: ") == 1
    assert WRONG[words] in stderr
    sentence = stderr[stderr.index("Error: ") :]
    assert sentence.count("\n") == (3 if "^" in sentence else 1)


def test_nothing_is_written(answered, house):
    assert sorted(path.name for path in house.iterdir()) == ["empty", "file", "old.h5", "pictures", "text.keras"]
    assert sorted(path.name for path in (house / "pictures").iterdir()) == ["a.jpg", "a.png", "b.jpg"]
    assert not list((house / "empty").iterdir())


def test_nothing_slow_is_imported(answered):
    assert not {"tensorflow", "keras", "rich", "h5py"} & set(answered[1])
