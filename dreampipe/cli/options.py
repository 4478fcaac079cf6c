"""A command's options out of the fields of `Recipe`: defaults, help and ranges are typed there, and only there."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

from dreampipe.recipes import Recipe

Command = Callable[..., None]

_UNSET = {"scaling": "the model's own", "objective": "the model's own", "max_size": "what fits into the free memory"}
"""What None stands for, in the help."""


def recipe_options(*without: str) -> Callable[[Command], Command]:
    """Give a command one option for each field of `Recipe`; it gets them as keyword arguments, after its arguments.

    Args:
        without: fields that the command decides itself.
    """

    def with_options(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        arguments = [p for p in own if p.default is inspect.Parameter.empty]
        flags = [p for p in own if p.default is not inspect.Parameter.empty]
        settings = list(_settings(without))
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*arguments, *settings, *flags)]
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return command

    return with_options


def _settings(without: tuple[str, ...]) -> Iterator[inspect.Parameter]:
    for name, field in Recipe.model_fields.items():
        if name not in ("version", *without):
            option = typer.Option(help=_help(field), show_default=_UNSET.get(name, True))
            yield inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=Annotated[field.annotation, option],
            )


def _help(field: FieldInfo) -> str:
    return " ".join(filter(None, [field.description, _range(field)]))


def _range(field: FieldInfo) -> str:
    """The range of a number in words, such as "1 to 32" or "more than 0, at most 10"; empty for other fields."""
    words = {"gt": "more than {}", "ge": "at least {}", "lt": "less than {}", "le": "at most {}"}
    bounds: dict[str, Any] = {key: getattr(m, key) for m in field.metadata for key in words if hasattr(m, key)}
    if bounds.keys() == {"ge", "le"}:
        return f"{bounds['ge']} to {bounds['le']}."
    text = ", ".join(words[key].format(bound) for key, bound in bounds.items())
    return f"{text.capitalize()}." if text else ""
