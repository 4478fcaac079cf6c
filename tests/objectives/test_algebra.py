"""Objectives by value: `+ - *` against arithmetic on the scores, over terms of every measure.

xplique answers `a - b` with -(a + b), and `a + 2 b` with 2 (a + b); the first two properties are what ours does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from truths import MEASURED, VALUES, truth

from dreampipe.errors import ObjectiveError
from dreampipe.objectives import BoundObjective, MeanSquare, Objective, Term

Array = np.ndarray[Any, Any]
objectives = st.lists(
    st.builds(lambda term, weight: Term(term.layer, term.measure, weight), st.sampled_from(MEASURED), st.floats(-8, 8)),
    min_size=1,
    max_size=4,
).map(lambda terms: Objective(tuple(terms)))


def score(objective: Objective) -> Array:
    return np.asarray(BoundObjective(objective.terms)(VALUES))


def close(ours: Array, expected: Array, *objectives: Objective) -> None:
    """Equal up to what float32 may lose of the largest part."""
    scale = sum(np.abs(truth(term)).max() + abs(term.weight) for one in objectives for term in one.terms)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5 * scale + 1e-30)


@settings(max_examples=40, deadline=None)
@given(objectives, objectives)
@pytest.mark.smoke
def test_minus_is_minus(a: Objective, b: Objective) -> None:
    close(score(a - b), score(a) - score(b), a, b)


@settings(max_examples=40, deadline=None)
@given(objectives, objectives, st.floats(-4, 4), st.integers(-4, 4))
def test_weights_reach_their_own_objective_only(a: Objective, b: Objective, x: float, n: int) -> None:
    close(score(2 * a + 3 * b), 2 * score(a) + 3 * score(b), 3 * a, 3 * b)
    close(score(x * a + n * b), x * score(a) + n * score(b), 5 * a, 5 * b)
    close(score((a + b * n) * x), x * (score(a) + n * score(b)), 25 * a, 25 * b)
    close(score(-(a - b)), score(b) - score(a), a, b)
    close(score(a - 2 * (b - x * (a + b))), score(a) - 2 * (score(b) - x * (score(a) + score(b))), 25 * a, 25 * b)


@settings(max_examples=40, deadline=None)
@given(objectives)
def test_an_objective_is_the_sum_of_its_terms(a: Objective) -> None:
    close(score(a), np.sum([truth(term) for term in a.terms], axis=0), a)
    scores = np.asarray(BoundObjective(a.terms).scores(VALUES))
    assert scores.shape == (2, len(a.terms))
    close(scores, np.stack([truth(term) for term in a.terms], axis=1), a)


TEXTS = ["odd", "even[2]", "dense[5]", "norm(tokens)", "logit(3)", "prob(*)", "tv()", "diversity(odd)", "odd[*]@(1,2)"]


@settings(max_examples=40, deadline=None)
@given(*[st.sampled_from(TEXTS)] * 3, st.integers(1, 9), st.floats(0.1, 9))
def test_nested_brackets_in_text_score_as_arithmetic(a: str, b: str, c: str, n: int, x: float) -> None:
    whole = Objective.parse(f"{n}*({a} - {x!r}*({b} + ({c} - 2*{a})))*0.5 - (-({c}))")
    one, two, three = (score(Objective.parse(text)) for text in (a, b, c))
    close(score(whole), n * 0.5 * (one - x * (two + three - 2 * one)) + three, whole)


@settings(deadline=None)
@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4), st.floats(-4, 4))
def test_text_scores_as_its_objective(units: list[str], x: float) -> None:
    a = x * Objective.parse(" - ".join(units))
    assert np.array_equal(score(Objective.parse(str(a))), score(a))


def test_weights_are_exact() -> None:
    assert (0.1 * (0.2 * Objective.parse("a"))).terms[0].weight == 0.1 * 0.2
    assert (Objective.parse("a") - Objective.parse("b")).terms[1].weight == -1.0


def test_a_weight_of_numpy_prints_as_a_number() -> None:
    made = np.float64(0.25) * Objective.parse("a") + Objective.parse("b") * np.float64(2)
    assert Objective.parse(str(made)) == made


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), float("-inf"), 1e300 * 1e10])
def test_a_weight_that_is_not_finite_is_refused(factor: float) -> None:
    with pytest.raises(ObjectiveError, match="finite number is expected"):
        Objective.parse("a") * factor
    with pytest.raises(ObjectiveError, match="finite number is expected"):
        Term("a", MeanSquare(), factor)


def test_only_numbers_multiply_and_only_objectives_add() -> None:
    a = Objective.parse("a")
    for wrong in (lambda: a * a, lambda: a + 1, lambda: a - 1.0, lambda: a * "2", lambda: 1 + a):
        with pytest.raises(TypeError):
            wrong()
