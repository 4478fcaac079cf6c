"""An architecture of `keras.applications`, empty or with its weights; the module imports keras.

architecture(name, classes) -> keras.Model        build(name, path, sha256) -> keras.Model
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dreampipe.backend import keras
from dreampipe.errors import ModelError
from dreampipe.models.names import recount
from dreampipe.models.weights import store
from dreampipe.models.zoo import fitting, known
from dreampipe.models.zoo.described import CLASSES
from dreampipe.models.zoo.known import NAMES, NOTOP
from dreampipe.models.zoo.padding import meeting

_SHAPE = (224, 224, 3)
"""With a head Keras wants a size. This is VGG's own, and even down to the grid of 32 pixels, so that the paddings are
those of architectures without a head, which are built for any size."""
_DEVIATION = (0.229, 0.224, 0.225)


def architecture(name: str, classes: int = CLASSES) -> keras.Model:
    """Build an architecture with random weights, whose layers have the names that they have in a fresh process.

    Args:
        name: out of `NAMES`, alone or with `-notop` at its end.
        classes: of the head.

    Raises:
        ModelError: Keras does not have it on this backend.
    """
    known.check_backend(name)
    _, model = known.read(name)
    build = getattr(keras.applications, model["function"])
    if name.startswith("nasnet"):
        built = meeting(build(include_top=name in NAMES, weights=None, input_shape=_SHAPE, classes=classes))
    elif name.endswith(NOTOP):
        built = build(include_top=False, weights=None)
    else:
        built = build(weights=None, input_shape=_SHAPE, classes=classes)
    name_as_first(built)
    return built


def name_as_first(model: keras.Model) -> None:
    """Give the layers the names of a fresh process, whatever this process has built before."""
    operations = getattr(model, "operations", model.layers)  # Sequential has layers alone
    names = recount((type(operation).__name__, operation.name) for operation in operations)
    for operation in operations:
        operation.name = names[operation.name]
        if isinstance(operation, keras.Model):
            name_as_first(operation)


def weights(layer: Any) -> list[Any]:
    """The weights of a layer in the order in which files have them."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def build(name: str, path: Path | None, sha256: str) -> keras.Model:
    """An architecture with the weights of a file.

    Raises:
        ModelError: there is no file, it is not that of `sha256`, or its weights do not fit.
    """
    if path is None:
        raise ModelError(_missing(name))
    with fitting.open_fitting(path, name, sha256) as (fit, arrays):
        model = architecture(fit.architecture, fit.outputs or CLASSES)
        for layer, values in zip((layer for layer in model.layers if weights(layer)), arrays, strict=True):
            for weight, value in zip(weights(layer), values, strict=True):
                weight.assign(value)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            _finish(layer, fit.rescaled)
    return model


def _finish(normalization: Any, rescaled: bool) -> None:
    """Make a layer of the mean and variance that it was given use them."""
    if rescaled and normalization.input_mean is None:
        # Keras builds EfficientNet with its own weights with one more division, by the root of ImageNet's deviation.
        normalization.adapt_variance.assign(normalization.adapt_variance * np.array(_DEVIATION, np.float32))
    normalization.finalize_state()


def _missing(name: str) -> str:
    file = known.weights(name)
    return (
        f"The weights of {name} are not on the disk: run `dreampipe models fetch {name}`, or put {file.address} into "
        f"{store.folder()} as {file.file}."
    )
