"""`dreampipe classes`: the classes of a model, all or by a word."""

from __future__ import annotations

import json
import shutil

import pytest

import dreampipe


def test_all_classes_are_listed_with_their_numbers(call):
    names = dreampipe.card("motifnet").classes
    result = call("classes", "motifnet")
    header, *rows = result.stdout.splitlines()
    assert header.split() == ["number", "name", "objective"]
    assert [(int(row.split()[0]), row.split()[1]) for row in rows] == list(enumerate(names))
    assert result.stderr == f"{len(names)} of {len(names)} classes of motifnet.\n"


@pytest.mark.parametrize(("word", "found"), [("EYE", ["eye"]), ("fly", ["butterfly"]), ("ee", ["tree", "wheel"])])
def test_a_word_chooses(call, word, found):
    rows = call("classes", "motifnet", word).stdout.splitlines()[1:]
    assert [row.split()[1] for row in rows] == found


@pytest.fixture
def named(tiny_model, tmp_path):
    """A model whose classes have names that need care: several words, twins, marks."""
    path = shutil.copy(tiny_model, tmp_path / "own.keras")
    outputs = dreampipe.card(path).outputs
    names = ["tabby cat", "tiger_cat", "crane", "Crane", 'a "b"', *(f"other{at}" for at in range(outputs - 5))]
    (tmp_path / "own.card.toml").write_text(f"scaling = 'unit'\nclasses = {json.dumps(names)}\n")
    return path


def test_each_objective_that_is_listed_climbs_its_class(call, named):
    rows = [json.loads(line) for line in call("classes", named, "--json").stdout.splitlines()]
    assert [row["number"] for row in rows] == list(range(len(rows)))
    for row in rows:
        term = dreampipe.Recipe.of(model=str(named), objective=row["objective"]).ascent().bound.terms[0]
        assert term.measure.label == row["number"]


def test_spaces_and_underscores_are_one(call, named):
    for word in ("y cat", "R_CAT", "r cat"):
        assert call("classes", named, word).exit_code == 0
    assert [row.split()[0] for row in call("classes", named, "cat").stdout.splitlines()[1:]] == ["0", "1"]


def test_what_names_no_classes_is_told_in_one_sentence(call, tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("DREAMPIPE_WEIGHTS_URL", "http://127.0.0.1:9/")
    refused = {
        ("motifnet", "unicorn"): "No class of motifnet holds 'unicorn' in its name: give a shorter word",
        ("motifnett",): "There is no model 'motifnett'",
        ("inception_v3",): "their names are not on this machine: add --fetch",
        ("inception_v3-notop",): "inception_v3-notop has no head",
        (tiny_model,): "classes without names: write their numbers, logit(0) to logit(",
    }
    for words, sentence in refused.items():
        result = call("classes", *words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert sentence in result.stderr and len(result.stderr.splitlines()) == 1


def test_an_error_that_shows_some_classes_points_to_all(call, pictures, tmp_path, named):
    said = call("dream", pictures, tmp_path / "out", "-o", "logit(qqqq)").stderr
    assert "`dreampipe classes motifnet` lists all " in said
    few = call("dream", pictures, tmp_path / "out", "--model", named, "-o", "logit(qqqq)").stderr
    assert "crane, Crane" in few and "dreampipe classes" not in few  # it names all of them
    near = call("dream", pictures, tmp_path / "out", "-o", "logit(eie)").stderr
    assert "did you mean eye" in near and "dreampipe classes" not in near
