"""The table of codecs and containers.

Encoders get fixed numbers of threads: their output may depend on them, and a film that is resumed on another machine
is to continue as it began. For the same reason `instructions.py` limits what x264 uses of the processor. H.265 and AV1
gave the same bits with SSE4.1, AVX2 and AVX-512, except that AV1 of 10 bits differs on a processor without AVX2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from dreampipe.errors import MediaError
from dreampipe.media.video.instructions import instructions

THREADS = 4


@dataclass(frozen=True)
class Container:
    """One kind of film file.

    Attributes:
        suffixes: in lower case with their dot, the usual one first.
        muxer: FFmpeg's name of it.
        exact: whether it is made of boxes, which keep every time to the tick and an index of all packets. Matroska
            counts in milliseconds and lists only a few packets.
        usual: the names of its default codecs, for 8 bits and for more.
        clear: those for films with transparency; None if it keeps none.
    """

    suffixes: tuple[str, ...]
    muxer: str
    exact: bool = True
    usual: tuple[str, str] = ("h264", "h265")
    clear: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """Its name in the table of things."""
        return self.suffixes[0].removeprefix(".")


MP4 = Container((".mp4", ".m4v"), "mp4")
MOV = Container((".mov",), "mov", clear=("prores", "prores"))
MKV = Container((".mkv",), "matroska", exact=False, clear=("vp9", "prores"))
WEBM = Container((".webm",), "webm", exact=False, usual=("vp9", "av1"), clear=("vp9", "vp9"))
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
        formats: FFmpeg's pixel formats that films are written in.
        crf: the default constant rate factor; None where the codec knows none.
        worst: the largest one.
        bits: a pixel of a dreamed film at the default takes about as many, more rather than fewer.
        options: how the encoder is set.
        deep: how it is set otherwise for more than 8 bits.
        odd: whether it keeps an odd size where pixels share their colours.
        threads: of the encoder. At 720p each thread of x264 takes 10 MB, and two keep up with an ascent.
        alpha_in: the muxers that take its transparency along.
    """

    name: str
    encoder: str
    containers: tuple[str, ...]
    formats: tuple[str, ...]
    crf: int | None
    worst: int
    bits: float
    options: Mapping[str, str]
    deep: Mapping[str, str] = field(default_factory=dict)
    odd: bool = True
    threads: int = THREADS
    alpha_in: tuple[str, ...] = ()

    @property
    def instructions(self) -> str | None:
        """The instruction sets that the encoder is limited to; None for no limit."""
        return instructions() if self.encoder == "libx264" else None


_ENDS = ("", "10le", "12le", "16le")
_QUARTER = ("yuv420p", "yuv420p10le")
_LAYOUTS = (*_QUARTER, "yuv422p", "yuv422p10le", "yuv444p", "yuv444p10le")
_LOSSLESS = (
    *(f"yuv{alpha}{layout}p{end}" for alpha in ("", "a") for layout in ("422", "444") for end in _ENDS),
    *(f"yuv420p{end}" for end in _ENDS),
    *("yuva420p", "yuva420p10le", "yuva420p16le"),
    *("bgr0", "bgra", *(f"gbr{alpha}p{end}" for alpha in ("", "a") for end in _ENDS if end)),
)
_X265 = f"log-level=none:open-gop=0:info=0:frame-threads=2:pools={THREADS}"
CODECS = {
    codec.name: codec
    for codec in (
        # H.264 and H.265 cannot cut blocks of pixels that share their colours back to an odd size.
        Codec(
            "h264",
            "libx264",
            ("mp4", "mov", "matroska"),
            _LAYOUTS,
            crf=18,
            worst=51,
            bits=1.0,
            options={"preset": "medium"},
            odd=False,
            threads=2,
        ),
        Codec(
            "h265",
            "libx265",
            ("mp4", "mov", "matroska"),
            _LAYOUTS,
            crf=20,
            worst=51,
            bits=0.7,
            options={"preset": "medium", "x265-params": _X265},
            odd=False,
        ),
        Codec(
            "av1",
            "libsvtav1",
            ("mp4", "matroska", "webm"),
            _QUARTER,
            crf=25,
            worst=63,
            bits=0.5,
            options={"preset": "8", "svtav1-params": "lp=2"},
            # With preset 8, flashes leave ghosts in 10 bits (at CRF 5 blocks are wrong by 70 levels of 255, with preset
            # 7 by 18, as with 4 to 6). It takes a quarter more time. In 8 bits there are none.
            deep={"preset": "7"},
        ),
        Codec(
            "vp9",
            "libvpx-vp9",
            ("mp4", "matroska", "webm"),
            ("yuv420p", "yuv422p", "yuv444p", "yuva420p"),
            crf=24,
            worst=63,
            bits=1.0,
            options={"b": "0", "deadline": "good", "cpu-used": "3", "row-mt": "1"},
            alpha_in=("matroska", "webm"),
        ),
        Codec(
            "prores",
            "prores_ks",
            ("mov", "matroska"),
            # Its encoder spoils the last column of an odd width at 4:2:2. It takes profile HQ for 4:2:2, else 4444.
            ("yuv422p10le", "yuv444p10le", "yuva444p10le"),
            crf=None,
            worst=0,
            bits=7.0,
            options={"vendor": "apl0"},
            odd=False,
            alpha_in=("mov", "matroska"),
        ),
        Codec(
            "ffv1",
            "ffv1",
            ("matroska",),
            _LOSSLESS,
            crf=None,
            worst=0,
            bits=7.0,
            options={"level": "3", "slices": "4", "slicecrc": "1", "g": "1"},
            alpha_in=("matroska",),
        ),
    )
}


def codec_named(name: str | None, container: Container, bits: int, alpha: bool = False) -> Codec:
    """The codec of that name; without one what suits the container, the depth and transparency.

    Raises:
        MediaError: there is none of that name, or the container cannot hold it.
    """
    if name is None:
        defaults = (container.clear if alpha else None) or container.usual
        name = defaults[bits > 8]
    codec = CODECS.get(name.lower().replace(".", ""))
    if codec is None:
        near = get_close_matches(name, CODECS, 3, 0.5)
        advice = f"did you mean {' or '.join(near)}" if near else "choose one of them"
        raise MediaError(f"The codec came as {name!r}, but one of {', '.join(CODECS)} is expected: {advice}.")
    if container.muxer not in codec.containers:
        able = [suffix for suffix, other in CONTAINERS.items() if other.muxer in codec.containers]
        held = [other.name for other in CODECS.values() if container.muxer in other.containers]
        raise MediaError(
            f"{codec.name} came for a {container.suffixes[0]} file, which holds {', '.join(held)}: "
            f"choose one of them, or write to {' or '.join(able)}."
        )
    return codec


def check_crf(crf: int | None, codec: Codec) -> int | None:
    """The constant rate factor to use; raises MediaError for one that the codec does not know."""
    if crf is None:
        return codec.crf
    if codec.crf is None:
        raise MediaError(f"A CRF of {crf} came for {codec.name}, which has one quality only: leave it out.")
    if not 0 <= crf <= codec.worst:
        raise MediaError(f"A CRF of {crf} came, but {codec.name} takes 0 to {codec.worst}: choose one in that range.")
    return crf
