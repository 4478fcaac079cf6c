"""The subject of a report: a picture, the settings, and what the model says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dreampipe.drawings.report import Part, shrink
from dreampipe.errors import ModelError
from dreampipe.events import Tell
from dreampipe.explanations.adversarial.victim import name_of
from dreampipe.explanations.explaining import answer_classes, name_class
from dreampipe.frames import Array, dequantize, quantize
from dreampipe.models.model_card import Card
from dreampipe.recipes.reporting import Reporting
from dreampipe.recipes.settings import ModelSettings


@dataclass(frozen=True, eq=False)
class Subject:
    """The picture of a report, and what is asked about it.

    Attributes:
        recipe: the settings.
        name: of the file of the picture.
        pixels: (height, width, 3) float32, sRGB.
        bits: of a value in its file.
    """

    recipe: Reporting
    name: str
    pixels: Array
    bits: int = 8

    @property
    def card(self) -> Card:
        return self.recipe.card()

    @cached_property
    def _answers(self) -> tuple[Array, Array]:
        return answer_classes(self.card, self.pixels, self.recipe.max_size)

    @property
    def probabilities(self) -> Array:
        """The probabilities of all classes, (classes,); raises ModelError if there are none."""
        return self._answers[1]

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The numbers of all classes, the answer first, then the runner-up; raises ModelError if there are none."""
        if self.card.outputs == 0:
            raise ModelError(f"{self.card.name} has no head that names classes, so it gives the picture no answer.")
        return tuple(map(int, np.argsort(-self._answers[0], kind="stable")))

    def label(self, number: int) -> str:
        """Name a class as users write it."""
        return name_of(self.card, number)

    def objective(self, number: int) -> str:
        """Write the objective of a class."""
        return name_class(self.card, number)

    def opening(self) -> dict[str, Any]:
        """The settings that open the model, for another recipe."""
        own = set(ModelSettings.model_fields) - {"version"}
        return {name: getattr(self.recipe, name) for name in own}

    def shown(self) -> Array:
        """The picture at the size of the page."""
        return settle(shrink(self.pixels, self.recipe.size))


Make = Callable[[Subject, Tell], Part]


def settle(pixels: Array) -> Array:
    """Round a picture to 8 bits, which a page holds."""
    return dequantize(quantize(np.clip(pixels, 0, 1)))
