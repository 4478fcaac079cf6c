"""dreampipe: pictures and films, dreamed by the activations of a Keras model.

Files are read into frames, frames pass through stages, and files are written. One loop climbs one objective on one
model; everything else prepares its inputs or shows its outputs. The rooms, from the top down; each imports only from
those under it:

    cli/         parse arguments, build a task, perform it
    api.py       `dream`, `visualize`, `atlas`, `explain`, `attack`, `concepts`, `influence`, `report` in one call each
    engines/     Task, the one shape of everything that can be made, and a module for each kind of task: local.py and
                 films.py run a recipe over files; pacing.py has the threads. A new kind of task, or a new way to
                 run one, goes here
    records/     how an output was made: read, write, make again
    drawings/    what a model draws: visualization.py, atlas.py, sheet.py, dive.py, explanations.py; contact sheets and
                 pages
    recipes/     settings only: Settings, ModelSettings, Climbing (those of an ascent), and on them Recipe (a dream),
                 FilmRecipe, Zooming, Visualization and Atlas; Explaining; Gallery; presets/, recipes as files;
                 tasks.py: TASKS, the one list of what can be made. A new setting goes here
    stages/      frames to frames: Resize, Dream, Blend; in films Flow, Carry, Zoom; a Pipeline is itself a stage
    explanations/ why a model answers as it does: attribution/ has METHODS, one method a file; adversarial/ attacks;
                 concepts/ directions that mean something; influence/ the labelled pictures behind an answer; truth/
                 pictures whose truth is known. A new method of attribution or influence goes here
    events.py    what happens in a run, as values, and Tell, the callback that receives them
    ascent/      the one loop: climb an objective over octaves
    scoring.py   scores of an objective on a model, their gradients, and the memory that they take
    objectives/  what to climb: terms (a measure of a layer, times a weight), their algebra, and the text that names
                 them. A new measure goes here
    models/      cards (what is known of a model), taps (a model cut at a layer), and opening a model safely; zoo/ has
                 those of Keras, own/ the user's files, weights/ the downloads, and motifnet/ is the model that comes
                 with the package
    media/       files to frames and back, safe writing, folders; video/ for films. A new format or codec goes here
    backend/     the one room that imports tensorflow, jax or torch: a module for each. A new backend goes here
    forking.py   refuses to compute in a forked process, where tensorflow would wait forever
    parsing.py   untrusted JSON and TOML
    frames.py    Frame and MediaInfo, the values that rooms pass to each other
    errors.py    DreampipeError and its kinds
    picturing.py arrays as PNG, which a notebook shows

Public names are loaded when they are first used, so that importing dreampipe costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from logging import NullHandler, getLogger
from typing import TYPE_CHECKING, Any

from dreampipe import forking  # noqa: F401  notes every fork from now on

if TYPE_CHECKING:
    from dreampipe.api import atlas, attack, concepts, dream, explain, influence, report, visualize
    from dreampipe.ascent import Ascent, Octaves, Step
    from dreampipe.cli.calls import progress
    from dreampipe.errors import DreampipeError
    from dreampipe.explanations import Explanation
    from dreampipe.frames import Frame, MediaInfo
    from dreampipe.media import read, write
    from dreampipe.models import card, cards
    from dreampipe.objectives import Objective
    from dreampipe.recipes import Atlas, Explaining, FilmRecipe, Recipe, Visualization, Zooming
    from dreampipe.stages import Blend, Carry, Dream, Flow, Moment, Pipeline, Resize, Stage, Zoom

__version__ = "0.2.0"

getLogger("dreampipe").addHandler(NullHandler())  # so that nothing is printed where the user sets up no logging

_HOMES = {
    "dreampipe.ascent": ("Ascent", "Octaves", "Step"),
    "dreampipe.cli.calls": ("progress",),
    "dreampipe.errors": ("DreampipeError",),
    "dreampipe.explanations": ("Explanation",),
    "dreampipe.frames": ("Frame", "MediaInfo"),
    "dreampipe.media": ("read", "write"),
    "dreampipe.models": ("card", "cards"),
    "dreampipe.objectives": ("Objective",),
    "dreampipe.recipes": ("Atlas", "Explaining", "FilmRecipe", "Recipe", "Visualization", "Zooming"),
    "dreampipe.api": ("atlas", "attack", "concepts", "dream", "explain", "influence", "report", "visualize"),
    "dreampipe.stages": ("Blend", "Carry", "Dream", "Flow", "Moment", "Pipeline", "Resize", "Stage", "Zoom"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Ascent",
    "Atlas",
    "Blend",
    "Carry",
    "Dream",
    "DreampipeError",
    "Explaining",
    "Explanation",
    "FilmRecipe",
    "Flow",
    "Frame",
    "MediaInfo",
    "Moment",
    "Objective",
    "Octaves",
    "Pipeline",
    "Recipe",
    "Resize",
    "Stage",
    "Step",
    "Visualization",
    "Zoom",
    "Zooming",
    "atlas",
    "attack",
    "card",
    "cards",
    "concepts",
    "dream",
    "explain",
    "influence",
    "progress",
    "read",
    "report",
    "visualize",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'dreampipe' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
