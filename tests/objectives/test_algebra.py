"""Objectives by value: every measure against numpy, and `+ - *` against arithmetic on the scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.errors import ObjectiveError
from dreampipe.objectives import (
    BoundObjective,
    Channel,
    Each,
    Logit,
    MeanSquare,
    Measure,
    Neuron,
    Objective,
    Probability,
    Term,
)
from dreampipe.objectives.terms import HEAD, PROBABILITIES

Values = Mapping[str, np.ndarray[Any, Any]]

rng = np.random.default_rng(5)
VALUES: Values = {
    "odd": rng.normal(size=(2, 5, 7, 4)).astype(np.float32),
    "even": rng.normal(size=(2, 4, 6, 3)).astype(np.float32),
    "one": rng.normal(size=(2, 1, 1, 2)).astype(np.float32),
    "dense": rng.normal(size=(2, 6)).astype(np.float32),
    HEAD: rng.normal(size=(2, 8), scale=3).astype(np.float32),
    PROBABILITIES: rng.dirichlet(np.ones(8), size=2).astype(np.float32),
}


def truth(term: Term) -> np.ndarray[Any, Any]:
    """The term's score of each picture in double precision, straight from its definition."""
    x = VALUES[term.layer].astype(np.float64)
    measure = term.measure
    if isinstance(measure, MeanSquare):
        score = np.array([np.sum(one**2) / one.size for one in x])
    elif isinstance(measure, Each):
        relative = (x - x.mean(axis=(1, 2), keepdims=True)) / (x.std(axis=(1, 2), keepdims=True) + 1e-6)
        own = np.exp(3 * relative) / np.exp(3 * relative).sum(axis=-1, keepdims=True)
        score = -np.log1p(np.exp(3 - (own * relative).sum(axis=-1))).mean(axis=(1, 2))
    elif isinstance(measure, Channel):
        score = np.array([one[..., measure.channel].mean() for one in x])
    elif isinstance(measure, Neuron):
        rows, columns = x.shape[1:3]
        row, column = measure.place or (rows // 2, columns // 2)
        score = x[:, min(row, rows - 1), min(column, columns - 1), measure.channel]
    elif isinstance(measure, Logit):
        score = x[:, measure.label]
    else:
        score = x[:, measure.label]
    return term.weight * score


def score(objective: Objective) -> np.ndarray[Any, Any]:
    return np.asarray(BoundObjective(objective.terms)(VALUES))


def close(ours: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], *objectives: Objective) -> None:
    scale = sum(abs(term.weight) for objective in objectives for term in objective.terms)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5 * scale + 1e-30)


MEASURED = [
    Term("odd", MeanSquare()),
    Term("dense", MeanSquare()),
    Term("even", Each()),
    Term("even", Channel(2)),
    Term("dense", Channel(5)),
    Term("odd", Neuron(3)),
    Term("even", Neuron(1)),
    Term("one", Neuron(1)),
    Term("odd", Neuron(0, (0, 6))),
    Term("odd", Neuron(0, (4, 0))),
    Term("even", Neuron(0, (9, 100))),
    Term("even", Neuron(0, (10**9 - 1, 1))),
    Term(HEAD, Logit(0)),
    Term(HEAD, Logit(7)),
    Term(PROBABILITIES, Probability(3)),
]
objectives = st.lists(
    st.builds(lambda term, weight: term_with(term, weight), st.sampled_from(MEASURED), st.floats(-8, 8)),
    min_size=1,
    max_size=4,
).map(lambda terms: Objective(tuple(terms)))


def term_with(term: Term, weight: float) -> Term:
    return Term(term.layer, term.measure, weight)


@pytest.mark.parametrize("term", MEASURED, ids=lambda term: term.unit())
def test_a_measure_is_what_it_says(term: Term) -> None:
    ours = score(Objective((term,)))
    assert ours.shape == (2,)
    np.testing.assert_allclose(ours, truth(term), rtol=2e-5)


@settings(max_examples=40, deadline=None)
@given(objectives)
def test_an_objective_is_the_sum_of_its_terms(a: Objective) -> None:
    close(score(a), np.sum([truth(term) for term in a.terms], axis=0), a)


@settings(max_examples=40, deadline=None)
@given(objectives, objectives)
def test_minus_is_minus(a: Objective, b: Objective) -> None:
    close(score(a - b), score(a) - score(b), a, b)


@settings(max_examples=40, deadline=None)
@given(objectives, objectives, st.floats(-4, 4), st.integers(-4, 4))
def test_weights_reach_their_own_objective_only(a: Objective, b: Objective, x: float, n: int) -> None:
    close(score(x * a + n * b), x * score(a) + n * score(b), 5 * a, 5 * b)
    close(score((a + b * n) * x), x * (score(a) + n * score(b)), 25 * a, 25 * b)
    close(score(-(a - b)), score(b) - score(a), a, b)


@settings(deadline=None)
@given(objectives, st.floats(-4, 4))
def test_text_scores_as_its_objective(a: Objective, x: float) -> None:
    assert np.array_equal(score(Objective.parse(str(x * a))), score(x * a))


@pytest.mark.parametrize("measure", [MeanSquare(), Each(), Channel(0), Neuron(0), Neuron(0, (1, 1))])
def test_pictures_of_a_batch_are_scored_by_themselves(measure: Measure) -> None:
    both = np.asarray(measure(VALUES["odd"]))
    for i in range(2):
        np.testing.assert_allclose(np.asarray(measure(VALUES["odd"][i : i + 1])), both[i : i + 1], rtol=1e-6)


def test_each_place_pulls_its_own_channel_with_what_the_picture_is_compared_to_held_still() -> None:
    from dreampipe import backend

    values = backend.tf.constant(VALUES["even"])
    _, _, (gradient,) = backend.value_and_gradients(lambda: (backend.tf.reduce_sum(Each()(values)), None), [values])
    x = VALUES["even"].astype(np.float64)
    deviation = x.std(axis=(1, 2), keepdims=True) + 1e-6
    relative = (x - x.mean(axis=(1, 2), keepdims=True)) / deviation
    own = np.exp(3 * relative) / np.exp(3 * relative).sum(axis=-1, keepdims=True)
    pull = 1 / (1 + np.exp((own * relative).sum(axis=-1, keepdims=True) - 3))
    expected = pull * own / deviation / (x.shape[1] * x.shape[2])
    np.testing.assert_allclose(np.asarray(gradient), expected, rtol=1e-4)


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
