"""The recipe of influence: the labelled pictures that argue for an answer, or the labels that look wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from dreampipe.errors import ModelError
from dreampipe.models import card
from dreampipe.recipes.fields import ARGUING, CLIMB, DREAM, EXPERT_CLIMB, EXPERT_MODEL, LABELLED, Shown
from dreampipe.recipes.settings import ModelSettings, Seed

if TYPE_CHECKING:
    from dreampipe.explanations.influence import Method
    from dreampipe.models.model_card import Card


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Influencing(ModelSettings):
    """Settings of influence, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    headings: ClassVar[Mapping[str, str]] = {DREAM: LABELLED, CLIMB: ARGUING, EXPERT_CLIMB: EXPERT_MODEL}

    model: Annotated[str, Shown(DREAM)] = Field(
        "motifnet", description="Model that answers: a name from `dreampipe models`, or a .keras file."
    )
    labelled: Annotated[str, Shown(DREAM)] = Field(
        description="Labelled pictures: a folder with a folder for each class, named like it; a .csv table with the "
        "columns file and label; or motifs, the pictures that motifnet was trained with."
    )
    mislabelled: Annotated[bool, Shown(DREAM)] = Field(
        False, description="Rank the labels of the pictures by suspicion, instead of explaining a picture."
    )
    label: Annotated[str | None, BeforeValidator(_as_text), Shown(DREAM, unset="the model's answer")] = Field(
        None, description="Class to explain, by name or number."
    )
    count: Annotated[int, Shown(DREAM)] = Field(
        1000, ge=2, le=1_000_000, description="The most labelled pictures, evenly spread."
    )
    checkpoints: Annotated[str | None, Shown(DREAM, unset="none")] = Field(
        None, description="Checkpoints of the model's training for tracin and trak: .keras files, with commas."
    )
    method: Annotated[str, Shown(CLIMB)] = Field(
        "influence-functions",
        description="Method: influence-functions, representer, tracin, trak, nearest or prototypes, with settings as "
        "in influence-functions(damping=0.1).",
    )
    max_size: Annotated[int, Shown(CLIMB)] = Field(
        512, ge=16, le=16_384, description="Longest side in which the model sees a picture, if it takes all sizes."
    )
    top: Annotated[int, Shown(DREAM)] = Field(
        12, ge=1, le=1000, description="The most pictures to show that argue for the answer, and against it."
    )
    size: Annotated[int, Shown(DREAM)] = Field(
        192, ge=32, le=4096, description="Longest side of each picture shown, in pixels."
    )
    seed: Seed = 0

    def chosen(self) -> Method:
        """Build the method; raises RecipeError."""
        from dreampipe.explanations.influence import parse_method

        return parse_method(self.method)

    def members(self) -> tuple[Card, ...]:
        """Read the cards of the checkpoints and, last, of the model.

        Raises:
            ModelError: a model has no two classes, or a checkpoint is of another model.
        """
        own = self.card()
        if own.outputs in (0, 1):
            what = "no head that names classes" if own.outputs == 0 else "a single class"
            raise ModelError(
                f"{own.name} has {what}, but pictures argue for one class among others: give a model that has some."
            )
        names = [part.strip() for part in self.checkpoints.split(",")] if self.checkpoints else []
        others = [card(name, own.scaling, trust=self.trust, imports=self.imports) for name in names]
        for name, other in zip(names, others, strict=True):
            if other.outputs != own.outputs or _shape(other) != _shape(own):
                raise ModelError(
                    f"{name} came as a checkpoint, but its layers are not those of {own.name}: give checkpoints of the "
                    "same model."
                )
        return (*others, own)

    def class_number(self) -> int | None:
        """Find the number of the class to explain; None for the model's answer. Raises ObjectiveError."""
        from dreampipe.explanations.adversarial.victim import class_of

        return None if self.label is None else class_of(self.card(), self.label)


def _shape(card: Card) -> tuple[tuple[str, int | None], ...]:
    return tuple((layer.kind, layer.channels) for layer in card.layers)
