"""Methods of influence against closed forms, and against a last layer that is fitted again without a picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreampipe.errors import DreampipeError, RecipeError
from dreampipe.explanations.influence import METHODS, Index, parse_method
from dreampipe.explanations.influence.influence_functions import InfluenceFunctions
from dreampipe.explanations.influence.method import shares
from dreampipe.explanations.influence.regression import Fitted, fit, scale_of
from dreampipe.explanations.influence.representer import Representer
from dreampipe.explanations.influence.seen import Case, Seen, log_odds, slope_of_log_odds, softmax
from dreampipe.explanations.influence.tracin import TracIn
from dreampipe.explanations.influence.trak import TRAK, kernel_scores


def make_case(count: int = 60, width: int = 5, classes: int = 3, seed: int = 0, members: int = 1) -> Case:
    """Three clouds of features, some of them with a wrong label; the constant feature comes last."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    centres = rng.normal(0, 1.5, (classes, width))
    seen = []
    for _ in range(members):
        features = np.hstack([centres[labels] + rng.normal(size=(count, width)), np.ones((count, 1))])
        query = np.append(centres[1] + rng.normal(size=width), 1)
        seen.append(Seen(features, rng.normal(0, 0.3, (width + 1, classes)), query))
    return Case(tuple(seen), labels, 1)


def fit_scaled(case: Case, damping: float, keep: np.ndarray | None = None) -> Fitted:
    """Fit the last layer to some of the pictures, with each loss divided by the number of all."""
    scale, rows = scale_of(case.model), np.arange(len(case.labels)) if keep is None else keep
    features = case.model.features[rows] / scale
    # The mean over fewer pictures with a damping that is as much larger has the same minimum.
    return fit(features, case.labels[rows], case.classes, damping * len(case.labels) / len(rows))


def answer(case: Case, fitted: Fitted) -> float:
    return log_odds((case.model.asked / scale_of(case.model)) @ fitted.weights, case.answer)


def test_the_slope_and_the_hessian_are_those_of_the_loss() -> None:
    case = make_case()
    rng = np.random.default_rng(1)
    weights, direction = rng.normal(size=(2, 6, 3))
    at = Fitted(case.model.features, case.labels, weights, 0.03)
    step = 1e-5
    before, after = (
        Fitted(case.model.features, case.labels, weights + sign * step * direction, 0.03) for sign in (-1, 1)
    )
    assert (after.loss - before.loss) / (2 * step) == pytest.approx((at.slope * direction).sum(), rel=1e-6)
    assert (after.slope - before.slope) / (2 * step) == pytest.approx(at.bend(direction), rel=1e-5, abs=1e-9)


@given(seed=st.integers(0, 1000), damping=st.floats(1e-4, 1.0))
def test_the_fit_is_a_minimum_and_the_solution_is_that_of_the_whole_hessian(seed: int, damping: float) -> None:
    case = make_case(seed=seed, count=20, width=3)
    fitted = fit(case.model.features, case.labels, 3, damping)
    assert np.abs(fitted.slope).max() < 1e-7 * max(1.0, np.abs(fitted.weights).max())
    right = np.random.default_rng(seed).normal(size=fitted.weights.shape)
    solved = fitted.solve(right)
    assert fitted.bend(solved) == pytest.approx(right, rel=1e-6, abs=1e-7)
    inverse = fitted.invert().reshape(12, 12)
    assert (inverse @ right.ravel()).reshape(right.shape) == pytest.approx(solved, rel=1e-5, abs=1e-6)


def test_a_hessian_too_large_to_invert_is_one_sentence() -> None:
    seen = Seen(np.ones((2, 4001)), np.zeros((4001, 4)))
    with pytest.raises(DreampipeError, match=r"16004 weights .* at most 10000 are inverted: choose tracin"):
        Fitted(seen.features, np.array([0, 1]), seen.weights, 0.1).invert()


def test_influence_is_the_change_without_a_picture() -> None:
    case = make_case(count=300)
    damping = 0.05
    whole = answer(case, fit_scaled(case, damping))
    every = np.arange(300)
    left = [0, 7, 70, 150, 299]
    truth = np.array([whole - answer(case, fit_scaled(case, damping, np.delete(every, i))) for i in left])
    found = InfluenceFunctions(damping).argue(case)[left]
    assert found == pytest.approx(truth, rel=0.05)


def test_influence_on_itself_is_the_growth_of_its_own_loss() -> None:
    case = make_case(count=300)
    found = InfluenceFunctions(0.05).suspect(case)
    left = int(found.argmax())
    scaled = case.model.features[left] / scale_of(case.model)

    def loss(fitted: Fitted) -> float:
        return float(-np.log(softmax(scaled @ fitted.weights)[case.labels[left]]))

    truth = loss(fit_scaled(case, 0.05, np.delete(np.arange(300), left))) - loss(fit_scaled(case, 0.05))
    assert found[left] == pytest.approx(truth, rel=0.1)


@given(seed=st.integers(0, 1000), damping=st.floats(1e-3, 1.0))
def test_representers_sum_to_the_logit(seed: int, damping: float) -> None:
    case = make_case(seed=seed, count=20, width=3)
    logits = (case.model.asked / scale_of(case.model)) @ fit_scaled(case, damping).weights
    assert Representer(damping).argue(case).sum() == pytest.approx(logits[case.answer], rel=1e-4, abs=1e-5)


def test_tracin_of_a_case_by_hand() -> None:
    # Two classes with zero weights: every probability is 1/2, so residuals are 1/2 and -1/2.
    features, query = np.array([[1.0, 2, 1], [3, 0, 1], [0, 1, 1]]), np.array([2.0, 1, 1])
    case = Case((Seen(features, np.zeros((3, 2)), query),), np.array([0, 1, 0]), 0)
    assert TracIn().argue(case) == pytest.approx([5 * 0.5, -7 * 0.5, 2 * 0.5])
    assert TracIn(rate=0.1).suspect(case) == pytest.approx([6 * 0.05, 10 * 0.05, 2 * 0.05])


def test_tracin_sums_over_checkpoints() -> None:
    case = make_case(members=3)
    parts = [TracIn(0.5).argue(Case((seen,), case.labels, case.answer)) for seen in case.members]
    assert TracIn(0.5).argue(case) == pytest.approx(sum(parts))


def test_trak_without_a_projection_is_the_exact_one_of_a_linear_model() -> None:
    case = make_case(classes=2)
    flat = Seen(case.model.features, np.zeros_like(case.model.weights), case.model.query)
    found = TRAK(damping=0).argue(Case((flat,), case.labels, 1))
    # At zero weights every picture bends the loss by a quarter, and the solution of the Hessian is in closed form. The
    # sign of a gradient is that of its class; both columns of weights move, in opposite directions.
    x, sign = case.model.features, np.where(case.labels == 1, 1.0, -1.0)
    exact = sign * (x @ np.linalg.solve(x.T @ x, case.model.asked)) / 2
    assert found == pytest.approx(exact, rel=1e-6, abs=1e-12)


def test_a_wider_projection_comes_nearer_to_none() -> None:
    case = make_case(count=400, width=40, classes=4)
    exact = TRAK(size=1000).argue(case)
    near = [float(np.corrcoef(TRAK(size=size).argue(case), exact)[0, 1]) for size in (8, 40, 150)]
    assert near == sorted(near) and near[-1] > 0.85


def test_trak_is_the_same_for_a_seed_and_another_for_another() -> None:
    case = make_case(members=2)
    assert np.array_equal(TRAK(size=4, seed=1).argue(case), TRAK(size=4, seed=1).argue(case))
    assert not np.array_equal(TRAK(size=4, seed=1).argue(case), TRAK(size=4, seed=2).argue(case))


def test_kernel_scores_of_least_squares_are_its_weights_on_labels() -> None:
    rng = np.random.default_rng(0)
    phi, asked, labels = rng.normal(size=(30, 4)), rng.normal(size=(2, 4)), rng.normal(size=30)
    predicted = asked @ np.linalg.lstsq(phi, labels, rcond=None)[0]
    assert kernel_scores(phi, asked, 0) @ labels == pytest.approx(predicted)


def test_log_odds_and_their_slope() -> None:
    logits = np.array([0.3, -1.0, 2.0])
    chances = softmax(logits)
    assert log_odds(logits, 2) == pytest.approx(np.log(chances[2] / (1 - chances[2])))
    slope = slope_of_log_odds(chances[None], np.array([2]))[0]
    for at, step in enumerate(np.eye(3) * 1e-6):
        rise = (log_odds(logits + step, 2) - log_odds(logits - step, 2)) / 2e-6
        assert rise == pytest.approx(slope[at], abs=1e-6)


@given(seed=st.integers(0, 1000), count=st.integers(1, 12))
def test_the_index_finds_what_sorting_finds(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    features, query = rng.normal(size=(50, 6)), rng.normal(size=6)
    moved = features - features.mean(0)
    asked = query - features.mean(0)
    cosines = moved @ asked / (np.linalg.norm(moved, axis=1) * np.linalg.norm(asked))
    index = Index.of(features)
    assert index.similarities(query) == pytest.approx(cosines, abs=1e-5)
    assert list(index.nearest(query, count)) == list(np.argsort(-cosines, kind="stable")[:count])


def test_nearest_and_prototypes_sign_pictures_by_their_class() -> None:
    case = make_case()
    nearest = METHODS["nearest"]().argue(case)
    assert (nearest[case.labels == 1] >= 0).all() and (nearest[case.labels != 1] <= 0).all()
    prototypes = METHODS["prototypes"]().argue(case)
    assert (prototypes[case.labels == 1] >= 0).all() and (prototypes[case.labels != 1] <= 0).all()
    logits = np.where(np.arange(3) == 1, -np.inf, case.model.logits)
    assert (prototypes[(case.labels != 1) & (case.labels != logits.argmax())] == 0).all()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_finds_a_copy_of_the_picture_and_a_wrong_label(name: str) -> None:
    case = make_case(count=120)
    labels = case.labels.copy()
    labels[5] = (labels[5] + 1) % 3
    fitted = fit(case.model.features, labels, 3, 0.05)
    seen = Seen(case.model.features, fitted.weights, case.model.features[5])
    method = METHODS[name]()
    doubts = method.suspect(Case((seen,), labels))
    assert doubts.shape == (120,) and np.isfinite(doubts).all()
    assert (doubts > doubts[5]).mean() < 0.15
    right = Case((seen,), case.labels, int(case.labels[5]))
    scores = method.argue(right)
    assert scores.shape == (120,) and np.isfinite(scores).all()
    assert (scores > scores[5]).mean() < 0.5
    other = scores[case.labels != case.labels[5]]
    assert scores[case.labels == case.labels[5]].mean() > other.mean()


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20))
def test_shares_have_sizes_that_sum_to_1(scores: list[float]) -> None:
    found = shares(np.array(scores))
    assert np.abs(found).sum() == pytest.approx(1 if np.abs(scores).sum() else 0)
    assert (np.sign(found) == np.sign(scores)).all() or np.abs(scores).min() < 1e-300


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_written_as_it_is_read(name: str) -> None:
    assert str(parse_method(name)) == name
    assert METHODS[name].says and METHODS[name].source


def test_settings_are_read_and_checked() -> None:
    assert parse_method("trak(size=64, seed=3)") == TRAK(64, seed=3)
    assert str(parse_method("influence-functions(damping=0.5)")) == "influence-functions(damping=0.5)"
    for text, said in (
        ("influence", "There is no method 'influence'"),
        ("trak(size=0)", "size of trak came as 0"),
        ("influence-functions(damping=0)", "damping of influence-functions came as 0"),
        ("tracin, trak", "2 methods came"),
        ("nearest(rate=1)", "nearest has no setting 'rate'"),
        ("nearest(neighbours=0)", "a whole number from 1 to 1000"),
    ):
        with pytest.raises(RecipeError, match=said.replace("(", r"\(")):
            parse_method(text)
