"""The recipes of adversarial examples: an attack on one picture, and the accuracy of a model under attacks."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from dreampipe.errors import ModelError, RecipeError
from dreampipe.recipes.fields import (
    ATTACK,
    ATTACKING,
    CLIMB,
    DREAM,
    EXPERT_CLIMB,
    EXPERT_MODEL,
    Shown,
)
from dreampipe.recipes.settings import ModelSettings, Seed, Usual

if TYPE_CHECKING:
    from dreampipe.explanations.adversarial import Attack
    from dreampipe.models.model_card import Card

MOTIFS = "motifs"
"""The name of the labelled pictures that dreampipe renders itself."""


def _as_text(value: Any) -> Any:
    """Write a number as text that is read as the same number; leave other values as they are."""
    from dreampipe.explanations.reading import spell

    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    return str(value) if isinstance(value, Integral) else spell(float(value), levels=True)


def _check_norm(value: str | None) -> str | None:
    from dreampipe.explanations.adversarial.norms import NORMS, norm_of

    try:
        return None if value is None else norm_of(value).name
    except RecipeError:
        raise PydanticCustomError("norm", "one of {known}", {"known": ", ".join(NORMS)}) from None


def _check_numbers(value: str | None) -> str | None:
    if value is not None:
        try:
            read_bounds(value)
        except ValueError:
            raise PydanticCustomError("eps", "a number such as 8/255") from None
    return value


def read_bounds(text: str) -> tuple[float, ...]:
    """Read bounds with commas between them, `1/255, 0.03`; raises ValueError."""
    from dreampipe.explanations.reading import read_number

    return tuple(read_number(part) for part in text.split(","))


NormName = Annotated[str | None, AfterValidator(_check_norm)]
Eps = Annotated[str | None, BeforeValidator(_as_text), AfterValidator(_check_numbers)]
_MAX_SIZE: Any = Field(
    512, ge=16, le=16_384, description="Longest side in which the model sees a picture, if it takes all sizes."
)
_NORM = "Norm of the change: Linf, the largest; L2, the root of the sum of squares; L1, the sum; L0, the pixels."


class _Attacks(ModelSettings):
    """The settings of everything that attacks a model."""

    headings: ClassVar[Mapping[str, str]] = {DREAM: ATTACK, CLIMB: ATTACKING, EXPERT_CLIMB: EXPERT_MODEL}

    model: Annotated[str, Shown(DREAM)] = Field(
        "motifnet", description="Model to attack: a name from `dreampipe models`, or a .keras file."
    )

    def victim(self) -> Card:
        """Read the card of the model; raises ModelError for one that has no two classes."""
        card = self.card()
        if card.outputs in (0, 1):
            what = "no head that names classes" if card.outputs == 0 else "a single class"
            raise ModelError(
                f"{card.name} has {what}, but an attack changes the class of the answer: give a model that has some."
            )
        return card


class Attacking(_Attacks):
    """Settings of an attack on one picture, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    open: ClassVar[tuple[str, ...]] = ("eps",)

    target: Annotated[str | None, BeforeValidator(_as_text), Shown(DREAM, unset="any other class")] = Field(
        None, description="Class that the model shall answer, by name or number."
    )
    method: Annotated[str, Shown(CLIMB)] = Field(
        "apgd",
        description="Attack: fgsm, pgd, apgd, fab, square, carlini-wagner, deepfool, one-pixel, patch, universal or "
        "autoattack, with settings as in pgd(steps=100).",
    )
    norm: Annotated[NormName, Shown(CLIMB, unset="the attack's own")] = Field(None, description=_NORM)
    eps: Annotated[Eps, Shown(CLIMB, unset="8/255 in Linf; the nearest picture, for attacks that look for it")] = Field(
        None, description="Bound of the change, of values from 0 to 1, as 8/255 or 0.03; in L0 a number of pixels."
    )
    steps: Annotated[int | None, Shown(CLIMB, unset="the attack's own")] = Field(
        None, ge=1, le=100_000, description="Steps of the attack."
    )
    max_size: Annotated[int, Shown(CLIMB)] = _MAX_SIZE
    size: Annotated[int, Shown(DREAM)] = Field(
        384, ge=32, le=4096, description="Longest side of each picture of a sheet, in pixels."
    )
    seed: Seed = 0

    def usual_values(self) -> Mapping[str, Usual]:
        """List what an open bound means: that of the norm, unless the attack needs none or has one for each size."""
        from dreampipe.explanations.adversarial import Attack

        attack = self.attack()
        if self.eps is not None or attack.eps is not None or attack.nearest or type(attack).usual is not Attack.usual:
            return {}
        return {"eps": Usual(_as_text(attack.measure.usual), (attack.name, attack.norm))}

    def attack(self) -> Attack:
        """Build the attack; raises RecipeError for a wrong one, or for a setting that it does not have."""
        from dreampipe.explanations.adversarial import parse_attack

        return self.with_settings(parse_attack(self.method))

    def with_settings(self, attack: Attack) -> Attack:
        """Give `norm`, `eps` and `steps` to an attack; raises RecipeError for one that it does not have."""
        eps = None if self.eps is None else read_bounds(self.eps)
        if eps is not None and len(eps) > 1:
            raise RecipeError(f"eps came as {self.eps!r}, but an attack has one bound: give a number such as 8/255.")
        given = {"norm": self.norm, "eps": eps and eps[0], "steps": self.steps}
        return attack.changed(**{name: value for name, value in given.items() if value is not None})

    def check_target(self) -> None:
        """Raise ObjectiveError for a target that the model lacks, and ModelError for a model without classes."""
        from dreampipe.explanations.adversarial.victim import class_of

        card = self.victim()
        if self.target is not None:
            class_of(card, self.target)


class Robustness(_Attacks):
    """Settings of the accuracy of a model under attacks, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    labelled: Annotated[str, Shown(DREAM)] = Field(
        description="Folder with a folder of pictures for each class, named like it; a .csv table with the columns "
        "file and label; or motifs, which are rendered."
    )
    count: Annotated[int, Shown(DREAM)] = Field(
        100, ge=1, le=100_000, description="The most pictures, evenly spread over the folder."
    )
    method: Annotated[str, Shown(CLIMB)] = Field(
        "fgsm, pgd", description="Attacks, with commas between them, for example fgsm, pgd(steps=100); or autoattack."
    )
    norm: Annotated[NormName, Shown(CLIMB, unset="the attacks' own")] = Field(None, description=_NORM)
    eps: Annotated[Eps, Shown(CLIMB, unset="an eighth, a quarter, a half and all of the usual bound")] = Field(
        None, description="Bounds of the change with commas between them, as 1/255,2/255,4/255."
    )
    max_size: Annotated[int, Shown(CLIMB)] = _MAX_SIZE
    seed: Seed = 0

    def attacks(self) -> tuple[Attack, ...]:
        """Build the attacks, all of one norm; raises RecipeError."""
        from dreampipe.explanations.adversarial import parse_attacks

        attacks = parse_attacks(self.method)
        if self.norm is not None:
            attacks = tuple(attack.changed(norm=self.norm) for attack in attacks)
        norms = sorted({attack.norm for attack in attacks})
        if len(norms) > 1:
            raise RecipeError(f"The attacks measure in {' and '.join(norms)}, but a curve has one norm: give --norm.")
        for bound in self.bounds_of(attacks[0]):
            attacks[0].changed(eps=bound)
        return attacks

    def bounds_of(self, attack: Attack) -> tuple[float, ...]:
        """List the bounds, in the norm of an attack."""
        if self.eps is not None:
            return read_bounds(self.eps)
        usual = attack.measure.usual
        return usual / 8, usual / 4, usual / 2, usual
