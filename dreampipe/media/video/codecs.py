"""The table of codecs and containers.

Encoders get fixed numbers of threads: their output may depend on them, and a film that is resumed on another machine
is to continue as it began. For the same reason `instructions.py` limits what x264 uses of the processor. H.265 and AV1
gave the same bits with SSE4.1, AVX2 and AVX-512, except that AV1 of 10 bits differs on a processor without AVX2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from dreampipe.errors import MediaError, nearest
from dreampipe.media.video.instructions import instructions

THREADS = 4


@dataclass(frozen=True)
class Container:
    """A kind of film file: its suffixes, FFmpeg's name of its muxer, and whether it is made of boxes, which keep every
    time to the tick and an index of all packets (Matroska counts in milliseconds, and lists but a few)."""

    suffixes: tuple[str, ...]
    muxer: str
    exact: bool = True


MP4 = Container((".mp4", ".m4v"), "mp4")
MOV = Container((".mov",), "mov")
MKV = Container((".mkv",), "matroska", exact=False)
WEBM = Container((".webm",), "webm", exact=False)
TICKS = {".gif": Fraction(1, 100), ".webp": Fraction(1, 1000), ".png": Fraction(1, 1000), ".apng": Fraction(1, 1000)}
"""Animated pictures' suffixes, and the seconds in which each format counts."""
CONTAINERS = {suffix: container for container in (MP4, MOV, MKV, WEBM) for suffix in container.suffixes}


TAG = "dreampipe"
"""The tag of Matroska that holds a record of how a film was made, in lower case."""


@dataclass(frozen=True)
class Codec:
    """One codec.

    Attributes:
        name: as users name it.
        encoder: FFmpeg's name of the encoder.
        containers: the muxers that take it.
        formats: FFmpeg's pixel formats for 8 bits, for more, and for 8 and more at odd sizes; None where there is none.
        crf: the default constant rate factor; None where the codec knows none.
        worst: the largest one.
        bits: a pixel of a dreamed film at the default takes about as many, more rather than fewer.
        options: how the encoder is set.
    """

    name: str
    encoder: str
    containers: tuple[str, ...]
    formats: tuple[str | None, str | None, str | None, str | None]
    crf: int | None
    worst: int
    bits: float
    options: Mapping[str, str]

    @property
    def instructions(self) -> str | None:
        """The instruction sets that the encoder is limited to; None for no limit."""
        return instructions() if self.encoder == "libx264" else None


_SUBSAMPLED = ("yuv420p", "yuv420p10le")
_X265 = f"log-level=none:open-gop=0:info=0:frame-threads=2:pools={THREADS}"
CODECS = {
    codec.name: codec
    for codec in (
        # 4:2:0 keeps a colour for four pixels, so H.264 and H.265 cannot cut it back to an odd size: 4:4:4 can be.
        Codec(
            "h264",
            "libx264",
            ("mp4", "mov", "matroska"),
            (*_SUBSAMPLED, "yuv444p", "yuv444p10le"),
            crf=18,
            worst=51,
            bits=1.0,
            options={"preset": "medium"},
        ),
        Codec(
            "h265",
            "libx265",
            ("mp4", "mov", "matroska"),
            (*_SUBSAMPLED, "yuv444p", "yuv444p10le"),
            crf=20,
            worst=51,
            bits=0.7,
            options={"preset": "medium", "x265-params": _X265},
        ),
        Codec(
            "av1",
            "libsvtav1",
            ("mp4", "matroska", "webm"),
            (*_SUBSAMPLED, *_SUBSAMPLED),
            crf=25,
            worst=63,
            bits=0.5,
            options={"preset": "8", "svtav1-params": "lp=2"},
        ),
        Codec(
            "vp9",
            "libvpx-vp9",
            ("mp4", "matroska", "webm"),
            ("yuv420p", None, "yuv420p", None),
            crf=24,
            worst=63,
            bits=1.0,
            options={"b": "0", "deadline": "good", "cpu-used": "3", "row-mt": "1"},
        ),
        Codec(
            "prores",
            "prores_ks",
            ("mov", "matroska"),
            # Its encoder spoils the last column of an odd width at 4:2:2. It takes profile HQ for 4:2:2, else 4444.
            ("yuv422p10le", "yuv422p10le", "yuv444p10le", "yuv444p10le"),
            crf=None,
            worst=0,
            bits=7.0,
            options={"vendor": "apl0"},
        ),
        Codec(
            "ffv1",
            "ffv1",
            ("matroska",),
            ("yuv444p", "yuv444p10le", "yuv444p", "yuv444p10le"),
            crf=None,
            worst=0,
            bits=7.0,
            options={"level": "3", "slices": "4", "slicecrc": "1", "g": "1"},
        ),
    )
}


def codec_named(name: str | None, container: Container, bits: int) -> Codec:
    """The codec of that name; without one what suits the container and the depth.

    Raises:
        MediaError: there is none of that name, or the container cannot hold it.
    """
    if name is None:
        deep = bits > 8
        name = ("av1" if deep else "vp9") if container is WEBM else ("h265" if deep else "h264")
    codec = CODECS.get(name.lower().replace(".", ""))
    if codec is None:
        raise MediaError(
            f"The codec came as {name!r}, but one of {', '.join(CODECS)} is expected: {nearest(name, CODECS)}."
        )
    if container.muxer not in codec.containers:
        able = [suffix for suffix, other in CONTAINERS.items() if other.muxer in codec.containers]
        held = [other.name for other in CODECS.values() if container.muxer in other.containers]
        raise MediaError(
            f"{codec.name} came for a {container.suffixes[0]} file, which holds {', '.join(held)}: "
            f"choose one of them, or write to {' or '.join(able)}."
        )
    return codec


def checked_crf(crf: int | None, codec: Codec) -> int | None:
    """The constant rate factor to use; raises MediaError for one that the codec does not know."""
    if crf is None:
        return codec.crf
    if codec.crf is None:
        raise MediaError(f"A CRF of {crf} came for {codec.name}, which has one quality only: leave it out.")
    if not 0 <= crf <= codec.worst:
        raise MediaError(f"A CRF of {crf} came, but {codec.name} takes 0 to {codec.worst}: choose one in that range.")
    return crf
