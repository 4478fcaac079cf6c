"""The embedded model `motifnet`: what a clean checkout dreams with.

network.py    the architecture
renderer.py   the training pictures: motifs/ on a scenery.py
rendering.py  a program that writes them to stdout
train.py      the training, which makes weights.npz
card.toml     the card of the result
decoder.py, train_decoder.py, decoder_weights.npz, decoder.toml   the same for the decoder of `--param prior`
evaluate.py, checkpoints.py, publish.py   measure, continue and export a training
second/       a second edition, tried and not used
"""

from __future__ import annotations

import hashlib
import io
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreampipe.errors import ModelError
from dreampipe.models.model_card import Card, Layer

if TYPE_CHECKING:
    from dreampipe.backend import keras

CARD = Path(__file__).with_name("card.toml")
WEIGHTS = Path(__file__).with_name("weights.npz")
DECODER_CARD = Path(__file__).with_name("decoder.toml")
DECODER_WEIGHTS = Path(__file__).with_name("decoder_weights.npz")


@cache  # each command asks for it about ten times
def card() -> Card:
    """The card of motifnet, out of card.toml."""
    known = tomllib.loads(CARD.read_text(encoding="utf-8"))
    return Card(
        name=known["name"],
        scaling=known["scaling"],
        classes=tuple(known["classes"]),
        least=known["least"],
        objective=known["objective"],
        sha256=known["sha256"],
        figures=tuple((name, float(value)) for name, value in known["figures"].items()),
        layers=_layers(known),
        outputs=len(known["classes"]),
    )


def _layers(known: dict[str, Any]) -> tuple[Layer, ...]:
    return tuple(
        Layer(
            name,
            kind,
            channels,
            stride or None,
            field or None,
            known["recommended"].get(name, ""),
            cost=cost,
            size=(side, side) if side else None,
        )
        for name, kind, channels, stride, field, cost, side in known["layers"]
    )


def load(card: Card, weights: Path = WEIGHTS) -> keras.Model:
    """The network with its weights: an npz of half-precision arrays, each under the `path` of its variable.

    Raises:
        ModelError: the weights are missing, not those of the card's SHA-256, or not those of this network.
    """

    def build() -> keras.Model:
        from dreampipe.models.motifnet import network

        return network.build(len(card.classes))

    return _fill(build, weights, card.sha256)


def load_decoder(sha256: str, weights: Path = DECODER_WEIGHTS) -> keras.Model:
    """The decoder with its weights, kept as those of the network are.

    Raises:
        ModelError: as of `load`.
    """

    def build() -> keras.Model:
        from dreampipe.models.motifnet import decoder

        return decoder.decoder()

    return _fill(build, weights, sha256)


def _fill(build: Callable[[], keras.Model], weights: Path, sha256: str) -> keras.Model:
    """Check the weights, build the model, and fill it with them."""
    data = _read_checked(weights, sha256)
    import numpy as np

    model = build()
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        expected = {w.path: w.shape for w in model.weights}
        if {name: arrays[name].shape for name in arrays.files} != expected:
            raise ModelError(
                f"The weights {weights} are of another network than this {model.name}: install dreampipe again."
            )
        for variable in model.weights:
            variable.assign(arrays[variable.path].astype(np.float32))
    return model


def _read_checked(weights: Path, sha256: str) -> bytes:
    """The file's bytes, read once, so that what was checked is what is used."""
    if not sha256:
        raise ModelError(
            "The card of motifnet holds no SHA-256, so no weights can be trusted: install dreampipe again."
        )
    try:
        data = weights.read_bytes()
    except OSError as error:
        raise ModelError(
            f"The weights {weights} cannot be read ({error.strerror}): install dreampipe again."
        ) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(f"The weights {weights} are not those of the card (SHA-256 differs): install dreampipe again.")
    return data
