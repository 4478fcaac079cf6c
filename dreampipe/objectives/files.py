"""The files that objectives name, read once when they are bound.

Pictures for guides, `.npy` vectors for directions, and folders of pictures and `.npz` files for concepts.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dreampipe.errors import DreampipeError
from dreampipe.objectives.comparisons import FileBytes
from dreampipe.objectives.names import text_of
from dreampipe.objectives.terms import Misfit

if TYPE_CHECKING:
    from dreampipe.frames import Array
    from dreampipe.models.model_card import Card

MOST_PIXELS = 320 * 224
"""The most pixels of a guide: its features suffice, and each place of a picture is compared with all of them."""
SIDE = 128
"""The height and width, in pixels, at which a model of all sizes sees pictures of a concept."""
MOST_PICTURES = 32
"""The most pictures that show a concept."""
OTHERS = 1
"""The seed of the rendered pictures that do not show it; that of the training pictures of `motifnet` is 0."""
_MOST_BYTES = 1 << 24


def guide_picture(file: str, card: Card) -> FileBytes:
    """Read a guide picture, at the size at which a model sees it.

    A model of one size sees it at that. For others the picture keeps its proportions, and is shrunk by area to at most
    71,680 pixels (320x224, as in the notebook of "Inceptionism"), but not below the model's least side.

    Raises:
        Misfit: the picture cannot be read, or one of its sides is too small for the model.
    """
    from dreampipe.media import decode_hashed

    with _about("guide", file):
        frame, _, digest = decode_hashed(file)
        pixels = frame.pixels
    height, width = pixels.shape[:2]
    if not card.fixed and min(height, width) < card.least:
        raise Misfit(
            f"The guide {file} is {width}x{height} pixels, but {card.name} sees pictures of at least "
            f"{card.least}x{card.least}: give a larger picture.",
            text_of(file),
        )
    return FileBytes(digest, _resize(pixels, card.fixed or guide_size(height, width, card.least)))


def guide_size(height: int, width: int, least: int) -> tuple[int, int]:
    """Compute the height and width at which the model sees a guide."""
    scale = min(1.0, max(math.sqrt(MOST_PIXELS / (height * width)), least / min(height, width)))
    return max(least, int(height * scale)), max(least, int(width * scale))


def _resize(pixels: Array, size: tuple[int, int]) -> Array:
    import cv2
    import numpy as np

    if pixels.shape[:2] == size:
        return pixels
    smaller = size[0] * size[1] < pixels.shape[0] * pixels.shape[1]
    sized = cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.asarray(sized, np.float32)


def unit_vector(file: str) -> FileBytes:
    """Read the vector of a `.npy` file, and scale it to length 1.

    Raises:
        Misfit: there is no such file, or it holds anything but finite real numbers, not all of them 0, in one row.
    """
    import numpy as np

    with _about("direction", file):
        data = _bytes(Path(file))
        found = np.load(io.BytesIO(data), allow_pickle=False)
    if found.ndim != 1 or found.dtype.kind not in "fiu" or not np.isfinite(found).all() or not found.any():
        raise Misfit(
            f"The direction {file} came as {found.dtype} {found.shape}, but one row of finite numbers, not all 0, is "
            "expected: save a vector with numpy.save.",
            text_of(file),
        )
    vector = found.astype(np.float64) / np.abs(found.astype(np.float64)).max()
    return FileBytes(hashlib.sha256(data).hexdigest(), (vector / np.linalg.norm(vector)).astype(np.float32))


def concept_size(card: Card) -> tuple[int, int]:
    """Choose the height and width at which a model sees pictures of a concept: its only size, or a square."""
    return card.fixed or (max(card.least, SIDE), max(card.least, SIDE))


def cut_middle(pixels: Array, size: tuple[int, int]) -> Array:
    """Cut the largest square out of the middle of a picture (height, width, 3), and resize it."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return _resize(pixels[top : top + side, left : left + side], size)


def concept_pictures(file: str, card: Card) -> FileBytes:
    """Read the pictures of a concept, and as many rendered ones of all kinds: (count, height, width, 3).

    Of a folder of more than `MOST_PICTURES`, so many are read, evenly spread.

    Raises:
        Misfit: there is no such folder, or fewer than two pictures are in it.
    """
    import numpy as np

    from dreampipe.media import decode, fingerprint

    folder, size = Path(file), concept_size(card)
    if os.path.isfile(folder):
        found = folder.suffix.lower() == ".npz"
        hint = f"write {text_of(file)}[0]" if found else "name a folder with at least 2 pictures of the concept"
        raise Misfit(
            f"The concept {file} is a file, but a folder of pictures, or the number of a found concept, is expected: "
            f"{hint}.",
            text_of(file),
        )
    with _about("concept", file):
        names = _list_pictures(folder)
        count = min(len(names), MOST_PICTURES)
        chosen = [names[at * len(names) // count] for at in range(count)]
        own = [cut_middle(decode(name)[0].pixels, size) for name in chosen]
        digest = fingerprint(folder)
    if len(own) < 2:
        raise Misfit(
            f"The concept {file} holds {'one picture' if own else 'no pictures'}, but a folder of at least 2 is "
            "expected: put more into it.",
            text_of(file),
        )
    return FileBytes(digest, np.stack([*own, *(_resize(one, size) for one in other_pictures(len(own)))]))


@lru_cache(maxsize=4)
def other_pictures(count: int) -> tuple[Array, ...]:
    """Render pictures of all kinds, (height, width, 3) each, that `motifnet` was not trained with."""
    from dreampipe.frames import dequantize
    from dreampipe.models.motifnet.renderer import render

    return tuple(dequantize(render(number, OTHERS).pixels) for number in range(count))


def _list_pictures(folder: Path) -> list[Path]:
    """List the pictures in a folder and its subfolders by name, without hidden ones; raises NotADirectoryError."""
    from dreampipe.media.kinds import Kind, kind_of

    if not folder.is_dir():
        raise NotADirectoryError("there is no such folder")
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    shown = (path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))
    return [path for path in shown if kind_of(path) is Kind.PICTURE]


def found_direction(file: str, number: int, layer: str) -> FileBytes:
    """Read the direction of a found concept from an `.npz` file that `dreampipe concepts` has written.

    Raises:
        Misfit: there is no such file or concept, or it is one of another layer.
    """
    import zipfile

    import numpy as np

    with _about("concept", file):
        data = _bytes(Path(file), b"PK")
        if sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(data)).infolist()) > 4 * _MOST_BYTES:
            raise ValueError("it is larger than any concepts")
        with np.load(io.BytesIO(data), allow_pickle=False) as saved:
            directions, own = saved["directions"], str(saved["layer"])
        if directions.ndim != 2 or directions.dtype != np.float32 or not np.isfinite(directions).all():
            raise ValueError("its directions are no rows of numbers")
    if number >= len(directions):
        raise Misfit(
            f"Concept {number} of {file} was asked for, but there are {len(directions)}: give one from 0 to "
            f"{len(directions) - 1}.",
            f"[{number}]",
        )
    if own != layer:
        raise Misfit(
            f"The concepts in {file} are of layer {own}, but {layer} was named: name {own}, or find concepts there.",
            text_of(file),
        )
    return FileBytes(hashlib.sha256(data).hexdigest(), directions[number])


def _bytes(path: Path, head: bytes = b"\x93NUMPY") -> bytes:
    """Read the bytes of a file that begins with `head`; of another kind of file only the first."""
    if path.exists() and not path.is_file():
        raise ValueError("it is no regular file")
    with path.open("rb") as opened:
        data = opened.read(_MOST_BYTES + 1)
    if not data.startswith(head) or len(data) > _MOST_BYTES:
        raise ValueError("it does not begin like one" if len(data) <= _MOST_BYTES else "it is larger than any vector")
    return data


@contextmanager
def _about(what: str, file: str) -> Iterator[None]:
    """Turn every error while a file is read into one sentence about the file."""
    try:
        yield
    except DreampipeError as error:
        raise Misfit(f"The {what} {file!r} cannot be used: {error}", text_of(file)) from error
    except Exception as error:  # on broken bytes numpy raises errors of many kinds, those of tokenize too
        reason = str(getattr(error, "strerror", None) or error).partition("\n")[0] or type(error).__name__
        if isinstance(error, MemoryError):
            reason = "it does not fit into memory"
        kind = {
            "guide": "a picture",
            "direction": "a vector saved by numpy",
            "concept": "a folder of pictures, or a file of found concepts with a number,",
        }[what]
        raise Misfit(
            f"The {what} {file!r} cannot be read ({reason}), but {kind} is expected: check its name.", text_of(file)
        ) from error
