"""TASKS: the one list of what can be made.

Recipe files need it, and so do records and engines, which are above them. So the list is in the lowest of these rooms:
it has the class of each recipe, and names each task as text, which `engines.task.load_task` imports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.attacking import Attacking, Robustness
from dreampipe.recipes.explaining import Explaining
from dreampipe.recipes.film import FilmRecipe
from dreampipe.recipes.finding import Finding
from dreampipe.recipes.gallery import Gallery
from dreampipe.recipes.influencing import Influencing
from dreampipe.recipes.recipe import Recipe
from dreampipe.recipes.reporting import Reporting
from dreampipe.recipes.settings import Settings
from dreampipe.recipes.visualization import Visualization
from dreampipe.recipes.zooming import Zooming

Option = bool | int | float | str


@dataclass(frozen=True)
class Row:
    """One kind of thing to make, and the facts of its command.

    Attributes:
        recipe: the class of its settings.
        task: the class that makes it, as module and name in `dreampipe.engines`.
        options: the other options that decide the output, and that its record keeps, by name.
        serves: the commands that accept a recipe file of this one; none if it has no files of its own.
        sets: settings that the command chooses itself, whatever a file says.
    """

    recipe: type[Settings]
    task: str
    options: Mapping[str, type[Option]] = field(default_factory=dict)
    serves: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()


_FILE_OPTIONS: Mapping[str, type[Option]] = {
    "quality": int,
    "codec": str,
    "crf": int,
    "chroma": str,
    "drop_streams": bool,
    "start": str,
    "end": str,
    "fps": str,
}
TASKS: Mapping[str, Row] = {
    # A dive dreams its picture as a dream does, and an atlas draws each channel as a visualization does.
    "dream": Row(FilmRecipe, "dreams.DreamTask", {**_FILE_OPTIONS, "preview": bool}, serves=("dream", "zoom")),
    "zoom": Row(Zooming, "dives.DiveTask", {"codec": str, "crf": int, "chroma": str}, serves=("zoom",)),
    "visualize": Row(Visualization, "drawings.VisualizationTask", {"animated": bool}, serves=("visualize", "atlas")),
    "atlas": Row(Atlas, "drawings.AtlasTask", {"page": bool}, serves=("atlas",)),
    "explain": Row(Explaining, "explanations.ExplainTask", {**_FILE_OPTIONS, "partial": bool}, serves=("explain",)),
    "attack": Row(Attacking, "attacks.AttackTask", {"bits": int, "sheet": bool}, serves=("attack",)),
    "robustness": Row(Robustness, "attacks.RobustnessTask", {"form": str}, serves=("robustness",)),
    "concepts": Row(Finding, "concepts.ConceptsTask", {"form": str}, serves=("concepts",)),
    "influence": Row(
        Influencing, "influence.InfluenceTask", {"form": str}, serves=("influence",), sets=("mislabelled",)
    ),
    "report": Row(Reporting, "reports.ReportTask", {"page": bool}, serves=("report",)),
    "gallery": Row(Gallery, "galleries.GalleryTask", {"page": bool}),
    # A sheet climbs the layers one by one, at the size of a tile, and labels each anyway.
    "sheet": Row(Recipe, "drawings.SheetTask", {"size": int}, sets=("objective", "max_size", "caption")),
}
"""Everything that can be made, by its command."""
FILES = tuple(command for command, row in TASKS.items() if row.serves)
"""The commands that have recipe files."""

if TYPE_CHECKING:
    Command = str
    FileCommand = str
else:  # typer and pydantic list the commands in their help and messages
    Command = Literal[tuple(TASKS)]
    FileCommand = Literal[FILES]


def command_of(kind: type[Settings]) -> FileCommand:
    """Return the command of a class of recipes; `Recipe`, of a single picture, belongs to dream."""
    known = {command: TASKS[command].recipe for command in FILES}
    for command, own in known.items():
        if issubclass(own, kind) or issubclass(kind, own):
            return command
    raise ValueError(f"{kind.__name__} has no row in TASKS: add one.")
