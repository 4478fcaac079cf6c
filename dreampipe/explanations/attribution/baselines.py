"""Baselines: pictures in which what is explained is taken to be absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from dreampipe.errors import RecipeError, nearest
from dreampipe.explanations.question import Work
from dreampipe.frames import Array
from dreampipe.media.formats import format_of_suffix

_BLUR = 1 / 16
"""Standard deviation of the blurred baseline, in longest sides of the picture."""


def _plain(value: float) -> Callable[[Array, np.random.Generator], Array]:
    return lambda picture, rng: np.full_like(picture, value)


def _blurred(picture: Array, rng: np.random.Generator) -> Array:
    sigma = _BLUR * max(picture.shape[:2])
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)


BASELINES: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "black": _plain(0.0),
    "grey": _plain(0.5),
    "white": _plain(1.0),
    "mean": lambda picture, rng: np.broadcast_to(picture.mean((0, 1)), picture.shape).astype(np.float32),
    "blur": _blurred,
    "noise": lambda picture, rng: rng.random(picture.shape, np.float32),
}
"""The baselines by name, each made from the picture. Other text is the path of a picture or of a folder."""


def read_baselines(text: str, picture: Array, work: Work) -> Array:
    """Make the baselines of a picture.

    Args:
        text: names out of `BASELINES`, and paths of pictures or of folders of pictures, joined by `+`.
        picture: (height, width, 3) float32 in [0, 1], as the model sees it.

    Returns:
        (count, height, width, 3); pictures of another size are resized.

    Raises:
        RecipeError: a name is unknown.
        MediaError: a picture cannot be read.
    """
    return np.concatenate([_read(part.strip(), picture, work.rng) for part in text.split("+")])


def check_baselines(text: str) -> None:
    """Check each part of a text of baselines; reads the pictures that it names.

    Raises:
        RecipeError: a part is neither a name nor a path of pictures.
        MediaError: a picture cannot be read.
    """
    for part in (part.strip() for part in text.split("+")):
        if part not in BASELINES:
            for _ in _read_pictures(part):
                pass


def mean_difference(text: str, picture: Array, work: Work) -> Array:
    """Subtract the mean of the baselines from the picture."""
    return np.asarray(picture - read_baselines(text, picture, work).mean(0), np.float32)


def _read(name: str, picture: Array, rng: np.random.Generator) -> Array:
    if name in BASELINES:
        return BASELINES[name](picture, rng)[None]
    height, width = picture.shape[:2]
    resized = [cv2.resize(each, (width, height), interpolation=cv2.INTER_AREA) for each in _read_pictures(name)]
    return np.asarray(np.stack(resized), np.float32)


def _read_pictures(name: str) -> Iterator[Array]:
    """Read the picture at a path, or those in a folder; other files in a folder do not count."""
    from dreampipe.media import decode

    path = Path(name)
    if not name or not path.exists():
        near = f" {nearest(name, BASELINES)}" if name and not path.suffix else " name one of these"
        raise RecipeError(
            f"baseline came as {name!r}, but {', '.join(BASELINES)} or a path of pictures is expected:{near}."
        )
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if _is_picture(file))
    if not files:
        raise RecipeError(f"The baseline {name} is a folder without pictures: name another one.")
    return (decode(file)[0].pixels for file in files)


def _is_picture(file: Path) -> bool:
    """Say whether a file of a folder counts as a picture, as in the hash of a folder: by its name."""
    return file.is_file() and not file.name.startswith(".") and format_of_suffix(file) is not None
