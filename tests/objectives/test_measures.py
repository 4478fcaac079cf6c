"""Every measure against its definition in numpy, and its gradient against finite differences."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from truths import MEASURED, PENALTIES, PICTURE, TRUTHS, VALUES, truth

from dreampipe import backend
from dreampipe.objectives import (
    IMAGE,
    START,
    BoundObjective,
    Caricature,
    Diversity,
    Each,
    Guide,
    Largest,
    Measure,
    Neuron,
    Norm,
    Objective,
    Term,
)
from dreampipe.objectives.forms import FORMS

Array = np.ndarray[Any, Any]
STILL = ("Blur", "Each")
"""Of these a part is held still, so that the gradient is not that of the value."""


def called(term: Term, **changed: Array) -> Array:
    return backend.as_array(BoundObjective((term,))(tensors({**VALUES, **changed})))


def tensors(values: Mapping[str, Array]) -> dict[str, Any]:
    return {name: backend.ops.convert_to_tensor(value) for name, value in values.items()}


def gradient(term: Term, values: dict[str, Array]) -> Array:
    """Of the sum of scores, by the values that the term reads first."""
    x = backend.ops.convert_to_tensor(values[term.reads[0]])
    total, _, (slope,) = backend.value_and_gradients(
        lambda x: (backend.ops.sum(term({**tensors(values), term.reads[0]: x})), None), x
    )
    assert np.isfinite(float(total))
    return backend.as_array(slope)


def id_of(term: Term) -> str:
    return f"{type(term.measure).__name__}-{term.unit()}"


def concrete(kind: type[Measure]) -> set[type[Measure]]:
    """All concrete measures of the language that derive from a class."""
    own = {one for one in kind.__subclasses__() if one.__module__.startswith("dreampipe.objectives.")}
    return {one for one in own if not inspect.isabstract(one)}.union(*map(concrete, own))


def test_every_measure_has_a_truth_and_a_term_to_try_it_on() -> None:
    assert concrete(Measure) == TRUTHS.keys() == {type(term.measure) for term in MEASURED}
    assert {form.measure for form in FORMS} == concrete(Measure)  # so that text can name each


@pytest.mark.parametrize("term", MEASURED, ids=id_of)
def test_a_measure_is_what_it_says(term: Term) -> None:
    ours = called(term)
    assert ours.shape == (2,)
    np.testing.assert_allclose(ours, truth(term), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("term", [t for t in MEASURED if type(t.measure).__name__ not in STILL], ids=id_of)
def test_its_gradient_is_that_of_its_value(term: Term) -> None:
    """Along a random direction, against central differences of the truth in double precision."""
    key = term.reads[0]
    direction = np.random.default_rng(8).normal(size=VALUES[key].shape)
    step = 1e-5
    ahead, behind = (
        truth(term, {**VALUES, key: VALUES[key].astype(np.float64) + sign * step * direction}) for sign in (1, -1)
    )
    expected = np.sum(ahead - behind) / (2 * step)
    ours = np.sum(gradient(term, dict(VALUES)) * direction)
    assert ours == pytest.approx(expected, rel=2e-3, abs=2e-4)


@pytest.mark.parametrize("term", MEASURED, ids=id_of)
def test_where_all_is_zero_score_and_gradient_are_finite(term: Term) -> None:
    dark = {key: np.zeros_like(value) for key, value in VALUES.items()}
    assert np.isfinite(gradient(term, dark)).all()


@pytest.mark.parametrize("term", [t for t in MEASURED if not isinstance(t.measure, Diversity)], ids=id_of)
def test_pictures_of_a_batch_are_scored_by_themselves(term: Term) -> None:
    both = called(term)
    for i in range(2):
        alone = {k: VALUES[k] if k.startswith("guide(") else VALUES[k][i : i + 1] for k in term.reads}
        np.testing.assert_allclose(called(term, **alone), both[i : i + 1], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda penalty: type(penalty).__name__)
def test_a_penalty_is_zero_where_nothing_is_to_be_paid_and_else_more(penalty: Measure) -> None:
    """On a picture of one pixel, too; middle grey pays nothing, noise pays."""
    for size in ((1, 1), (1, 5), (6, 7)):
        grey = np.full((2, *size, 3), 0.5, np.float32)
        assert not called(Term(IMAGE, penalty), **{IMAGE: grey, START: grey}).any()
    assert (called(Term(IMAGE, penalty)) > 0).all()


@pytest.mark.parametrize("side, expected", [(1, 0.25), (2, 0.0625)])
def test_frequency_counts_a_fine_checkerboard_more_than_a_coarse_one(side: int, expected: float) -> None:
    """Each pixel of the finest has all 4 neighbours against it, of squares of 2x2 pixels 2; each by 1, over 8."""
    rows, columns = np.indices((64, 64)) // side
    board = np.repeat(((rows + columns) % 2)[None, :, :, None], 3, axis=3).astype(np.float32)
    inner = called(Term(IMAGE, PENALTIES[5]), **{IMAGE: board})[0]
    assert inner == pytest.approx(expected, rel=0.07)  # the border has fewer


def test_to_go_down_in_blur_is_to_step_towards_the_blurred_picture() -> None:
    image = VALUES[IMAGE].astype(np.float64)
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    blurred = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
    slope = gradient(Term(IMAGE, PENALTIES[4]), dict(VALUES))
    np.testing.assert_allclose(slope, 2 * (image - blurred) / image[0].size, rtol=1e-3, atol=1e-7)


def test_each_place_pulls_its_own_channel_with_what_the_picture_is_compared_to_held_still() -> None:
    x = VALUES["even"].astype(np.float64)
    deviation = x.std(axis=(1, 2), keepdims=True) + 1e-6
    relative = (x - x.mean(axis=(1, 2), keepdims=True)) / deviation
    own = np.exp(3 * relative) / np.exp(3 * relative).sum(axis=-1, keepdims=True)
    pull = 1 / (1 + np.exp((own * relative).sum(axis=-1, keepdims=True) - 3))
    expected = pull * own / deviation / (x.shape[1] * x.shape[2])
    np.testing.assert_allclose(gradient(Term("even", Each()), dict(VALUES)), expected, rtol=1e-4)


def test_a_guide_that_matches_pulls_each_place_along_its_best_feature() -> None:
    term = Term("odd", Guide("g", "match", PICTURE))
    wanted = VALUES[term.reads[1]].reshape(-1, 4)
    best = wanted[np.argmax(VALUES["odd"] @ wanted.T, axis=-1)]
    np.testing.assert_allclose(gradient(term, dict(VALUES)), best / 35, rtol=1e-5)


def test_diversity_is_nothing_for_one_picture_and_least_for_twins() -> None:
    one = VALUES["odd"][:1]
    for measure in (Diversity(), Diversity(2)):
        assert called(Term("odd", measure), odd=one) == [0.0]
        np.testing.assert_allclose(called(Term("odd", measure), odd=np.repeat(one, 3, axis=0)), [-1.0] * 3, rtol=1e-5)
        apart = np.zeros((2, 2, 2, 4), np.float32)
        apart[0, ..., 2], apart[1, ..., 1] = 1.0, 1.0  # other channels fire, so their Gram matrices are orthogonal
        np.testing.assert_allclose(called(Term("odd", measure), odd=apart), [0.0, 0.0], atol=1e-6)
    pushed = gradient(Term("odd", Diversity()), {"odd": np.repeat(one, 2, axis=0) + np.float32([[[[0]]], [[[0.1]]]])})
    assert np.abs(pushed).max() > 1e-6


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_diversity_and_caricature_see_directions_at_any_size(factor: float) -> None:
    small = {k: (v * np.float32(factor)) if v.dtype == np.float32 else v for k, v in VALUES.items()}
    np.testing.assert_allclose(called(Term("odd", Diversity()), **small), called(Term("odd", Diversity())), rtol=1e-4)
    own = called(Term("odd", Caricature()), **small) / factor / factor
    np.testing.assert_allclose(own, called(Term("odd", Caricature())), rtol=1e-4)


def test_only_the_largest_value_is_climbed_and_the_norm_of_nothing_has_no_gradient() -> None:
    slope = gradient(Term("odd", Largest()), dict(VALUES))
    assert np.count_nonzero(slope) == 2 and slope.sum() == 2
    assert not gradient(Term("odd", Norm()), {"odd": np.zeros((1, 2, 2, 3), np.float32)}).any()


def test_one_graph_serves_all_sizes_and_batches() -> None:
    terms = (Term("odd", Guide("g", "dot", PICTURE)), Term("odd", Neuron(None)), Term("odd", Diversity()))
    terms += tuple(Term(IMAGE, penalty) for penalty in PENALTIES)
    keys = sorted({key for term in terms for key in term.reads})
    shapes = [(None,) * (VALUES[key].ndim - 1) for key in keys]
    specs = [
        backend.spec(*(*shape, VALUES[key].shape[-1]) if shape else (None,), dtype=str(VALUES[key].dtype))
        for key, shape in zip(keys, shapes, strict=True)
    ]
    graph = backend.compile(lambda *given: BoundObjective(terms)(dict(zip(keys, given, strict=True))), *specs)
    expected = np.sum([truth(term) for term in terms], axis=0)
    np.testing.assert_allclose(graph(*(VALUES[key] for key in keys)), expected, rtol=1e-4)
    alone = [VALUES[key][:1, :4, :5] if VALUES[key].ndim == 4 else VALUES[key][:1] for key in keys]
    assert np.asarray(graph(*alone)).shape == (1,)


def test_a_measure_prints_as_the_text_that_makes_it() -> None:
    for term in MEASURED:
        (read,) = Objective.parse(term.unit()).terms
        assert (read.layer, type(read.measure)) == (term.layer, type(term.measure))
