"""Models: what can be climbed, and how it is known before it is opened.

    model_card.py  Card and Layer, frozen values that travel
    opening.py   open_model, the model once per process, and open_decoder
    files.py     the user's own .keras files, checked before anything in them is built
    archive.py   their outside: what kind of file, which members, how large
    allowed.py   their inside: what a configuration may name
    graph.py     a configuration as one flat graph
    names.py     names of layers that last
    fields.py    strides and receptive fields, by arithmetic over the graph
    sizes.py     sizes of pictures that the graph can take
    heads.py     whether the graph ends in a head of classes
    imagenet.py  ImageNet's class names, where they have been downloaded
    store.py     where weights lie on the disk, and whether they are whole
    fetching.py  weights brought there, once; downloading.py: one file, however often the connection is cut
    tap.py       a model cut at the deepest layer asked for: image -> {layer name: activation}
    scaling.py   pixels in [0, 1] to a model's own input
    decoders.py  decoders of pictures, files or shipped, and their cards
    motifnet/    the embedded model, and its decoder

`import dreampipe.models`, `card`, `cards` and `Card.layers` load neither tensorflow nor keras; `open_model`, `scale`
and the module `tap` do.
"""

from __future__ import annotations

import os
from pathlib import Path

from dreampipe.errors import ModelError, nearest
from dreampipe.models import files, motifnet
from dreampipe.models.decoders import DecoderCard, decoder
from dreampipe.models.model_card import SCALINGS, Card, Layer, Scaling
from dreampipe.models.opening import open_decoder, open_model

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


def cards() -> tuple[Card, ...]:
    """The cards of the models that have a name of their own."""
    return (motifnet.card(),)


def card(
    name_or_path: str | Path,
    scaling: Scaling | None = None,
    *,
    weights: str | Path | None = None,
    trust: bool = False,
) -> Card:
    """The card of a built-in model, or of a `.keras` file.

    Args:
        name_or_path: a name out of `cards()`, or the path of a file that ends in `.keras`.
        scaling: how a file wants its pixels; None assumes tf, with a note. A built-in model knows its own.
        weights: a file of weights for a named architecture.
        trust: whether a file is opened without checking what it may run.

    Raises:
        ModelError: there is no such model, the file is not safe to open, or the scaling is not possible.
    """
    if scaling is not None and scaling not in SCALINGS:
        raise ModelError(f"The scaling came as {scaling!r}, but one of {', '.join(SCALINGS)} is expected.")
    known = {c.name: c for c in cards()}
    if str(name_or_path) not in known:
        return _file_card(name_or_path, tuple(known), scaling)
    found = known[str(name_or_path)]
    if scaling not in (None, found.scaling):
        raise ModelError(f"{found.name} takes its pixels as {found.scaling!r}, not {scaling!r}: leave the scaling out.")
    return found


def _file_card(name_or_path: str | Path, known: tuple[str, ...], scaling: Scaling | None) -> Card:
    path = Path(name_or_path)
    if path.suffix != ".keras" and not os.path.exists(path):
        answer = nearest(str(name_or_path), known)
        raise ModelError(f"There is no model {str(name_or_path)!r} ({answer}; the path of a file must end in .keras).")
    return files.card(path, scaling)
