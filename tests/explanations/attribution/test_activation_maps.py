"""Class activation maps against closed forms: on a network whose head is a mean over places and one dense layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from dreampipe.backend import keras
from dreampipe.errors import ModelError, RecipeError
from dreampipe.explanations.attribution import METHODS, parse_methods
from dreampipe.explanations.explaining import ask, explain
from dreampipe.explanations.explanation import Explanation
from dreampipe.models import Card

layers = keras.layers
SIZE, GRID = (12, 20), (6, 10)
MAPS = tuple(name for name, kind in METHODS.items() if kind.family == "class activation")
POSITIVE = tuple(name for name in MAPS if METHODS[name].signs == "positive")


def picture(size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.random.default_rng(1).random((*size, 3), np.float32)


def explained(model: Card, method: str, objective: str = "logit(1)", pixels: np.ndarray | None = None) -> Explanation:
    (parsed,) = parse_methods(method)
    return explain(ask(model, objective), picture() if pixels is None else pixels, parsed)


class Known:
    """A network and its numbers: features of the means of 2x2 pixels, ReLU, mean over places, two logits."""

    def __init__(self, mix: np.ndarray, shift: np.ndarray, head: np.ndarray, bias: np.ndarray) -> None:
        self.mix, self.shift, self.head, self.bias = (np.asarray(one, np.float32) for one in (mix, shift, head, bias))

    def model(self) -> Any:
        image = keras.Input((None, None, 3))
        conv = layers.Conv2D(self.mix.shape[1], 1, name="mixed")
        x = layers.ReLU(name="features")(conv(layers.AveragePooling2D(2, name="cells")(image)))
        dense = layers.Dense(2, name="classes")
        model = keras.Model(image, dense(layers.GlobalAveragePooling2D(name="means")(x)))
        conv.set_weights([self.mix[None, None], self.shift])
        dense.set_weights([self.head, self.bias])
        return model

    def features(self, pixels: np.ndarray) -> np.ndarray:
        height, width, _ = pixels.shape
        cells = pixels.reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))
        return np.maximum(cells @ self.mix + self.shift, 0)

    def logit(self, features: np.ndarray) -> float:
        return float(features.mean((0, 1)) @ self.head[:, 1] + self.bias[1])


KNOWN = Known(
    [[1, -1, 0.5, 0.2], [0, 1, -0.5, 0.3], [-0.5, 0.5, 1, -0.4]],
    [0.1, 0, -0.2, 0.05],
    [[1, 2], [1, -1], [0, 1.5], [2, 0.5]],
    [0.5, -0.25],
)


@pytest.fixture(scope="module")
def model(keep: Callable[[Any], Card]) -> Card:
    return keep(KNOWN.model())


def laid_out(cells: np.ndarray) -> np.ndarray:
    """A map of cells in the picture's pixels: bilinear, centres at halves, the sum kept."""
    large = cv2.resize(cells.astype(np.float32), SIZE[::-1], interpolation=cv2.INTER_LINEAR)
    return large * cells.size / large.size


def weigh_by_hand(method: str) -> np.ndarray:
    features, head = KNOWN.features(picture()), KNOWN.head[:, 1]
    count = features.shape[0] * features.shape[1]
    if method in ("grad-cam", "hirescam"):
        return features @ (head / count)
    if method == "layercam":
        return features @ (np.maximum(head, 0) / count)
    if method == "grad-cam++":
        g = head / count
        share = g**2 / (2 * g**2 + features.sum((0, 1)) * g**3)
        return features @ (count * share * np.maximum(g, 0))
    if method == "ablation-cam":
        return features @ (features.mean((0, 1)) * head)
    assert method == "score-cam"
    low, high = features.min((0, 1)), features.max((0, 1))
    scores = []
    for mask in np.moveaxis((features - low) / (high - low), -1, 0):
        large = cv2.resize(mask, SIZE[::-1], interpolation=cv2.INTER_LINEAR)
        scores.append(KNOWN.logit(KNOWN.features(picture() * large[..., None])))
    rises = np.exp(np.array(scores) - KNOWN.logit(KNOWN.features(np.zeros_like(picture()))))
    return features @ (rises / rises.sum())


@pytest.mark.parametrize("method", [name for name in MAPS if name != "eigen-cam"])
def test_maps_by_hand(model: Card, method: str) -> None:
    cells = weigh_by_hand(method)
    cells = np.maximum(cells, 0) if method in POSITIVE else cells
    found = explained(model, f"{method}(layer=features)")
    assert found.map.sum(dtype=np.float64) == pytest.approx(cells.sum(dtype=np.float64), rel=1e-5)
    np.testing.assert_allclose(found.heat(), laid_out(cells), rtol=1e-3, atol=1e-5)


def test_eigen_cam_is_the_first_principal_direction(model: Card) -> None:
    features = KNOWN.features(picture())
    values, vectors = np.linalg.eigh(np.einsum("hwc,hwd->cd", features, features, dtype=np.float64))
    cells = np.abs(features @ vectors[:, values.argmax()])  # all of one sign, for features are positive
    found = explained(model, "eigen-cam(layer=features)")
    np.testing.assert_allclose(found.heat(), laid_out(cells), rtol=1e-3, atol=1e-5)


def test_hirescam_is_complete_where_the_head_is_linear(keep: Callable[[Any], Card]) -> None:
    rng = np.random.default_rng(4)
    image = keras.Input((*SIZE, 3))
    x = layers.Conv2D(5, 3, strides=2, padding="same", activation="relu", name="features")(image)
    dense = layers.Dense(2)
    model = keras.Model(image, dense(layers.Flatten()(x)))
    dense.set_weights([rng.normal(size=dense.kernel.shape).astype(np.float32), np.float32([1, 0.75])])
    found = explained(keep(model), "hirescam")
    assert found.map.sum(dtype=np.float64) == pytest.approx(found.answer - 0.75, rel=1e-5)


@pytest.mark.parametrize("method", MAPS)
def test_the_layer_is_chosen_and_named(model: Card, method: str) -> None:
    found = explained(model, method)
    assert any("of the layer features" in note for note in found.notes)
    np.testing.assert_array_equal(found.map, explained(model, f"{method}(layer=features)").map)


@pytest.fixture(scope="module")
def bright(keep: Callable[[Any], Card]) -> Card:
    """A network whose features are active where a picture is bright."""
    return keep(Known([[1, 0.5], [1, 0.25], [1, 0.5]], [-0.2, -0.1], [[0, 1], [0, 1]], [0, 0]).model())


@pytest.mark.parametrize("method", MAPS)
@pytest.mark.parametrize("size", [(8, 24), (24, 8)])
def test_the_map_of_an_oblong_picture_is_not_transposed(bright: Card, method: str, size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), 0.02, np.float32)
    pixels[:4, -4:] = 0.9
    heat = explained(bright, method, pixels=pixels).heat()
    assert heat.shape == size
    assert heat[:4, -4:].sum() > 0.6 * np.abs(heat).sum()


@pytest.fixture(
    scope="module",
    params=[
        (0.5, 1.0, "same at every place"),  # a constant activation that speaks for the class
        (0.5, -1.0, "speaks for the answer"),  # and against it
        (-9.0, 1.0, "speaks for the answer"),  # a ReLU that is asleep everywhere
    ],
    ids=["for", "against", "asleep"],
)
def flat(request: pytest.FixtureRequest, keep: Callable[[Any], Card]) -> tuple[Card, str]:
    """A network whose features are the same at every place, and what is said of it."""
    shift, head, said = request.param
    return keep(Known(np.zeros((3, 2)), [shift, shift], [[0, head], [0, head]], [0, 1]).model()), said


@pytest.mark.parametrize("method", MAPS)
def test_a_constant_activation_gives_a_map_of_zeros_and_says_so(flat: tuple[Card, str], method: str) -> None:
    model, said = flat
    found = explained(model, f"{method}(layer=features)")
    assert np.isfinite(found.map).all()
    if method == "hirescam":  # which is signed, and keeps what it promises
        assert found.map.sum(dtype=np.float64) == pytest.approx(found.answer - 1, abs=1e-6)
        return
    assert not found.map.any()
    weightless = method in ("score-cam", "eigen-cam")  # which do not look at the head, or have no masks
    assert weightless or any(said in note for note in found.notes)
    assert any("the map is 0" in note or "and is 0" in note for note in found.notes)


@pytest.fixture(scope="module")
def negative(keep: Callable[[Any], Card]) -> Card:
    """A network whose layer `mixed` is below 0 everywhere."""
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(2, 1, name="mixed")(image)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(2)(x))
    model.set_weights([-np.ones((1, 1, 3, 2)), -np.ones(2), np.ones((2, 2)), np.zeros(2)])
    return keep(model)


@pytest.mark.parametrize("method", POSITIVE)
def test_an_activation_that_is_negative_everywhere_gives_a_map_of_zeros(negative: Card, method: str) -> None:
    found = explained(negative, f"{method}(layer=mixed)")
    assert not found.map.any() and any("No place of the layer mixed speaks" in note for note in found.notes)


def test_the_order_of_channels_means_nothing_to_eigen_cam(keep: Callable[[Any], Card]) -> None:
    maps = []
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]):
        mixed = Known(KNOWN.mix[:, order], KNOWN.shift[order], KNOWN.head[order], KNOWN.bias)
        maps.append(explained(keep(mixed.model()), "eigen-cam").heat())
    assert maps[0].max() > 0
    np.testing.assert_allclose(maps[1], maps[0], atol=1e-5)
    np.testing.assert_allclose(maps[2], maps[0], atol=1e-5)


@pytest.mark.parametrize("method", ["grad-cam", "score-cam"])
@pytest.mark.parametrize(
    ("layer", "objective", "said"),
    [
        ("means", "logit(1)", "no rows and columns: name one that has them, such as features"),
        ("classes", "logit(1)", "no rows and columns"),
        ("feature", "logit(1)", "does not have: did you mean features"),
        ("features", "mixed[1]", r"mixed\[1\] does not depend on it: name a layer before it, such as cells"),
    ],
)
def test_a_layer_that_cannot_be_shown_is_refused(
    model: Card, method: str, layer: str, objective: str, said: str
) -> None:
    with pytest.raises((ModelError, RecipeError), match=said):
        explained(model, f"{method}(layer={layer})", objective)


def test_a_model_without_places_is_refused(linear: tuple[Card, np.ndarray]) -> None:
    with pytest.raises(ModelError, match="needs a layer with places, but network has none before"):
        explained(linear[0], "grad-cam")


@pytest.mark.parametrize("method", ["grad-cam", "ablation-cam", "layercam"])
def test_a_channel_is_explained_by_the_layer_before_it(model: Card, method: str) -> None:
    found = explained(model, method, "features[0]")
    assert any("of the layer mixed" in note for note in found.notes) and found.map.any()


@pytest.fixture(scope="module")
def other(keep: Callable[[Any], Card]) -> Card:
    """The network with another head."""
    return keep(Known(KNOWN.mix, KNOWN.shift, [[1, 0.5], [1, 1], [0, -0.5], [2, 2]], KNOWN.bias).model())


@pytest.mark.parametrize("method", [name for name in MAPS if name != "eigen-cam"])
def test_the_map_changes_with_the_weights(model: Card, other: Card, method: str) -> None:
    """Adebayo et al. 2018; Eigen-CAM says in a note that it does not look at what is explained."""
    before, after = explained(model, method).map, explained(other, method).map
    assert np.abs(before - after).max() > 0.02 * np.abs(before).max()
    assert any("whatever is explained" in note for note in explained(model, "eigen-cam").notes)
