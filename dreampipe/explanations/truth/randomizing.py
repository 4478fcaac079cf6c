"""Networks with random weights, from the top down: a map that stays the same does not show what was learned.

Source: Adebayo, Gilmer, Muelly, Goodfellow, Hardt and Kim 2018, "Sanity Checks for Saliency Maps".

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.backend import keras


def randomize(model: keras.Model, share: float, seed: int) -> keras.Model:
    """Copy a model, and shuffle the values of each weight of its last layers.

    A shuffled weight keeps its values, so activations stay about as large as they were.

    Args:
        model: it stays as it is.
        share: of the layers with weights, counted from the answers down, rounded up; 0 for none, 1 for all.
        seed: of the shuffling; a layer is shuffled in the same way whatever the share.
    """
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    holders = [layer for layer in copy.layers if layer.weights]
    for number, layer in enumerate(reversed(holders)):
        if number < math.ceil(share * len(holders)):
            rng = np.random.default_rng([seed, number])
            layer.set_weights([_shuffle(rng, weight) for weight in layer.get_weights()])
    return copy


def _shuffle(rng: np.random.Generator, weight: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return rng.permutation(weight.ravel()).reshape(weight.shape)
