"""`Method`: the base of every attribution method, and the text that names one: `rise(masks=4000, grid=7)`."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

from dreampipe.errors import RecipeError
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array

Family = Literal["gradients", "propagation rules", "class activation", "perturbation"]
Signs = Literal["signed", "positive"]


@dataclass(frozen=True, eq=False)
class Attributed:
    """The result of a method.

    Attributes:
        map: (height, width, 3) float32, or (height, width) from a method that knows no channels.
        answer: the score of the picture.
        expected: what the map promises to sum to; None where the method promises nothing.
    """

    map: Array
    answer: float
    expected: float | None = None


class Method(ABC):
    """The base of every method: a frozen dataclass of its settings.

    Your own subclass works wherever ours do, without registration: `dreampipe.explain(photo, method=MyMethod())`. Text
    names only the methods of `attribution.METHODS`.

    Attributes:
        name: as text names it.
        family: the kind of method.
        note: a sentence for everybody who uses it; empty for none.
        source: the publication.
        tolerance: the largest relative error of its completeness that needs no note, if it promises completeness.
        signs: what the map shows: `signed`, shares for and against the answer; or `positive`, importance only.
    """

    name: ClassVar[str]
    family: ClassVar[Family]
    source: ClassVar[str]
    note: ClassVar[str] = ""
    tolerance: ClassVar[float] = 0.01
    signs: ClassVar[Signs] = "signed"

    def check(self, question: Question) -> None:  # noqa: B027  most methods suit every question
        """Check that the method suits the model and the objective, before anything slow.

        Raises:
            ModelError, ObjectiveError, RecipeError: it does not.
        """

    @abstractmethod
    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        """Attribute the answer for a picture (height, width, 3), as the model sees it, to its pixels."""

    def __str__(self) -> str:
        own = [(field.name, getattr(self, field.name), field.default) for field in fields(self)]  # type: ignore[arg-type]
        changed = ", ".join(f"{name}={value}" for name, value, usual in own if value != usual)
        return f"{self.name}({changed})" if changed else self.name


def check_count(method: str, name: str, value: int, least: int = 1, most: int = 1_000_000) -> None:
    """Raise RecipeError unless a whole number of a method is in range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RecipeError(
            f"{name} of {method} came as {value!r}, but a whole number from {least} to {most} is expected."
        )


def check_number(method: str, name: str, value: float, least: float, most: float) -> None:
    """Raise RecipeError unless a number of a method is in range."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RecipeError(f"{name} of {method} came as {value!r}, but a number is expected.")
    if not least <= value <= most:
        raise RecipeError(f"{name} of {method} came as {value:g}, but {least:g} to {most:g} is expected.")


def check_choice(method: str, name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise RecipeError unless a text of a method is one of its choices."""
    if value not in choices:
        raise RecipeError(f"{name} of {method} came as {value!r}, but one of {', '.join(choices)} is expected.")
