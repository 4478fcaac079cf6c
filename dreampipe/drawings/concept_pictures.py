"""The pictures of concepts: those to look in, those of given concepts, and others without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dreampipe.drawings.labelled import FRESH
from dreampipe.drawings.pictures import folder_pictures
from dreampipe.errors import MediaError, nearest
from dreampipe.events import Tell, ignore
from dreampipe.explanations.truth.attributes import ATTRIBUTES
from dreampipe.explanations.truth.scenes import compose
from dreampipe.frames import Array, dequantize
from dreampipe.models.motifnet.renderer import SIZE, render
from dreampipe.objectives.files import MOST_PICTURES, cut_middle
from dreampipe.recipes.finding import MOTIFS, Finding

_LONGEST = 512
"""Larger pictures are shrunk to this longest side, in pixels."""
_APART = 10_000
"""The number of the first scene without a concept; those with one begin at 0."""
_MOST_OTHERS = 200


@dataclass(frozen=True, eq=False)
class Shown:
    """The pictures to look in, each (height, width, 3) float32 in [0, 1]."""

    pictures: Sequence[Array]

    def squares(self, size: tuple[int, int]) -> Array:
        """Cut the middle square out of each, and resize it: (count, height, width, 3)."""
        return np.stack([cut_middle(picture, size) for picture in self.pictures])


def check_shown(recipe: Finding) -> None:
    """Raise MediaError if there is no folder to look in, or no picture in it; it reads none."""
    if recipe.folder != MOTIFS:
        folder_pictures(recipe.folder, _LONGEST, recipe.samples, ignore)


def list_shown(recipe: Finding, tell: Tell) -> Shown:
    """Read the pictures to look in; raises MediaError, at once if there is no folder or no picture in it."""
    if recipe.folder == MOTIFS:
        return Shown([dequantize(render(number, FRESH).pixels) for number in range(recipe.samples)])
    found = folder_pictures(recipe.folder, _LONGEST, recipe.samples, tell)
    return Shown([picture.pixels for picture in found])


def read_given(name: str, size: tuple[int, int], only_check: bool = False) -> Array:
    """Read the pictures of a given concept, an attribute or a folder: (count, height, width, 3).

    Args:
        name: a key of `ATTRIBUTES`, or a folder.
        size: height and width.
        only_check: render nothing of an attribute.

    Raises:
        MediaError: the folder holds fewer than two pictures, or there is none and no attribute of that name.
    """
    if name in ATTRIBUTES:
        numbers = range(1 if only_check else MOST_PICTURES)
        return np.stack(
            [cut_middle(compose(n, (SIZE, SIZE), 1).marked(0, name).render().pixels, size) for n in numbers]
        )
    return _read_folder(name, size, f"{nearest(name, ATTRIBUTES)}, or a folder of pictures")


def read_others(folder: str | None, size: tuple[int, int], least: int = 0, only_check: bool = False) -> Array:
    """Read or render pictures without a given concept: (count, height, width, 3).

    Args:
        folder: None for rendered scenes of one motif each.
        size: height and width.
        least: how many to render.
        only_check: render nothing.

    Raises:
        MediaError: the folder holds no pictures.
    """
    if folder is not None:
        return _read_folder(folder, size, "name the folder of pictures without the concepts", _MOST_OTHERS)
    numbers = range(_APART, _APART + (1 if only_check else least))
    return np.stack([cut_middle(compose(number, (SIZE, SIZE), 1).render().pixels, size) for number in numbers])


def _read_folder(folder: str, size: tuple[int, int], advice: str, most: int = MOST_PICTURES) -> Array:
    try:
        pictures = [picture.pixels for picture in folder_pictures(folder, _LONGEST, most, ignore)]
    except MediaError as problem:
        raise MediaError(f"The concept {folder} cannot be read: {str(problem).rstrip('.')} ({advice}).") from None
    if len(pictures) < 2:
        raise MediaError(
            f"The concept {folder} holds one picture, but at least 2 are expected to train and to test on: put more "
            "into it."
        )
    return np.stack([cut_middle(picture, size) for picture in pictures])
