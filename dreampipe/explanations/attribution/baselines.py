"""Baselines: pictures in which what is explained is taken to be absent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from dreampipe.errors import RecipeError, brief, nearest
from dreampipe.explanations.question import Work
from dreampipe.explanations.resizing import resize
from dreampipe.frames import Array
from dreampipe.media.formats import format_of_suffix

_BLUR = 1 / 16
"""Standard deviation of the blurred baseline, in longest sides of the picture."""

_PLUS = "; a path may hold no +, which joins baselines"


def _plain(value: float) -> Callable[[Array, np.random.Generator], Array]:
    return lambda picture, rng: np.full_like(picture, value)


def _blur(picture: Array, rng: np.random.Generator) -> Array:
    sigma = _BLUR * max(picture.shape[:2])
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)


BASELINES: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "black": _plain(0.0),
    "grey": _plain(0.5),
    "white": _plain(1.0),
    "mean": lambda picture, rng: np.broadcast_to(picture.mean((0, 1)), picture.shape).astype(np.float32),
    "blur": _blur,
    "noise": lambda picture, rng: rng.random(picture.shape, np.float32),
}
"""The baselines by name, each made from the picture. Other text is the path of a picture or of a folder."""


def read_baselines(text: str, picture: Array, work: Work) -> Array:
    """Make the baselines of a picture.

    Args:
        text: names out of `BASELINES`, and paths of pictures or of folders of pictures, joined by `+`.
        picture: (height, width, 3) float32 in [0, 1], as the model sees it.

    Returns:
        (count, height, width, 3); pictures of another size are resized, and those with a colour profile become sRGB.

    Raises:
        RecipeError: a name is unknown.
        MediaError: a picture cannot be read.
    """
    return np.concatenate([_read(part.strip(), picture, work.rng) for part in text.split("+")])


def check_baselines(text: str) -> None:
    """Raise RecipeError unless each part is a name, a file, or a folder with pictures."""
    for part in (part.strip() for part in text.split("+")):
        if part in BASELINES:
            continue
        if part and os.path.exists(part):
            _list_pictures(part)
            continue
        near = nearest(Path(part).name, BASELINES)
        hint = near if near.startswith("did you mean") else "check the path"
        raise RecipeError(
            f"baseline came as {brief(part)!r}, but {', '.join(BASELINES)} or the path of a picture or of a folder of "
            f"pictures is expected: {hint}{_PLUS if '+' in text else ''}."
        )


def mean_difference(text: str, picture: Array, work: Work) -> Array:
    """Subtract the mean of the baselines from the picture."""
    return np.asarray(picture - read_baselines(text, picture, work).mean(0), np.float32)


def _read(name: str, picture: Array, rng: np.random.Generator) -> Array:
    if name in BASELINES:
        return BASELINES[name](picture, rng)[None]
    check_baselines(name)
    files = _list_pictures(name)
    height, width = picture.shape[:2]
    return np.stack([resize(_read_picture(file), (height, width)) for file in files])


def _list_pictures(name: str) -> list[Path]:
    path = Path(name)
    files = sorted(file for file in path.iterdir() if _is_picture(file)) if path.is_dir() else [path]
    if not files:
        raise RecipeError(
            f"The baseline {name} is a folder without pictures, but pictures are expected in it: name another one."
        )
    return files


def _read_picture(path: Path) -> Array:
    """Read the pixels (height, width, 3) of a picture as those of the explained picture are read: as sRGB."""
    from dreampipe import media
    from dreampipe.media.profiles import to_srgb

    frame, info = media.decode(path)
    return to_srgb(frame.pixels, info.icc)


def _is_picture(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and format_of_suffix(path) is not None
