"""Labelled pictures: a folder with a folder for each class, a table in CSV, or motifs that are rendered by number."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from dreampipe.drawings.pictures import folder_pictures, training_pictures
from dreampipe.errors import DreampipeError, MediaError
from dreampipe.events import Noted, Tell, ignore
from dreampipe.explanations.adversarial.victim import class_of
from dreampipe.frames import Array, dequantize
from dreampipe.media import read
from dreampipe.media.kinds import Kind, kind_of
from dreampipe.media.profiles import to_srgb
from dreampipe.models.model_card import Card
from dreampipe.models.motifnet.renderer import CLASSES, render
from dreampipe.recipes.attacking import MOTIFS
from dreampipe.stages import Resize

FRESH = 1
"""The seed of the rendered motifs: another one than that of the pictures that motifnet was trained with."""
_MOST_BYTES = 1 << 26
"""The largest table that is read."""


class Example(NamedTuple):
    """A labelled picture: its name, `pixels` (height, width, 3) float32 in [0, 1], and the number of its class."""

    name: str
    pixels: Array
    label: int


def find_classes(card: Card, labelled: str) -> dict[str, int]:
    """Find the class of each folder or label of a table, by its name or number; or of each motif.

    Raises:
        MediaError: there is no such folder or table, no label in it, or the model has no class of such a name.
    """
    if labelled == MOTIFS:
        return {name: class_of(card, name) for name in CLASSES}
    folder = Path(labelled)
    if is_labels(folder) and folder.is_file():
        labels = sorted({label for _, label in read_labels(folder)})
        return _find(card, labels, f"{folder} has a label")
    if not folder.is_dir():
        came = "is a file" if folder.exists() else "does not exist"
        raise MediaError(
            f"{folder} {came}, but a folder with a folder of pictures for each class is expected, a .csv table, or the "
            f"word {MOTIFS}."
        )
    below = sorted(path for path in folder.iterdir() if _is_own(path))
    named = [path for path in below if any(kind_of(file) is Kind.PICTURE for file in path.rglob("*") if file.is_file())]
    if not named:
        raise MediaError(
            f"{folder} has no labels: put its pictures into folders that are named like the model's classes, such as "
            f"{folder / (card.classes[0] if card.classes else '0')}."
        )
    return _find(card, [path.name for path in named], f"{folder} has a folder that is named")


def _find(card: Card, names: Iterable[str], what: str) -> dict[str, int]:
    try:
        return {name: class_of(card, name) for name in names}
    except DreampipeError as problem:
        raise MediaError(f"{what} like no class: {problem}") from None


def is_labels(path: Path) -> bool:
    """Say whether a path has the suffix of a table of labels."""
    return path.suffix.lower() == ".csv"


def read_labels(path: Path) -> tuple[tuple[str, str], ...]:
    """Read a table with the columns `file` and `label`: the files, relative to its folder, and their labels.

    Raises:
        MediaError: it is no such table, or has no row.
    """
    expected = "a table in CSV with the columns file and label is expected, and a row for each picture"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise MediaError(f"{path} has {path.stat().st_size} bytes, but at most {_MOST_BYTES} are read: split it.")
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise MediaError(f"{path} cannot be read as text in UTF-8, but {expected}.") from None
    pairs = [((row.get("file") or "").strip(), (row.get("label") or "").strip()) for row in rows]
    for number, (file, label) in enumerate(pairs, 2):
        if not file or not label:
            raise MediaError(f"Line {number} of {path} has no {'label' if file else 'file'}, but {expected}.")
    if not pairs:
        raise MediaError(f"{path} has no row, but {expected}.")
    return tuple(pairs)


def _is_own(path: Path) -> bool:
    """Say whether a path is a folder that is looked into: no hidden one, and no link."""
    return path.is_dir() and not path.is_symlink() and not path.name.startswith(".")


def count_labelled(labelled: str, count: int) -> int:
    """Count the labelled pictures by their names, at most `count`; a damaged one counts, too."""
    if labelled == MOTIFS:
        return count
    if is_labels(Path(labelled)):
        return min(count, len(read_labels(Path(labelled))))
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
    for example in read_labelled(card, labelled, count, max_size, tell):
        yield example.pixels, example.label


def read_labelled(
    card: Card, labelled: str, count: int, max_size: int, tell: Tell = ignore, trained: bool = False
) -> Iterator[Example]:
    """Yield labelled pictures with their names, by which `read_again` finds them; else as `labelled_pictures`.

    Args:
        trained: render the motifs that motifnet was trained with, and not fresh ones.
    """
    classes = find_classes(card, labelled)
    if labelled == MOTIFS:
        for number, (name, pixels) in enumerate(_motifs(count, trained)):
            yield Example(name, pixels, classes[CLASSES[number % len(CLASSES)]])
        return
    if is_labels(Path(labelled)):
        yield from _listed(Path(labelled), classes, count, max_size, tell)
        return
    for name, pixels in folder_pictures(labelled, max_size, count, tell):
        label = name.partition("/")[0]
        if "/" in name and label in classes:
            yield Example(name, pixels, classes[label])


def read_again(labelled: str, name: str, max_size: int, trained: bool = False) -> Array:
    """Read the picture of a name of `read_labelled` again: (height, width, 3) float32 in [0, 1]."""
    if labelled == MOTIFS:
        return dequantize(render(int(name.rpartition(" ")[2]), 0 if trained else FRESH).pixels)
    path = Path(labelled)
    return _shrunk((path.parent if is_labels(path) else path) / name, max_size)


def _motifs(count: int, trained: bool) -> Iterator[tuple[str, Array]]:
    if trained:
        yield from training_pictures(count)
        return
    for number in range(count):
        example = render(number, FRESH)
        yield f"{example.name}, fresh picture {number}", dequantize(example.pixels)


def _listed(path: Path, classes: Mapping[str, int], count: int, max_size: int, tell: Tell) -> Iterator[Example]:
    """Read the pictures of a table, at most `count`, evenly spread over it."""
    rows = read_labels(path)
    if len(rows) > count:
        tell(Noted(str(path), f"Of the {len(rows)} pictures in {path}, {count} are looked at, evenly spread."))
        rows = tuple(rows[at * len(rows) // count] for at in range(count))
    found = False
    for file, label in rows:
        try:
            pixels = _shrunk(path.parent / file, max_size)
        except MediaError as problem:
            tell(Noted(str(path), f"Left out: {problem}"))
        else:
            found = True
            yield Example(file, pixels, classes[label])
    if not found:
        raise MediaError(f"No picture of {path} could be read, but at least one is expected: look at its files.")


def _shrunk(path: Path, max_size: int) -> Array:
    media = read(path)
    (frame,) = Resize(max_size)(iter(media))
    return to_srgb(frame.pixels, media.info.icc)
