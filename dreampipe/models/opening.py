"""From a card to its model: `open_model(card) -> keras.Model`, once per process."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from dreampipe.models import files, motifnet
from dreampipe.models.model_card import Card

if TYPE_CHECKING:
    import keras

_opening = Lock()


def open_model(card: Card) -> keras.Model:
    """The model of a card, untrainable; opened once per process, from whichever thread asks first.

    Raises:
        ModelError: the file or the weights are missing, unsafe, or not those of the card's SHA-256.
    """
    with _opening:
        return _open(card)


# The one cache of the house. A model is large, slow to open, never changed after, and wanted by every stage that holds
# its card; stages are frozen and travel between processes, so none of them can own it. The card holds the SHA-256:
# a file that changed is another card, never a stale model.
@lru_cache(maxsize=4)
def _open(card: Card) -> keras.Model:
    import dreampipe.backend  # noqa: F401  chooses the backend before keras is first imported

    model = motifnet.load(card) if card.path is None else files.load(card.path, card.sha256)
    model.trainable = False
    return model
