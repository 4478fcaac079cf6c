"""Print what `--verbose` adds on stderr: versions, model and settings before a run, octaves and memory in it."""

from __future__ import annotations

from collections.abc import Iterator

from dreampipe.cli.terminal import say
from dreampipe.engines.task import Task
from dreampipe.events import Done, Event, Stepped
from dreampipe.recipes.settings import Settings
from dreampipe.records.making import versions


def describe(task: Task) -> None:
    """Print the versions, the model and the settings that differ from the defaults, after the check of a task.

    Pictures and films have settings of their own, so each kind that is dreamed has its line.
    """
    from dreampipe.engines.dreams import DreamTask  # loads what other commands do not need

    say(", ".join(f"{name} {version}" for name, version in versions().items()))
    if card := task.recipe.card():
        say(f"model {card.name}: {card.path or 'built in'}, SHA-256 {card.sha256 or 'of weights that are missing'}")
    recipes = task.recipes if isinstance(task, DreamTask) else {"": task.recipe}
    for what, recipe in recipes.items():
        name = f"settings of {what}" if len(recipes) > 1 else "settings"
        say(f"{name}: {', '.join(_list_changed(recipe)) or 'all defaults'}")


def _list_changed(recipe: Settings) -> Iterator[str]:
    """List the settings that differ from the defaults, such as `steps=20`."""
    fields = type(recipe).model_fields
    values = recipe.model_dump().items()
    return (f"{name}={value}" for name, value in values if value != fields[name].default)


def tell_details(event: Event) -> None:
    """Print the start of each octave, with the size of the picture in it, and the memory after each output."""
    match event:
        case Stepped(name, step) if step.step == 1 and event.frame == 0:
            height, width = step.size
            steps = "1 step" if step.steps == 1 else f"{step.steps} steps"
            say(f"{name}: octave {step.octave} of {step.octaves}, {width}x{height}, {steps}")
        case Done(name, _, _, memory):
            say(f"{name}: {memory / 1e9:.2f} GB of memory in use")
