"""Every attack in every norm: what is written keeps its bound, and repeats."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dreampipe
from dreampipe.errors import DreampipeError, ModelError, ObjectiveError, RecipeError
from dreampipe.explanations.adversarial import ATTACKS, Attack, parse_attack, parse_attacks
from dreampipe.explanations.adversarial.attack import Goal
from dreampipe.explanations.adversarial.attacking import Adversary, answer, attack_picture, perturb
from dreampipe.explanations.adversarial.robustness import measure_robustness
from dreampipe.explanations.adversarial.victim import Victim, open_victim
from dreampipe.explanations.question import Work
from dreampipe.frames import Frame
from dreampipe.media import decode
from dreampipe.models import Card, card

QUICK: dict[str, dict[str, Any]] = {
    "pgd": {"steps": 6},
    "apgd": {"steps": 12},
    "fab": {"steps": 6, "targets": 1},
    "square": {"queries": 30},
    "carlini-wagner": {"steps": 30, "search": 4, "rate": 0.05},
    "deepfool": {"steps": 10},
    "one-pixel": {"steps": 3, "population": 12},
    "patch": {"steps": 6, "places": 2},
    "universal": {"steps": 8},
}
BOUNDS = {"Linf": 5.3 / 255, "L2": 0.4, "L1": 3.0, "L0": 7}
EVERY = [
    (name, norm) for name, kind in ATTACKS.items() for norm in kind.norms if name != "autoattack" or norm == "Linf"
]


def picture(height: int = 12, width: int = 20, seed: int = 1) -> np.ndarray:
    """A picture on the grid of 8 bits, with black and white in it."""
    samples = np.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return np.asarray(np.clip(samples * 1.2 - 25, 0, 255).astype(np.uint8) / np.float32(255), np.float32)


def size_of(change: np.ndarray, norm: str) -> float:
    """Measure a change anew: the tests do not ask the code that they test."""
    exact = change.astype(np.float64)
    if norm == "L0":
        return float((np.abs(exact).max(-1) > 0).sum())
    return {"Linf": np.abs(exact).max(), "L2": np.sqrt((exact**2).sum()), "L1": np.abs(exact).sum()}[norm]


def built(name: str, norm: str) -> Attack:
    return ATTACKS[name](norm=norm, eps=BOUNDS[norm], **QUICK.get(name, {}))


def run(found: Attack, model: Card, **more: Any) -> Adversary:
    return attack_picture(model, picture(), found, **more)


def goal_of(model: Card, pictures: np.ndarray, eps: float, seed: int = 0) -> tuple[Victim, Goal]:
    victim = open_victim(model, Work(np.random.default_rng(0)))
    labels = np.asarray(victim.logits(pictures).argmax(1), np.int32)
    draws = [np.random.default_rng([seed, number]) for number in range(len(pictures))]
    return victim, Goal(pictures, labels, eps, draws)


@pytest.mark.parametrize(("name", "norm"), EVERY)
@pytest.mark.parametrize("bits", [8, 16])
def test_the_written_file_keeps_the_bound_and_what_is_said_of_it(
    linear: tuple[Card, np.ndarray], name: str, norm: str, bits: int, tmp_path: Path
) -> None:
    found = run(built(name, norm), linear[0], bits=bits)
    like = dreampipe.MediaInfo(20, 12, bits=bits)
    dreampipe.write(Frame(found.pixels), tmp_path / "other.png", like)
    read, info = decode(tmp_path / "other.png")
    assert info.bits == bits and np.array_equal(read.pixels, found.pixels)
    levels = np.rint(read.pixels.astype(np.float64) * (2**bits - 1)) - np.rint(
        picture().astype(np.float64) * (2**bits - 1)
    )
    scale = 1 if norm == "L0" else 2**bits - 1
    assert size_of(levels, norm) / scale <= BOUNDS[norm] * (1 + 1e-9)
    assert found.distance == pytest.approx(size_of(levels, norm) / scale, rel=1e-5, abs=1e-9)
    assert found.after == answer(linear[0], read.pixels)
    assert found.fools == (found.after.number != found.before.number)


@pytest.mark.parametrize(("name", "norm"), EVERY)
def test_a_bound_of_nothing_gives_the_picture_back(linear: tuple[Card, np.ndarray], name: str, norm: str) -> None:
    found = run(built(name, norm).changed(eps=0.0), linear[0])
    assert np.array_equal(found.pixels, picture()) and not found.fools and found.distance == 0


@pytest.mark.parametrize(("name", "norm"), EVERY)
def test_equal_seeds_give_equal_pictures(linear: tuple[Card, np.ndarray], name: str, norm: str) -> None:
    one, other = (run(built(name, norm), linear[0], seed=4) for _ in range(2))
    assert np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize(("name", "norm"), [(name, norm) for name, norm in EVERY if not ATTACKS[name].together])
def test_a_batch_is_its_pictures_one_by_one(linear: tuple[Card, np.ndarray], name: str, norm: str) -> None:
    pictures = np.stack([picture(seed=seed) for seed in (1, 2, 3)])
    attack, work = built(name, norm), Work(np.random.default_rng(0))
    victim, goal = goal_of(linear[0], pictures, BOUNDS[norm])
    together = perturb(attack, victim, goal, work)
    for number in range(3):
        alone = goal_of(linear[0], pictures, BOUNDS[norm])[1].part(np.array([number]))
        # The last bits of logits, which depend on the batch, decide where a line is halved.
        near = 2e-3 if attack.nearest else 2e-5
        assert np.allclose(perturb(attack, victim, alone, work)[0], together[number], atol=near)


@pytest.fixture(scope="module")
def four(keep: Any) -> Card:
    """A linear network of four classes, each of which a large change reaches."""
    from dreampipe.backend import keras

    image = keras.Input((12, 20, 3))
    dense = keras.layers.Dense(4, kernel_initializer=keras.initializers.RandomNormal(seed=3))
    return keep(keras.Model(image, dense(keras.layers.Flatten()(image))))


@pytest.mark.parametrize("name", [name for name, kind in ATTACKS.items() if "L2" in kind.norms])
def test_a_target_is_reached(four: Card, name: str) -> None:
    before = answer(four, picture())
    for target in {0, 1, 2, 3} - {before.number}:
        attack = ATTACKS[name](norm="L2", eps=6.0, **QUICK.get(name, {}))
        found = run(attack, four, target=str(target))
        assert found.fools == (found.after.number == target)
        assert found.fools or name == "square"  # whose few queries may not be enough


def test_one_pixel_changes_one_pixel_and_a_patch_only_its_square(linear: tuple[Card, np.ndarray]) -> None:
    for attack, side in ((parse_attack("one-pixel(steps=2, population=12)"), 1), (built("patch", "L0"), 2)):
        changed = (run(attack, linear[0]).pixels != picture()).any(-1)
        rows, columns = np.nonzero(changed)
        assert changed.any() and np.ptp(rows) < side and np.ptp(columns) < side


def test_the_nearest_picture_that_fools_still_fools_on_the_grid(linear: tuple[Card, np.ndarray]) -> None:
    """Without a bound, the file moves on until the model is fooled; rounding alone would lose changes under a level."""
    for text in ("deepfool", "deepfool(norm=Linf)", "fab(steps=5)", "fab(norm=L1, steps=5)"):
        found = run(parse_attack(text), linear[0])
        assert found.fools and found.eps == np.inf


@dataclass(frozen=True, kw_only=True)
class Flooding(Attack):
    """An attack of a user that gives all pixels the same colour."""

    norm: str = "L0"

    name = "flooding"
    norms = ("L0",)
    source = "none"
    nearest = True

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> np.ndarray:
        return np.full_like(goal.pictures, 0.25)


def test_an_own_attack_without_a_bound_of_pixels_is_kept_whole(linear: tuple[Card, np.ndarray]) -> None:
    found = run(Flooding(), linear[0])
    assert found.eps == np.inf and found.distance == 12 * 20


def test_a_large_picture_is_changed_in_its_own_pixels(linear: tuple[Card, np.ndarray]) -> None:
    large = picture(30, 47)
    found = attack_picture(linear[0], large, parse_attack("pgd(steps=10, eps=12/255)"))
    assert found.pixels.shape == (30, 47, 3)
    assert size_of(found.pixels - large, "Linf") <= 12 / 255 + 1e-6
    assert found.fools and found.after == answer(linear[0], found.pixels)


def test_the_text_of_an_attack_reads_back() -> None:
    for name, norm in EVERY:
        attack = built(name, norm)
        assert parse_attacks(str(attack)) == (attack,)
    assert str(parse_attack("pgd(eps=8/255, norm=linf)")) == "pgd(eps=8/255)"
    assert str(parse_attack("pgd(eps=1/2, norm=l2)")) == "pgd(norm=L2, eps=0.5)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pdg", "There is no attack 'pdg': did you mean pgd"),
        ("pgd(eps=300)", "eps came as 300, but in Linf .* such as 8/255"),
        ("pgd(eps=-1/255)", "eps came as -0.0039"),
        ("pgd(eps=8/0)", "eps of pgd came as '8/0', but a value such as 8/255"),
        ("pgd(eps=nan)", "eps came as nan"),
        ("pgd(norm=L3)", "one of Linf, L2, L1, L0"),
        ("square(norm=L1)", "norm of square came as L1, but it knows Linf and L2"),
        ("pgd(step=2, steps=0)", "steps of pgd came as 0"),
        ("pgd(loss=hinge)", "one of ce, dlr, margin"),
        ("pgd steps=3", "names with commas"),
        ("fgsm, pgd", "2 attacks came"),
        ("", "names with commas"),
    ],
)
def test_wrong_text_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        parse_attack(text)


@pytest.mark.smoke
def test_a_target_that_cannot_be_is_one_sentence() -> None:
    model = card("motifnet")
    seen = picture(48, 64)
    fgsm = parse_attack("fgsm")
    with pytest.raises(ObjectiveError, match=r"no class 'eyes'.*did you mean"):
        attack_picture(model, seen, fgsm, target="eyes")
    with pytest.raises(ObjectiveError, match="Class 25 was asked for"):
        attack_picture(model, seen, fgsm, target="25")
    with pytest.raises(RecipeError, match="the model answers that already"):
        attack_picture(model, seen, fgsm, target=answer(model, seen).name)
    with pytest.raises(ModelError, match="needs 47 pixels"):
        attack_picture(model, seen[:20], fgsm)


def test_a_stop_of_the_user_ends_an_attack(linear: tuple[Card, np.ndarray]) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(built("pgd", "Linf"), linear[0], work=Work(np.random.default_rng(0), stopping=lambda: True))


def test_a_part_that_does_not_fit_is_halved_and_told(linear: tuple[Card, np.ndarray]) -> None:
    class Narrow(Victim):
        """A victim on a machine that has memory for three pictures."""

        def _fit(self, pictures: np.ndarray) -> np.ndarray:
            if len(pictures) > 3:
                raise MemoryError
            return super()._fit(pictures)

    pictures = np.stack([picture(seed=seed) for seed in range(10)])
    work = Work(np.random.default_rng(0))
    wide = open_victim(linear[0], work)
    assert np.allclose(Narrow(linear[0], work).logits(pictures), wide.logits(pictures), atol=1e-4)
    assert work.notes[-1].startswith("Memory ran out, so pictures are computed ")


@dataclass(frozen=True, kw_only=True)
class Hungry(Attack):
    """An attack of a user that asks for more memory than there is."""

    name = "hungry"
    norms = ("Linf",)
    source = "none"

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> np.ndarray:
        return np.empty(2**59, np.float32)


def test_an_attack_that_does_not_fit_into_memory_is_one_sentence(linear: tuple[Card, np.ndarray]) -> None:
    with pytest.raises(ModelError, match=r"A picture of 20x12 does not fit into memory .*give a smaller picture"):
        run(Hungry(), linear[0])
    with pytest.raises(ModelError, match="A picture of 20x12 does not fit into memory"):
        measure_robustness(linear[0], [(picture(), 0), (picture(), 1)], [Hungry()], [0.1])


@pytest.mark.parametrize("text", ["one-pixel(steps=1, population=120)", "patch(steps=1, places=24)"])
def test_candidates_of_a_large_picture_are_painted_some_at_a_time(linear: tuple[Card, np.ndarray], text: str) -> None:
    """All copies together would take 950 MB of one-pixel, and 190 MB of each of the eight arrays of patch."""
    large = picture(600, 1100)
    tracemalloc.start()
    found = attack_picture(linear[0], large, parse_attack(text))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 750e6
    assert 0 < found.distance <= found.eps


def test_a_model_of_one_class_is_refused(keep: Any) -> None:
    from dreampipe.backend import keras

    image = keras.Input((8, 8, 3))
    model = keep(keras.Model(image, keras.layers.Dense(1, activation="sigmoid")(keras.layers.Flatten()(image))))
    with pytest.raises(DreampipeError, match="one class"):
        attack_picture(model, picture(8, 8), parse_attack("fgsm"))
