"""Methods of perturbation, against functions whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from dreampipe.explanations.attribution import METHODS, parse_methods
from dreampipe.explanations.attribution.regions import cells, superpixels
from dreampipe.explanations.explaining import ask, explain
from dreampipe.explanations.explanation import Explanation
from dreampipe.models import Card

Array = np.ndarray
PICTURE = np.random.default_rng(2).random((12, 20, 3), np.float32) * 0.5 + 0.5
PERTURBATION = [name for name, kind in METHODS.items() if kind.family == "perturbation"]
UPPER_LEFT, LOWER_RIGHT = np.s_[:6, :10], np.s_[6:, 10:]


def explained(on: Card, text: str, method: str, pixels: Array = PICTURE, most: int = 64) -> Explanation:
    return explain(ask(on, text, most=most), pixels, parse_methods(method)[0], seed=1)


def two_halves() -> Array:
    """A dark left half and a bright right half, so that superpixels know where to part."""
    pixels = np.full((12, 20, 3), 0.2, np.float32)
    pixels[:, 10:] = 0.9
    return pixels


@pytest.mark.parametrize("name", PERTURBATION)
def test_an_answer_that_never_changes_gives_a_map_of_zeros(constant: Card, name: str) -> None:
    found = explained(constant, "logit(0)", name)
    assert found.answer == 3 and not found.map.any()
    assert any("zero everywhere" in note for note in found.notes)


@pytest.mark.parametrize("name", PERTURBATION)
def test_what_matters_is_found_where_it_is(product: Card, name: str) -> None:
    settings = {
        "occlusion": "size=4, stride=2, baseline=black",
        "sobol": "grid=4",
        "hsic": "grid=4, baseline=black",
    }
    heat = explained(product, "logit(0)", f"{name}({settings.get(name, 'baseline=black')})").heat()
    inside = heat[UPPER_LEFT].sum() + heat[LOWER_RIGHT].sum()
    outside = heat[6:, :10].sum() + heat[:6, 10:].sum()
    assert inside > 0 and outside < 0.35 * inside
    top = np.unravel_index(heat.argmax(), heat.shape)
    assert (top[0] < 6) == (top[1] < 10)


@pytest.mark.parametrize("name", PERTURBATION)
def test_the_size_of_a_batch_does_not_matter(product: Card, name: str) -> None:
    settings = {
        "rise": "masks=9",
        "lime": "samples=9, regions=4",
        "kernel-shap": "samples=9, regions=6",
        "sobol": "designs=2, grid=2",
        "hsic": "masks=9",
        "xrai": "regions=8, steps=3",
    }
    method = f"{name}({settings[name]})" if name in settings else name
    whole, parts = (explained(product, "logit(0)", method, most=most) for most in (64, 4))
    np.testing.assert_allclose(parts.map, whole.map, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_occlusion_of_a_linear_network_is_the_mean_weight_of_the_patches(
    linear: tuple[Card, Array], stride: int
) -> None:
    on, weights = linear
    found = explained(on, "logit(0)", f"occlusion(size=4, stride={stride}, baseline=black)")
    shares = (weights[..., 0] * PICTURE).sum(2)
    expected, counts = np.zeros((12, 20)), np.zeros((12, 20))
    for top in range(stride - 4, 12, stride):
        for left in range(stride - 4, 20, stride):
            box = np.s_[max(0, top) : top + 4, max(0, left) : left + 4]
            expected[box] += shares[box].mean()
            counts[box] += 1
    assert counts.min() >= 1
    np.testing.assert_allclose(found.heat(), expected / counts, rtol=1e-3, atol=1e-4)


def test_occlusion_covers_the_last_row_and_column(linear: tuple[Card, Array]) -> None:
    on, weights = linear
    found = explained(on, "logit(0)", "occlusion(size=7, stride=7, baseline=black)")
    shares = (weights[..., 0] * PICTURE).sum(2)
    assert found.heat()[-1, -1] == pytest.approx(shares[7:, 14:].mean(), rel=1e-3)


def test_kernel_shap_of_few_regions_is_exact(product: Card) -> None:
    found = explained(product, "logit(0)", "kernel-shap(regions=2, baseline=black)", two_halves())
    half = 0.2 * 0.9 / 2
    assert found.heat()[:, :10].sum() == pytest.approx(half, rel=1e-4)
    assert found.heat()[:, 10:].sum() == pytest.approx(half, rel=1e-4)
    assert found.completeness and found.completeness.error < 1e-5


def per_region(labels: Array, values: Array) -> Array:
    return np.bincount(labels.ravel(), values.ravel())


@pytest.mark.parametrize(
    "method",
    [
        "kernel-shap(regions=12, samples=200, baseline=black)",
        "lime(regions=12, samples=400, width=10, ridge=0, baseline=black)",
    ],
)
def test_regressions_of_a_sum_find_each_superpixel(linear: tuple[Card, Array], method: str) -> None:
    on, weights = linear
    found = explained(on, "logit(0)", method)
    labels = superpixels(PICTURE, 12)
    expected = per_region(labels, (weights[..., 0] * PICTURE).sum(2))
    np.testing.assert_allclose(per_region(labels, found.heat()), expected, rtol=1e-2, atol=1e-2)
    if found.completeness:
        assert found.completeness.error < 1e-4


def test_sobol_indices_of_a_product_and_of_a_sum(product: Card) -> None:
    pixels = np.full((12, 20, 3), 0.8, np.float32)
    of_product = explained(product, "logit(0)", "sobol(grid=2, designs=8000)", pixels).heat()
    # Two masks, even in [0, 1]: the total index of each is (1/12 x 1/3) / (1/9 - 1/16) = 4/7.
    assert of_product[0, 0] == pytest.approx(4 / 7, abs=0.04) and of_product[-1, -1] == pytest.approx(4 / 7, abs=0.04)
    assert of_product[0, -1] == of_product[-1, 0] == 0
    of_sum = explained(product, "logit(1)", "sobol(grid=2, designs=8000)", pixels).heat()
    assert of_sum[0, 0] == pytest.approx(0.5, abs=0.04) and of_sum[-1, -1] == pytest.approx(0.5, abs=0.04)


def test_hsic_of_a_cell_that_plays_no_part_is_near_zero(product: Card) -> None:
    pixels = np.full((12, 20, 3), 0.8, np.float32)
    heat = explained(product, "logit(1)", "hsic(grid=2, masks=800, baseline=black)", pixels).heat()
    used, unused = min(heat[0, 0], heat[-1, -1]), max(heat[0, -1], heat[-1, 0])
    assert used > 0 and unused < 0.02 * used


def test_rise_follows_the_shares_seen_through_a_cell(linear: tuple[Card, Array]) -> None:
    on, weights = linear
    heat = explained(on, "logit(0)", "rise(masks=4000, grid=3)", PICTURE).heat()
    shares = (weights[..., 0] * PICTURE).sum(2)
    rows, columns = np.indices((12, 20))
    places = [(row, column) for row in range(12) for column in range(20)]
    # Neighbours are shown together, so each pixel has the shares of about a cell of 4 pixels around it.
    near = [(shares * np.exp(-((rows - r) ** 2 + (columns - c) ** 2) / 8)).sum() for r, c in places]
    assert np.corrcoef(near, heat.ravel())[0, 1] > 0.9


def test_xrai_keeps_the_sum_of_integrated_gradients_and_has_flat_regions(linear: tuple[Card, Array]) -> None:
    on, _ = linear
    found = explained(on, "logit(0)", "xrai(regions=16, steps=2)")
    assert found.completeness and found.completeness.error < 1e-4
    assert len(np.unique(found.heat())) < 40


@pytest.mark.parametrize("name", ["rise(masks=50)", "lime(samples=50)", "kernel-shap(samples=50)", "hsic(masks=50)"])
def test_a_stop_keeps_what_was_computed(product: Card, name: str) -> None:
    question, (method,) = ask(product, "logit(0)", most=5), parse_methods(name)
    found = explain(question, PICTURE, method, stopping=lambda: True)
    assert any("Stopped by the user after 5 of" in note for note in found.notes)


def test_xrai_tells_of_its_regions_and_a_stop_ends_them(product: Card) -> None:
    shares: list[float] = []
    (method,) = parse_methods("xrai(regions=16, steps=2)")
    explain(ask(product, "logit(0)"), PICTURE, method, progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) > 4
    heard = list[float]()
    with pytest.raises(KeyboardInterrupt):
        explain(
            ask(product, "logit(0)"), PICTURE, method, progress=heard.append, stopping=lambda: heard[-1:] == shares[2:3]
        )
    assert heard == shares[:3]


def test_a_stop_ends_a_method_that_needs_its_whole_path(product: Card) -> None:
    with pytest.raises(KeyboardInterrupt):
        (method,) = parse_methods("integrated-gradients")
        explain(ask(product, "logit(0)", most=5), PICTURE, method, stopping=lambda: True)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 3), (40, 30), (31, 64)])
@pytest.mark.parametrize("count", [1, 7, 60])
def test_superpixels_are_numbered_without_gaps(size: tuple[int, int], count: int) -> None:
    pixels = np.random.default_rng(0).random((*size, 3), np.float32)
    labels = superpixels(pixels, count)
    assert labels.shape == size and np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    assert labels.max() + 1 <= 2 * count


def test_superpixels_follow_edges() -> None:
    labels = superpixels(two_halves(), 2)
    assert len(np.unique(labels[:, :10])) == len(np.unique(labels[:, 10:])) == 1 and labels.max() == 1


def test_cells_are_as_equal_as_pixels_allow() -> None:
    areas = np.bincount(cells((13, 22), (3, 4)).ravel())
    assert len(areas) == 12 and areas.min() == 4 * 5 and areas.max() == 5 * 6
