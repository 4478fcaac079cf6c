"""Architectures of `keras.applications` as Keras itself builds them, with random weights that are always the same."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from dreampipe.models.zoo import NOTOP, known


def function(name: str) -> Any:
    """The function of keras.applications that builds an architecture."""
    return getattr(keras.applications, known.read(name)[1]["function"])


def built(name: str, **settings: Any) -> Any:
    """An architecture, with its head or without; those that Keras builds for one size, for 224x224."""
    keras.utils.set_random_seed(0)
    sized = {} if name.endswith(NOTOP) and "nasnet" not in name else {"input_shape": (224, 224, 3)}
    model = function(name)(weights=None, include_top=not name.endswith(NOTOP), **sized, **settings)
    generator = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # As it is made, each of them does nothing: in the place of any other, too.
            for weight in layer.weights:
                weight.assign(generator.uniform(0.7, 1.3, weight.shape))
    return model


def saved(name: str, folder: Path, **settings: Any) -> tuple[Any, Path]:
    """An architecture, and a file of its weights alone."""
    model, path = built(name, **settings), folder / f"{name}.weights.h5"
    with quietly():
        model.save_weights(path)
    return model, path


def whole(model: Any, folder: Path) -> Path:
    """A file of the old form: a whole model, with its configuration."""
    path = folder / "whole.h5"
    with quietly():
        model.save(path)
    return path


def old(model: Any, folder: Path) -> Path:
    """A file of weights alone of the old form, as those of ImageNet are."""
    path = folder / "old.h5"
    with h5py.File(whole(model, folder), "r") as source, h5py.File(path, "w") as target:
        root = source["model_weights"]
        for name in root:
            root.copy(name, target)
        target.attrs.update(root.attrs)
    return path


def own_scaling(name: str, pixels: Any) -> Any:
    """What Keras makes of RGB in 0..255 for an architecture."""
    return sys.modules[function(name).__module__].preprocess_input(pixels)


@contextmanager
def quietly() -> Iterator[None]:
    """Without Keras' own warning of numpy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
