"""The files that objectives name, read once when they are bound: pictures for guides, `.npy` vectors for directions."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
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


def _bytes(path: Path) -> bytes:
    """Read the bytes of a `.npy` file; of another kind of file only the first."""
    if path.exists() and not path.is_file():
        raise ValueError("it is no regular file")
    with path.open("rb") as opened:
        data = opened.read(_MOST_BYTES + 1)
    if not data.startswith(b"\x93NUMPY") or len(data) > _MOST_BYTES:
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
        kind = "a picture" if what == "guide" else "a vector saved by numpy"
        raise Misfit(
            f"The {what} {file!r} cannot be read ({reason}), but {kind} is expected: check its name.", text_of(file)
        ) from error
