"""Decoded frames without one kind of side data, which FFmpeg's filter takes off.

PyAV frees the dictionary that comes with a colour profile (its name), and so does FFmpeg: in PyAV 18.1 the process ends
when the side data of such a frame has been looked at. So the profile is taken off first.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
from av.filter import Graph

PROFILE = "ICC_PROFILE"
PROFILED = frozenset(("png", "apng", "mjpeg", "tiff", "webp", "jpeg2000", "jpegxl", "jpegls", "psd", "targa"))
"""Codecs whose frames may carry a colour profile."""


def without(frame: av.VideoFrame, kind: str | int) -> av.VideoFrame:
    """Return a copy of a frame without a kind of side data, by FFmpeg's name or number; raises av.ArgumentError."""
    copy = _passed(frame, "delete", kind)
    assert copy is not None
    return copy


def carries(frame: av.VideoFrame, kind: str) -> bool:
    """Say whether a frame has a kind of side data, without looking at it."""
    return _passed(frame, "select", kind) is not None


def _passed(frame: av.VideoFrame, mode: str, kind: str | int) -> av.VideoFrame | None:
    """Return what the filter makes of a frame; None where it lets nothing through."""
    graph = Graph()
    source: Any = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1)
    )
    graph.link_nodes(source, graph.add("sidedata", f"mode={mode}:type={kind}"), graph.add("buffersink"))
    graph.configure()
    graph.push(frame)
    try:
        return graph.pull()  # type: ignore[return-value]
    except (av.BlockingIOError, av.error.EOFError):
        return None
