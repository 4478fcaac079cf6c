"""dreampipe: pictures and films, dreamed by the activations of a Keras model.

Data enters as files, becomes frames, passes through stages, and leaves as files. One engine climbs one objective on one
model; everything else arranges its inputs or shows its outputs. The rooms, from the outside in:

    cli/         parse arguments, build a task, perform it
    api.py       `dream`, `visualize`, `atlas` in one call each
    engines/     task.py: Task, the one shape of everything that can be made; one module for each kind of task; who runs
                 a recipe over files, and at what pace
    records/     how an output was made: read, write, make again
    drawings/    sheets, pages, contact sheets, and the pictures on them
    recipes/     settings only: of a dream (Recipe), of a film (FilmRecipe, Zooming), of what a unit has learned
                 (Visualization), of a layer (Atlas); presets/, recipes as files; tasks.py: TASKS, the one list of what
                 can be made
    stages/      frames to frames: Resize, Dream, Blend; of films Flow, Carry, Zoom; a Pipeline is itself a stage
    ascent/      the one loop: climb an objective over octaves
    objectives/  what to climb: terms, their algebra, and the text that names them
    models/      cards, taps, and opening a model safely; zoo/ are those of Keras, own/ the user's files, and motifnet/
                 is the model that comes with the package
    media/       files to frames and back, safe writing, folders; video/ for films
    backend.py   the one module that imports tensorflow
    forking.py   refuses to compute in a forked process, where tensorflow would wait forever
    parsing.py   JSON and TOML of strangers
    frames.py    Frame and MediaInfo, the values that travel

Public names are loaded when they are first used, so that importing dreampipe costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dreampipe import forking  # noqa: F401  it notes every fork from here on

if TYPE_CHECKING:
    from dreampipe.api import atlas, dream, visualize
    from dreampipe.ascent import Ascent, Octaves, Step
    from dreampipe.errors import DreampipeError
    from dreampipe.frames import Frame, MediaInfo
    from dreampipe.media import read, write
    from dreampipe.models import card, cards
    from dreampipe.objectives import Objective
    from dreampipe.recipes import Atlas, FilmRecipe, Recipe, Visualization, Zooming
    from dreampipe.stages import Blend, Carry, Dream, Flow, Moment, Pipeline, Resize, Stage, Zoom

__version__ = "0.1.0"

_HOMES = {
    "dreampipe.ascent": ("Ascent", "Octaves", "Step"),
    "dreampipe.errors": ("DreampipeError",),
    "dreampipe.frames": ("Frame", "MediaInfo"),
    "dreampipe.media": ("read", "write"),
    "dreampipe.models": ("card", "cards"),
    "dreampipe.objectives": ("Objective",),
    "dreampipe.recipes": ("Atlas", "FilmRecipe", "Recipe", "Visualization", "Zooming"),
    "dreampipe.api": ("atlas", "dream", "visualize"),
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
    "card",
    "cards",
    "dream",
    "read",
    "visualize",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'dreampipe' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
