"""The labelled pictures behind an answer: as a sheet, as a page with the same tiles, and as a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from io import StringIO

import cv2
import numpy as np

from dreampipe.drawings.contact import Tile, contact_sheet
from dreampipe.drawings.page import atlas_page
from dreampipe.explanations.influence.influencing import Influence
from dreampipe.explanations.influence.seen import Labels, Numbers
from dreampipe.frames import Array, Frame

Read = Callable[[str], Array]
"""Reads the picture of a name again."""
Name = Callable[[int], str]
"""Names a class by its number."""


def tiles_of(found: Influence, picture: Array, read: Read, name: Name, top: int, size: int) -> list[Tile]:
    """Build the tiles: the picture that is explained, then those that argue for its answer, then those against it.

    Args:
        found: what argues how much.
        picture: (height, width, 3), the picture that is explained.
        read: reads a labelled picture.
        name: names a class by its number.
        top: the most pictures for the answer, and the most against it.
        size: the longest side of each, in pixels.
    """
    tiles = [Tile(f"answer explained: {name(found.label)}", _resize(picture, size), anchor="picture")]
    shares = found.shares
    for word, numbers in (("for", found.most_for(top)), ("against", found.most_against(top))):
        for rank, number in enumerate(numbers, 1):
            label = f"{word} {rank}: {name(int(found.labels[number]))}, {shares[number]:+.2%}"
            tiles.append(Tile(label, _resize(read(found.names[number]), size), anchor=f"{word}-{rank}"))
    return tiles


def draw_influence(tiles: list[Tile], size: int) -> Frame:
    """Draw the tiles as a sheet."""
    return contact_sheet(tiles, size)


def page_of(found: Influence, tiles: list[Tile], name: Name, record: str | None = None) -> str:
    """Write a page of HTML with the tiles; `record` is as of `atlas_page`."""
    title = f"Pictures behind the answer {name(found.label)} of {found.model}"
    said = (
        f"{found.method}: {found.method.says}. A share is a picture's score over the summed sizes of all "
        f"{len(found.names)} scores; + argues for {name(found.label)}, - against it."
    )
    return atlas_page(tiles, title, (said, *found.notes), record)


def table_of(found: Influence, name: Name) -> str:
    """Write all labelled pictures in CSV, the one that argues most for the answer first."""
    shares = found.shares
    order = np.argsort(-found.scores, kind="stable")
    rows = [
        (rank, found.names[at], name(int(found.labels[at])), f"{found.scores[at]:.6g}", f"{shares[at]:.6g}")
        for rank, at in enumerate(order, 1)
    ]
    return _write(("rank", "file", "label", "score", "share"), rows)


def suspects_of(names: tuple[str, ...], labels: Labels, answers: Labels, doubts: Numbers, name: Name) -> str:
    """Write all labelled pictures in CSV, the one with the most suspicious label first.

    Args:
        names: of the pictures, count.
        labels: (count,), the number of the class of each.
        answers: (count,), the number of the class that the model names.
        doubts: (count,), how suspicious each label is.
        name: names a class by its number.
    """
    order = np.argsort(-doubts, kind="stable")
    rows = [
        (rank, names[at], name(int(labels[at])), name(int(answers[at])), f"{doubts[at]:.6g}")
        for rank, at in enumerate(order, 1)
    ]
    return _write(("rank", "file", "label", "answer", "suspicion"), rows)


def _write(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


def _resize(pixels: Array, size: int) -> Array:
    height, width = pixels.shape[:2]
    factor = size / max(height, width)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    shape = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(np.clip(cv2.resize(np.asarray(pixels, np.float32), shape, interpolation=way), 0, 1), np.float32)
