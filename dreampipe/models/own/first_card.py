"""A first card for a user's model, written by looking at its file: `first_card(path) -> str`, the text of my.card.toml.

What is guessed is called so; what cannot be known stands there as a comment, for whoever knows it. No keras here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

from dreampipe.errors import printable
from dreampipe.models import imagenet
from dreampipe.models.model_card import Layer
from dreampipe.models.own.archive import LIMITS, TRUSTED
from dreampipe.models.own.files import objective
from dreampipe.models.own.guessing import Guess, guess
from dreampipe.models.own.inspecting import Inspected, inspect

_SCALINGS = (
    "How the model wants its pixels: unit [0, 1], tf [-1, 1], bytes [0, 255], torch (ImageNet's mean and deviation) or "
    "caffe (blue, green, red in [0, 255] less ImageNet's mean)."
)


def first_card(path: Path, trust: bool = False) -> str:
    """The text of a card for a `.keras` file, as TOML with comments that explain each key.

    Raises:
        ModelError: the file is not safe to open, or is not a model of one picture in RGB.
    """
    found = inspect(path, TRUSTED if trust else LIMITS)
    parts = (
        _comment(
            f"The card of {path.name}: what the file itself does not say. Written by `dreampipe models card` from a "
            "look at it; change what you know better. A flag of a command goes over it, and a key that is left out is "
            "found anew each time.",
            _size(found),
        ).rstrip("\n"),
        _scaling(guess(found.graph, found.config)),
        _comment("What is climbed where no objective is asked for.") + f"objective = {_quote(objective(found.layers))}",
        _classes(path, found.outputs),
        _comment("Of the weights, such as MIT or CC BY 4.0; and a line for whoever uses the model.")
        + '# licence = ""\n# note = ""',
        _comment("With this line, no other file of this name is opened.") + f'# sha256 = "{found.sha256}"',
        _comment("The layers named above and below have these names in the file.")
        + f'{"" if found.earlier else "# "}names = "file"',
        "\n".join(_write_recommended(found.layers)),
    )
    return "\n\n".join(parts) + "\n"


def _size(found: Inspected) -> str:
    if found.fixed:
        height, width = found.fixed
        return f"It takes {width}x{height} pixels only: other pictures are dreamed at that size."
    return f"It takes pictures of all sizes from {found.least} pixels on."


def _scaling(guessed: Guess) -> str:
    why = (
        f"Guessed: {guessed.why}."
        if guessed.why
        else "Guessed: nothing in the file tells, and this is the most common; a wrong one gives dull dreams."
    )
    return f'{_comment(_SCALINGS, why)}scaling = "{guessed.scaling}"'


def _classes(path: Path, outputs: int | None) -> str:
    if outputs == 0:
        return _comment("It has no head of classes, so there are no names of logits to give.").rstrip("\n")
    count = "" if outputs is None else f"{outputs} "
    told = f"Names of its {count}logits, in order: a list, or the name of a file of lines next to this card."
    if outputs == imagenet.COUNT:
        told += " Left out, they are those of ImageNet, once these have been downloaded."
    return _comment(told) + f"# classes = {_quote(f'{path.stem}.classes.txt')}"


def _write_recommended(layers: tuple[Layer, ...]) -> Iterator[str]:
    """A table of the layers that are recommended; TOML wants it last."""
    yield (
        _comment(
            "Layers that dream well, and why. These are only spread over the depth, by arithmetic: look at a dream of "
            "each, `dreampipe sheet` shows them on one page, and keep what you like. `dreampipe layers` lists all."
        )
        + "[recommended]"
    )
    for layer in layers:
        if layer.recommended and layer.name.isprintable():
            yield f"{_key(layer.name)} = {_quote(_write_sight(layer))}"


def _write_sight(layer: Layer) -> str:
    field = "sees all" if layer.receptive_field is None else f"each place sees {layer.receptive_field} pixels"
    return f"stride {layer.stride}, {field}" if layer.stride else field


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else _quote(name)


def _comment(*sentences: str) -> str:
    """Lines of a comment, each sentence on lines of its own; a name cannot end it."""
    return "".join(f"# {line}\n" for sentence in sentences for line in wrap(printable(sentence), 98))


def _quote(text: str) -> str:
    """A text of TOML on one line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(escaped)}"'
