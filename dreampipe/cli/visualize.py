"""`dreampipe visualize`: what a unit of a model has learned, as a picture."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answered, failing, interruptible
from dreampipe.cli.events import bar, heard, paths_wanted, print_path
from dreampipe.cli.fetching import fetched, named
from dreampipe.cli.options import chosen, recipe_options
from dreampipe.cli.targets import KeepPaths, NoMetadata, Overwrite, Quiet, Sidecar, fresh
from dreampipe.cli.terminal import say
from dreampipe.engines.drawings import Place, draw_visualization
from dreampipe.errors import MediaError
from dreampipe.media import check_animation
from dreampipe.recipes import Visualization
from dreampipe.recipes.fields import OUTPUT
from dreampipe.recipes.records.making import Carrying

_OBJECTIVE = Visualization.model_fields["objective"].description


@answered
@recipe_options("objective", recipe=Visualization)
def visualize(
    objective: Annotated[str, typer.Argument(metavar="OBJECTIVE", help=_OBJECTIVE)],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture to write.")],
    animate: Annotated[
        str | None,
        typer.Option(
            help="Also write the picture as it forms: a film, .gif, .webp or .png.",
            show_default="none",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: Overwrite = False,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    quiet: Quiet = False,
    **settings: Any,
) -> None:
    """Draw what a neuron, channel, layer, hidden unit, logit or probability responds to.

    With --count, several pictures climb together, each another answer, side by side.
    """
    recipe = chosen(Visualization, quiet, objective=objective, **settings)
    named(recipe)
    ready = recipe.ready()  # wrong names and files are answered here, before anything slow
    target = fresh(out, overwrite)
    film = fresh(animate, overwrite, check_animation) if animate is not None else None
    if film and film.resolve() == target.resolve():
        raise MediaError(f"{target} came as OUT and for --animate: give the animation another name.")
    notes = () if quiet else ready.ascent.card.notes
    for note in notes:
        say(f"Note: {note}")
    carrying = Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths)
    picture, animation = Place(target, carrying), Place(film, carrying) if film else None
    for place in filter(None, (picture, animation)):
        place.make_ready()
    fetched(recipe, quiet)
    with interruptible("Stopped; OUT was not written."), failing(), bar(recipe.octave_scale, not quiet) as show:
        draw_visualization(recipe, picture, animation, heard(show, quiet))
        for path in filter(None, (target, film)) if paths_wanted(quiet) else ():
            print_path(path)
