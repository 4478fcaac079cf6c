"""Anything that holds a picture as frames, and frames as what came: `take(picture) -> Taken`.

The rules are in the docstring of `Frame.of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dreampipe.errors import MediaError
from dreampipe.frames import Frame, Layout, MediaInfo, Order
from dreampipe.media.arrays import Form, array_of, frames_of, planes_of
from dreampipe.media.decoding import decode, decode_data
from dreampipe.media.kinds import Kind, kind_of
from dreampipe.media.metadata import rgb_profile
from dreampipe.media.storage.addresses import Address, disk_path, is_address
from dreampipe.media.storage.stores import Store
from dreampipe.media.tensors import open_tensor
from dreampipe.picturing import Picture


@dataclass(frozen=True, eq=False)
class Taken:
    """The pictures of what came.

    Attributes:
        frames: one, or those of a batch; those of an array are made when they are asked for.
        back: makes what came of such frames again: an array, tensor or PIL picture of the same kind.
        batch: whether it was a batch.
        bits: of a value, 8 or 16.
        icc: an RGB colour profile of the values; None for sRGB.
    """

    frames: Sequence[Frame]
    back: Callable[[Iterable[Frame]], Any]
    batch: bool = False
    bits: int = 8
    icc: bytes | None = None

    def only(self, call: str) -> Frame:
        """Return the one picture, also of a batch of one; raises ValueError."""
        if len(self.frames) != 1:
            raise ValueError(f"A batch of {len(self.frames)} came, but {call} takes one picture: call it for each.")
        return self.frames[0]


def take(picture: Any, call: str, order: Order = "rgb", layout: Layout | None = None) -> Taken:
    """Take a picture, or a batch of them, in any form that `Frame.of` describes.

    Args:
        call: the name of the function that takes it, for sentences.

    Raises:
        MediaError: a file or its bytes cannot be read as a picture.
        ValueError: it holds no picture.
    """
    if isinstance(picture, Frame):
        return Taken((picture,), lambda frames: next(iter(frames)))
    if isinstance(picture, str) and is_address(picture):
        return _of_address(picture, call)
    if isinstance(picture, str | PathLike):
        return _of_file(*_read(Path(picture), call))
    if isinstance(picture, bytes | bytearray) or _is_encoded(picture):
        return _of_file(*decode_data(bytes(picture), "The data that came"))
    if isinstance(picture, Image.Image):
        return _of_pillow(picture)
    if _is_several(picture):
        return _of_several(picture, call, order, layout)
    if isinstance(picture, np.ndarray):
        return _of_array(picture, order, layout)
    if opened := open_tensor(picture):
        frames, form = frames_of(opened.values, order, layout, opened.usual)
        return Taken(frames, lambda made: opened.back(array_of(made, form)), form.batch, _bits(opened.values.dtype))
    if hasattr(picture, "read"):
        return _of_file(*_read_open(picture))
    raise ValueError(
        f"The picture came as {type(picture).__name__}, but a path, a file, a PIL picture, an array or a tensor is "
        "expected: numpy.asarray makes an array of many things."
    )


def _is_encoded(picture: object) -> bool:
    """Say whether it is a view of the bytes of a file, and not of rows of pixels."""
    return isinstance(picture, memoryview) and picture.ndim == 1 and picture.itemsize == 1


def _is_several(pictures: Any) -> bool:
    """Say whether it is a list, a tuple or an array of pictures, and not of numbers."""
    if isinstance(pictures, np.ndarray):
        return pictures.dtype == object and pictures.ndim == 1
    numbers = (list, tuple, bool, int, float, np.generic)
    return isinstance(pictures, list | tuple) and not any(isinstance(one, numbers) for one in pictures)


def _of_several(pictures: Sequence[Any], call: str, order: Order, layout: Layout | None) -> Taken:
    """Take pictures that may have different sizes, and give them back as what held them."""
    if not len(pictures):
        raise ValueError(f"A {type(pictures).__name__} without pictures came, but {call} takes one or more.")
    each = [take(one, call, order, layout) for one in pictures]
    frames = tuple(
        one if isinstance(one, Frame) else replace(taken.only(call), index=at)
        for at, (one, taken) in enumerate(zip(pictures, each, strict=True))
    )

    def back(made: Iterable[Frame]) -> Any:
        given = [taken.back([frame]) for taken, frame in zip(each, made, strict=True)]
        if not isinstance(pictures, np.ndarray):
            return tuple(given) if isinstance(pictures, tuple) else given
        held = np.empty(len(given), object)
        for at, one in enumerate(given):
            held[at] = one
        return held

    return Taken(frames, back, True, max(taken.bits for taken in each))


def _read(path: Path, call: str) -> tuple[Frame, MediaInfo]:
    if kind_of(path) is Kind.FILM:
        advice = "hand read(...) to a FilmRecipe's film_pipeline(...)" if call == "dream" else f"{call} its frames"
        raise MediaError(f"{path} is a film, but {call} takes one picture: {advice}.")
    return decode(path)


def _of_address(text: str, call: str) -> Taken:
    if (path := disk_path(text)) is not None:
        return _of_file(*_read(Path(path), call))
    address = Address.parse(text)
    return _of_file(*decode_data(Store.of(address).read(address), str(address)))


def _read_open(file: Any) -> tuple[Frame, MediaInfo]:
    name = getattr(file, "name", None)
    named = name if isinstance(name, str) and name else "The file that came"
    try:
        data = file.read()
    except (OSError, ValueError, UnicodeError) as problem:
        raise MediaError(f"{named} cannot be read ({problem}): open it anew, in binary mode.") from None
    if not isinstance(data, bytes | bytearray | memoryview):
        raise MediaError(f"{named} is open as text, but the bytes of a picture are expected: open it in mode 'rb'.")
    return decode_data(bytes(data), named)


def _of_file(frame: Frame, info: MediaInfo) -> Taken:
    form = Form(np.dtype(np.uint16 if info.bits == 16 else np.uint8))
    return Taken((frame,), lambda frames: Picture.of(array_of(frames, form)), False, info.bits, info.icc)


def _of_array(array: np.ndarray[Any, Any], order: Order, layout: Layout | None) -> Taken:
    frames, form = frames_of(array, order, layout)

    def back(made: Iterable[Frame]) -> Any:
        values = array_of(made, form)
        return Picture.of(values) if (form.layout, form.order) == ("hwc", "rgb") else values

    return Taken(frames, back, form.batch, _bits(array.dtype))


def _bits(dtype: np.dtype[Any]) -> int:
    return 16 if dtype.newbyteorder("=") == np.uint16 else 8


def _of_pillow(image: Image.Image) -> Taken:
    """Take a picture of PIL as PIL shows it: its EXIF orientation is neither applied nor lost."""
    try:
        values = _values(image)
    except OSError as problem:
        raise MediaError(f"The PIL picture that came cannot be decoded ({problem}): open a whole file.") from None
    (frame,), _ = frames_of(values)
    # A profile of inks or of grey would not fit the colours that come back.
    icc = rgb_profile(image.info.get("icc_profile")) if image.mode in ("RGB", "RGBA") else None
    kept: dict[Any, Any] = {key: image.info[key] for key in ("exif", "dpi", "xmp") if key in image.info}
    kept |= {"icc_profile": icc} if icc else {}

    def back(frames: Iterable[Frame]) -> Image.Image:
        planes = np.clip(planes_of(next(iter(frames))), 0, 1)
        made = Image.fromarray(np.asarray(np.rint(planes * 255), np.uint8))
        made.info.update(kept)
        return made

    return Taken((frame,), back, False, _bits(values.dtype), icc)


def _values(image: Image.Image) -> np.ndarray[Any, Any]:
    """Return the values of a picture: (height, width[, 3 or 4]), of uint8, or what a deep grey holds."""
    if image.mode.startswith("I;16") or image.mode == "F":
        return np.asarray(image)
    if image.mode == "I":
        deep = np.asarray(image)
        if deep.min() < 0 or deep.max() > 65535:
            raise ValueError("The PIL picture of mode I has values outside of [0, 65535]: scale it to them first.")
        return deep.astype(np.uint16)
    if image.mode in ("RGB", "RGBA"):
        return np.asarray(image)
    if image.mode == "La":  # which PIL converts to LA alone
        image = image.convert("LA")
    return np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))
