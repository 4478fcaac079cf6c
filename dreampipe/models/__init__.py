"""Models: what can be climbed, and what is known of it before it is opened.

    model_card.py  Card and Layer, frozen values that travel
    opening.py     open_model, the model once per process, and open_decoder
    tap.py         a model cut at the deepest layer asked for: image -> {layer name: activation}
    operations.py  operations of a model with another gradient, or with the same values in another form
    scaling.py     pixels in [0, 1] to a model's own input
    names.py       names of layers that stay the same in every process
    imagenet.py    ImageNet's class names, if they were downloaded
    decoders.py    decoders of pictures, files or shipped, and their cards
    graphs/        facts from a configuration: layers, strides, receptive fields, sizes, costs
    memory.py      Keras models in the memory of the user's program
    own/           the user's own .keras files, checked before they are opened, and the cards next to them
    weights/       files of weights: where they are, and how they are downloaded
    zoo/           the architectures of keras.applications
    motifnet/      the embedded model, and its decoder

`import dreampipe.models`, `card`, `cards` and `Card.layers` load neither tensorflow nor keras; `open_model`, `scale`
and the module `tap` do.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from dreampipe.errors import ModelError, nearest
from dreampipe.models import imagenet, memory, motifnet, zoo
from dreampipe.models.decoders import DecoderCard, decoder
from dreampipe.models.model_card import SCALINGS, Card, Layer, Scaling
from dreampipe.models.opening import open_decoder, open_model
from dreampipe.models.own import files
from dreampipe.models.weights import store

__all__ = [
    "SCALINGS",
    "Card",
    "DecoderCard",
    "Layer",
    "Scaling",
    "card",
    "cards",
    "decoder",
    "open_decoder",
    "open_model",
]


_OWN = "motifnet"


def cards() -> tuple[Card, ...]:
    """The cards of the models that have a name of their own: motifnet, and the architectures of `keras.applications`.

    Each of the latter is also there without its head, as NAME-notop.
    """
    return (motifnet.card(), *map(_zoo_card, zoo.NAMES))


def card(
    name_or_path: str | Path | Any,
    scaling: Scaling | None = None,
    *,
    weights: str | Path | None = None,
    trust: bool = False,
    imports: str | Path | None = None,
) -> Card:
    """The card of a named model, of a `.keras` file, or of a Keras model in memory.

    Args:
        name_or_path: a name out of `cards()`, that of an architecture followed by -notop, the path of a file that ends
            in `.keras`, or a built `keras.Model`, Functional or Sequential, of which the card holds the weights as they
            are now.
        scaling: how a file wants its pixels; None takes it from the card beside it, or assumes it, with a note.
            A named model knows its own.
        weights: a file of weights alone, `.weights.h5` or `.h5`, for a named architecture; None takes those of
            ImageNet, where they are on the disk.
        trust: whether a file is opened without checking what it may run.
        imports: a Python file that defines layers of the model; it is run, and needs `trust`. Without it, layers that
            `keras.saving.register_keras_serializable` knows in this process are found.

    Raises:
        ModelError: there is no such model, the file is not safe to open, does not fit, or the scaling is not possible.
    """
    name = str(name_or_path) if isinstance(name_or_path, str | os.PathLike) else memory.hold(name_or_path)
    if scaling is not None and scaling not in SCALINGS:
        raise ModelError(f"The scaling came as {scaling!r}, but one of {', '.join(SCALINGS)} is expected.")
    if weights is not None and not zoo.is_known(name):
        raise ModelError(
            f"Weights came for the model {name!r}, but they go into one of keras.applications "
            f"({nearest(name, zoo.NAMES)}): name its architecture, or leave the weights out."
        )
    if weights is not None:
        return _with_classes(zoo.fit_card(Path(weights), name, scaling))
    if imports is not None and (memory.is_name(name) or name == _OWN or zoo.is_known(name)):
        raise ModelError(f"--import {imports} came for the model {name}, but it is for a .keras file: leave it out.")
    if memory.is_name(name):
        return memory.card(name, scaling)
    if name == _OWN or zoo.is_known(name):
        return describe_scaling(motifnet.card() if name == _OWN else _zoo_card(name), scaling)
    return _file_card(name, scaling, trust, None if imports is None else Path(imports))


def describe_scaling(found: Card, scaling: Scaling | None) -> Card:
    if scaling not in (None, found.scaling):
        raise ModelError(f"{found.name} takes its pixels as {found.scaling!r}, not {scaling!r}: leave the scaling out.")
    return found


def _zoo_card(name: str) -> Card:
    """The card of an architecture, with ImageNet's weights where they are on the disk."""
    found = _with_classes(zoo.card(name))
    held = store.find_whole(zoo.weights_of(name))
    return replace(found, path=held[0], sha256=held[1]) if held else found


def _with_classes(found: Card) -> Card:
    return replace(found, classes=imagenet.class_names() or ()) if found.outputs == imagenet.COUNT else found


def _file_card(name: str, scaling: Scaling | None, trust: bool, imports: Path | None) -> Card:
    path = Path(name)
    if path.suffix != ".keras" and not os.path.exists(path):
        answer = nearest(name, (_OWN, *zoo.NAMES))
        raise ModelError(f"There is no model {name!r} ({answer}; the path of a file must end in .keras).")
    return files.card(path, scaling, trust=trust, imports=imports)
