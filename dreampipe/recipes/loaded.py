"""What a recipe's file says, as a value, and the recipes that can be made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from dreampipe.errors import ObjectiveError, RecipeError
from dreampipe.objectives import Objective
from dreampipe.recipes.settings import ModelSettings
from dreampipe.recipes.tasks import TASKS, FileCommand, command_of

Kind = TypeVar("Kind", bound=ModelSettings)


@dataclass(frozen=True)
class Loaded:
    """What a recipe's file says, checked.

    Attributes:
        name: of the preset, or the path of the file.
        command: whose recipe it is.
        settings: by name; those that it does not say keep their default.
        objectives: what is climbed on each model that it knows, by the model's name without `-notop`.
        about: what it is for.
        source: the publication that it follows; empty for our own.
    """

    name: str
    command: FileCommand = "dream"
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    objectives: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    about: str = ""
    source: str = ""

    def recipe(self, **flags: Any) -> ModelSettings:
        """The recipe, of the kind of its command, with settings of your own over those of the file; raises as `of`."""
        return self.of(TASKS[self.command].recipe, **flags)

    def of(self, kind: type[Kind], **flags: Any) -> Kind:
        """The recipe as one of another kind that it serves too, such as a dive made by a recipe of a dream.

        Args:
            kind: of the recipe to make; what of the file it does not have is left out.
            flags: settings of your own; those that are None keep what the file says.

        Raises:
            RecipeError: the file is for another kind of recipe, a setting is unknown or out of range, or the file has
                no objective for the model.
            ModelError: there is no such model.
        """
        self._serve(kind)
        own = {name: value for name, value in self.settings.items() if name in kind.model_fields}
        given = {name: value for name, value in flags.items() if value is not None or name not in kind.model_fields}
        if self.objectives and "objective" in kind.model_fields and "objective" not in given:
            own["objective"] = self._objective(kind, own | given)
        settings = {**own, **given}
        for name, at in kind.model_fields.items():
            if at.is_required() and name not in settings:
                raise RecipeError(f"{self.name} says no {name}, and {command_of(kind)} needs one: give it.")
        return kind(**settings)

    def left_out(self, kind: type[ModelSettings]) -> tuple[str, ...]:
        """The settings of the file that another kind of recipe, which it serves too, does not have."""
        return tuple(name for name in self.settings if name not in kind.model_fields)

    def without(self, *names: str) -> Loaded:
        """The same without these settings; without `objective`, also without those for each model."""
        settings = {name: value for name, value in self.settings.items() if name not in names}
        objectives = {} if "objective" in names else self.objectives
        return replace(self, settings=MappingProxyType(settings), objectives=MappingProxyType(dict(objectives)))

    def _serve(self, kind: type[ModelSettings]) -> None:
        command = command_of(kind)
        if command not in TASKS[self.command].serves:
            raise RecipeError(
                f"{self.name} is a recipe of {self.command}, but {command} takes its own: see `dreampipe recipes`."
            )

    def _objective(self, kind: type[ModelSettings], settings: Mapping[str, Any]) -> str:
        """What stands in on the model; else the file's own objective, where the model has what it names."""
        model = str(settings.get("model", kind.model_fields["model"].default))
        if (found := self.objectives.get(base_name(model))) is not None:
            return found
        try:
            objective = str(settings["objective"])
            Objective.parse(objective).layers(kind(**{**settings, "objective": objective}).card())
        except (KeyError, ObjectiveError):
            raise RecipeError(
                f"{self.name} does not say what to climb on {model}, only on {', '.join(self.objectives)}: "
                "give an objective."
            ) from None
        return objective


def base_name(model: str) -> str:
    """The name of a model by which recipes know it: inception_v3 for inception_v3-notop, too."""
    return model.removesuffix("-notop")
