"""The recipe of concepts: those of a layer that are found in pictures, or given ones that are tested on a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from dreampipe.ascent import Ascent
from dreampipe.errors import ModelError
from dreampipe.objectives.names import path_of
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.fields import CLIMB, DREAM, EXPLAIN, Pixels, Shown
from dreampipe.recipes.ways import Param

if TYPE_CHECKING:
    from dreampipe.explanations.question import Question

MOTIFS = "motifs"
"""The name of the pictures that dreampipe renders itself."""


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Finding(Climbing):
    """Settings of concepts, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    usual: ClassVar[Param] = "fourier"
    headings: ClassVar[Mapping[str, str]] = {DREAM: EXPLAIN}

    model: Annotated[str, Shown(DREAM)] = Field(
        "motifnet", description="Model whose concepts are looked for: a name from `dreampipe models`, or a .keras file."
    )
    folder: Annotated[str, Shown(DREAM)] = Field(
        description="Folder of pictures to look for concepts in; or motifs, which are rendered."
    )
    layer: Annotated[str | None, Shown(DREAM, unset="the deepest recommended layer with rows and columns")] = Field(
        None, description="Layer whose concepts are looked for, for example mixed4."
    )
    find: Annotated[Literal["nmf", "sae", "pca", "random"], Shown(DREAM)] = Field(
        "nmf",
        description="How to find concepts: nmf, parts of activations; sae, a sparse autoencoder; or as controls pca "
        "and random directions.",
    )
    count: Annotated[int, Shown(DREAM)] = Field(10, ge=1, le=512, description="Number of concepts to find.")
    given: Annotated[str | None, Shown(DREAM, unset="find concepts")] = Field(
        None,
        description="Concepts to test in place of finding some, with commas between them: stripes, spots, red, green "
        "or blue, which are rendered, or folders of pictures.",
    )
    others: Annotated[str | None, Shown(DREAM, unset="rendered scenes")] = Field(
        None, description="Folder of pictures without the given concepts."
    )
    of_class: Annotated[
        str | None, BeforeValidator(_as_text), Shown(DREAM, unset="the most frequent answer to the pictures")
    ] = Field(None, description="Class that the concepts matter for, by name or number.")
    inside: Annotated[str | None, Shown(DREAM, unset="none")] = Field(
        None, description="Picture in which to show where each concept is."
    )
    samples: Annotated[int, Shown(DREAM)] = Field(
        100, ge=2, le=100_000, description="The most pictures, evenly spread over the folder."
    )
    crop_share: Annotated[float, Shown(DREAM)] = Field(
        0.5, ge=0.1, le=1, description="Side of the crops that concepts are found in, as a share of the picture."
    )
    size: Annotated[int, Shown(DREAM)] = Field(
        128, ge=16, le=1024, description="Height and width of the picture that is drawn of each concept, in pixels."
    )
    octaves: Annotated[int, Shown(CLIMB)] = Field(
        3, ge=1, le=32, description="Number of sizes to climb at, the full size included."
    )
    octave_scale: Annotated[float, Shown(CLIMB)] = Field(
        1.6, gt=1, le=4, description="Ratio of each size to the next smaller one."
    )
    steps: Annotated[int, Shown(CLIMB)] = Field(86, ge=0, le=100_000, description="Steps at each size.")
    jitter: Annotated[Pixels, Shown(CLIMB)] = Field(8, description="Largest random shift in each step, in pixels.")

    def question(self) -> Question:
        """Bind the layer to the model.

        Raises:
            ObjectiveError: the model has no such layer.
            ModelError: the layer, or every layer of the model, has no rows and columns.
        """
        from dreampipe.explanations.concepts.features import ask_layer

        card = self.card()
        if self.layer is not None:
            return ask_layer(card, self.layer)
        placed = [layer for layer in card.layers if layer.stride]
        chosen = [layer.path for layer in placed if layer.recommended] or [layer.path for layer in placed]
        if not chosen:
            raise ModelError(
                f"{card.name} has no layer with rows and columns, but concepts are looked for in places: name another "
                "model."
            )
        return ask_layer(card, chosen[-1])

    def concepts(self) -> tuple[str, ...]:
        """List the given concepts; empty if concepts are to be found."""
        return tuple(dict.fromkeys(part.strip() for part in (self.given or "").split(",") if part.strip()))

    def ascent(self) -> Ascent:
        """Build the ascent, of the units of the layer; raises DreampipeError. It loads nothing."""
        (layer,) = self.question().objective.layers
        return self.ascent_of(f"{path_of(layer)}[*]", starred=True)
