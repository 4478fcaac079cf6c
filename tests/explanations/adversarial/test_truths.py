"""Attacks whose right answer is known: on a linear model the best change and the nearest border are closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.explanations.adversarial import parse_attack
from dreampipe.explanations.adversarial.apgd import Apgd, Halving, checkpoints
from dreampipe.explanations.adversarial.attack import Attack, Goal
from dreampipe.explanations.adversarial.attacking import perturb
from dreampipe.explanations.adversarial.flags import find_flags
from dreampipe.explanations.adversarial.lens import Lens
from dreampipe.explanations.adversarial.norms import NORMS
from dreampipe.explanations.adversarial.one_pixel import make_children
from dreampipe.explanations.adversarial.robustness import measure_robustness
from dreampipe.explanations.adversarial.square import bump
from dreampipe.explanations.adversarial.victim import Felt, Victim, open_victim
from dreampipe.explanations.question import Work
from dreampipe.models import Card

Linear = tuple[Card, np.ndarray]
BOUNDS = {"Linf": 0.03, "L2": 0.6, "L1": 2.0, "L0": 5.0}


def inner(count: int = 2) -> np.ndarray:
    """Pictures far from black and white, so that the box is out of the way of small changes."""
    return np.random.default_rng(3).uniform(0.4, 0.6, (count, 12, 20, 3)).astype(np.float32)


def asked(model: Card, pictures: np.ndarray, eps: float, **more: Any) -> tuple[Victim, Goal]:
    victim = open_victim(model, Work(np.random.default_rng(0)))
    labels = np.asarray(victim.logits(pictures).argmax(1), np.int32)
    return victim, Goal(pictures, labels, eps, [np.random.default_rng(n) for n in range(len(pictures))], **more)


def slope(weights: np.ndarray, label: int) -> np.ndarray:
    return (weights[..., 1 - label] - weights[..., label]).astype(np.float64)


def largest_gain(w: np.ndarray, clean: np.ndarray, norm: str, eps: float) -> float:
    """The largest product of a change with w, within the bound and the box, where the box is no matter in L2."""
    rooms = np.where(w > 0, 1 - clean, clean).astype(np.float64)
    if norm == "Linf":
        return float((np.abs(w) * np.minimum(rooms, eps)).sum())
    if norm == "L2":
        return float(eps * np.sqrt((w**2).sum()))
    if norm == "L0":
        return float(np.sort((np.abs(w) * rooms).sum(-1).ravel())[::-1][: int(eps)].sum())
    gain, left = 0.0, eps
    for at in np.argsort(-np.abs(w).ravel()):
        spent = min(left, rooms.ravel()[at])
        gain, left = gain + spent * abs(w.ravel()[at]), left - spent
    return gain


@pytest.mark.parametrize("norm", list(BOUNDS))
@pytest.mark.parametrize("text", ["fgsm", "pgd(steps=60)", "apgd(steps=60)"])
def test_an_attack_reaches_the_optimum_of_a_linear_model(linear: Linear, text: str, norm: str) -> None:
    model, weights = linear
    if text.startswith("apgd") and norm == "L0":
        return
    attack, pictures = parse_attack(text).changed(norm=norm), inner()
    victim, goal = asked(model, pictures, BOUNDS[norm])
    changed = perturb(attack, victim, goal, Work(np.random.default_rng(0)))
    before, after = goal.margins(victim.logits(pictures)), goal.margins(victim.logits(changed))
    for number, label in enumerate(goal.labels):
        best = largest_gain(slope(weights, label), pictures[number], norm, BOUNDS[norm])
        share = (after[number] - before[number]) / best
        # Steps of PGD in L1 move a hundredth of the values, and those in L0 do not end at the end of the box.
        least = 0.999 if text.startswith("apgd") and norm == "L1" else 0.9
        assert (0.9999 if text == "fgsm" or norm in ("Linf", "L2") else least) <= share <= 1.0001


def test_the_box_counts_in_the_optimum(linear: Linear) -> None:
    model, weights = linear
    pictures = np.random.default_rng(8).random((2, 12, 20, 3), np.float32)
    for norm, eps in (("Linf", 0.5), ("L1", 30.0), ("L0", 40.0)):
        victim, goal = asked(model, pictures, eps)
        attack = parse_attack("fgsm").changed(norm=norm)
        changed = perturb(attack, victim, goal, Work(np.random.default_rng(0)))
        for number, label in enumerate(goal.labels):
            w = slope(weights, label)
            gain = float((w * (changed[number] - pictures[number])).sum())
            assert gain == pytest.approx(largest_gain(w, pictures[number], norm, eps), rel=1e-4)


@pytest.mark.parametrize("norm", ["Linf", "L2", "L1"])
@pytest.mark.parametrize("text", ["deepfool", "fab(steps=20)"])
def test_the_nearest_border_of_a_linear_model_is_found(linear: Linear, text: str, norm: str) -> None:
    model, weights = linear
    pictures = inner()
    victim, goal = asked(model, pictures, np.inf)
    changed = perturb(parse_attack(text).changed(norm=norm), victim, goal, Work(np.random.default_rng(0)))
    margins = goal.margins(victim.logits(pictures))
    dual = {"Linf": lambda w: np.abs(w).sum(), "L2": lambda w: np.sqrt((w**2).sum())}
    for number, label in enumerate(goal.labels):
        w = slope(weights, label)
        need = least_need(w, pictures[number], -margins[number]) if norm == "L1" else -margins[number] / dual[norm](w)
        far = NORMS[norm].distance(changed[number : number + 1] - pictures[number])[0]
        assert need * 0.9999 <= far <= need * 1.005
    assert (goal.margins(victim.logits(changed)) > 0).all()


def least_need(w: np.ndarray, clean: np.ndarray, gain: float) -> float:
    """The least sum of changes within the box that gains so much: the largest weights first."""
    rooms, spent = np.where(w > 0, 1 - clean, clean).astype(np.float64), 0.0
    for at in np.argsort(-np.abs(w).ravel()):
        part = min(gain / abs(w.ravel()[at]), rooms.ravel()[at])
        spent, gain = spent + part, gain - part * abs(w.ravel()[at])
        if gain <= 1e-12:
            break
    return spent


def test_carlini_and_wagner_come_close_to_the_border(linear: Linear) -> None:
    model, weights = linear
    pictures = inner()
    victim, goal = asked(model, pictures, np.inf)
    attack = parse_attack("carlini-wagner(steps=150, search=8)")
    changed = perturb(attack, victim, goal, Work(np.random.default_rng(0)))
    margins = goal.margins(victim.logits(pictures))
    far = NORMS["L2"].distance(changed - pictures)
    need = np.array([-margins[n] / np.sqrt((slope(weights, y) ** 2).sum()) for n, y in enumerate(goal.labels)])
    assert (goal.margins(victim.logits(changed)) > 0).all()
    assert (far >= need * 0.9999).all() and (far <= need * 1.1).all()


def test_one_universal_change_is_the_same_for_all_pictures(linear: Linear) -> None:
    pictures = inner(3)
    victim, goal = asked(linear[0], pictures, 0.02)
    changed = perturb(parse_attack("universal(steps=10)"), victim, goal, Work(np.random.default_rng(0)))
    changes = changed - pictures
    assert 0.01 < np.abs(changes).max() <= 0.02001
    assert (goal.margins(victim.logits(changed)) > 0).all()
    assert np.allclose(changes, changes[:1], atol=1e-6)


def test_the_checkpoints_of_apgd_are_those_of_the_paper() -> None:
    assert checkpoints(100) == (22, 41, 57, 70, 80, 87, 93, 99)


def test_the_bump_of_square_is_that_of_the_paper() -> None:
    """Heights 1, 1/4, ... are piled up in squares around the middle of each half, which is normed by itself."""
    above, below = np.array([[0.25, 1.25, 0.25]]), np.array([[0.25, 0.25, 0.25], [0.25, 1.25, 0.25]])
    halves = [above / np.sqrt((above**2).sum()), -below / np.sqrt((below**2).sum())]
    expected = np.concatenate(halves) / np.sqrt(2)
    made = [bump(np.random.default_rng(seed), 3) for seed in range(20)]
    turned = [bool(np.allclose(one, expected.T)) for one in made]
    assert 3 < sum(turned) < 17
    assert all(turn or np.allclose(one, expected) for turn, one in zip(turned, made, strict=True))
    # Side 5 has a half of 2 rows, whose middle is its second row: squares of sides 1, 3 and 5.
    five = next(
        one for one in (bump(np.random.default_rng(seed), 5) for seed in range(20)) if one[0, 0] * one[0, 4] > 0
    )
    assert five[0] / five[0, 0] == pytest.approx(np.array([4, 13, 13, 13, 4]) / 4)
    assert five[1] / five[0, 0] == pytest.approx(np.array([4, 13, 49, 13, 4]) / 4)
    for side in range(1, 8):
        assert float((bump(np.random.default_rng(0), side) ** 2).sum()) == pytest.approx(1)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (3, 3), (4, 9), (9, 16)])
def test_square_uses_its_whole_bound_on_pictures_of_all_sizes(keep: Any, size: tuple[int, int]) -> None:
    from dreampipe.backend import keras

    image = keras.Input((*size, 3))
    model = keep(keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image))))
    pictures = np.full((1, *size, 3), 0.5, np.float32)
    victim, goal = asked(model, pictures, 0.1)
    changed = perturb(parse_attack("square(norm=L2, queries=40)"), victim, goal, Work(np.random.default_rng(0)))
    assert float(NORMS["L2"].distance(changed - pictures)[0]) == pytest.approx(0.1, rel=1e-4)


@pytest.mark.parametrize("population", [4, 5, 9])
def test_a_child_of_one_pixel_has_three_different_others(population: int) -> None:
    """Each candidate has a value that the others lack, so that a child shows of which it is made."""
    genes = (0.3 + 0.4 * np.eye(population, dtype=np.float32))[:, None]
    for seed in range(30):
        children = make_children(np.random.default_rng(seed), genes)
        for number, child in enumerate(children[:, 0] - 0.3):
            assert child[number] == pytest.approx(0, abs=1e-6)
            parts = np.sort(child)
            assert parts[[0, -2, -1]] == pytest.approx([-0.2, 0.2, 0.4], abs=1e-6)


def test_without_a_bound_all_pixels_may_differ() -> None:
    norm, clean = NORMS["L0"], inner()
    far = np.clip(clean + np.float32(0.1), 0, 1)
    assert np.array_equal(norm.project(far, clean, np.inf), far)
    assert (norm.distance(norm.best(far, clean, np.inf) - clean) == 12 * 20).all()


def test_one_pixel_without_a_bound_changes_as_many_pixels_as_it_is_asked_to(linear: Linear) -> None:
    victim, goal = asked(linear[0], inner(), np.inf)
    changed = perturb(parse_attack("one-pixel(pixels=3, steps=2)"), victim, goal, Work(np.random.default_rng(0)))
    assert (NORMS["L0"].distance(changed - goal.pictures) <= 3).all() and (changed != goal.pictures).any()


def test_only_bounds_of_values_are_written_as_levels() -> None:
    written = {name: norm.write(51 / 255) for name, norm in NORMS.items()}
    assert written == {"Linf": "51/255", "L2": "0.2", "L1": "0.2", "L0": "0.2"}
    assert str(parse_attack("pgd(norm=L2, eps=0.2)")) == "pgd(norm=L2, eps=0.2)"
    assert str(parse_attack("square(eps=51/255, share=0.4)")) == "square(eps=51/255, share=0.4)"
    assert str(parse_attack("patch(side=0.4)")) == "patch(side=0.4)"


def test_a_step_of_apgd_is_halved_where_it_no_longer_helps() -> None:
    halving = Halving(np.ones(3), np.zeros(3))
    for _ in range(4):
        halving.note(np.array([True, False, True]))
    # The first climbs; the second does not rise; the third rises and falls, so that its top stays.
    assert halving.halve(np.array([4.0, 1.0, 0.0])).tolist() == [False, True, True]
    assert halving.steps.tolist() == [1.0, 0.5, 0.5]
    for _ in range(4):
        halving.note(np.array([True, True, True]))
    # The third was halved at the last checkpoint, so an unmoved top alone does not halve it again.
    assert halving.halve(np.array([4.0, 2.0, 0.0])).tolist() == [True, False, False]


def test_the_best_point_that_was_seen_is_kept(small: Card) -> None:
    class Watched(Victim):
        """Remembers the largest margin that it has shown to the attack."""

        goal: Goal
        top = -np.inf

        def feel(self, *args: Any) -> Felt:
            felt = super().feel(*args)
            self.top = max(self.top, float(self.goal.margins(felt.logits)[0]))
            return felt

    for attack in (Apgd(steps=15), parse_attack("pgd(steps=10, step=0.7)")):
        _, goal = asked(small, inner(1), 0.1)
        watched = Watched(small, Work(np.random.default_rng(0)))
        watched.goal = goal
        changed = perturb(attack, watched, goal, watched.work)
        assert goal.margins(watched.logits(changed))[0] >= watched.top - 1e-5


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(list(NORMS)), st.integers(0, 10_000), st.floats(0.01, 1))
def test_projections_and_starts_are_within_the_bound_and_the_box(name: str, seed: int, share: float) -> None:
    rng, norm = np.random.default_rng(seed), NORMS[name]
    eps = {"Linf": 0.2, "L2": 1.0, "L1": 8.0, "L0": 9.0}[name] * share
    clean = rng.random((2, 5, 7, 3), np.float32)
    far = clean + rng.normal(0, 0.5, clean.shape).astype(np.float32)
    draws = [np.random.default_rng([seed, number]) for number in range(2)]
    for found in (norm.project(far, clean, eps), norm.start(clean, eps, draws), norm.best(far - clean, clean, eps)):
        assert found.dtype == np.float32 and found.min() >= 0 and found.max() <= 1
        assert (norm.distance(found - clean) <= eps * 1.0001 + 1e-6).all()
        again = norm.project(found, clean, eps)
        assert np.allclose(again, found, atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(["Linf", "L2", "L1"]), st.integers(0, 10_000), st.floats(0.01, 0.9))
def test_what_reaches_a_gain_is_nearest(name: str, seed: int, share: float) -> None:
    """The nearest picture of a gain, and the picture of the largest gain at its distance, gain the same."""
    rng, norm = np.random.default_rng(seed), NORMS[name]
    clean, w = rng.random((1, 5, 7, 3), np.float32), rng.normal(size=(1, 5, 7, 3)).astype(np.float32)
    most = float((np.abs(w) * np.where(w > 0, 1 - clean, clean)).sum())
    found = norm.reach(w, clean, np.array([most * share]))
    gain = float((w * (found - clean)).sum(dtype=np.float64))
    assert gain == pytest.approx(most * share, rel=1e-3)
    best = norm.best(w, clean, float(norm.distance(found - clean)[0]))
    assert float((w * (best - clean)).sum(dtype=np.float64)) == pytest.approx(gain, rel=2e-3)


@pytest.mark.parametrize(("own", "seen"), [((30, 47), (12, 20)), ((24, 40), (12, 20)), ((7, 9), (12, 20))])
def test_gradients_come_back_through_the_resizing(own: tuple[int, int], seen: tuple[int, int]) -> None:
    rng, lens = np.random.default_rng(2), Lens(own, seen)
    x, g = rng.random((2, *own, 3), np.float32), rng.normal(size=(2, *seen, 3)).astype(np.float32)
    assert float((lens.look(x) * g).sum()) == pytest.approx(float((x * lens.pull(g)).sum()), rel=1e-4, abs=1e-3)


def test_a_model_without_a_gradient_and_one_of_probabilities_are_told(constant: Card, keep: Any) -> None:
    from dreampipe.backend import keras

    victim, goal = asked(constant, inner(), 0.1)
    assert find_flags(victim, goal) == (
        "The gradient is zero for 2 of 2 pictures: attacks that follow gradients cannot move there.",
    )
    image = keras.Input((12, 20, 3))
    soft = keras.layers.Dense(4, activation="softmax")(keras.layers.Flatten()(image))
    hidden = keep(keras.Model(image, keras.layers.Reshape((4,))(soft)))
    (said,) = find_flags(*asked(hidden, inner(), 0.1))
    assert said.startswith("The model gives probabilities in place of logits")


def test_a_model_that_computes_gradients_is_told_from_one_that_does_not() -> None:
    from dreampipe import backend
    from dreampipe.backend import ops

    def plain(x: Any) -> Any:
        return ops.sum(x * x)

    def optimizing(x: Any) -> Any:
        _, _, (gradient,) = backend.value_and_gradients(lambda y: (plain(y), None), x)
        return plain(x - 0.1 * gradient)

    assert not backend.takes_gradients(plain, backend.spec(None, 3))
    assert backend.takes_gradients(optimizing, backend.spec(None, 3))


def test_the_accuracy_under_attack_is_that_of_the_borders(linear: Linear) -> None:
    """A picture falls exactly where the bound passes its distance to the border, which is known."""
    model, weights = linear
    pictures = inner(8)
    victim, goal = asked(model, pictures, 0.0)
    margins = goal.margins(victim.logits(pictures))
    far = np.array([-margins[n] / np.abs(slope(weights, y)).sum() for n, y in enumerate(goal.labels)])
    labelled = [(one, int(label)) for one, label in zip(pictures, goal.labels, strict=True)]
    labelled[0] = (labelled[0][0], 1 - labelled[0][1])  # one that is named wrongly from the start
    far[0] = 0
    middle = float(np.median(far))
    bounds = (middle * 0.999, middle * 1.001 + 1e-5, float(far.max()) * 1.01)
    attacks = [parse_attack(text) for text in ("fgsm", "pgd(steps=20)", "fab(steps=10)")]
    measured = measure_robustness(model, labelled, attacks, bounds)
    assert measured.eps == (0.0, *bounds) and measured.count == 8 and measured.clean == 7 / 8
    expected = tuple(float((far > eps).mean()) for eps in measured.eps)
    for curve in measured.curves:
        assert curve.accuracy == pytest.approx(expected), curve.name
    assert measured.worst == pytest.approx(expected)


@pytest.mark.parametrize(("text", "some"), [("pgd(steps=2)", True), ("universal(steps=2)", False)])
def test_pictures_are_attacked_before_all_are_read(linear: Linear, text: str, some: bool) -> None:
    """Only a change that is made for all pictures needs them all at once."""
    read, heard = [], []

    def labelled() -> Any:
        for number in range(150):
            read.append(number)
            yield inner(1)[0], number % 2

    def hear(share: float) -> None:
        heard.append((len(read), share))

    measured = measure_robustness(linear[0], labelled(), [parse_attack(text)], [0.01], expected=150, progress=hear)
    assert measured.count == 150
    assert (heard[0][0] < 150) == some
    shares = [share for _, share in heard]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)


def test_pictures_of_many_sizes_are_counted_once_each(small: Card) -> None:
    rng = np.random.default_rng(0)
    sizes = [(12 + number % 90, 20) for number in range(280)]
    labelled = ((rng.random((*size, 3), np.float32), number % 3) for number, size in enumerate(sizes))
    assert measure_robustness(small, labelled, [parse_attack("fgsm")], [0.0]).count == 280


@dataclass(frozen=True, kw_only=True)
class Drawing(Attack):
    """An attack of a user that changes nothing, and keeps what it draws."""

    drawn: tuple[list[float], ...] = ()

    name = "drawing"
    norms = ("Linf",)
    source = "none"

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> np.ndarray:
        self.drawn[0].extend(rng.random() for rng in goal.draws)
        return goal.pictures


def test_the_draws_of_an_attack_do_not_depend_on_those_before_it(linear: Linear) -> None:
    _, goal = asked(linear[0], inner(3), 0.0)
    labelled = [(one, int(label)) for one, label in zip(goal.pictures, goal.labels, strict=True)]
    found = []
    for first in ("fgsm", "pgd(steps=1, restarts=3)", "square(queries=5)"):
        drawn: list[float] = []
        measure_robustness(linear[0], labelled, [parse_attack(first), Drawing(drawn=(drawn,))], [1e-6])
        found.append(drawn)
    assert found[0] == found[1] == found[2] and len(set(found[0])) == 3


def test_an_attack_without_gradients_that_beats_those_with_them_is_told(keep: Any) -> None:
    """The answer is a step of the mean, flat on both sides, so that gradients show no way."""
    from dreampipe.backend import keras

    image = keras.Input((12, 20, 3))
    mean = keras.layers.Dense(1, activation="hard_sigmoid", name="mean")
    answers = keras.layers.Dense(2, name="answers")
    model = keras.Model(image, answers(mean(keras.layers.Flatten()(image))))
    mean.set_weights([np.full((720, 1), 1000 / 720, np.float32), np.float32([-495])])
    answers.set_weights([np.float32([[-2, 2]]), np.float32([1, -1])])
    card = keep(model)
    labelled = [(np.full((12, 20, 3), 0.5, np.float32), 1)]

    def notes(*texts: str) -> str:
        return " ".join(measure_robustness(card, labelled, [parse_attack(text) for text in texts], [0.1]).notes)

    said = "An attack that asks for logits alone fooled the model where those that follow gradients failed"
    assert said in notes("fgsm", "square(queries=60)")
    assert said not in notes("fgsm") and said not in notes("square(queries=60)")
