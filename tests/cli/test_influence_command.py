"""`dreampipe influence`: pictures for and against an answer, and ranked labels."""

from __future__ import annotations

import csv
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from known import known

import dreampipe
from dreampipe.frames import Frame

COLOURS = {"0": (0.9, 0.1, 0.1), "1": (0.1, 0.9, 0.1), "2": (0.1, 0.1, 0.9)}


@pytest.fixture
def how(tiny_model: Path) -> tuple[str, ...]:
    return ("--model", str(tiny_model), "--scaling", "unit")


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red pictures of class 0, green ones of class 1, blue ones of class 2, eight each, of two sizes."""
    folder, rng = tmp_path_factory.mktemp("labelled"), np.random.default_rng(0)
    for label, colour in COLOURS.items():
        (folder / label).mkdir()
        for number in range(8):
            size = (20, 24) if number % 2 else (24, 20)
            pixels = np.clip(np.float32(colour) + rng.normal(0, 0.08, (*size, 3)), 0, 1).astype(np.float32)
            dreampipe.write(Frame(pixels), folder / label / f"{number}.png")
    return folder


@pytest.fixture
def red(classes: Path) -> Path:
    return classes / "0" / "3.png"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.smoke
def test_a_page_shows_pictures_for_and_against_with_their_shares(
    call: Any, classes: Path, red: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    out = tmp_path / "why.html"
    result = call("influence", red, out, "--pictures", classes, "--label", "0", "--top", "3", "--size", "48", *how)
    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    page = out.read_text()
    assert page.count("<img") == 7 and "http" not in page
    shares = [float(share) for share in re.findall(r"<figcaption><a[^>]*>for \d: 0, \+([\d.]+)%", page)]
    assert len(shares) == 3 and shares == sorted(shares, reverse=True)
    against = re.findall(r"<figcaption><a[^>]*>against \d: (\d), -[\d.]+%", page)
    assert len(against) == 3 and "0" not in against


def test_a_table_has_every_picture_and_its_shares_sum_to_1(
    call: Any, classes: Path, red: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    out = tmp_path / "why.csv"
    words = ("influence", red, out, "--pictures", classes, "--label", "0", "--method", "nearest")
    assert call(*words, *how).exit_code == 0
    rows = rows_of(out)
    assert len(rows) == 24 and rows[0]["file"] == "0/3.png"
    assert sum(abs(float(row["share"])) for row in rows) == pytest.approx(1, abs=1e-3)
    assert all((float(row["score"]) > 0) == (row["label"] == "0") for row in rows)


def test_a_sheet_has_the_picture_and_those_of_both_sides(
    call: Any, classes: Path, red: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    out = tmp_path / "why.png"
    words = ("influence", red, out, "--pictures", classes, "--label", "0", "--top", "1", "--size", "40")
    assert call(*words, *how).exit_code == 0
    pixels = next(iter(dreampipe.read(out))).pixels
    assert pixels.shape[0] * pixels.shape[1] >= 3 * 40 * 40


def test_a_table_of_labels_gives_what_its_folder_gives(
    call: Any, classes: Path, red: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    house = shutil.copytree(classes, tmp_path / "house")
    lines = [f"{path.relative_to(house).as_posix()},{path.parent.name}" for path in sorted(house.rglob("*.png"))]
    (house / "labels.csv").write_text("file,label\n" + "\n".join(lines) + "\n")
    for name, given in (("folder", house), ("table", house / "labels.csv")):
        words = ("influence", red, tmp_path / f"{name}.csv", "--pictures", given, "--label", "2")
        assert call(*words, *how).exit_code == 0
    assert (tmp_path / "folder.csv").read_bytes() == (tmp_path / "table.csv").read_bytes()


@pytest.mark.parametrize("method", ["influence-functions", "representer", "tracin", "trak", "nearest", "prototypes"])
def test_ranked_labels_put_a_wrong_one_first(
    call: Any, classes: Path, tmp_path: Path, how: tuple[str, ...], method: str
) -> None:
    house, out = shutil.copytree(classes, tmp_path / "house"), tmp_path / "doubts.csv"
    shutil.move(house / "0" / "5.png", house / "2" / "wrong.png")
    assert call("influence", "--mislabelled", house, out, "--method", method, *how).exit_code == 0
    rows = rows_of(out)
    assert [int(row["rank"]) for row in rows] == list(range(1, 25))
    doubts = [float(row["suspicion"]) for row in rows]
    assert doubts == sorted(doubts, reverse=True)
    if method in (
        "influence-functions",
        "representer",
        "nearest",
        "prototypes",
    ):  # the rest trust the model, which is random
        assert rows[0]["file"] == "2/wrong.png"


def test_a_rerun_ranks_labels_again(call: Any, classes: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    out, again = tmp_path / "doubts.csv", tmp_path / "again.csv"
    assert call("influence", "--mislabelled", classes, out, "--method", "nearest", *how).exit_code == 0
    assert "mislabelled" in call("info", out).stdout
    result = call("rerun", out, again, "--set", f"model={how[1]}")
    assert result.exit_code == 0 and result.stdout == "the pixels are the same\n"
    assert again.read_bytes() == out.read_bytes()


def save(folder: Path, name: str, width: int = 4, outputs: int = 3, seed: int = 0, squash: bool = False) -> Path:
    """Save a classifier of one convolution; with `squash` its logits are no linear layer."""
    image = keras.Input((None, None, 3))
    how = keras.initializers.HeNormal(seed)
    x = keras.layers.Conv2D(width, 3, activation="relu", kernel_initializer=how)(image)
    x = keras.layers.Dense(outputs, kernel_initializer=how)(keras.layers.GlobalAveragePooling2D()(x))
    if squash:
        x = keras.layers.Rescaling(2.0)(x)
    path = folder / f"{name}.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Model(image, x).save(path)
    return known(path)


def test_checkpoints_are_summed_and_kept_in_the_record(call: Any, classes: Path, red: Path, tmp_path: Path) -> None:
    first, second = (save(tmp_path, name, seed=seed) for seed, name in enumerate(("first", "second")))
    words = ("influence", red, "--pictures", classes, "--label", "0", "--method", "tracin", "--scaling", "unit")
    outs = [tmp_path / f"{name}.csv" for name in ("one", "two", "both")]
    models = (("--model", first), ("--model", second), ("--model", second, "--checkpoints", first))
    for out, model in zip(outs, models, strict=True):
        result = call(*words[:2], out, *words[2:], *model)
        assert result.exit_code == 0
        assert ("reads the model alone" in result.stderr) == ("--checkpoints" not in model)
    one, two, both = ({row["file"]: float(row["score"]) for row in rows_of(out)} for out in outs)
    assert all(both[name] == pytest.approx(one[name] + two[name], rel=1e-3, abs=1e-5) for name in both)
    again = tmp_path / "again.csv"
    assert call("rerun", outs[2], again, "--input", red).stdout == "the pixels are the same\n"


def test_bad_models_and_checkpoints_are_one_sentence(
    call: Any, classes: Path, red: Path, tmp_path: Path, headless: Path
) -> None:
    model, wide = save(tmp_path, "model"), save(tmp_path, "wide", width=5)
    squashed, single = save(tmp_path, "squashed", squash=True), save(tmp_path, "single", outputs=1)
    out = tmp_path / "why.html"
    words = ("influence", red, out, "--pictures", classes, "--label", "0", "--scaling", "unit")
    for more, said in (
        (("--model", model, "--checkpoints", wide), "its layers are not those of"),
        (("--model", headless), "no head that names classes"),
        (("--model", single), "a single class"),
        (("--model", squashed), "come from no Dense layer or convolution of 1x1"),
    ):
        result = call(*words, *more)
        assert result.exit_code in (1, 2) and not out.exists()
        assert said in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "No labelled pictures came, but some are expected: give --pictures"),
        (("--pictures", "CLASSES", "--label", "7"), "Class 7 was asked for"),
        (("--pictures", "CLASSES", "--label", "owl"), "names no classes: give its number"),
        (("--pictures", "CLASSES", "--method", "trakk"), "There is no method 'trakk'"),
        (("--pictures", "CLASSES", "--method", "trak(size=0)"), "size of trak came as 0"),
        (("--pictures", "CLASSES", "--label", "4"), "The class to explain is 4, but no labelled picture is of that"),
        (("--pictures", "CLASSES", "--mislabelled", "CLASSES"), "came together, but a run does one thing"),
        (("--mislabelled", "CLASSES"), "came with --mislabelled, but OUT alone is expected"),
        (("--pictures", "PLAIN"), "has no labels: put its pictures into folders"),
        (("--pictures", "ODD"), "has a folder that is named like no class"),
        (
            ("--pictures", "ONE", "--label", "0"),
            "All labelled pictures are of the class 0, but pictures of at least two",
        ),
        (("--pictures", "missing"), "does not exist, but a folder with a folder of pictures for each class"),
        (("--pictures", "missing.csv"), "does not exist, but a folder with a folder of pictures for each class"),
        (("--pictures", "empty.csv"), "empty.csv has no row, but a table in CSV with the columns file and label"),
        (("--pictures", "nameless.csv"), "Line 2 of"),
        (("--pictures", "odd.csv"), "has a label like no class"),
        (("--pictures", "gone.csv"), "No picture of"),
        (("--pictures", "bytes.csv"), "cannot be read as text in UTF-8"),
    ],
)
def test_wrong_words_are_one_sentence(
    call: Any, classes: Path, red: Path, tmp_path: Path, how: tuple[str, ...], words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "odd" / "unicorn").mkdir(parents=True)
    shutil.copy(red, tmp_path / "odd" / "unicorn")
    (tmp_path / "one" / "0").mkdir(parents=True)
    shutil.copy(red, tmp_path / "one" / "0")
    (tmp_path / "empty.csv").write_text("file,label\n")
    (tmp_path / "nameless.csv").write_text("picture,class\na.png,0\n")
    (tmp_path / "odd.csv").write_text("file,label\na.png,unicorn\n")
    (tmp_path / "gone.csv").write_text("file,label\ngone.png,0\n")
    (tmp_path / "bytes.csv").write_bytes(b"file,label\n\xff\xfe,0\n")
    own = {"CLASSES": classes, "PLAIN": classes / "0", "ODD": tmp_path / "odd", "ONE": tmp_path / "one"}
    given = [own.get(word, tmp_path / word if word.endswith(("csv", "missing")) else word) for word in words]
    out = tmp_path / "why.html"
    result = call("influence", red, out, *given, *how)
    assert result.exit_code in (1, 2) and not out.exists()
    assert said in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.stderr


def test_outputs_that_fit_no_run_are_one_sentence(
    call: Any, classes: Path, red: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    result = call("influence", "--mislabelled", classes, tmp_path / "doubts.html", *how)
    assert result.exit_code == 2 and "came for ranked labels, but they are a table: name a .csv file" in result.stderr
    result = call("influence", red, "--pictures", classes, *how)
    assert result.exit_code == 2 and "came alone, but a picture and an output are expected" in result.stderr


def test_the_call_of_the_library_gives_what_the_table_holds(
    call: Any, classes: Path, red: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    out = tmp_path / "why.csv"
    assert call("influence", red, out, "--pictures", classes, "--label", "0", *how).exit_code == 0
    found = dreampipe.influence(red, classes, label=0, model=how[1], scaling="unit")
    rows = rows_of(out)
    order = np.argsort(-found.scores, kind="stable")
    assert [row["file"] for row in rows] == [found.names[at] for at in order]
    assert [float(row["share"]) for row in rows] == pytest.approx(list(found.shares[order]), rel=1e-4)
    assert found.most_for(2) == tuple(order[:2]) and found.label == 0
    pixels = next(iter(dreampipe.read(red))).pixels
    same = dreampipe.influence(pixels, str(classes), method="nearest", label=0, model=how[1], scaling="unit")
    assert same.names[same.most_for(1)[0]] == "0/3.png"


def test_a_labelled_picture_that_is_too_small_is_named(call: Any, tmp_path: Path) -> None:
    for label in ("3", "5"):
        (tmp_path / "classes" / label).mkdir(parents=True)
        dreampipe.write(Frame(np.zeros((48, 48, 3), np.float32)), tmp_path / "classes" / label / "a.png")
    dreampipe.write(Frame(np.zeros((24, 48, 3), np.float32)), tmp_path / "classes" / "5" / "small.png")
    photo = tmp_path / "classes" / "3" / "a.png"
    result = call("influence", photo, tmp_path / "o.html", "--pictures", tmp_path / "classes", "--method", "nearest")
    assert result.exit_code == 1
    assert "small.png is seen as 48x24, but motifnet needs 47 pixels along each side" in result.stderr


def test_an_unknown_class_is_one_line(
    call: Any, classes: Path, red: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    shutil.copytree(classes, tmp_path / "more")
    (tmp_path / "more" / "zebra").mkdir()
    shutil.copy(red, tmp_path / "more" / "zebra")
    for labels in ((classes, "--label", "zebra"), (tmp_path / "more",)):
        result = call("influence", red, tmp_path / "why.html", "--pictures", *labels, *how)
        assert result.exit_code != 0
        assert len(result.stderr.splitlines()) == 1 and "zebra" in result.stderr


def test_a_labelled_picture_that_is_too_small_for_a_kernel_is_named(
    call: Any, classes: Path, red: Path, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(0)
    picture = keras.Input((None, None, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 9)(picture))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, when it saves
        keras.Model(picture, keras.layers.Dense(3)(x)).save(tmp_path / "wide.keras")
    shutil.copytree(classes, tmp_path / "more")
    dreampipe.write(Frame(np.zeros((4, 30, 3), np.float32)), tmp_path / "more" / "1" / "low.png")
    words = ("influence", red, tmp_path / "why.html", "--pictures", tmp_path / "more", "--label", "0")
    result = call(*words, "--model", known(tmp_path / "wide.keras"), "--scaling", "unit")
    assert result.exit_code != 0
    assert "low.png is seen as 30x4, but wide needs 9 pixels along each side" in result.stderr


OWN_LAYER = """
import keras

@keras.saving.register_keras_serializable("influence_of_own_layers")
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x
"""


def test_checkpoints_have_the_imported_layers_of_the_model(call: Any, classes: Path, red: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN_LAYER)
    names: dict[str, Any] = {}
    exec(OWN_LAYER, names)  # a program that has the layer saves the model
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        picture = keras.Input((None, None, 3))
        x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(names["Doubled"]()(picture)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, when it saves
            keras.Model(picture, keras.layers.Dense(3)(x)).save(tmp_path / f"{seed}.keras")
    del keras.saving.get_custom_objects()["influence_of_own_layers>Doubled"]
    words = ("influence", red, tmp_path / "why.csv", "--pictures", classes, "--label", "0", "--method", "tracin")
    own = ("--model", tmp_path / "1.keras", "--checkpoints", tmp_path / "2.keras", "--scaling", "unit")
    result = call(*words, *own, "--trust", "--import", tmp_path / "own.py")
    assert result.exit_code == 0, result.stderr
