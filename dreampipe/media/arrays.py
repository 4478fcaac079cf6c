"""Arrays of any usual kind as frames, and frames as an array of the same kind again.

    frames, form = frames_of(array)        array = array_of(frames, form)

The rules are in the docstring of `Frame.of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array, Frame, Layout, Order

AnyArray = npt.NDArray[Any]
_CHANNELS = (1, 3, 4)
_EXPECTED = (
    "(height, width[, 1, 3 or 4]), channels last or first, or a batch of such pictures, of uint8, uint16 or a float "
    "type is expected"
)


@dataclass(frozen=True)
class Form:
    """The kind of an array.

    Attributes:
        dtype: of its values when it comes back: that of the array, and uint8 for bool.
        layout: where its channels are.
        order: of its colours.
        batch: whether it holds a batch, (count, ...), and not one picture.
    """

    dtype: np.dtype[Any]
    layout: Layout = "hwc"
    order: Order = "rgb"
    batch: bool = False


@dataclass(frozen=True, eq=False)
class Pictures(Sequence[Frame]):
    """The pictures of an array as frames, each made when it is asked for: a batch of floats takes much memory.

    Attributes:
        values: (count, height, width, 1, 3 or 4).
        top: the value that is white.
        order: of the colours.
    """

    values: AnyArray
    top: int
    order: Order

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> Frame: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Frame]: ...
    def __getitem__(self, at: int | slice) -> Frame | Sequence[Frame]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        return _frame(self.unit(at), self.order, range(len(self))[at])

    def unit(self, at: int) -> Array:
        """Return the values of one picture, with white at 1."""
        return np.asarray(self.values[at] / self.top, np.float32)


def frames_of(
    array: AnyArray, order: Order = "rgb", layout: Layout | None = None, usual: Layout = "hwc"
) -> tuple[Pictures, Form]:
    """Read an array as one picture or several.

    Args:
        array: as `Frame.of` describes it.
        order: of its colours.
        layout: where its channels are; None to tell it by the shape.
        usual: the layout of an array whose shape fits both.

    Raises:
        ValueError: it has another shape or type, or values outside of [0, 1].
    """
    if order not in ("rgb", "bgr") or layout not in (None, "hwc", "chw"):
        raise ValueError(f"order={order!r}, layout={layout!r} came, but rgb or bgr, and hwc or chw, are expected.")
    came = f"The picture came as {array.dtype} {array.shape}, but {_EXPECTED}"
    top = _top(array.dtype)
    if top is None:
        raise ValueError(f"{came}: convert it by astype.")
    batch = array.ndim == 4
    values = array if batch else array[None]
    found: Layout | None = "hwc" if array.ndim == 2 else _find_layout(values.shape[1:], layout, usual)
    if array.ndim not in (2, 3, 4) or found is None or 0 in array.shape:
        raise ValueError(f"{came}: reshape it, or leave out what is no colour.")
    if array.ndim == 2:
        values = values[..., None]
    elif found == "chw":
        values = values.transpose(0, 2, 3, 1)
    pictures = Pictures(values, top, order)
    if top == 1:  # whole numbers cannot be out of range
        for at in range(len(pictures)):
            _check_range(pictures.unit(at))
    return pictures, Form(_returned(array.dtype), found, order, batch)


def array_of(frames: Iterable[Frame], form: Form) -> AnyArray:
    """Write frames as an array of a kind: (height, width, 3), or 4 channels where they have alpha, or a batch."""
    made = [_values_of(frame, form) for frame in frames]
    return np.stack(made) if form.batch else made[0]


def _values_of(frame: Frame, form: Form) -> AnyArray:
    planes = planes_of(frame, form.order)
    if form.layout == "chw":
        planes = np.ascontiguousarray(planes.transpose(2, 0, 1))
    if np.issubdtype(form.dtype, np.integer):
        top = np.iinfo(form.dtype).max
        return np.asarray(np.clip(np.rint(planes * float(top)), 0, top), form.dtype)
    return planes.astype(form.dtype)


def planes_of(frame: Frame, order: Order = "rgb") -> Array:
    """Return the colours of a frame and its alpha, if it has one, (height, width, 3 or 4)."""
    pixels = frame.pixels if order == "rgb" else frame.pixels[..., ::-1]
    return pixels if frame.alpha is None else np.dstack([pixels, frame.alpha])


def _top(dtype: np.dtype[Any]) -> int | None:
    """Return the value that is white; None for a type of which that is not known."""
    if dtype.newbyteorder("=") in (np.uint8, np.uint16):
        return int(np.iinfo(dtype).max)
    # bfloat16 is no type of numpy's own.
    return 1 if dtype.kind == "b" or np.issubdtype(dtype, np.floating) or dtype.name == "bfloat16" else None


def _returned(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.uint8) if dtype.kind == "b" else dtype


def _find_layout(shape: Sequence[int], asked: Layout | None, usual: Layout) -> Layout | None:
    """Find where the channels are; None where no axis can hold them."""
    if len(shape) != 3:
        return None
    fits: dict[Layout, bool] = {"hwc": shape[2] in _CHANNELS, "chw": shape[0] in _CHANNELS}
    other: Layout = "chw" if usual == "hwc" else "hwc"
    return next((each for each in ((asked,) if asked else (usual, other)) if fits[each]), None)


def _check_range(values: Array) -> None:
    if not np.isfinite(values).all():
        raise ValueError("The picture has values outside of [0, 1] that are no numbers: replace NaN and infinity.")
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return
    if low < 0:
        todo = "(values + 1) / 2 makes them of [-1, 1]" if low >= -1 and high <= 1 else "scale them first"
    else:
        todo = "values / 255 makes them of [0, 255]" if high <= 255 else "divide by the value of white"
    raise ValueError(f"The picture has values outside of [0, 1], from {low:.4g} to {high:.4g}: {todo}.")


def _frame(values: Array, order: Order, index: int) -> Frame:
    """Make the frame of (height, width, 1, 3 or 4) values."""
    alpha = np.ascontiguousarray(values[..., 3]) if values.shape[2] == 4 else None
    colours = values[..., :3] if order == "rgb" else values[..., :3][..., ::-1]
    return Frame(np.ascontiguousarray(np.broadcast_to(colours, (*values.shape[:2], 3))), index, alpha=alpha)
