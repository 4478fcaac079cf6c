"""Weights that a model needs and the disk lacks: which they are, and their download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dreampipe.models import Card, imagenet, zoo
from dreampipe.models.weights.store import Weights

if TYPE_CHECKING:
    from dreampipe.models.weights.downloading import OnProgress


def missing(card: Card) -> Weights | None:
    """Find the weights that must be downloaded before a model can be opened; None if there are none."""
    return zoo.weights_of(card.name) if card.architecture and card.path is None else None


def fetch_names(card: Card) -> None:
    """Download the names of the classes of a model whose weights are missing: an objective may name one of them."""
    if missing(card) and card.outputs == imagenet.COUNT:
        from dreampipe.models.weights import fetching  # urllib and ssl cost a twentieth of a second

        fetching.fetch_names()


def fetch_weights(card: Card, on_progress: OnProgress | None = None) -> None:
    """Download the weights of a model if they are missing.

    Raises:
        ModelError: they cannot be downloaded; the sentence says which file to put where.
    """
    if weights := missing(card):
        from dreampipe.models.weights import fetching

        fetching.fetch(weights, on_progress=on_progress, name=card.name)
