"""Methods of gradients, against closed forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from dreampipe.errors import RecipeError
from dreampipe.explanations.attribution import parse_methods
from dreampipe.explanations.explaining import ask, explain
from dreampipe.explanations.explanation import Explanation
from dreampipe.explanations.question import Question
from dreampipe.models import Card, card

Array = np.ndarray
PICTURE = np.random.default_rng(2).random((12, 20, 3), np.float32)
ASKED = "logit(0) - 2*logit(1)"


def explained(on: Card, text: str, method: str, pixels: Array = PICTURE) -> Explanation:
    return explain(ask(on, text), pixels, parse_methods(method)[0])


@pytest.mark.parametrize("method", ["gradient", "smoothgrad", "smoothgrad(samples=3, noise=2)"])
def test_the_gradient_of_a_linear_network_is_its_weights(linear: tuple[Card, Array], method: str) -> None:
    on, weights = linear
    found = explained(on, ASKED, method)
    np.testing.assert_allclose(found.map, weights[..., 0] - 2 * weights[..., 1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.heat(), found.map.sum(2), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("method", "baseline"),
    [
        ("gradient-x-input", 0.0),
        ("gradient-x-input(baseline=white)", 1.0),
        ("integrated-gradients(steps=3)", 0.5),
        ("integrated-gradients(steps=1, baseline=black+white)", 0.5),
        ("expected-gradients(samples=6, baseline=black+white)", 0.5),
        ("guided-ig(steps=7, baseline=black)", 0.0),
    ],
)
def test_paths_through_a_linear_network_give_the_weights_times_the_difference(
    linear: tuple[Card, Array], method: str, baseline: float
) -> None:
    on, weights = linear
    found = explained(on, ASKED, method)
    expected = (weights[..., 0] - 2 * weights[..., 1]) * (PICTURE - baseline)
    np.testing.assert_allclose(found.map, expected, rtol=1e-3, atol=1e-4)
    if found.completeness:
        assert found.completeness.error < 1e-4


def test_noise_of_a_linear_network_has_no_variance(linear: tuple[Card, Array]) -> None:
    on, weights = linear
    squares = explained(on, "logit(1)", "squaregrad(samples=5)")
    np.testing.assert_allclose(squares.map, weights[..., 1] ** 2, rtol=1e-4, atol=1e-6)
    assert not explained(on, "logit(1)", "vargrad(samples=5)").map.round(9).any()


def test_blur_ig_sums_to_what_blurring_takes_away(linear: tuple[Card, Array]) -> None:
    on, weights = linear
    found = explained(on, "logit(0)", "blur-ig(steps=4)")
    blurred = cv2.GaussianBlur(PICTURE, (0, 0), 0.2 * 20, borderType=cv2.BORDER_REFLECT)
    np.testing.assert_allclose(found.map, weights[..., 0] * (PICTURE - blurred), rtol=1e-3, atol=1e-4)


def test_a_product_is_shared_equally_by_integrated_gradients(product: Card) -> None:
    found = explained(product, "logit(0)", "integrated-gradients(steps=2, baseline=black)")
    first, second = found.heat()[:6, :10].sum(), found.heat()[6:, 10:].sum()
    expected = PICTURE[:6, :10].mean() * PICTURE[6:, 10:].mean() / 2
    assert (first, second) == pytest.approx((expected, expected), rel=1e-5)
    assert found.completeness and found.completeness.error < 1e-5
    assert not found.map[6:, :10].any() and not found.map[:6, 10:].any()


@pytest.mark.parametrize("name", ["integrated-gradients", "blur-ig"])
def test_twice_the_steps_give_the_same_map(name: str) -> None:
    pixels = np.random.default_rng(3).random((48, 64, 3), np.float32) * 0.2 + 0.4
    few, many = (explained(card("motifnet"), "logit(eye)", f"{name}(steps={steps})", pixels) for steps in (32, 64))
    assert np.abs(few.map - many.map).max() < 0.02 * np.abs(many.map).max()


@pytest.mark.parametrize(
    "method",
    [
        "integrated-gradients(steps=7)",
        "smoothgrad(samples=7)",
        "vargrad(samples=7)",
        "expected-gradients(samples=7)",
        "blur-ig(steps=7)",
        "guided-ig(steps=3, baseline=black+white+grey)",
    ],
)
def test_the_size_of_a_batch_does_not_matter(product: Card, method: str) -> None:
    (chosen,) = parse_methods(method)
    whole, parts = (explain(ask(product, "logit(0)", most=most), PICTURE, chosen) for most in (64, 2))
    np.testing.assert_allclose(parts.map, whole.map, rtol=1e-4, atol=1e-7)


@dataclass(frozen=True)
class Watched(Question):
    """A question that notes the sizes of its batches."""

    sizes: list[int] = field(default_factory=list)

    def answers(self, pictures: Array) -> Array:
        self.sizes.append(len(pictures))
        return super().answers(pictures)


@pytest.mark.parametrize("method", ["integrated-gradients", "expected-gradients", "guided-ig", "blur-ig"])
def test_the_answers_for_many_baselines_come_in_batches(product: Card, method: str) -> None:
    asked = ask(product, "logit(0)", most=2)
    watched = Watched(asked.card, asked.objective, asked.text, asked.most)
    steps = "samples=5" if method == "expected-gradients" else "steps=2"
    baselines = "" if method == "blur-ig" else ", baseline=black+grey+white+mean"
    explain(watched, PICTURE, parse_methods(f"{method}({steps}{baselines})")[0])
    assert watched.sizes and max(watched.sizes) <= 2


def test_a_gradient_of_zero_is_reported(constant: Card) -> None:
    for method in ("gradient", "integrated-gradients", "smoothgrad", "blur-ig", "guided-ig(steps=2)"):
        found = explained(constant, "logit(0)", method)
        assert not found.map.any() and any("zero everywhere" in note for note in found.notes)


def test_few_steps_on_a_crooked_path_are_reported() -> None:
    pixels = np.random.default_rng(3).random((48, 64, 3), np.float32)
    found = explained(card("motifnet"), "logit(eye)", "integrated-gradients(steps=1)", pixels)
    assert found.completeness and found.completeness.error > 0.01
    assert any("more steps" in note for note in found.notes)


def test_a_picture_and_a_folder_are_baselines(linear: tuple[Card, Array], tmp_path: Path) -> None:
    on, weights = linear
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name, value in (("a.png", 51), ("b.png", 153)):
        cv2.imwrite(str(pictures / name), np.full((6, 10, 3), value, np.uint8))
    for baseline, mean in ((pictures / "a.png", 0.2), (pictures, 0.4)):
        found = explained(on, "logit(0)", f"gradient-x-input(baseline={baseline})")
        np.testing.assert_allclose(found.map, weights[..., 0] * (PICTURE - mean), rtol=1e-3, atol=1e-4)


def test_a_baseline_that_is_not_there_is_refused(linear: tuple[Card, Array]) -> None:
    with pytest.raises(RecipeError, match="did you mean grey"):
        explained(linear[0], "logit(0)", "integrated-gradients(baseline=gray)")
