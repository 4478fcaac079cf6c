"""The settings that every recipe has: `Settings`, and `ModelSettings` of what is made with a model."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dreampipe.errors import RecipeError, brief, shown_as_given
from dreampipe.models import card, memory, zoo
from dreampipe.models.model_card import Card, Scaling
from dreampipe.recipes.expected import expected_of
from dreampipe.recipes.fields import CLIMB, DREAM, EXPERT_CLIMB, Shown
from dreampipe.recipes.synonyms import SYNONYMS, advise

Seed = Annotated[int, Shown(CLIMB), Field(ge=0, le=2**63 - 1, description="Seed of all random draws.")]
"""The type of `seed`. Each kind of recipe declares it last: records and files keep the order of the fields."""


@dataclass(frozen=True)
class Usual:
    """The default of a setting that a recipe leaves open.

    Attributes:
        value: what the setting means.
        because: the values that this default depends on.
    """

    value: Any
    because: tuple[Any, ...] = ()


class Settings(BaseModel):
    """Settings of something that is made; checked and printable.

    Attributes:
        open: settings that may be left open, and whose default a version of dreampipe chooses.
        from_files: settings that no command line takes: its word for them once meant something else.
        headings: other names for headings of `recipes.fields`, for what is made without a dream.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    open: ClassVar[tuple[str, ...]] = ()
    from_files: ClassVar[tuple[str, ...]] = ()
    headings: ClassVar[Mapping[str, str]] = MappingProxyType({})

    version: Literal[1] = 1

    def __init__(self, **settings: Any) -> None:
        paths = {name: os.fspath(value) for name, value in settings.items() if isinstance(value, os.PathLike)}
        try:
            super().__init__(**settings | paths)
        except ValidationError as error:
            raise RecipeError(_sentence(type(self), error)) from None

    @classmethod
    def of(cls, **settings: Any) -> Self:
        """Make a recipe from settings; those that are None keep their default, as on a command line."""
        return cls(
            **{name: value for name, value in settings.items() if value is not None or name not in cls.model_fields}
        )

    def usual_values(self) -> Mapping[str, Usual]:
        """List what the settings that are left open mean, by their names, which are all in `open`."""
        return {}

    def settled(self) -> Mapping[str, Any]:
        """List the settings that this machine decides, by their names, and what it decides."""
        return {}

    def card(self) -> Card | None:
        """Read the card of the model; None if no model makes it. Raises ModelError."""
        return None


class ModelSettings(Settings):
    """The model, and how to open it; checked, printable and hashed.

    The model can also be a built `keras.Model` in memory, whose name the recipe then holds.

    Raises:
        RecipeError: a setting is unknown or out of range.
        ModelError: a Keras model came that cannot be used; see `dreampipe.models.memory`.
    """

    model: Annotated[str, Shown(DREAM)] = Field(
        "motifnet", description="Model to dream with: a name from `dreampipe models`, or a .keras file."
    )
    scaling: Annotated[Scaling | None, Shown(EXPERT_CLIMB, unset="the model's own")] = Field(
        None, description="Input scaling of a .keras file that has no card."
    )
    weights: Annotated[str | None, Shown(EXPERT_CLIMB, unset="the published ones")] = Field(
        None, description="Weights file (.weights.h5 or .h5) for a named architecture."
    )
    trust: Annotated[bool, Shown(EXPERT_CLIMB, kept=False)] = Field(
        False, description="Open the model file without checking what code it may run."
    )
    imports: Annotated[str | None, Shown(EXPERT_CLIMB, unset="none", kept=False, flag="--import")] = Field(
        None, description="Python file that defines layers of a trusted model file; it is run."
    )

    def __init__(self, **settings: Any) -> None:
        model = settings.get("model")
        if model is not None and not isinstance(model, str | os.PathLike):
            settings["model"] = memory.hold(model)
        super().__init__(**settings)

    def card(self) -> Card:
        """Read the card of the model; raises ModelError, also where this backend has no such model."""
        found = card(self.model, self.scaling, weights=self.weights, trust=self.trust, imports=self.imports)
        zoo.check_backend(found.architecture)
        return found

    def hash_settings(self, card: Card, **held: Any) -> str:
        """Hash everything that decides a result, apart from its source.

        Args:
            card: of the model, which is hashed by its bytes and scaling: neither its path nor who trusts it matters.
            held: what else is to be hashed, by name, such as the SHA-256 of a file in place of its path.
        """
        own = self.model_dump(mode="json", exclude={"weights", "trust", "imports", "precision", "memory"})
        if own.get("tile") is None:  # as in versions that had no tiles
            own.pop("tile", None)
        code = {"code": card.code_sha256} if card.code else {}
        whole = {**own, "model": card.sha256, "scaling": card.scaling, **code, **held}
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _sentence(cls: type[Settings], error: ValidationError) -> str:
    """Describe the first fault in one sentence for the user."""
    fault = error.errors()[0]
    name = str(fault["loc"][0]) if fault["loc"] else "the name of a setting"  # which is not text in any alphabet
    if fault["type"] == "extra_forbidden":
        return f"{brief(name)} is no setting of a recipe: {advise(name, cls.model_fields)}."
    if fault["type"] == "missing":
        return f"{name.replace('_', '-')} is missing, but {cls.__name__} needs it: give it."
    # pydantic gives its own errors, which are not for users, an address that explains them.
    words = expected_of(cls.model_fields[name]) if "url" in fault and name in cls.model_fields else ""
    expected = words or fault["msg"].removeprefix("Input should be ")
    # A word can also have another meaning elsewhere, such as scale for the ratio of octaves.
    others = SYNONYMS.get(name, {})
    meant = None if name in others else next((other for other in others if other in cls.model_fields), None)
    advice = f": did you mean {meant.replace('_', '-')}" if meant else ""
    return f"{name.replace('_', '-')} came as {shown_as_given(fault['input'])}, but it must be {expected}{advice}."
