"""The architectures of `keras.applications`, known by name before anything is built or downloaded.

    NAMES      card(name) -> Card   brief(name) -> Card   weights_of(name) -> Weights
    fitted(path, name) -> Card          build(name, path, sha256) -> keras.Model

Each is also there as `NAME-notop`: without its head of classes, with the smaller file of weights that Keras has for it.

    cards/         what people know of them: scaling, licence, files of weights, layers that dream well; a file a family
    described/     all layers of them, and the shapes of their weights: generated, compressed
    known.py       reads cards/
    described.py   reads described/
    describe.py    a program that writes described/ from the built architectures
    fitting.py     which array of a file of weights goes where, checked before keras is loaded
    building.py    an architecture with its weights in
    padding.py     the one layer that is ours: a padding of NASNet that meets at any size

Only `building`, `describe` and `padding` import keras.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dreampipe.errors import ModelError
from dreampipe.models.model_card import Card, Layer, Scaling
from dreampipe.models.weights.store import Weights
from dreampipe.models.zoo import described, fitting, known
from dreampipe.models.zoo.known import NAMES, NOTOP, check_backend, is_known

if TYPE_CHECKING:
    from dreampipe.backend import keras

__all__ = [
    "NAMES",
    "NOTOP",
    "Weights",
    "brief",
    "build",
    "card",
    "check_backend",
    "check_fit",
    "fit_card",
    "is_known",
    "weights_of",
]


def card(name: str) -> Card:
    """The card of an architecture, without weights: `path` and `sha256` are empty.

    Raises:
        ModelError: there is no such architecture.
    """
    found, (_, model), layers = brief(name), known.read(name), described.read(name)
    return replace(
        found,
        least=max(found.least, layers.least),
        head_size=known.head_size(name),
        layers=known.recommend(layers.layers, model["recommended"]),
    )


def brief(name: str) -> Card:
    """The card of an architecture for lists, at once: without its layers and the size of its head, and with the least
    side that Keras gives.

    Raises:
        ModelError: there is no such architecture.
    """
    family, model = known.read(name)
    return Card(
        name=name,
        scaling=family["scaling"],
        least=family["least"],
        objective=model["objective"],
        outputs=0 if name.endswith(NOTOP) else described.CLASSES,
        architecture=name,
        download=known.weights(name).bytes,
        licence=family["licence"],
    )


def weights_of(name: str) -> Weights:
    """The file of ImageNet's weights that Keras has for an architecture; its size is that of its numbers, so about.

    Raises:
        ModelError: there is no such architecture.
    """
    return known.weights(name)


def check_fit(path: Path, name: str, source: Path | None = None) -> None:
    """Raise ModelError unless a file holds weights of this very architecture, with its head or without, as named.

    Args:
        source: the file that `path` is a copy of, to be named in its place.
    """
    found = fitting.find_fit(path, name, source).architecture
    if found != name:
        raise ModelError(
            f"The weights {source or path} are those of {found}, but those of {name} are expected: name {found}."
        )


def fit_card(path: Path, name: str, scaling: Scaling | None = None) -> Card:
    """The card of an architecture with a file of weights of the user's own, of any number of classes or without a head.

    Args:
        scaling: how these weights want their pixels, if not as those that Keras has.

    Raises:
        ModelError: there is no such architecture, or the file does not fit it.
    """
    fit = fitting.find_fit(path, name)
    found = card(fit.architecture)
    return replace(
        found,
        scaling=scaling or found.scaling,
        path=path.absolute(),
        sha256=fit.sha256,
        layers=tuple(_counting(layer, fit.outputs) for layer in found.layers),
        outputs=fit.outputs,
        download=None,
        licence="",
    )


def _counting(layer: Layer, outputs: int) -> Layer:
    """A layer on the way of the logits, with as many classes as there are."""
    at_the_end = layer.channels == described.CLASSES and layer.stride is None
    return replace(layer, channels=outputs) if at_the_end else layer


def build(name: str, path: Path | None, sha256: str) -> keras.Model:
    """An architecture with the weights of a file, opened afresh.

    Raises:
        ModelError: there is no file, or it is not that of `sha256`.
    """
    from dreampipe.models.zoo import building

    return building.build(name, path, sha256)
