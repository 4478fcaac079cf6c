"""The commands of the program, in the order of its help. The module of each is loaded when it is needed.

`dreampipe --help` and a wrong name load none of them, so they answer at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer

from dreampipe.cli.uncollected import uncollected


@dataclass(frozen=True)
class Row:
    """One command.

    Attributes:
        module: its module in `dreampipe.cli`, which holds a function or a group of the command's name.
        summary: what it does: the first sentence of its docstring.
        examples: command lines without the word dreampipe; a group has none.
        bare: whether it does something without arguments.
    """

    module: str
    summary: str
    examples: tuple[str, ...] = ()
    bare: bool = False


COMMANDS = {
    "dream": Row(
        "dream",
        "Dream pictures, films, or folders of these.",
        ("dream photo.jpg dream.jpg", "dream holiday.mp4 dream.mp4 --objective 'logit(eye)' --steps 20"),
    ),
    "sheet": Row(
        "sheet",
        "Dream one photo at every layer that is recommended.",
        ("sheet photo.jpg sheet.png", "sheet photo.jpg sheet.png --model inception_v3 --size 384"),
    ),
    "visualize": Row(
        "visualize",
        "Draw what a neuron, channel, layer, hidden unit, logit or probability responds to.",
        ("visualize 'mixed4[12]' channel.png", "visualize 'logit(eye)' eye.png --count 4 --animate eye.mp4"),
    ),
    "atlas": Row(
        "atlas",
        "Draw every channel of a layer, or a chosen range, each over its number.",
        ("atlas mixed4 atlas.html --channels 0-63", "atlas mixed4 atlas.png --pictures photos"),
    ),
    "explain": Row(
        "explain",
        "Show what in a picture, a film, or each of a folder speaks for a model's answer, and what against it.",
        (
            "explain photo.jpg why.png",
            "explain photo.jpg why.png --objective 'logit(eye)' --method integrated-gradients,gradient",
        ),
    ),
    "attack": Row(
        "attack",
        "Change a picture a little, so that a model answers otherwise.",
        ("attack photo.jpg other.png", "attack photo.jpg owl.png --target owl --eps 8/255 --sheet sheet.png"),
    ),
    "robustness": Row(
        "attack",
        "Measure how many pictures a model still names rightly under attacks, over the bound of the change.",
        ("robustness motifs curve.png", "robustness pictures curve.html --method autoattack --norm L2"),
    ),
    "concepts": Row(
        "concepts",
        "Find the concepts of a layer, or test whether a class depends on given ones.",
        (
            "concepts motifs concepts.html --layer mixed4",
            "concepts photos concepts.png --given 'stripes, spots' --of-class fish",
        ),
    ),
    "influence": Row(
        "influence",
        "Show the labelled pictures that argue for what a model answers, and those that argue against it.",
        (
            "influence photo.jpg why.html --pictures motifs",
            "influence --mislabelled pictures doubts.csv --method nearest",
        ),
    ),
    "report": Row(
        "report",
        "Put on one page what a model makes of a picture: answer, maps, concepts, training pictures, dreams, attack.",
        ("report photo.jpg report.html", "report photo.jpg report.html --model my.keras --pictures classes --json"),
    ),
    "zoom": Row(
        "zoom",
        "Dive into a picture: each frame of a film is dreamed from the last one, seen from a little nearer.",
        ("zoom photo.jpg dive.mp4 --seconds 10", "zoom photo.jpg loop.gif --loop --seconds 2 --size 320"),
    ),
    "gallery": Row(
        "gallery",
        "Show the dreams of a folder on one page, each beside what it was made from.",
        ("gallery dreams gallery.html", "gallery dreams gallery.html --sources photos --recursive"),
    ),
    "rerun": Row(
        "rerun",
        "Make an output of dreampipe again, and say whether the pixels are the same.",
        ("rerun dream.jpg again.jpg", "rerun dream.jpg other.jpg --set steps=20 --set seed=1"),
    ),
    "info": Row(
        "info",
        "Show how a picture, a film or a page was made: its recipe, and the hashes and versions that it carries.",
        ("info dream.jpg", "info dream.jpg --recipe > mine.toml"),
    ),
    "layers": Row(
        "layers",
        "Draw the layers of a model as a tree: the ends of its blocks, with a * at the recommended.",
        ("layers inception_v3", "layers my.keras --all"),
    ),
    "classes": Row(
        "classes",
        "List the classes of a model with their numbers, all or those whose name holds WORD, and how to climb each.",
        ("classes motifnet", "classes inception_v3 dog"),
    ),
    "doctor": Row(
        "doctor",
        "Check whether this machine is set up: libraries, devices, codecs, memory, weights and settings.",
        ("doctor | less", "doctor --json"),
        bare=True,
    ),
    "cache": Row(
        "cache",
        "Show the programs that JAX has compiled and kept on the disk, or remove them.",
        ("cache | less", "cache --clear"),
        bare=True,
    ),
    "methods": Row(
        "methods",
        "List the methods of `dreampipe explain`, with their settings and defaults.",
        ("methods | less", "methods --json"),
        bare=True,
    ),
    "models": Row(
        "models",
        "List the models that have a name, and whether their weights are on the disk or to be downloaded.",
        bare=True,
    ),
    "recipes": Row(
        "recipes",
        "List the presets: recipes that come with dreampipe, for --recipe.",
        bare=True,
    ),
}


def load(name: str) -> Any:
    """Load a command, as typer runs it."""
    row = COMMANDS[name]
    with uncollected():
        from dreampipe.cli.help import GroupedCommand, closing

        found = getattr(import_module(f"dreampipe.cli.{row.module}"), name)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False, rich_markup_mode=None)
        found.command(
            name,
            no_args_is_help=not row.bare,
            cls=GroupedCommand,
            epilog=closing(*row.examples),
            context_settings={"max_content_width": 100},
        )(function)
    made = typer.main.get_command(found)
    made.name = name
    return made
