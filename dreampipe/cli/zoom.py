"""`dreampipe zoom`: the endless dive into a picture, as a film."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answered, failing, interruptible, say
from dreampipe.cli.events import bar
from dreampipe.cli.hush import import_backend
from dreampipe.cli.options import recipe_options
from dreampipe.cli.targets import fresh
from dreampipe.engines.events import Started, Stepped
from dreampipe.frames import Frame
from dreampipe.media import check_animation, decode, make_folder, write_animation
from dreampipe.recipes.zooming import Zooming

_ZOOM, _TURN = Zooming.model_fields["zoom"], Zooming.model_fields["turn"]


@answered
@recipe_options("scale", "rotate", "zoom", "turn", recipe=Zooming)
def zoom(
    source: Annotated[str, typer.Argument(metavar="IN", help="The picture to dive into.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The film to write: a .mp4, .gif, .webp or .png.")],
    scale: Annotated[float, typer.Option(min=0.5, max=2, help=_ZOOM.description)] = _ZOOM.default,
    rotate: Annotated[float, typer.Option(min=-180, max=180, help=_TURN.description)] = _TURN.default,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT where it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Tell nothing.")] = False,
    **settings: Any,
) -> None:
    """Dive into a picture: each frame of a film is dreamed out of the last one, seen from a little nearer."""
    recipe = Zooming.of(zoom=scale, turn=rotate, **settings)
    recipe.dreaming()  # wrong names are answered here, before anything slow
    target = fresh(out, overwrite, check_animation)
    still, info = decode(source)
    lost = (f"The transparency of {source} is left out.",) if still.alpha is not None else ()
    for note in () if quiet else (*recipe.card().notes, *info.notes, *lost):
        say(f"Note: {note}")
    make_folder(target)
    with interruptible("Stopped; OUT was not written."), failing(), bar(recipe.octave_scale, not quiet) as hear:
        import_backend()
        hear(Started(recipe.count))
        told: set[str] = set()

        def note(frame: Frame, text: str) -> None:  # once, though it may be of every frame
            if not quiet and text not in told:
                told.add(text)
                say(f"Note: {text}")

        film = recipe.film(
            still, on_step=lambda frame, step: hear(Stepped(f"frame {frame.index + 1}", step)), on_note=note
        )
        _write(film, target, recipe.rate)


def _write(frames: Iterable[Frame], target: Path, rate: Fraction) -> None:
    write_animation(frames, target, float(rate), 0)
