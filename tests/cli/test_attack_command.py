"""`dreampipe attack` and `dreampipe robustness`."""

from __future__ import annotations

import csv
import json
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
from dreampipe.explanations.adversarial import ATTACKS, NORMS, parse_attack
from dreampipe.explanations.reading import write_in_full, write_levels
from dreampipe.frames import Frame
from dreampipe.media import decode
from dreampipe.models.motifnet.renderer import CLASSES, render
from dreampipe.records.again import again
from dreampipe.records.carried import record_of


@pytest.fixture
def how(tiny_model: Path) -> tuple[str, ...]:
    return ("--model", str(tiny_model), "--scaling", "unit")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A classifier whose head has biases that are no numbers."""
    image = keras.Input((None, None, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(image))
    nan = keras.initializers.Constant(float("nan"))
    path = tmp_path / "broken.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Model(image, keras.layers.Dense(3, activation="softmax", bias_initializer=nan)(x)).save(path)
    return known(path)


def levels(path: Path, bits: int = 8) -> np.ndarray:
    return np.rint(decode(path)[0].pixels.astype(np.float64) * (2**bits - 1))


@pytest.mark.smoke
def test_the_file_keeps_the_bound_and_the_command_says_what_the_model_answers(
    call: Any, pictures: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    out, sheet = tmp_path / "other.png", tmp_path / "sheet.png"
    result = call("attack", pictures / "a.png", out, "--eps", "60/255", "--steps", "15", "--sheet", sheet, *how)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [str(out), str(sheet)]
    assert "The model answered " in result.stderr and "within the bound of 60/255." in result.stderr
    assert 0 < np.abs(levels(out) - levels(pictures / "a.png")).max() <= 60
    assert levels(sheet).shape[1] > 3 * 384
    assert call("info", out).stdout.startswith("made by")


def test_a_bound_of_0_gives_the_picture_back(call: Any, pictures: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    out = tmp_path / "same.png"
    result = call("attack", pictures / "a.png", out, "--eps", "0", *how)
    assert result.exit_code == 0 and "a bound of 0 gives the picture back" in result.stderr
    assert np.array_equal(levels(out), levels(pictures / "a.png"))


def test_the_name_of_a_class_is_quoted(call: Any, pictures: Path, tmp_path: Path) -> None:
    said = call("attack", pictures / "a.png", tmp_path / "same.png", "--eps", "0").stderr
    name = re.search(r"The model answers '(\w+)' \([\d.]+%\), because a bound of 0", said)
    assert name and name[1] in CLASSES


def test_16_bits_and_alpha_stay(call: Any, tmp_path: Path, how: tuple[str, ...]) -> None:
    rng = np.random.default_rng(0)
    pixels = (rng.integers(0, 65536, (20, 30, 3)) / 65535).astype(np.float32)
    source, out = tmp_path / "deep.png", tmp_path / "other.tif"
    alpha = (rng.integers(0, 65536, (20, 30)) / 65535).astype(np.float32)
    dreampipe.write(Frame(pixels, alpha=alpha), source, dreampipe.MediaInfo(30, 20, bits=16, alpha=True))
    assert call("attack", source, out, "--eps", "0.5/255", "--steps", "3", *how).exit_code == 0
    frame, info = decode(out)
    assert info.bits == 16 and frame.alpha is not None and np.array_equal(frame.alpha, alpha)
    assert 0 < np.abs(levels(out, 16) - levels(source, 16)).max() <= 0.5 * 257


def test_what_the_format_cannot_hold_is_said(call: Any, tmp_path: Path, how: tuple[str, ...]) -> None:
    rng = np.random.default_rng(0)
    source = tmp_path / "clear.png"
    frame = Frame(rng.random((20, 30, 3), np.float32), alpha=rng.random((20, 30), np.float32))
    dreampipe.write(frame, source, dreampipe.MediaInfo(30, 20, bits=16, alpha=True))
    result = call("attack", source, tmp_path / "other.jpg", "--method", "fgsm", *how)
    assert result.exit_code == 0
    assert "its transparency is left out" in result.stderr and "its 16 bits become 8" in result.stderr
    result = call("attack", source, tmp_path / "other.png", "--method", "fgsm", *how)
    assert result.exit_code == 0 and "left out" not in result.stderr and "become 8" not in result.stderr


def test_a_lossy_file_is_read_again_and_said(call: Any, pictures: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    out = tmp_path / "other.jpg"
    result = call("attack", pictures / "a.png", out, "--eps", "1/255", "--steps", "2", *how)
    assert result.exit_code == 0
    assert "more than the bound of 1/255: write a lossless format" in result.stderr
    assert "within the bound" not in result.stderr


def test_a_picture_that_does_not_fool_is_said(call: Any, pictures: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    result = call("attack", pictures / "a.png", tmp_path / "o.png", "--method", "one-pixel(steps=1)", *how)
    assert result.exit_code == 0 and "The model still answers" in result.stderr
    assert "give a larger eps, more steps or another method" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--eps", "300"), "eps came as 300, but in Linf it is the largest change"),
        (("--eps", "8 / 0"), "eps came as '8 / 0', but it must be a number such as 8/255"),
        (("--eps", "1/255,2/255"), "an attack has one bound"),
        (("--norm", "L3"), "norm came as 'L3', but it must be one of Linf, L2, L1, L0"),
        (("--norm", "l1", "--method", "square"), "norm of square came as L1, but it knows Linf and L2"),
        (("--method", "square", "--steps", "3"), "square has no such setting: it has norm, eps, queries, share"),
        (("--method", "fgsm,pgd"), "2 attacks came"),
        (("--target", "7"), "Class 7 was asked for"),
        (("--target", "owl"), "names no classes: give its number"),
        (("--max-size", "3"), "max-size came as 3, but it must be a whole number from 16 to"),
    ],
)
def test_wrong_words_are_one_sentence(
    call: Any, pictures: Path, tmp_path: Path, how: tuple[str, ...], words: tuple[str, ...], said: str
) -> None:
    result = call("attack", pictures / "a.png", tmp_path / "o.png", *words, *how)
    assert result.exit_code == 2 and said in result.stderr and result.stderr.startswith("Error: ")
    assert not (tmp_path / "o.png").exists()


def test_wrong_places_are_one_sentence(call: Any, pictures: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    source = pictures / "a.png"
    for out, more, said in (
        (source, (), "is an input itself"),
        (source, ("--overwrite",), "is an input itself"),
        (pictures / "b.png", (), "exists: give another name, or --overwrite"),
        (tmp_path / "o.xyz", (), "suffix .xyz"),
        (tmp_path / "o.png", ("--sheet", tmp_path / "o.png"), "give the sheet another name"),
    ):
        result = call("attack", source, out, *more, *how)
        assert result.exit_code == 2 and said in result.stderr
    missing = call("attack", tmp_path / "no.png", tmp_path / "o.png", *how)
    assert missing.exit_code == 2 and "no.png" in missing.stderr


def test_the_answer_as_its_target_is_refused(call: Any, pictures: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    result = call("attack", pictures / "a.png", tmp_path / "o.png", "--eps", "0", *how)
    number = result.stderr.split("The model answers ")[1].split(" ")[0]
    result = call("attack", pictures / "a.png", tmp_path / "p.png", "--target", number, *how)
    assert result.exit_code == 1 and "the model answers that already: choose another class" in result.stderr


def test_a_model_whose_answer_is_no_number_is_refused(call: Any, pictures: Path, tmp_path: Path, broken: Path) -> None:
    for words in (("attack",), ("explain", "--size", "48"), ("explain", "--objective", "logit(1)", "--size", "48")):
        result = call(words[0], pictures / "a.png", tmp_path / "o.png", "--model", broken, *words[1:])
        assert result.exit_code == 1 and "came as nan or infinite, but a number is expected" in result.stderr
        assert not (tmp_path / "o.png").exists()


def test_motifs_are_measured_as_a_table_a_page_and_a_chart(call: Any, tmp_path: Path) -> None:
    how = ("--count", "4", "--method", "fgsm,pgd(steps=2)", "--norm", "l2", "--eps", "1,6")
    table, page, chart = (tmp_path / f"curve.{suffix}" for suffix in ("csv", "html", "png"))
    result = call("robustness", "motifs", table, *how)
    assert result.exit_code == 0 and "of 4 pictures are named rightly" in result.stderr
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == 9 and {row["norm"] for row in rows} == {"L2"}
    assert [float(row["eps"]) for row in rows if row["attack"] == "all together"] == [0, 1, 6]
    for name in ("fgsm(norm=L2)", "all together"):
        accuracies = [float(row["accuracy"]) for row in rows if row["attack"] == name]
        assert accuracies == sorted(accuracies, reverse=True)
    assert call("info", table).stdout.startswith("made by   dreampipe robustness")
    assert call("rerun", table, tmp_path / "again.csv").stdout == "the pixels are the same\n"
    assert call("robustness", "motifs", page, *how).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text and "worst method" in text and "fgsm(norm=L2)" in text
    assert call("robustness", "motifs", chart, *how).exit_code == 0
    assert decode(chart)[0].pixels.shape == (640, 960, 3)


def test_folders_are_classes(call: Any, tmp_path: Path) -> None:
    for number in (0, 3):
        folder = tmp_path / "labelled" / CLASSES[number]
        folder.mkdir(parents=True)
        dreampipe.write(Frame(render(number, 1).pixels.astype(np.float32) / 255), folder / "one.png")
    out = tmp_path / "curve.csv"
    how = ("--method", "fgsm", "--eps", "1/255")
    assert call("robustness", tmp_path / "labelled", out, *how).exit_code == 0
    first = next(csv.DictReader(out.read_text().splitlines()))
    assert (first["accuracy"], first["pictures"]) == ("1", "2")
    record = json.loads((tmp_path / "curve.csv.dream.json").read_text())
    assert record["recipe"]["labelled"] == "labelled" and "labelled" in record["files"]


def test_folders_without_labels_are_one_sentence(
    call: Any, pictures: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    out = tmp_path / "curve.png"
    result = call("robustness", pictures, out, *how)
    assert result.exit_code == 2 and "has no labels: put its pictures into folders" in result.stderr
    shutil.copytree(pictures, tmp_path / "labelled" / "eyes")
    result = call("robustness", tmp_path / "labelled", out)
    assert result.exit_code == 2 and "named like no class" in result.stderr and "did you mean" in result.stderr
    assert "does not exist" in call("robustness", tmp_path / "nowhere", out).stderr
    assert "names no classes" in call("robustness", "motifs", out, *how).stderr
    result = call("robustness", "motifs", out, "--method", "pgd,patch")
    assert result.exit_code == 2 and "a curve has one norm" in result.stderr
    result = call("robustness", "motifs", out, "--eps", "4,8")
    assert result.exit_code == 2 and "eps came as 4" in result.stderr


@pytest.mark.parametrize("eps", [8 / 255, np.float32(8 / 255), "8/255", 1 / 3, 0, 1])
def test_the_library_takes_numbers_as_they_are(pictures: Path, tiny_model: Path, eps: Any) -> None:
    given: Any = {"model": tiny_model, "scaling": "unit"}
    found = dreampipe.attack(pictures / "a.png", "fgsm", eps=eps, **given)
    bound = 8 / 255 if eps == "8/255" else float(eps)
    assert abs(found.eps - bound) < 1e-12
    most = np.abs(np.rint((found.pixels - found.clean).astype(np.float64) * 255)).max()
    assert most == min(255, np.floor(bound * 255 + 1e-5)) or bound == 1


def test_the_library_takes_the_number_of_a_class(pictures: Path, tiny_model: Path) -> None:
    given: Any = {"model": tiny_model, "scaling": "unit", "eps": "200/255"}
    number = (dreampipe.attack(pictures / "a.png", "fgsm", **given).before.number + 1) % 5
    found = dreampipe.attack(pictures / "a.png", "pgd(steps=3)", number, **given)
    assert found.target == str(number)
    with pytest.raises(dreampipe.DreampipeError, match="method came as 3"):
        dreampipe.attack(pictures / "a.png", 3, **given)


def test_a_bound_of_half_a_level_is_written_as_such() -> None:
    assert [write_levels(value) for value in (0.5 / 255, 0.25 / 255, 8 / 255, 0.5, 3, 0.03, 0, 1e-9)] == [
        "0.5/255",
        "0.25/255",
        "8/255",
        "0.5",
        "3",
        "0.03",
        "0",
        "1e-09",
    ]


def test_a_table_is_offered_where_a_curve_has_another_suffix(call: Any, tmp_path: Path) -> None:
    result = call("robustness", "motifs", tmp_path / "curve.txt")
    assert result.exit_code == 2 and ".html .csv: give it one of them" in result.stderr


def test_a_picture_of_no_use_fails_alone(call: Any, pictures: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    (pictures / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"broken" * 9)
    out = tmp_path / "others"
    words = ("attack", pictures, out, "--eps", "8/255", "--steps", "1", *how)
    result = call(*words, "--dry-run")
    assert "b.png" in result.stderr + result.stdout and not out.exists()
    result = call(*words)
    assert result.exit_code == 1
    assert sorted(path.name for path in out.iterdir() if path.suffix == ".png") == ["a.png", "c.png"]
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Failed ")]
    assert line.startswith("Failed b.png: ") and "2 done, 0 skipped, 1 failed" in result.stderr
    for path in pictures.iterdir():
        path.write_bytes(b"broken")
    alone = call("attack", *sorted(pictures.iterdir()), tmp_path / "none", *how)
    assert alone.exit_code == 2 and len(alone.stderr.splitlines()) == 1


def test_a_record_keeps_what_open_settings_meant(
    call: Any, pictures: Path, tmp_path: Path, how: tuple[str, ...], tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_model.parent)  # a record names the model's file alone
    out = tmp_path / "other.png"
    assert call("attack", pictures / "a.png", out, "--method", "pgd(steps=2)", *how).exit_code == 0
    record = record_of(out)
    assert record.usual == {"eps": "8/255"} and "steps=2" in record.recipe["method"]
    assert parse_attack(record.recipe["method"]) == parse_attack("pgd(steps=2)")
    monkeypatch.setattr(type(NORMS["Linf"]), "usual", 1 / 255)  # as of a later version
    assert again(out, source=pictures / "a.png").recipe.eps == "8/255"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_in_full_is_read_as_the_same(name: str) -> None:
    attack = ATTACKS[name]()
    assert parse_attack(write_in_full(attack)) == attack
