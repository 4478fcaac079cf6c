"""`dreampipe explain` and `dreampipe methods` in this process."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from known import known

import dreampipe
from dreampipe.drawings.explanations import draw_explanations
from dreampipe.explanations.attribution import METHODS
from dreampipe.frames import Frame, dequantize
from dreampipe.models.motifnet.renderer import render


@pytest.fixture
def own(tiny_model: Path) -> tuple[str, ...]:
    return ("--model", str(tiny_model), "--scaling", "unit", "--method", "gradient", "--size", "48")


@pytest.fixture
def placeless(tmp_path: Path) -> Path:
    """A classifier whose layers have no rows and columns."""
    image = keras.Input((48, 64, 3))
    x = keras.layers.Dense(4, activation="relu")(keras.layers.Flatten()(image))
    path = tmp_path / "placeless.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Model(image, keras.layers.Dense(3, activation="softmax")(x)).save(path)
    return known(path)


@pytest.mark.smoke
def test_it_writes_the_library_s_explanation(call, own, pictures, tmp_path, tiny_model):
    result = call("explain", pictures / "a.png", tmp_path / "a.png", *own, "--objective", "logit(1)")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'a.png'}\n")
    found = dreampipe.explain(pictures / "a.png", "logit(1)", "gradient", model=tiny_model, scaling="unit")
    expected = draw_explanations([found], 48)
    (written,) = dreampipe.read(tmp_path / "a.png")
    assert np.array_equal(np.rint(written.pixels * 255), np.rint(expected.pixels * 255))


def test_info_shows_what_was_explained(call, own, pictures, tmp_path):
    assert call("explain", pictures / "a.png", tmp_path / "a.npy", *own).exit_code == 0
    assert (tmp_path / "a.npy.dream.json").exists()
    shown = call("info", tmp_path / "a.npy").stdout
    assert "dreampipe explain" in shown and "method     gradient\n" in shown and "objective  logit(" in shown
    assert "32 bits" in shown


def test_numbers_are_made_again(call, own, pictures, tmp_path, tiny_model, monkeypatch):
    monkeypatch.chdir(tiny_model.parent)  # a record names the model's file alone
    both = (*own[:5], "gradient, gradient-x-input(baseline=blur)")
    for suffix in (".npy", ".tif"):
        assert call("explain", pictures / "a.png", tmp_path / f"a{suffix}", *both).exit_code == 0
        again = call("rerun", tmp_path / f"a{suffix}", tmp_path / f"b{suffix}", "--input", pictures / "a.png")
        assert again.stdout == "the pixels are the same\n"
        other = call("rerun", tmp_path / f"a{suffix}", tmp_path / f"c{suffix}", "--input", pictures / "b.png")
        assert other.stdout == "the pixels differ: the source is another\n" and other.exit_code == 0


def test_a_folder_takes_the_format_that_is_named(call, own, pictures, tmp_path):
    assert call("explain", pictures, tmp_path / "out", *own, "--format", "npy").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.npy")) == ["a.npy", "b.npy", "c.npy"]
    assert np.load(tmp_path / "out" / "b.npy").shape == (48, 64, 3)
    (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    result = call("explain", pictures, tmp_path / "out", *own, "--format", "npy")
    assert result.exit_code == 1 and "3 skipped, 1 failed" in result.stderr


def test_a_recipe_file_of_an_explanation(call, own, pictures, tmp_path):
    assert call("explain", pictures / "a.png", tmp_path / "a.png", *own).exit_code == 0
    text = call("info", tmp_path / "a.png", "--recipe").stdout
    assert 'command = "explain"' in text
    (tmp_path / "mine.toml").write_text(text.replace("logit(", "-logit("))
    asked = ("--recipe", tmp_path / "mine.toml", "--model", own[1])
    assert call("explain", pictures / "a.png", tmp_path / "b.png", *asked).exit_code == 0
    refused = call("dream", pictures / "a.png", tmp_path / "c.png", "--recipe", tmp_path / "mine.toml")
    assert refused.exit_code == 2 and "is a recipe of explain" in refused.stderr


def test_a_model_without_a_head_explains_its_layers(call, headless, pictures, tmp_path):
    words = ("explain", pictures / "a.png", tmp_path / "a.png", "--model", headless, "--scaling", "unit")
    refused = call(*words)
    assert refused.exit_code == 2 and "has no head that names classes" in refused.stderr
    for objective in ("second", "second[3]", "second[3]@center"):
        asked = (*words, "--objective", objective, "--method", "gradient", "--overwrite")
        assert call(*asked).exit_code == 0


def test_a_certain_probability_says_that_the_logit_is_meant(call, pictures, tmp_path):
    dreampipe.write(Frame(dequantize(render(0).pixels)), tmp_path / "sure.png")
    asked = ("--method", "gradient", "--objective", "prob(eye)")
    result = call("explain", tmp_path / "sure.png", tmp_path / "out.png", *asked)
    assert "prob(eye) is 1.0000, which hardly anything changes: explain logit(eye) instead." in result.stderr
    unsure = call("explain", pictures / "a.png", tmp_path / "a.png", *asked)
    assert unsure.exit_code == 0 and "instead" not in unsure.stderr


BAD: dict[tuple[str, ...], str] = {
    ("--objective", "logit(unicorn)"): "unicorn",
    ("--objective", "logit(99)"): "99",
    ("--objective", "mixed4 +"): "mixed4 +",
    ("--objective", "mixed4[*]"): "leaves a unit open",
    ("--method", "gradiant"): "There is no method 'gradiant': did you mean gradient",
    ("--method", "foo"): "There is no method 'foo': known names: gradient, ",
    ("--method", "gradient(steps=3)"): "gradient has no setting 'steps'",
    ("--method", "integrated-gradients(steps=0)"): "from 1 to",
    ("--method", ""): "names with commas",
    ("--baseline", "purple"): "baseline came as 'purple'",
    ("--baseline", "gone.png"): "baseline came as 'gone.png'",
    ("--baseline", ""): "baseline came empty, but a value is expected: give one, or leave it out.",
    ("--baseline", "grey+"): "baseline came as ''",
    ("--baseline", "one+two.png"): "'one', but black, grey, white, mean, blur, noise or the path of a picture or of a "
    "folder of pictures is expected: check the path; a path may hold no +, which joins baselines.",
    ("--method", "gradient-x-input(baseline=)"): "baseline came as ''",
    ("--method", "gradient-x-input(baseline=gone.png)"): "baseline came as 'gone.png'",
    ("--method", "integrated-gradients(steps=1001)"): "a whole number from 1 to 1000 is expected",
    ("--method", "xrai(steps=1001)"): "a whole number from 1 to 1000 is expected",
    ("--method", "hsic(masks=5001)"): "a whole number from 4 to 5000 is expected",
    ("--baseline", "gone.png", "--method", "gradient-x-input"): "baseline came as 'gone.png'",
    ("--baseline", "blur", "--method", "gradient"): "gradient has none: leave it out",
    ("--layer", "mixed4"): "integrated-gradients has none: leave it out",
    ("--layer", "mixed99", "--method", "grad-cam"): "which motifnet does not have",
    ("--layer", "mixed99", "--method", "all"): "which motifnet does not have",
    ("--layer", "logits", "--method", "grad-cam"): "which has no rows and columns",
    ("--show", "map", "--method", "all"): "methods came, but a map shows one",
    ("--max-size", "20"): "needs 47 pixels along each side",
    ("--model", "motifnat"): "motifnet",
    ("--crf", "20"): "--crf came for pictures",
}


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_a_wrong_argument_is_one_sentence(call: Any, pictures: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    result = call("explain", pictures / "a.png", tmp_path / "out.png", *words)
    assert result.exit_code == 2, result.stderr
    said = [line for line in result.stderr.splitlines() if line.startswith(("Error: ", "Failed "))]
    assert len(said) == 1 and BAD[words] in result.stderr
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("gone.png", "out.png", "gone.png does not exist"),
        ("a.png", "out.xyz", "has the suffix .xyz"),
        ("a.png", "a.png", "is the input"),
        ("a.png", "out.mp4", "is a still"),
        ("a.png", "b.png/out.png", "Not a directory"),
        (".", "out.npy", "folder"),
    ],
)
def test_a_wrong_file_is_one_sentence(call, pictures, source, target, said):
    result = call("explain", pictures / source, pictures / target)
    assert result.exit_code == 2 and said in result.stderr
    assert len([line for line in result.stderr.splitlines() if not line.startswith(("Note", "1 ", "0 "))]) == 1


def test_a_picture_that_is_a_baseline_is_not_overwritten(call, own, pictures):
    words = ("explain", pictures / "a.png", pictures / "b.png", *own[:4], "--baseline", pictures / "b.png")
    refused = call(*words, "--overwrite")
    assert refused.exit_code == 2 and "is an input itself" in refused.stderr


def test_a_folder_of_baselines_may_hold_other_files(call, own, pictures, tmp_path):
    (pictures / "notes.txt").write_text("not a picture")
    (pictures / "._a.png").write_bytes(b"what a file manager leaves there")
    words = ("explain", pictures / "a.png", tmp_path / "out.npy", *own[:4], "--method", "gradient-x-input")
    result = call(*words, "--baseline", pictures)
    assert result.exit_code == 0, result.stderr
    (tmp_path / "empty").mkdir()
    refused = call(*words, "--baseline", tmp_path / "empty", "--overwrite")
    assert refused.exit_code == 2 and "is a folder without pictures" in refused.stderr


@pytest.mark.parametrize("where", ["--baseline", "--method"])
def test_a_folder_is_a_baseline_and_its_pictures_decide(call, own, pictures, tmp_path, tiny_model, monkeypatch, where):
    folder = tmp_path / "backs"
    folder.mkdir()
    for number, name in enumerate("ab"):
        dreampipe.write(Frame(np.full((6, 8, 3), number * 0.8, np.float32)), folder / f"{name}.png")
    for other in (".hidden.png", "notes.txt"):
        (folder / other).write_text("no picture")
    monkeypatch.chdir(tmp_path)
    named = {
        "--baseline": ("gradient-x-input", "--baseline", "backs"),
        "--method": ("gradient-x-input(baseline=backs)",),
    }
    words = ("explain", pictures / "a.png", "a.npy", *own[:5], *named[where])
    assert call(*words).exit_code == 0
    asked = {"model": tiny_model, "scaling": "unit"}
    grey = Frame(np.full((6, 8, 3), 0.4, np.float32))
    dreampipe.write(grey, tmp_path / "grey.png")
    expected = dreampipe.explain(pictures / "a.png", None, f"gradient-x-input(baseline={tmp_path}/grey.png)", **asked)
    np.testing.assert_allclose(np.load("a.npy"), expected.map, atol=1e-4 * np.abs(expected.map).max())
    (tmp_path / "tiny.keras").write_bytes(tiny_model.read_bytes())
    assert call("rerun", "a.npy", "b.npy", "--input", pictures / "a.png").stdout == "the pixels are the same\n"
    assert "1 skipped" in call(*words).stderr
    dreampipe.write(grey, folder / "b.png")
    assert "made with other settings" in call(*words).stderr
    again = call("rerun", "a.npy", "c.npy", "--input", pictures / "a.png")
    assert "backs is another file than it was" in again.stdout + again.stderr


def test_methods_are_listed_with_their_settings(call):
    lines = call("methods").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(METHODS)
    assert "steps=64, baseline=grey" in next(line for line in lines if line.startswith("integrated-gradients"))
    for line in call("methods", "--json").stdout.splitlines():
        told = json.loads(line)
        kind = METHODS[told["name"]]
        assert (told["family"], told["source"], told["note"], told["map"]) == (
            *(kind.family, kind.source, kind.note),
            kind.signs,
        )
        assert told["about"].endswith(".")
