"""Dense optical flow: the place of each pixel in the frame before, and whether it was visible there.

Sources: Kroeger, Timofte, Dai and Van Gool 2016, "Fast optical flow using dense inverse search" (the flow); Sundaram,
Brox and Keutzer 2010, "Dense point trajectories by GPU-accelerated large displacement optical flow" (occlusion by the
disagreement of the flow there and the flow back).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array, Frame, MediaInfo, quantize

Bytes = npt.NDArray[np.uint8]

_LEAST = 16  # pixels; with a shorter side the search fails, or ends the process

FLOW = "flow"
"""The extra with the flow of a frame: (height, width, 2) float32, pixels right and down from each pixel to its place in
the frame before."""
VISIBLE = "visible"
"""The extra with the pixels that the frame before shows: (height, width) float32 in [0, 1], 0 where occluded."""


@dataclass(frozen=True, eq=False)
class Found:
    """The flow of a frame at the size at which it was computed.

    Attributes:
        flow: (height, width, 2), in pixels of that size.
        visible: (height, width), as in the extra `visible`.
        factor: width of the frame over that of these.
    """

    flow: Array
    visible: Array
    factor: float

    def at_size_of(self, frame: Frame) -> Mapping[str, Array]:
        """The extras of the frame with flow and visibility at its size."""
        size = (frame.height, frame.width)
        whole = _at_size(self.flow, size)
        whole *= np.float32(self.factor)
        return MappingProxyType({**frame.extras, FLOW: whole, VISIBLE: _at_size(self.visible, size)})


@dataclass(frozen=True)
class Flow:
    """Adds to each frame its optical flow to the one before; the first frame of a shot gets none.

    Attributes:
        cuts: indices of the frames that begin a shot.
        occlusion: treat a pixel as occluded if the flow back and forth misses its start by more than this many pixels;
            visibility fades from half of it on.
        longest: longest side for computing the flow; it is enlarged for larger frames.
    """

    cuts: frozenset[int] = frozenset()
    occlusion: float = 1.0
    longest: int = 640
    reach: ClassVar[int | None] = 1

    def __post_init__(self) -> None:
        if not self.occlusion > 0:
            raise ValueError(f"Flow.occlusion came as {self.occlusion}, but more than 0 pixels is expected.")

    def output(self, info: MediaInfo) -> MediaInfo:
        return info

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        return self.add(self.find(frames))

    def find(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Found | None]]:
        """Find the flow of each frame, which takes little memory until `add` adds it."""
        before: Bytes | None = None
        for frame in frames:
            here = _to_grey(frame.pixels, self.longest)
            if before is None or before.shape != here.shape or frame.index in self.cuts:
                yield frame, None
            else:
                yield frame, self._follow(frame.width / here.shape[1], before, here)
            before = here

    def add(self, found: Iterator[tuple[Frame, Found | None]]) -> Iterator[Frame]:
        """Add what `find` has found to the frames, at their size."""
        for frame, flow in found:
            yield frame if flow is None else replace(frame, extras=flow.at_size_of(frame))
            del frame

    def _follow(self, factor: float, before: Bytes, here: Bytes) -> Found:
        back, forth = _find_flow(here, before), _find_flow(before, here)
        missed = np.linalg.norm(back + move(forth, back), axis=2)
        visible = np.clip(2 - 2 * np.float32(factor) * missed / self.occlusion, 0, 1) * _inside(back)
        return Found(back, visible.astype(np.float32), factor)


def move(plane: npt.NDArray[Any], flow: Array) -> npt.NDArray[Any]:
    """Sample a plane at the place that each pixel comes from, bilinear; beyond its borders the border is repeated.

    Args:
        plane: (height, width, ...) float32 of the frame before.
        flow: (height, width, 2), as in the extra `flow`.
    """
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    if plane.ndim == 3 and plane.shape[2] not in (3, 4):
        # OpenCV 5.0 drops the axis of one channel, and rounds the places of two, five and more to 1/32 of a pixel.
        return np.stack([move(plane[..., at], flow) for at in range(plane.shape[2])], axis=2)
    return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _to_grey(pixels: Array, longest: int) -> Bytes:
    """Convert a picture to 8-bit grey, no side longer than `longest` unless the other becomes too short to search."""
    grey = quantize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    factor = max(min(1, longest / max(grey.shape)), _LEAST / min(grey.shape))
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _find_flow(here: Bytes, there: Bytes) -> Array:
    """Compute the flow (height, width, 2) from each pixel of one picture to its place in another."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(here, there, np.zeros((*here.shape, 2), np.float32)), np.float32)


def _inside(flow: Array) -> npt.NDArray[np.bool_]:
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    inside: npt.NDArray[np.bool_] = (x >= -1) & (x <= width) & (y >= -1) & (y <= height)
    return inside


def _at_size(plane: Array, size: tuple[int, int]) -> Array:
    return np.asarray(cv2.resize(plane, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
