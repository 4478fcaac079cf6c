"""Explanations through the door of the room: what a map is, whatever the method."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from dreampipe.errors import ModelError, RecipeError
from dreampipe.explanations.attribution import METHODS, Method, parse_methods
from dreampipe.explanations.explaining import ask, explain, fit, top_class
from dreampipe.explanations.reading import write_in_full
from dreampipe.models import Card, card


def picture(height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(1).random((height, width, 3), np.float32)


@pytest.fixture(scope="module", params=list(METHODS))
def method(request: pytest.FixtureRequest) -> Method:
    return METHODS[request.param]()


def test_a_map_has_the_size_of_the_picture_and_repeats(small: Card, method: Method) -> None:
    question = ask(small, "logit(1)")
    first, second = (explain(question, picture(20, 28), method, seed=3) for _ in range(2))
    assert first.map.shape == (20, 28, 3) and first.map.dtype == np.float32
    assert np.array_equal(first.map, second.map) and first.answer == second.answer


def test_what_a_method_promises_holds(small: Card, method: Method) -> None:
    found = explain(ask(small, "logit(1) - logit(2)"), picture(20, 28), method)
    if found.completeness:
        assert found.completeness.error < method.tolerance


def test_the_text_of_a_method_reads_back(method: Method) -> None:
    assert parse_methods(str(method)) == (method,)


@pytest.mark.smoke
def test_a_large_picture_is_seen_smaller_and_keeps_its_sum() -> None:
    question, (method,) = ask(card("motifnet"), "logit(eye)"), parse_methods("integrated-gradients(steps=8)")
    found = explain(question, picture(130, 200), method, max_size=100)
    assert found.size == (65, 100) and found.map.shape == (130, 200, 3)
    seen = explain(question, fit(question.card, picture(130, 200), 100), method)
    assert found.map.sum() == pytest.approx(seen.map.sum(), rel=1e-4)


def test_the_top_class_is_named() -> None:
    assert top_class(card("motifnet"), picture()).startswith("logit(")


def test_a_small_picture_is_refused() -> None:
    with pytest.raises(ModelError, match="needs 47 pixels"):
        explain(ask(card("motifnet"), "logit(eye)"), picture(20, 60), METHODS["gradient"]())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gradiant", "did you mean gradient"),
        ("integrated-gradients(step=3)", "no setting 'step': did you mean steps"),
        ("integrated-gradients(steps=x)", "steps of integrated-gradients came as 'x'"),
        ("integrated-gradients(steps=0)", "from 1 to"),
        ("all, gradient", "'all, gradient', but all names every method and has no settings: write all alone"),
        ("all(steps=3)", "all names every method"),
        ("integrated-gradients(baseline=one(1).png)", "names with commas"),
        ("gradient,,", "names with commas"),
        ("", "names with commas"),
    ],
)
def test_wrong_text_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        parse_methods(text)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_in_full_is_read_as_the_same(name: str) -> None:
    method = METHODS[name]()
    full = write_in_full(method)
    assert parse_methods(full) == (method,)
    assert full.count("=") == sum(getattr(method, field.name) not in (None, "") for field in fields(method))
