"""A channel of branches laid side by side, and the layer that makes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dreampipe.backend import keras
from dreampipe.errors import ModelError
from dreampipe.models.tap import branches, tap

layers = keras.layers

IMAGE = np.random.default_rng(1).random((1, 16, 16, 3), np.float32)


def model() -> Any:
    """Branches of 4, 3 and 5 channels, the last two within a block of their own, and some that only look like it."""
    keras.utils.set_random_seed(4)
    image = keras.Input((None, None, 3), name="image")
    one, two, three = (
        layers.Conv2D(n, 3, padding="same", name=name)(image) for n, name in ((4, "a"), (3, "b"), (5, "c"))
    )
    inner = layers.Concatenate(name="inner")([two, three])
    outer = layers.Concatenate(axis=3, name="outer")([one, inner])
    with_image = layers.Concatenate(name="with_image")([outer, image])
    stacked = layers.Concatenate(axis=1, name="stacked")([with_image, with_image])
    return keras.Model(image, layers.ReLU(name="after")(stacked))


MODEL = model()


@pytest.mark.parametrize(
    "layer, channel, made_in",
    [
        ("outer", 0, ("a", 0)),
        ("outer", 3, ("a", 3)),
        ("outer", 4, ("b", 0)),
        ("outer", 6, ("b", 2)),
        ("outer", 7, ("c", 0)),
        ("outer", 11, ("c", 4)),
        ("inner", 2, ("b", 2)),
        ("with_image", 9, ("c", 2)),
        ("with_image", 13, ("with_image", 13)),
        ("a", 2, ("a", 2)),
        ("after", 4, ("after", 4)),
        ("stacked", 1, ("stacked", 1)),
    ],
)
def test_the_layer_that_makes_a_channel(layer: str, channel: int, made_in: tuple[str, int]) -> None:
    assert branches(MODEL, layer, [channel]) == (made_in,)


@pytest.mark.parametrize("layer", ["inner", "outer", "with_image"])
def test_it_is_the_same_channel(layer: str) -> None:
    whole = np.asarray(tap(MODEL, [layer])(IMAGE)[layer])
    for channel in range(whole.shape[-1]):
        ((name, number),) = branches(MODEL, layer, [channel])
        np.testing.assert_array_equal(tap(MODEL, [name])(IMAGE)[name][..., number], whole[..., channel])


def test_what_is_not_there() -> None:
    with pytest.raises(ModelError, match="no layer 'outre'"):
        branches(MODEL, "outre", [0])
    assert branches(MODEL, "outer", [12]) == (("outer", 12),)
