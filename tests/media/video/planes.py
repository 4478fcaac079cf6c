"""Films of exactly these samples, and the samples of films, by plain PyAV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from films import TICK

from dreampipe.media.video import Colour

Planes = list[npt.NDArray[Any]]


def lossless(path: Path, planes: Planes, pixel_format: str, colour: Colour, count: int = 1) -> Path:
    """A film of one frame, as FFV1, with exactly these samples."""
    height, width = planes[0].shape
    with av.open(str(path), "w") as film:
        video: Any = film.add_stream("ffv1", rate=24)
        video.width, video.height, video.pix_fmt = width, height, pixel_format
        context = video.codec_context
        context.color_range, context.colorspace = colour.range, colour.matrix
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        for index in range(count):
            frame = av.VideoFrame(width, height, pixel_format)
            for plane, samples in zip(frame.planes, planes, strict=True):
                rows = np.zeros((plane.height, plane.line_size // samples.itemsize), samples.dtype)
                rows[:, : samples.shape[1]] = samples
                plane.update(rows.tobytes())
            frame.pts, frame.time_base = index, TICK
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
    return path


def planes_of(path: Path) -> Planes:
    with av.open(str(path)) as film:
        frame = next(film.decode(video=0))
        dtype = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
        rows = [np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1) for plane in frame.planes]
        return [row[:, : plane.width].copy() for row, plane in zip(rows, frame.planes, strict=True)]
