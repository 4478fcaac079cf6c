"""The two values that travel through the house: a `Frame` and what is known of its file, `MediaInfo`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from dreampipe.picturing import png_of

Array = npt.NDArray[np.float32]
Order = Literal["rgb", "bgr"]
"""The order of colours: that of this house, and that of OpenCV."""
Layout = Literal["hwc", "chw"]
"""The place of channels in an array: last, (height, width, channels), or first."""


def quantize(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Round values to 8 bits, of which 0 and 255 are those of 0 and 1; values beyond are clipped."""
    return np.asarray(np.rint(np.clip(values, 0, 1) * np.float32(255)), np.uint8)


def dequantize(samples: npt.NDArray[np.uint8]) -> Array:
    """Values in [0, 1] of 8-bit samples; `quantize` makes the samples again."""
    return np.divide(samples, 255, dtype=np.float32)


def _check(name: str, array: object, shape: str, ndim: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != np.float32 or array.ndim != ndim:
        came = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name} came as {came}, but a float32 array of shape {shape} is expected.")


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture on its way.

    Attributes:
        pixels: (height, width, 3) float32, RGB, nominally in [0, 1].
        index: place in its file, from 0.
        time: presentation time in seconds; None for a still picture.
        duration: seconds on show; None for a still picture.
        alpha: (height, width) float32 in [0, 1], or None where the file has none.
        extras: anything a stage hands to a later one (flow, mask, ...), each of the frame's height and width.

    Raises:
        ValueError: an array has another dtype or shape than stated.
    """

    pixels: Array
    index: int = 0
    time: Fraction | None = None
    duration: Fraction | None = None
    alpha: Array | None = None
    extras: Mapping[str, npt.NDArray[Any]] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        _check("Frame.pixels", self.pixels, "(height, width, 3)", 3)
        if self.pixels.shape[2] != 3 or 0 in self.pixels.shape:
            raise ValueError(f"Frame.pixels came with shape {self.pixels.shape}, but (height, width, 3) is expected.")
        size = self.pixels.shape[:2]
        if self.alpha is not None:
            _check("Frame.alpha", self.alpha, "(height, width)", 2)
        planes = dict(self.extras) | ({} if self.alpha is None else {"alpha": self.alpha})
        for name, plane in planes.items():
            if plane.shape[:2] != size:
                raise ValueError(f"Frame {name} is {plane.shape[:2]}, but the pixels are {size} (height, width).")

    def __reduce__(self) -> tuple[Any, ...]:
        """Frames travel between processes; a mapping proxy alone cannot."""
        return Frame, (self.pixels, self.index, self.time, self.duration, self.alpha, dict(self.extras))

    @classmethod
    def of(cls, picture: object, *, order: Order = "rgb", layout: Layout | None = None) -> Frame:
        """Take a picture in any usual form; `dream`, `explain` and `attack` take the same forms.

        - **A path, a file opened in binary mode, or the bytes of a file**: read upright, as `dreampipe.read` does.
        - **A picture of PIL**, of any mode, as PIL shows it: an EXIF orientation is not applied.
        - **An array or a tensor**: of numpy, PyTorch, TensorFlow or any library whose values `numpy.asarray` or DLPack
          reads. Tensors may be on any device.

        Values: uint8 has white at 255, uint16 at 65535, bool at True, and floats at 1. Floats outside of [0, 1] are
        refused, for nobody can tell [0, 255] from a mistake.

        Shapes: (height, width), or three axes of which one holds 1, 3 or 4 channels: grey, RGB, or RGB with alpha. A
        fourth axis in front of them counts the pictures of a batch; a list, a tuple and an array of objects are batches
        of pictures of any sizes; here a batch holds exactly one. Where both the last and the first axis can be
        channels, as in (3, 3, 3), the first is in a tensor of PyTorch, and the last in all else; `layout` decides
        otherwise.

        Args:
            picture: the picture.
            order: "bgr" for colours as OpenCV has them; of files and pictures of PIL it is known.
            layout: "hwc" for channels last, "chw" for channels first; None to tell it by the shape.

        Raises:
            MediaError: a file or its bytes cannot be read as a picture.
            ValueError: it is no picture, or its values are out of range.
        """
        # Files are read by a room above this one, so this single call looks up, and only when it is made.
        taken = import_module("dreampipe.media.taking").take(picture, "Frame.of", order, layout)
        frame: Frame = taken.only("Frame.of")
        return frame

    def _repr_png_(self) -> bytes | None:
        """Return the picture as a PNG, which a notebook shows."""
        return png_of(self.pixels if self.alpha is None else np.dstack([self.pixels, self.alpha]))

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def __repr__(self) -> str:
        parts = [f"{self.width}x{self.height}", f"index={self.index}"]
        if self.time is not None:
            parts.append(f"time={self.time}s")
        if self.alpha is not None:
            parts.append("alpha")
        parts.extend(sorted(self.extras))
        return f"Frame({', '.join(parts)})"


@dataclass(frozen=True)
class MediaInfo:
    """The facts in a file besides its pixels; pass it to `write(..., like=info)` to keep them.

    Attributes:
        width, height: pixels, after the EXIF orientation has been applied.
        bits: bits a channel in the file, 8 or 16.
        alpha: whether the file has an alpha channel.
        format: its name in the table of formats, such as "png"; None when unknown.
        icc: an RGB ICC profile, byte for byte, or of a grey picture one that shows the same greys; None for none.
        exif: an EXIF block beginning with the TIFF header (b"II*\\0" or b"MM\\0*"), its orientation reset to 1.
        notes: sentences for the user on what reading had to decide ("the first of 12 frames").
    """

    depths: ClassVar[tuple[int, ...]] = (8, 16)

    width: int
    height: int
    bits: int = 8
    alpha: bool = False
    format: str | None = None
    icc: bytes | None = field(default=None, repr=False)
    exif: bytes | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"MediaInfo came as {self.width}x{self.height}, but both sides must be at least 1 pixel.")
        if self.bits not in self.depths:
            expected = " or ".join(map(str, self.depths))
            raise ValueError(f"{type(self).__name__}.bits came as {self.bits}, but {expected} is expected.")
