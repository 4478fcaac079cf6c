"""The settings of pictures that a model draws from nothing, whose defaults depend on what the model was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dreampipe.ascent import Ascent
from dreampipe.ascent.transforms import Transform
from dreampipe.errors import ModelError
from dreampipe.models import Card, motifnet
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.fields import DREAM, EXPERT_CLIMB, Degrees, Setting, Share, Shown
from dreampipe.recipes.settings import Usual
from dreampipe.recipes.ways import Param


@dataclass(frozen=True)
class Depiction:
    """The defaults that suit the pictures that a model was trained on.

    Attributes:
        size: height and width of the picture, in pixels.
        scale: largest random change of scale in each step, as a share.
        rotate: largest random rotation in each step, in degrees.
    """

    size: int
    scale: Setting
    rotate: Setting


MOTIFS = Depiction(size=128, scale=0, rotate=0)
PHOTOGRAPHS = Depiction(size=256, scale=0.1, rotate=5)
SMALL_PHOTOGRAPHS = Depiction(size=128, scale=0.1, rotate=5)
"""The defaults for models that take pictures of at most 128 pixels."""
SIZES = "256; 128 for motifnet and models of small pictures"
"""The defaults of `size`, in words."""


def depiction_of(card: Card) -> Depiction:
    """Choose the defaults for a model: all models but motifnet count as trained on photographs."""
    if card == motifnet.card():
        return MOTIFS
    taken = card.fixed or card.head_size
    return SMALL_PHOTOGRAPHS if taken and max(taken) <= SMALL_PHOTOGRAPHS.size else PHOTOGRAPHS


class Depicting(Climbing):
    """Settings of pictures from nothing, some with defaults that depend on the model."""

    open: ClassVar[tuple[str, ...]] = (*Climbing.open, *(field.name for field in fields(Depiction)))
    usual: ClassVar[Param] = "fourier"

    # Unlike those of other recipes, these two may be open: the model then decides.
    scale: Annotated[Share | None, Shown(EXPERT_CLIMB, unset="0.1; 0 for motifnet")] = Field(  # type: ignore[assignment]
        None, description="Largest random change of scale in each step; 0.1 is a tenth."
    )
    rotate: Annotated[Degrees | None, Shown(EXPERT_CLIMB, unset="5; 0 for motifnet")] = Field(  # type: ignore[assignment]
        None, description="Largest random rotation in each step, in degrees."
    )
    size: Annotated[int | None, Shown(DREAM, unset=SIZES)] = Field(
        None, ge=16, le=4096, description="Height and width of each picture, in pixels."
    )

    @property
    def depiction(self) -> Depiction:
        """Size, scale and rotation: their values, or the model's defaults; raises ModelError."""
        own = {field.name: getattr(self, field.name) for field in fields(Depiction)}
        given = {name: value for name, value in own.items() if value is not None}
        return Depiction(**given) if len(given) == len(own) else replace(depiction_of(self.card()), **given)

    @property
    def side(self) -> int:
        """Height and width of each picture, in pixels; raises ModelError."""
        return self.depiction.size

    def transforms(self) -> tuple[Transform, ...]:
        return super(Depicting, self.model_copy(update=asdict(self.depiction))).transforms()

    def usual_values(self) -> Mapping[str, Usual]:
        left = [field.name for field in fields(Depiction) if getattr(self, field.name) is None]
        try:
            depiction = self.depiction if left else None
        except ModelError:  # of a record whose model is gone
            depiction = None
        chosen = {name: Usual(getattr(depiction, name), (self.model,)) for name in left if depiction}
        return {**super().usual_values(), **chosen}

    def hash_ascent(self, ascent: Ascent, **held: Any) -> str:
        return super().hash_ascent(ascent, **asdict(self.depiction), **held)
