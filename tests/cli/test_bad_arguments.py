"""Arguments that cannot be right: one line, exit code 2, nothing written, and tensorflow never imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

DREAM = ("dream", "pictures", "out")
SHEET = ("sheet", "pictures/a.png", "sheet.png")
VISUALIZE = ("visualize", "mixed4[3]", "out.png")
ATLAS = ("atlas", "mixed4", "out.png")
RERUN = ("rerun", "made.dream.json", "out.png")
ZOOM = ("zoom", "pictures/a.png", "out.mp4")

WRONG = {
    ("dream", "nowhere.png", "out.png"): "nowhere.png does not exist",
    ("dream", "empty", "out"): "empty holds no pictures",
    ("dream", "pictures", "pictures"): "inputs are never overwritten",
    ("dream", "pictures/a.png", "pictures/a.png"): "inputs are never overwritten",
    ("sheet", "pictures/a.png", "pictures/a.png", "--overwrite"): "inputs are never overwritten",
    ("visualize", "mixed4[3]", "dot.png", "--init", "dot.png", "--overwrite"): "inputs are never overwritten",
    (
        "visualize",
        "mixed4[3]",
        "new.png",
        "--init",
        "dot.png",
        "--animate",
        "dot.png",
        "--overwrite",
    ): "never overwritten",
    ("zoom", "pictures/a.png", "pictures/a.png", "--overwrite"): "inputs are never overwritten",
    ("sheet", "clip.mp4", "sheet.png"): "clip.mp4 does not hold a picture that can be read",
    ("visualize", "mixed4[3]", "out.png", "--init", "clip.mp4"): "clip.mp4 does not hold a picture that can be read",
    ("dream", "pictures/a.png", "a.tga"): "a.tga",
    ("dream", "pictures", "file"): "file is a file",
    ("dream", "twins", "out", "--format", "png", "--recursive"): "twins/a.jpg",
    (*DREAM, "--workers", "0"): "--workers came as 0, but it must be a whole number of at least 1.",
    (*DREAM, "--workers", "two"): "--workers came as 'two', but it must be a whole number of at least 1.",
    (*DREAM, "--engine", "spark"): "engine came as 'spark', but it must be one of local, ray.",
    (*DREAM, "--address", "auto"): "--address came, but only --engine ray takes it",
    (*DREAM, "--workers", "2", "--gpus-per-worker", "1"): "--gpus-per-worker came, but only --engine ray takes it",
    (*ATLAS, "--address", "auto"): "--address came, but only --engine ray takes it",
    (*DREAM, "--format", "exr"): "exr",
    (*DREAM, "--objective", "mixd4"): "mixed4",
    (*DREAM, "--objective", ""): "objective came empty, but a value is expected: give one, or leave it out.",
    (*DREAM, "--memory", ""): "memory came empty, but a value is expected: give one, or leave it out.",
    (*DREAM, "--start", "5", "--end", "3"): "A part from 5 to 3 seconds came, but an end after the start is expected",
    (*DREAM, "--end", "0"): "A part from 0 to 0 seconds came, but an end after the start is expected",
    (*VISUALIZE, "--init", ""): "init came empty, but noise, grey or a picture's path is expected: name one.",
    ("dream", "", "out"): "came empty",
    (*DREAM, "--objective", "mixed4[100000]"): "100000",
    (*DREAM, "--objective", "logit(eie)"): "eye",
    (*DREAM, "--objective", "mixed4 +"): "  mixed4 +\n          ^",
    (*DREAM, "--octaves", "0"): "octaves came as 0, but it must be a whole number from 1 to 32.",
    (*DREAM, "--octaves", "four"): "octaves came as 'four', but it must be a whole number from 1 to 32",
    (*DREAM, "--octave-scale", "1"): "octave-scale came as 1, but it must be a number more than 1 and at most 4",
    (*DREAM, "--step-size", "nan"): "step-size came as 'nan', but it must be a number more than 0 and at most 10",
    (*DREAM, "--steps", "-1"): "steps came as -1",
    (*DREAM, "--blend", "1.5"): "blend came as 1.5",
    (*DREAM, "--seed", "-1"): "seed came as -1",
    (*DREAM, "--max-size", "0"): "max-size came as 0",
    (*DREAM, "--scaling", "octal"): "scaling came as 'octal', but it must be one of unit, tf",
    (*DREAM, "--scaling", "caffe"): "'caffe'",
    (*DREAM, "--quality", "101"): "--quality",
    (*DREAM, "--model", "motifnett"): "motifnet",
    (*DREAM, "--model", "gone.keras"): "gone.keras",
    (*DREAM, "--model", "a" * 300): "There is no model",
    (*DREAM, "--model", "text.keras"): "text.keras",
    (*DREAM, "--model", "old.h5"): "old.h5",
    (*DREAM, "--layer", "mixed4"): "--layer",
    (*DREAM, "--mask", "black.png"): "The mask black.png is all black, so nothing would be dreamed",
    (*DREAM, "--mask", "gone.png"): "gone.png does not exist",
    (*DREAM, "--mask", "text.keras"): "text.keras",
    (*DREAM, "--keep-colour", "--param", "fourier"): "keep-colour came with param fourier, but it needs pixels",
    (*DREAM, "--prior", "gone.keras"): "The decoder gone.keras is refused",
    (*DREAM, "--prior", "motifs", "--param", "maco"): "only param prior takes one",
    (*DREAM, "--objective", "mixed4[*]"): "write a number for *.\n  mixed4[*]\n        ^",
    (*DREAM, "--objective", 'guide("gone.png", mixed4)'): "gone.png",
    (*DREAM, "--objective", 'guide("dot.png", mixed4)'): "dot.png is 4x4 pixels",
    (*DREAM, "--objective", "1e30*mixed4"): "1e",
    (*DREAM, "--jitter", "8 -> "): "jitter came as '8 -> ', but it must be a number from 0 to 4096, or a ramp",
    (*DREAM, "--optimizer", "adman"): "adam",
    (*DREAM, "--motion", "drift"): "motion came as 'drift', but it must be one of flow",
    (*DREAM, "--carry", "1.5"): "carry came as 1.5, but it must be a number from 0 to 1",
    (*DREAM, "--at", "5s"): "TIME:SETTING=VALUE is expected, as 5s:step-size=0.02",
    (*DREAM, "--at", "5s:step-sice=1"): "did you mean step-size",
    (*DREAM, "--at", "5s:steps=nan"): "came as 'nan', but a number is expected",
    (*DREAM, "--at", "5s:blend=2"): "blend came as 2.0, but it must be a number from 0 to 1",
    (*DREAM, "--at", "5s:objective=mixd4"): "mixed4",
    (*DREAM, "--at", "1:75:steps=3"): "A time came as '1:75'",
    (*DREAM, "--at", "5s:jitter=3", "--jitter", "8 -> 2"): "jitter came as 8 -> 2 and with keyframes",
    (*DREAM, "--start", "soon"): "--start came as 'soon'",
    (*DREAM, "--fps", "1e999999999"): "--fps came as '1e999999999'",
    ("rerun", "pictures/a.png", "out.png"): "pictures/a.png carries no recipe, but a file that dreampipe has made is",
    ("rerun", "gone.png", "out.png"): "gone.png does not exist",
    ("rerun", "empty", "out.png"): "empty carries no recipe",
    ("rerun", "text.dream.json", "out.png"): "text.dream.json is damaged",
    (
        *RERUN,
        "--set",
        "stpes=3",
    ): "stpes is no setting of dream, but SETTING=VALUE is expected, as steps=20: did",
    (*RERUN, "--set", "model=gone.keras"): "gone.keras",
    (*RERUN, "--set", "objective=mixd4"): "mixed4",
    (*RERUN, "--input", "gone.png"): "gone.png",
    (*RERUN, "--trust"): "it is made.dream.json that names the model",
    ("rerun", "made.dream.json", "a.tga"): "a.tga",
    ("rerun", "made.dream.json", "out.mp4"): "pictures/a.png is a still",
    ("rerun", "made.dream.json", "pictures/a.png", "--overwrite"): "inputs are never overwritten",
    ("rerun", "made.dream.json"): "OUT",
    ("info", "pictures/a.jpg"): "pictures/a.jpg carries no recipe",
    ("info", "gone.png"): "gone.png does not exist",
    ("info", "text.keras"): "text.keras carries no recipe",
    ("info", "made.dream.json", "--json", "--recipe"): "one thing is printed at a time",
    ("dream", "pictures/a.png", "out.mp4"): "pictures/a.png is a still, but out.mp4 is a film",
    ("dream", "pictures"): "OUTPUT",
    ("sheet", "pictures", "sheet.png"): "pictures",
    ("sheet", "pictures/a.png", "sheet.xyz"): "sheet.xyz",
    ("sheet", "pictures/a.png", "pictures/b.jpg"): "pictures/b.jpg exists",
    (*SHEET, "--size", "8"): "--size",
    (*SHEET, "--objective", "mixed4"): "--objective",
    (*SHEET, "--mask", "black.png"): "all black",
    (*SHEET, "--caption"): "--caption",
    ("visualize", "mixd4[3]", "out.png"): "mixed4",
    ("visualize", "", "out.png"): "expected a layer",
    ("visualize", "mixed4[*]", "out.png"): "mixed4[*] leaves a unit open",
    ("visualize", "logit(eie)", "out.png"): "eye",
    ("visualize", "mixed4[3]", ""): "The output came empty",
    ("visualize", "mixed4[3]", "out.tga"): "out.tga",
    ("visualize", "mixed4[3]", "pictures"): "pictures is a folder",
    ("visualize", "mixed4[3]", "pictures/a.png"): "pictures/a.png exists",
    (*VISUALIZE, "--animate", "out.avi"): "out.avi has the suffix .avi, but an animation needs one of .mp4",
    (*VISUALIZE, "--animate", ""): "The output came empty",
    (*VISUALIZE, "--animate", "out.png"): "out.png came as OUT and for --animate",
    (*VISUALIZE, "--animate", "file.gif"): "file.gif exists",
    (*VISUALIZE, "--size", "15"): "size came as 15",
    (*VISUALIZE, "--count", "65"): "count came as 65",
    (*VISUALIZE, "--diversity", "-1"): "diversity came as -1",
    (*VISUALIZE, "--init", "gone.png"): "gone.png does not exist",
    (*VISUALIZE, "--init-colour", "red"): "init-colour came as 'red'",
    (*VISUALIZE, "--prior", "gone"): "There is no decoder 'gone'",
    (*VISUALIZE, "--prior", "text.keras"): "text.keras",
    (*VISUALIZE, "--prior", "motifs", "--param", "pixels"): "only param prior takes one",
    (*VISUALIZE, "--param", "furier"): "fourier",
    (*VISUALIZE, "--mask", "black.png"): "--mask",
    ("atlas", "mixd4", "out.png"): "mixed4",
    ("atlas", "", "out.png"): "has no layer ''",
    ("atlas", "mixed4", "out.tga"): "out.tga",
    ("atlas", "mixed4", "pictures"): "pictures is a folder",
    ("atlas", "mixed4", "pictures/a.png"): "pictures/a.png exists",
    (*ATLAS, "--channels", "3-"): "channels came as '3-'",
    (*ATLAS, "--channels", ""): "channels came empty, but a value is expected: give one, or leave it out.",
    (*ATLAS, "--channels", "0-100000"): "Channel 100000 was asked for",
    (*ATLAS, "--exemplars", "17"): "exemplars came as 17",
    (*ATLAS, "--pictures", "gone"): "gone does not exist",
    (*ATLAS, "--pictures", "empty"): "empty holds no pictures",
    (*ATLAS, "--objective", "mixed4"): "--objective",
    ("zoom", "gone.png", "out.mp4"): "gone.png does not exist",
    ("zoom", "file.gif", "out.mp4"): "file.gif",
    ("zoom", "pictures", "out.mp4"): "pictures is a folder",
    ("zoom", "pictures/a.png", "out.jpg"): "out.jpg has the suffix .jpg",
    ("zoom", "pictures/a.png", "out"): "out names no film: give it one of the suffixes .mp4",
    ("zoom", "pictures/a.png", "pictures"): "pictures is a folder",
    ("zoom", "pictures/a.png", "file.gif"): "file.gif exists",
    ("zoom", "pictures/a.png", ""): "The output came empty",
    (*ZOOM, "--shift", "1"): "shift came as 1, but it must be pixels to the right and down",
    (*ZOOM, "--seconds", "0"): "seconds came as 0, but it must be a number more than 0",
    (*ZOOM, "--seconds", "0.001"): "0.001 seconds at 30 frames a second came, but that is less than one frame",
    (*ZOOM, "--fps", "0"): "fps came as 0, but it must be frames a second such as 24 or 30000/1001",
    (*ZOOM, "--zoom", "0"): "zoom came as 0",
    (*ZOOM, "--zoom", "50"): "zoom came as 50",
    (*ZOOM, "--turn", "half"): "turn came as 'half', but it must be a number from -180 to 180",
    (*ZOOM, "--objective", "mixd4"): "mixed4",
    (*ZOOM, "--objective", "mixed4[*]"): "mixed4[*] leaves a unit open",
    (*ZOOM, "--codec", "h266"): "h266",
    (*ZOOM, "--crf", "400"): "400",
    (*ZOOM, "--size", "3"): "size came as 3",
    (*ZOOM, "--scale", "1.1"): "--scale is no option of zoom: use --zoom",
    (*DREAM, "-iterations", "2"): "-iterations is no option of dream: use --steps",
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
    from dreampipe.media import write_sidecar
    from dreampipe.records.making import recorded

    folder = tmp_path_factory.mktemp("house")
    (folder / "empty").mkdir()
    (folder / "pictures").mkdir()
    for name in ("a.png", "a.jpg", "b.jpg"):
        dreampipe.write(Frame(np.full((48, 64, 3), 0.5, np.float32)), folder / "pictures" / name)
    (folder / "twins").mkdir()
    for name in ("a.png", "a.jpg", "a.jpg.png"):  # the last one has the name that the clash of the others would take
        dreampipe.write(Frame(np.full((48, 64, 3), 0.5, np.float32)), folder / "twins" / name)
    for name, size in (("black.png", 48), ("dot.png", 4)):
        dreampipe.write(Frame(np.zeros((size, size, 3), np.float32)), folder / name)
    dreampipe.write([Frame(np.zeros((32, 32, 3), np.float32), index) for index in range(2)], folder / "clip.mp4")
    made = folder / "made.png"
    frame = Frame(np.full((48, 64, 3), 0.5, np.float32))
    write_sidecar(
        made, recorded(dreampipe.Recipe(), frame, made, source=folder / "pictures" / "a.png", keep_paths=True)
    )
    (folder / "made.png.dream.json").rename(folder / "made.dream.json")
    for name in ("file", "file.gif", "text.keras", "old.h5", "text.dream.json"):
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
    names = {
        "black.png",
        "clip.mp4",
        "dot.png",
        "empty",
        "file",
        "file.gif",
        "old.h5",
        "pictures",
        "text.keras",
        "twins",
    }
    assert {path.name for path in house.iterdir()} == names | {"made.dream.json", "text.dream.json"}
    assert sorted(path.name for path in (house / "pictures").iterdir()) == ["a.jpg", "a.png", "b.jpg"]
    assert not list((house / "empty").iterdir())


def test_nothing_slow_is_imported(answered):
    assert not {"tensorflow", "keras", "rich", "h5py"} & set(answered[1])
