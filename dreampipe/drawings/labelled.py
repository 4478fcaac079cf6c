"""Labelled pictures: a folder with a folder for each class, or motifs that are rendered by number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dreampipe.drawings.pictures import folder_pictures
from dreampipe.errors import DreampipeError, MediaError
from dreampipe.events import Tell, ignore
from dreampipe.explanations.adversarial.victim import class_of
from dreampipe.frames import Array, dequantize
from dreampipe.media.kinds import Kind, kind_of
from dreampipe.models.model_card import Card
from dreampipe.models.motifnet.renderer import CLASSES, render
from dreampipe.recipes.attacking import MOTIFS

FRESH = 1
"""The seed of the rendered motifs: another one than that of the pictures that motifnet was trained with."""


def find_classes(card: Card, labelled: str) -> dict[str, int]:
    """Find the class of each folder, by its name or number; or of each motif.

    Raises:
        MediaError: there is no such folder, or no folder of pictures in it.
        ObjectiveError: the model has no class of that name.
    """
    if labelled == MOTIFS:
        return {name: class_of(card, name) for name in CLASSES}
    folder = Path(labelled)
    if not folder.is_dir():
        came = "is a file" if folder.exists() else "does not exist"
        raise MediaError(
            f"{folder} {came}, but a folder with a folder of pictures for each class is expected, or the word {MOTIFS}."
        )
    below = sorted(path for path in folder.iterdir() if _is_own(path))
    named = [path for path in below if any(kind_of(file) is Kind.PICTURE for file in path.rglob("*") if file.is_file())]
    if not named:
        raise MediaError(
            f"{folder} has no labels: put its pictures into folders that are named like the model's classes, such as "
            f"{folder / (card.classes[0] if card.classes else '0')}."
        )
    try:
        return {path.name: class_of(card, path.name) for path in named}
    except DreampipeError as problem:
        raise MediaError(f"{folder} has a folder that is named like no class: {problem}") from None


def _is_own(path: Path) -> bool:
    """Say whether a path is a folder that is looked into: no hidden one, and no link."""
    return path.is_dir() and not path.is_symlink() and not path.name.startswith(".")


def count_labelled(labelled: str, count: int) -> int:
    """Count the labelled pictures by their names, at most `count`; a damaged one counts, too."""
    if labelled == MOTIFS:
        return count
    files = (path for path in Path(labelled).rglob("*") if path.is_file())
    return min(count, sum(kind_of(path) is Kind.PICTURE for path in files))


def labelled_pictures(
    card: Card, labelled: str, count: int, max_size: int, tell: Tell = ignore
) -> Iterator[tuple[Array, int]]:
    """Yield pictures (height, width, 3) float32 in [0, 1] and the numbers of their classes.

    Args:
        card: of the model.
        labelled: the folder, or `motifs`.
        count: the most pictures, evenly spread over the folder; the numbers of motifs from 0 on.
        max_size: larger pictures of a folder are shrunk to this longest side.
        tell: hears what is left out.

    Raises:
        DreampipeError: as of `find_classes`, or no picture can be read.
    """
    classes = find_classes(card, labelled)
    if labelled == MOTIFS:
        for number in range(count):
            example = render(number, FRESH)
            yield dequantize(example.pixels), classes[example.name]
        return
    for name, pixels in folder_pictures(labelled, max_size, count, tell):
        label = name.partition("/")[0]
        if "/" in name and label in classes:
            yield pixels, classes[label]
