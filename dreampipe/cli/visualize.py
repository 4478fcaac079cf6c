"""`dreampipe visualize`: what a unit of a model has learned, as a picture."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answered, failing, interruptible, say
from dreampipe.cli.events import bar
from dreampipe.cli.hush import import_backend
from dreampipe.cli.options import chosen, recipe_options
from dreampipe.cli.targets import fresh
from dreampipe.engines.events import Started, Stepped
from dreampipe.errors import MediaError
from dreampipe.media import check_animation, make_folder, write, write_animation
from dreampipe.recipes import Visualization
from dreampipe.recipes.forming import Forming

_OBJECTIVE = Visualization.model_fields["objective"].description


@answered
@recipe_options("objective", recipe=Visualization)
def visualize(
    objective: Annotated[str, typer.Argument(metavar="OBJECTIVE", help=_OBJECTIVE)],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture to write.")],
    animate: Annotated[
        str | None,
        typer.Option(help="Also write the picture as it forms: a film, .gif, .webp or .png.", show_default="not"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT where it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Tell nothing.")] = False,
    **settings: Any,
) -> None:
    """Draw what a neuron, channel, layer, hidden unit, logit or probability responds to.

    With --count, several pictures climb together, each another answer, side by side.
    """
    recipe = chosen(Visualization, quiet, objective=objective, **settings)
    ready = recipe.ready()  # wrong names and files are answered here, before anything slow
    target = fresh(out, overwrite)
    film = fresh(animate, overwrite, check_animation) if animate is not None else None
    if film and film.resolve() == target.resolve():
        raise MediaError(f"{target} came as OUT and for --animate: give the animation another name.")
    notes = () if quiet else ready.ascent.card.notes
    for note in notes:
        say(f"Note: {note}")
    for path in (target, film) if film else (target,):
        make_folder(path)
    forming = Forming(recipe.drawn) if film else None
    with interruptible("Stopped; OUT was not written."), failing():
        with bar(recipe.octave_scale, not quiet) as hear:
            import_backend()
            hear(Started(1))
            result = ready.run(lambda step: hear(Stepped(objective, step)), forming)
        if film and forming:
            write_animation(forming.frames(result.image), film)
        write(recipe.drawn(result.image), target)
        for note in () if quiet else result.notes:
            say(f"Note: {note}")
