"""Print what `--verbose` adds on stderr: versions, model and settings before a run, octaves and memory in it."""

from __future__ import annotations

from dreampipe.cli.terminal import say
from dreampipe.events import Done, Event, Stepped
from dreampipe.recipes.settings import Settings
from dreampipe.records.making import versions


def describe(recipe: Settings) -> None:
    """Print the versions, the model and the settings that differ from the defaults."""
    fields = type(recipe).model_fields
    say(", ".join(f"{name} {version}" for name, version in versions().items()))
    if card := recipe.card():
        say(f"model {card.name}: {card.path or 'built in'}, SHA-256 {card.sha256 or 'of weights that are missing'}")
    changed = {name: value for name, value in recipe.model_dump().items() if value != fields[name].default}
    say(f"settings: {', '.join(f'{name}={value}' for name, value in changed.items()) or 'all defaults'}")


def tell_details(event: Event) -> None:
    """Print the start of each octave, with the size of the picture in it, and the memory after each output."""
    match event:
        case Stepped(name, step) if step.step == 1 and event.frame == 0:
            height, width = step.size
            say(f"{name}: octave {step.octave} of {step.octaves}, {width}x{height}, {step.steps} steps")
        case Done(name, _, _, memory):
            say(f"{name}: {memory / 1e9:.2f} GB of memory in use")
