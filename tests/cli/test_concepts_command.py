"""`dreampipe concepts`, and dreams towards a concept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dreampipe
from dreampipe.frames import Frame
from dreampipe.media import decode, fingerprint, sha256
from dreampipe.records.carried import record_of


@pytest.fixture
def how(tiny_model: Path) -> tuple[str, ...]:
    return ("--model", str(tiny_model), "--scaling", "unit")


SHORT = ("--size", "32", "--octaves", "1", "--steps", "1")


def fill(folder: Path, count: int, colour: tuple[float, float, float] = (0, 0, 0)) -> Path:
    """Fill a folder with pictures of noise of some colour."""
    folder.mkdir()
    rng = np.random.default_rng(count)
    for number in range(count):
        pixels = np.float32(rng.random((40, 40, 3)) * 0.4 + 0.3 + np.float32(colour))
        dreampipe.write(Frame(np.clip(pixels, 0, 1)), folder / f"{number}.png")
    return folder


def test_concepts_are_drawn_next_to_their_crops_and_places(call: Any, pictures: Path, tmp_path: Path, how: Any) -> None:
    words = (
        "concepts",
        pictures,
        "--layer",
        "second_relu",
        "--count",
        "2",
        "--inside",
        pictures / "a.png",
        *SHORT,
        *how,
    )
    page = call(*words, tmp_path / "page.html")
    assert page.exit_code == 0, page.stderr
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'id="concept-0"' in text and 'id="concept-1"' in text and 'alt="where it is"' in text
    assert "random directions" in text and "Importance is for logit(" in text
    assert text.count('alt="an example"') >= 2 and "importance " in text
    told = call("info", tmp_path / "page.html").stdout
    assert " pictures, 8 bits" in told and "frames" not in told
    assert call(*words, tmp_path / "sheet.png").exit_code == 0
    assert decode(tmp_path / "sheet.png")[0].width > 64


def test_found_directions_are_a_file_that_a_dream_reads(call: Any, pictures: Path, tmp_path: Path, how: Any) -> None:
    found = tmp_path / "found.npz"
    result = call("concepts", pictures, found, "--layer", "second_relu", "--count", "3", *how)
    assert result.exit_code == 0, result.stderr
    with np.load(found) as saved:
        assert saved["directions"].shape == (3, 12) and str(saved["layer"]) == "second_relu"
    again = call("rerun", found, tmp_path / "again.npz")
    assert (again.exit_code, again.stdout) == (0, "the pixels are the same\n")
    assert (tmp_path / "again.npz").read_bytes() == found.read_bytes()
    out = tmp_path / "dream.png"
    objective = f'concept("{found.as_posix()}"[2], second_relu)'
    dreamed = call("dream", pictures / "a.png", out, "--objective", objective, *SHORT[2:], *how)
    assert dreamed.exit_code == 0, dreamed.stderr
    assert list(record_of(out).files.values()) == [sha256(found)]


def test_a_dream_goes_towards_the_concept_of_a_folder_or_away(
    call: Any, pictures: Path, tmp_path: Path, how: Any, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_model.parent)  # a record names the model's file alone
    folder = fill(tmp_path / "red", 3, (0.3, -0.2, -0.2))
    text = f'concept("{folder.as_posix()}/", second_relu)'
    from dreampipe.scoring import score

    known = dreampipe.card(str(tiny_model), scaling="unit")
    bound = dreampipe.Objective.parse(text).bind(known)
    scores = []
    for number, objective in enumerate((f"-1*{text}", text)):
        out = tmp_path / f"{number}.png"
        result = call(
            "dream", pictures / "a.png", out, "--objective", objective, "--octaves", "1", "--steps", "4", *how
        )
        assert result.exit_code == 0, result.stderr
        assert list(record_of(out).files.values()) == [fingerprint(folder)]
        scores.append(float(score(known, bound, decode(out)[0].pixels[None])[0]))
    before = float(score(known, bound, decode(pictures / "a.png")[0].pixels[None])[0])
    assert scores[0] < before < scores[1]
    again = call("rerun", tmp_path / "1.png", tmp_path / "again.png", "--input", pictures / "a.png")
    assert (again.exit_code, again.stdout) == (0, "the pixels are the same\n"), again.stderr
    fill_more = folder / "more.png"
    dreampipe.write(Frame(np.zeros((40, 40, 3), np.float32)), fill_more)
    changed = call("rerun", tmp_path / "1.png", tmp_path / "third.png", "--input", pictures / "a.png")
    assert "is another file than it was" in changed.stderr


def test_given_concepts_are_tested_and_the_class_itself_is_warned_of(
    call: Any, tmp_path: Path, how: Any, tiny_model: Path
) -> None:
    others = fill(tmp_path / "others", 12)
    red, same = fill(tmp_path / "red", 4, (0.4, -0.2, -0.2)), fill(tmp_path / "same", 5)
    out = tmp_path / "given.html"
    given = ("--given", f"{red}, {same}", "--others", others, "--layer", "first_relu")
    result = call("concepts", red, out, *given, *SHORT, *how)
    assert result.exit_code == 0, result.stderr
    assert "corrected by Holm's method" in result.stderr
    assert "The layer tells red from the others without a mistake" in result.stderr
    assert "same: no answer" in result.stderr
    again = call("rerun", out, tmp_path / "again.html")
    assert (again.exit_code, again.stdout) == (0, "the pixels are the same\n"), again.stderr
    found = dreampipe.concepts(
        red, "first_relu", given=str(red), others=str(others), model=str(tiny_model), scaling="unit"
    )
    assert found.tested[0].accuracy == 1 and found.directions.shape == (1, 8) and found.found is None


BAD = {
    "no folder": (("gone", "o.png"), "gone does not exist, but a folder of pictures is expected"),
    "an empty folder": (("empty", "o.png"), "empty holds no pictures"),
    "an empty concept": (
        ("many", "o.png", "--given", "empty"),
        "The concept empty cannot be read: empty holds no pictures",
    ),
    "no such concept": (("many", "o.png", "--given", "strips"), "did you mean stripes"),
    "one picture of a concept": (
        ("many", "o.png", "--given", "one"),
        "The concept one holds one picture, but at least 2",
    ),
    "a layer without places": (("many", "o.png", "--layer", "pooled"), "has no rows and columns, but concepts are"),
    "no such layer": (("many", "o.png", "--layer", "secnd"), "has no layer 'secnd'"),
    "more concepts than crops": (
        ("many", "o.png", "--count", "99", "--crop-share", "1"),
        "99 concepts were asked for, but there are 6 crops",
    ),
    "a class that it lacks": (("many", "o.png", "--of-class", "9"), "Class 9 was asked for"),
    "a picture that is not there": (("many", "o.png", "--inside", "gone.png"), "gone.png does not exist"),
    "a form that cannot be": (("many", "o.xyz"), "o.xyz"),
    "too few others": (
        ("many", "o.png", "--given", "many", "--others", "three"),
        "3 other pictures came for the 6 of the concept many",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence(
    call: Any, tmp_path: Path, how: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, count in (("empty", 0), ("one", 1), ("three", 3), ("many", 6)):
        fill(tmp_path / folder, count)
    words, expected = BAD[name]
    result = call("concepts", *words, *SHORT, *how)
    lines = result.stderr.strip().splitlines()
    assert result.exit_code != 0 and expected in lines[-1] + lines[0], result.stderr
    assert "Traceback" not in result.stderr and not (tmp_path / "o.png").exists()


def test_one_of_a_thing_is_in_the_singular(call: Any, tmp_path: Path, how: Any) -> None:
    words = ("concepts", fill(tmp_path / "one", 1), tmp_path / "a.npz", "--layer", "second_relu", "--count", "1")
    result = call(*words, "--crop-share", "1", *SHORT, *how)
    assert result.exit_code == 0, result.stderr
    assert "1 concept by nmf in 1 crop of 1 picture at second_relu; it leaves" in result.stderr
    assert "in 1 picture: the share" in result.stderr


def test_the_help_says_what_the_model_is_for(call: Any) -> None:
    told = " ".join(call("concepts", "--help").stdout.split())
    assert "Model whose concepts are looked for" in told and "to dream with" not in told
