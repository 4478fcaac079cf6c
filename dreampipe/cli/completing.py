"""Complete words in a shell after Tab: the names of models, presets and methods. Nothing here loads tensorflow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from glob import escape, iglob

from dreampipe.recipes.attacking import Attacking, Robustness
from dreampipe.recipes.expected import choices_of
from dreampipe.recipes.explaining import Explaining
from dreampipe.recipes.influencing import Influencing
from dreampipe.recipes.settings import Settings

Completer = Callable[[str], list[str]]
"""Lists the words that begin with what was typed; none lets the shell complete names of files."""


def complete_model(incomplete: str) -> list[str]:
    """Complete a model: a name of `dreampipe models`, or a .keras file."""
    from dreampipe.models import zoo

    headless = (f"{name}{zoo.NOTOP}" for name in zoo.NAMES)
    return [*_beginning(incomplete, ("motifnet", *zoo.NAMES, *headless)), *_files(incomplete, ".keras")]


def complete_recipe(incomplete: str) -> list[str]:
    """Complete a recipe: a preset, or a .toml file."""
    from dreampipe.recipes.files import presets

    return [*_beginning(incomplete, (loaded.name for loaded in presets())), *_files(incomplete, ".toml")]


def complete_method(incomplete: str) -> list[str]:
    """Complete the last of several methods of explanations, with commas between them."""
    from dreampipe.explanations.attribution import ALL, METHODS

    return _complete_last(incomplete, (*METHODS, ALL))


def complete_attack(incomplete: str) -> list[str]:
    """Complete the last of several attacks, with commas between them."""
    from dreampipe.explanations.adversarial import ATTACKS

    return _complete_last(incomplete, ATTACKS)


def complete_influence(incomplete: str) -> list[str]:
    """Complete the method of influence."""
    from dreampipe.explanations.influence import METHODS

    return _beginning(incomplete, METHODS)


def completer_of(recipe: type[Settings], name: str) -> Completer | None:
    """Find what completes a setting of a recipe; None lets the shell complete names of files."""
    if name == "model":
        return complete_model
    if name == "method" and issubclass(recipe, Explaining):
        return complete_method
    if name == "method" and issubclass(recipe, Attacking | Robustness):
        return complete_attack
    if name == "method" and issubclass(recipe, Influencing):
        return complete_influence
    words = choices_of(recipe.model_fields[name])
    return (lambda incomplete: _beginning(incomplete, words)) if words else None


def _complete_last(incomplete: str, names: Iterable[str]) -> list[str]:
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in _beginning(last, names)]


def _beginning(start: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(start)]


def _files(start: str, suffix: str) -> list[str]:
    return sorted(iglob(f"{escape(start)}*{suffix}"))
