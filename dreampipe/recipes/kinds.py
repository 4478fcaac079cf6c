"""The kinds of recipes by the command that makes something of them, and whom else a recipe of each serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.film import FilmRecipe
from dreampipe.recipes.visualization import Visualization
from dreampipe.recipes.zooming import Zooming

Command = Literal["dream", "zoom", "visualize", "atlas"]

KINDS: Mapping[Command, type[Climbing]] = {
    "dream": FilmRecipe,
    "zoom": Zooming,
    "visualize": Visualization,
    "atlas": Atlas,
}
SERVES: Mapping[Command, tuple[Command, ...]] = {
    "dream": ("dream", "zoom"),
    "zoom": ("zoom",),
    "visualize": ("visualize", "atlas"),
    "atlas": ("atlas",),
}
"""A dive dreams its picture as a dream does, and an atlas draws each channel as a visualization does."""


def command_of(kind: type[Climbing]) -> Command:
    """Whose recipe it is; a dream's also that of a single picture."""
    return next((command for command, known in KINDS.items() if issubclass(known, kind) or issubclass(kind, known)))
