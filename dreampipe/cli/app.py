"""The program `dreampipe`: `app` with its commands."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dreampipe import __version__
from dreampipe.cli.answer import BAD_ARGUMENTS
from dreampipe.cli.atlas import atlas
from dreampipe.cli.attack import attack, robustness
from dreampipe.cli.dream import dream
from dreampipe.cli.explain import explain
from dreampipe.cli.help import GroupedCommand, closing
from dreampipe.cli.influence import influence
from dreampipe.cli.info import info
from dreampipe.cli.layers import layers
from dreampipe.cli.methods import methods
from dreampipe.cli.models import models
from dreampipe.cli.recipes import recipes
from dreampipe.cli.rerun import rerun
from dreampipe.cli.sheet import sheet
from dreampipe.cli.terminal import say, show
from dreampipe.cli.visualize import visualize
from dreampipe.cli.zoom import zoom


class _Program(TyperGroup):
    """The commands. A typing error is answered like every error, without characters that control a terminal."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command and exit, or return where `standalone_mode` is false."""
        exits = options.pop("standalone_mode", True)
        options["standalone_mode"] = False
        if not exits:
            return super().main(*args, **options)
        try:
            code = super().main(*args, **options)
        except typer.Abort:
            say("Aborted.")
            sys.exit(1)
        except Exception as error:
            if not hasattr(error, "format_message"):  # typer's errors have it, whichever click it uses
                raise
            _say_usage(getattr(error, "ctx", None))
            say(f"Error: {error.format_message()}")
            sys.exit(getattr(error, "exit_code", BAD_ARGUMENTS))
        sys.exit(code or 0)


def _say_usage(context: typer.Context | None) -> None:
    if context is not None:
        for line in context.get_usage().splitlines():
            say(line)
        say(f"Try '{context.command_path} --help' for help.")
        say("")


app = typer.Typer(
    name="dreampipe",
    cls=_Program,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help: it pipes well, and rich would cost a tenth of a second.
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        show(f"dreampipe {__version__}")
        raise typer.Exit


@app.callback()
def dreampipe(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Pictures and films, dreamed by the activations of a Keras model; what it has learned, and why it answers so."""


_WIDE = {"max_content_width": 100}
_EXAMPLES = {
    dream: ("dream photo.jpg dream.jpg", "dream holiday.mp4 dream.mp4 --objective 'logit(eye)' --steps 20"),
    sheet: ("sheet photo.jpg sheet.png", "sheet photo.jpg sheet.png --model inception_v3 --size 384"),
    visualize: ("visualize 'mixed4[12]' channel.png", "visualize 'logit(eye)' eye.png --count 4 --animate eye.mp4"),
    atlas: ("atlas mixed4 atlas.html --channels 0-63", "atlas mixed4 atlas.png --pictures photos"),
    explain: (
        "explain photo.jpg why.png",
        "explain photo.jpg why.png --objective 'logit(eye)' --method integrated-gradients,gradient",
    ),
    attack: ("attack photo.jpg other.png", "attack photo.jpg owl.png --target owl --eps 8/255 --sheet sheet.png"),
    robustness: ("robustness motifs curve.png", "robustness pictures curve.html --method autoattack --norm L2"),
    influence: (
        "influence photo.jpg why.html --pictures motifs",
        "influence --mislabelled pictures doubts.csv --method nearest",
    ),
    zoom: ("zoom photo.jpg dive.mp4 --seconds 10", "zoom photo.jpg loop.gif --loop --seconds 2 --size 320"),
    rerun: ("rerun dream.jpg again.jpg", "rerun dream.jpg other.jpg --set steps=20 --set seed=1"),
    info: ("info dream.jpg", "info dream.jpg --recipe > mine.toml"),
    layers: ("layers inception_v3", "layers my.keras --all"),
    methods: ("methods | less", "methods --json"),
}
for command, examples in _EXAMPLES.items():
    app.command(
        no_args_is_help=command is not methods,
        cls=GroupedCommand,
        epilog=closing(*examples),
        context_settings=_WIDE,
    )(command)
app.add_typer(models, name="models")
app.add_typer(recipes, name="recipes")
