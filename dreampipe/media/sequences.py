"""The code points of colours in the header of an AV1 or HEVC sequence, which count where a file says no others.

FFmpeg's decoders read them when they are set up; nothing is decoded.
"""

from __future__ import annotations

from contextlib import suppress
from typing import IO, Any

from dreampipe.media.colour import UNSPECIFIED
from dreampipe.media.items import Coded, coded_picture

_SEQUENCE_HEADER = 1  # a type of AV1's units (AV1 specification, 6.2.2)
_CONFIGURATION = 4  # bytes of av1C before its units


def code_points_in(file: IO[bytes]) -> tuple[int, int]:
    """Return the primaries and the transfer function that the coded picture of an AVIF or HEIF says itself.

    They are ITU-T H.273's code points, `UNSPECIFIED` for those that it leaves open or that cannot be read.
    """
    import av

    coded = coded_picture(file)
    if coded is None:
        return UNSPECIFIED, UNSPECIFIED
    with suppress(av.error.FFmpegError):
        context: Any = av.CodecContext.create(coded.codec, "r")
        context.extradata = _set_up(coded)
        context.thread_count = 1
        context.open()
        return int(context.color_primaries), int(context.color_trc)
    return UNSPECIFIED, UNSPECIFIED


def _set_up(coded: Coded) -> bytes:
    """Return what sets a decoder up; AV1's header of a sequence may stand in the picture's data alone."""
    if coded.codec != "av1" or len(coded.configuration) > _CONFIGURATION:
        return coded.configuration
    return coded.configuration + _sequence_header(coded.head)


def _sequence_header(data: bytes) -> bytes:
    """Return the unit of a sequence's header among AV1's units (AV1 specification, 5.3.1); empty for none."""
    at = 0
    while at < len(data):
        begin, head = at, data[at]
        at += 2 if head & 4 else 1  # with an extension
        length, shift = 0, 0
        while True:  # seven bits a byte
            length |= (data[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if not data[at - 1] & 128:
                break
        at += length
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            return data[begin:at]
    return b""
