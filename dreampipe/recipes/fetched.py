"""The weights of a recipe's model, downloaded before it is climbed, where they are not on the disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dreampipe.models import Card, zoo
from dreampipe.models.weights.store import Weights

if TYPE_CHECKING:
    from dreampipe.models.weights.downloading import OnProgress
    from dreampipe.recipes.climbing import Climbing


def missing(card: Card) -> Weights | None:
    """The weights that must be downloaded before a model can be opened; None where there are none such."""
    return zoo.weights_of(card.name) if card.architecture and card.path is None else None


def fetch_names(card: Card) -> None:
    """Download the names of the classes of a model whose weights are missing: an objective may name one of them."""
    from dreampipe.models import imagenet
    from dreampipe.models.weights import fetching  # urllib and ssl cost a twentieth of a second

    if missing(card) and card.outputs == imagenet.COUNT:
        fetching.fetch_names()


def fetch_weights(card: Card, on_progress: OnProgress | None = None) -> None:
    """Download the weights of a model where they are missing.

    Raises:
        ModelError: they cannot be had; the sentence says which file to put where.
    """
    from dreampipe.models.weights import fetching

    if weights := missing(card):
        fetching.fetch(weights, on_progress=on_progress, name=card.name)


def fetched(recipe: Climbing, check: Callable[[], object]) -> None:
    """All that a recipe needs is on the disk after this; silent, as Keras is.

    Args:
        check: raises DreampipeError where anything else is wrong with the recipe, before anything large is downloaded.
    """
    card = recipe.card()
    if missing(card):
        fetch_names(card)
        check()
        fetch_weights(card)
