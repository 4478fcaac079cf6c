"""Make the options of a command from the fields of its recipe, which alone hold defaults, help and ranges."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import wraps
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, get_args

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dreampipe.cli.backends import BackendOption, RepeatableOption
from dreampipe.cli.completing import complete_recipe, completer_of
from dreampipe.cli.config import NoConfig, files_in_force
from dreampipe.cli.fetching import check_fetch
from dreampipe.cli.help import HelpAll
from dreampipe.cli.terminal import say
from dreampipe.errors import RecipeError
from dreampipe.recipes import Climbing, Recipe
from dreampipe.recipes.defaults import Default, choose_defaults
from dreampipe.recipes.expected import bounds_of, choices_of, expected_of, write_bounds
from dreampipe.recipes.fields import DREAM, find_shown
from dreampipe.recipes.files import load, presets
from dreampipe.recipes.named import Rename, bring_files
from dreampipe.recipes.settings import ModelSettings, Settings

Command = Callable[..., None]
Kind = TypeVar("Kind", bound=Settings)

_CONTEXT = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
_HELP_ALL = inspect.Parameter("help_all", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=HelpAll)
_NO_CONFIG = inspect.Parameter("no_config", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=NoConfig)
_BACKEND = inspect.Parameter("backend", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=BackendOption)
_REPEATABLE = inspect.Parameter(
    "repeatable", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=RepeatableOption
)
_RECIPE = inspect.Parameter(
    "recipe",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        str | None,
        typer.Option(
            "--recipe",
            "-r",
            help="A preset of `dreampipe recipes`, or a .toml file; options override it.",
            show_default="none",
            rich_help_panel=DREAM,
            autocompletion=complete_recipe,
        ),
    ],
)
_FETCH = inspect.Parameter(
    "fetch",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[
        bool,
        typer.Option("--fetch", help="Download weights that --recipe needs.", rich_help_panel=DREAM),
    ],
)

_SHORT: Mapping[str, tuple[str, ...]] = {"objective": ("-o",)}
"""The short names of settings, which people type again and again."""


def recipe_options(*without: str, recipe: type[Settings] = Recipe) -> Callable[[Command], Command]:
    """Give a command `--recipe`, and one option for each field of a recipe; it gets those that came, as keywords.

    `--backend` and `--repeatable` act by themselves: the command does not get them.

    Args:
        without: fields that the command sets itself.
        recipe: the class that has the fields.
    """

    def with_options(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        arguments = [p for p in own if p.default is inspect.Parameter.empty]
        rest = [p for p in own if p.default is not inspect.Parameter.empty]
        # What no model makes has neither recipe files nor weights.
        with_model = (_RECIPE, _FETCH) if issubclass(recipe, ModelSettings) else ()
        shared = [_under(parameter, recipe.headings) for parameter in with_model]
        settings = [*shared, *_settings(recipe, without)]
        names, others = ({parameter.name for parameter in part} for part in (settings, rest))
        shared_last = (*((_BACKEND, _REPEATABLE) if with_model else ()), _NO_CONFIG, _HELP_ALL)

        @wraps(command)
        def with_given_options(context: typer.Context, help_all: bool, no_config: bool, **values: Any) -> None:
            for name in ("backend", "repeatable"):
                values.pop(name, None)
            found = {} if no_config else choose_defaults(files_in_force(), command.__name__)
            usual = {name: default for name, default in found.items() if name not in without}
            given = {name for name in values if _is_given(context, name)}
            own = {name: value for name, value in values.items() if name not in names or name in given}
            _check_empty(recipe, values, names & given)
            options = {name: default.value for name, default in usual.items() if name in others - given}
            command(**{**own, **options}, defaults={name: usual[name] for name in usual.keys() & names})

        parameters = [
            p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*arguments, *settings, *rest, *shared_last)
        ]
        with_given_options.__signature__ = signature.replace(parameters=[_CONTEXT, *parameters])  # type: ignore[attr-defined]
        return with_given_options

    return with_options


def choose_recipe(
    kind: type[Kind],
    quiet: bool = False,
    *,
    recipe: str | None = None,
    base: str | None = None,
    fetch: bool = False,
    without: Sequence[str] = (),
    defaults: Mapping[str, Default] = MappingProxyType({}),
    bring: Rename = str,
    **settings: Any,
) -> Kind:
    """Make the recipe of a command: from its options, then from `--recipe` if given, then from the defaults.

    Args:
        kind: the class of the recipe.
        quiet: do not list the settings of the file that this command cannot use.
        recipe: the value of `--recipe`.
        base: the preset of films, whose settings are the defaults without `--recipe`.
        fetch: whether weights may be downloaded if the file, and no option, names the model.
        without: settings that the command sets itself, whatever the file says.
        defaults: what files of defaults say of the settings.
        bring: brings a file to this disk that is named by its address, as `bring_files` asks.

    Raises:
        MediaError: an address cannot be used.
        RecipeError: the file is not a recipe for this command, or a setting is out of range.
        ModelError: there is no such model, or its weights must be downloaded but `fetch` is not given.
    """
    usual = bring_files({name: default.value for name, default in defaults.items()}, bring)
    settings = bring_files(settings, bring)
    loaded = None if recipe is None else load(recipe).without(*without).brought(bring)
    tempo = _tempo(base, {**usual, **settings})
    made = kind.of(**{**tempo, **usual, **settings}) if loaded is None else loaded.over(usual).of(kind, **settings)
    if "model" not in settings:  # so that a file may decide on it
        if loaded and "model" in loaded.settings:
            if loaded not in presets():
                check_fetch(made, fetch, f"The recipe {loaded.name}")
        elif "model" in usual:
            check_fetch(made, fetch, str(defaults["model"].path))
    if loaded is None:
        return made
    if left := () if quiet else loaded.name_left_out(kind):
        say(f"Note: {', '.join(left)} of {loaded.name} {'is' if len(left) == 1 else 'are'} left aside here.")
    return made


def _tempo(preset: str | None, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """List the settings of a preset of films that fit to those that are asked for; none if nothing is carried along."""
    if preset is None or asked.get("motion", "flow") != "flow":
        return {}
    moved = {text.partition("=")[0].rpartition(":")[2].strip().replace("-", "_") for text in asked.get("at") or ()}
    own = {"octaves", "smallest", "octave_scale", "octaves_above"} & (asked.keys() | moved)
    sizes = {"octaves", "smallest"} if own else set()
    return {name: value for name, value in load(preset).settings.items() if name not in sizes}


def _is_given(context: typer.Context, name: str) -> bool:
    """Say whether an option was given, and does not just have its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT")


def _check_empty(recipe: type[Settings], values: Mapping[str, Any], given: set[str]) -> None:
    """Raise RecipeError for a setting that came empty and can be left out; the recipe refuses any other."""
    for name in given:
        field = recipe.model_fields.get(name)
        if values[name] == "" and (field is None or field.default is None or name == "model"):
            words = expected_of(field) if field else ""
            due = "a value" if words in ("", "a text") else words
            raise RecipeError(f"{name.replace('_', '-')} came empty, but {due} is expected: give one, or leave it out.")


def _settings(recipe: type[Settings], without: tuple[str, ...]) -> Iterator[inspect.Parameter]:
    for name, field in recipe.model_fields.items():
        if name not in ("version", *without):
            # Everything but a flag is text here: the recipe parses it, and says what it takes.
            annotation: Any = bool if field.annotation is bool else str | None
            default = field.default if annotation is bool else _as_text(field.default)
            if field.annotation == tuple[str, ...]:  # an option that may come several times
                annotation, default = list[str] | None, None
            own = find_shown(field)
            unset = (own.unset or True) if field.default in (None, (), "") else True
            default_shown = own.usual or unset
            default_shown = recipe.usual if name == "param" and issubclass(recipe, Climbing) else default_shown
            flag = own.flag or f"--{name.replace('_', '-')}"
            # An option must be able to switch off what a file may switch on.
            both = f"{flag}/--no-{flag[2:]}" if field.annotation is bool and own.kept else flag
            option = typer.Option(
                both,
                *_SHORT.get(name, ()),
                help=" ".join(filter(None, [field.description, _range(field)])),
                metavar=_metavar(field),
                show_default=default_shown,
                rich_help_panel=recipe.headings.get(own.group, own.group),
                autocompletion=completer_of(recipe, name),
            )
            yield inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, option]
            )


def _under(parameter: inspect.Parameter, headings: Mapping[str, str]) -> inspect.Parameter:
    """Put an option under the heading that a class of recipes has in place of the option's own."""
    kind, option = get_args(parameter.annotation)
    moved = copy(option)
    moved.rich_help_panel = headings.get(option.rich_help_panel, option.rich_help_panel)
    return parameter.replace(annotation=Annotated[kind, moved])


def _as_text(default: Any) -> str | None:
    """Write a default as a user would; None for a setting that has none."""
    return None if default in (None, PydanticUndefined) else str(default)


def _metavar(field: FieldInfo) -> str | None:
    """Name the values of an option in its help, as typer names those that it parses; None for a flag and for text."""
    if words := choices_of(field):
        return f"<{'|'.join(words)}>"
    # Every amount is a number or text, so it counts as text.
    kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if kind in (int, float, str)]
    return f"<{kinds[0].__name__}>" if len(kinds) == 1 and kinds[0] is not str else None


def _range(field: FieldInfo) -> str:
    """Write the range of a number, such as "1 to 32" or "more than 0, at most 10"; empty for other fields."""
    bounds = bounds_of(field)
    if bounds.keys() == {"ge", "le"}:
        return f"{bounds['ge']} to {bounds['le']}."
    text = ", ".join(write_bounds(bounds))
    return f"{text.capitalize()}." if text else ""
