"""A command's options out of the fields of its recipe: defaults, help and ranges are typed there, and only there."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, get_args

import typer
from pydantic.fields import FieldInfo

from dreampipe.recipes import Climbing, Recipe
from dreampipe.recipes.fields import Bounds

Command = Callable[..., None]

_UNSET = {
    "scaling": "the model's own",
    "objective": "the model's own",
    "max_size": "what fits into the free memory",
    "mask": "everywhere",
    "channels": "all of them",
    "pictures": "motifnet's training pictures, for motifnet",
    "prior": "that of motifnet's motifs",
    "weights": "the published ones",
    "octave_bits": "all",
    "stop": "never",
    "step_size": "what suits the parameterization",
    "optimizer": "what suits the parameterization",
    "normalization": "what suits the parameterization",
    "carry": "0.9 with flow, 0.15 with blend",
    "at": "none",
}
"""What None stands for, in the help."""


def recipe_options(*without: str, recipe: type[Climbing] = Recipe) -> Callable[[Command], Command]:
    """Give a command one option for each field of a recipe; it gets them as keyword arguments, after its arguments.

    Args:
        without: fields that the command decides itself.
        recipe: whose fields.
    """

    def with_options(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        arguments = [p for p in own if p.default is inspect.Parameter.empty]
        flags = [p for p in own if p.default is not inspect.Parameter.empty]
        settings = list(_settings(recipe, without))
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*arguments, *settings, *flags)]
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return command

    return with_options


def _settings(recipe: type[Climbing], without: tuple[str, ...]) -> Iterator[inspect.Parameter]:
    for name, field in recipe.model_fields.items():
        if name not in ("version", *without):
            # A number or text such as `8 -> 2` is text here; the recipe reads it.
            annotation = str | None if _is_amount(field) else field.annotation
            default = str(field.default) if _is_amount(field) and field.default is not None else field.default
            if field.annotation == tuple[str, ...]:  # an option that may come several times
                annotation, default = list[str] | None, None
            shown = _UNSET.get(name, recipe.usual if name == "param" else True)
            flag = f"--{name.replace('_', '-')}"
            off = f"/--no-{flag[2:]}" if field.default is True else ""
            names = [flag + off] if field.annotation is bool else []
            option = typer.Option(*names, help=_help(field), show_default=shown)
            yield inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, option]
            )


def _bounds(field: FieldInfo) -> list[Any]:
    """What bounds a field, also one that may be None."""
    parts = [*field.metadata, *(m for arg in get_args(field.annotation) for m in getattr(arg, "__metadata__", ()))]
    return [getattr(part, "func", part) for part in parts]


def _is_amount(field: FieldInfo) -> bool:
    return any(isinstance(part, Bounds) for part in _bounds(field))


def _help(field: FieldInfo) -> str:
    return " ".join(filter(None, [field.description, _range(field)]))


def _range(field: FieldInfo) -> str:
    """The range of a number in words, such as "1 to 32" or "more than 0, at most 10"; empty for other fields."""
    words = {"gt": "more than {}", "ge": "at least {}", "lt": "less than {}", "le": "at most {}"}
    found = [(key, getattr(part, key, None)) for part in _bounds(field) for key in words]
    bounds = {key: bound for key, bound in found if bound is not None}
    if bounds.keys() == {"ge", "le"}:
        return f"{bounds['ge']} to {bounds['le']}."
    text = ", ".join(words[key].format(bound) for key, bound in bounds.items())
    return f"{text.capitalize()}." if text else ""
