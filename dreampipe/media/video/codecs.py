"""The table of codecs and containers, and how a codec is opened for a film.

Encoders get fixed numbers of threads: their output may depend on them, and a film that is resumed on another machine
is to go on as it began.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from dreampipe.errors import MediaError, nearest
from dreampipe.media.video.info import Colour, FilmInfo

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

THREADS = 4
GLOBAL_HEADER = 1 << 22  # parameter sets beside the packets, not within them: one for all segments


@dataclass(frozen=True)
class Container:
    """A kind of film file: its suffixes, FFmpeg's name of its muxer, how that is set, and its codecs' usual tags."""

    suffixes: tuple[str, ...]
    muxer: str
    options: Mapping[str, str] = field(default_factory=dict)
    exact: bool = True


# A film over the net begins to play once its index has come, so the index goes to the front.
_INDEXED = {"movflags": "+faststart"}
MP4 = Container((".mp4", ".m4v"), "mp4", _INDEXED)
MOV = Container((".mov",), "mov", _INDEXED)
MKV = Container((".mkv",), "matroska", exact=False)
WEBM = Container((".webm",), "webm", exact=False)
CONTAINERS = {suffix: container for container in (MP4, MOV, MKV, WEBM) for suffix in container.suffixes}


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


@dataclass(frozen=True)
class Form:
    """How the picture of a film is stored; all that decides its packets beside the frames.

    Attributes:
        codec: which codec.
        pixel_format: FFmpeg's name.
        width, height: pixels as stored, before they are turned for show.
        rotation: degrees, as in `FilmInfo`.
        aspect: width over height of a stored pixel.
        colour: how numbers stand for colours.
        rate: frames a second, for the encoder's judgement; it decides no time stamp.
        crf: constant rate factor; None where the codec knows none.
    """

    codec: Codec
    pixel_format: str
    width: int
    height: int
    rotation: int
    aspect: Fraction
    colour: Colour
    rate: Fraction
    crf: int | None

    @property
    def deep(self) -> bool:
        """Whether a channel has more than 8 bits."""
        return self.pixel_format.endswith("le")

    @property
    def bits(self) -> float:
        """Bits that a pixel of a dreamed film takes on the disk, roughly; six steps of CRF halve or double them."""
        coarser = (self.crf or 0) - (self.codec.crf or 0)
        whole = 2.0 if self.codec.name == "ffv1" and "420" not in self.pixel_format else 1.0
        return self.codec.bits * whole * (1.5 if self.deep else 1) * 2 ** (-coarser / 6)

    @property
    def rgb(self) -> bool:
        return self.pixel_format.startswith(("bgr", "gbr", "rgb"))

    def configure(self, context: VideoCodecContext) -> None:
        """Set a new encoder's context, which is then to be opened; alike contexts open alike."""
        context.width, context.height, context.pix_fmt = self.width, self.height, self.pixel_format
        context.framerate, context.time_base = self.rate, 1 / self.rate
        context.sample_aspect_ratio = self.aspect
        context.color_range, context.colorspace = self.colour.range, self.colour.matrix
        context.color_primaries, context.color_trc = self.colour.primaries, self.colour.transfer
        context.thread_count = THREADS
        context.thread_type = "SLICE" if self.codec.encoder == "ffv1" else "FRAME"
        context.flags |= GLOBAL_HEADER
        crf = {} if self.crf is None else {"crf": str(self.crf)}
        context.options = {**self.codec.options, **crf}
        if self.codec.encoder == "libx265":
            context.codec_tag = "hvc1"  # players of Apple's know H.265 by no other
        if self.codec.encoder == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "0")  # its only way to be silent


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
            f"The codec came as {name!r}, but one of {', '.join(CODECS)} is expected: {nearest(name, CODECS)}"
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


def form_of(info: FilmInfo, codec: Codec, crf: int | None) -> Form:
    """How a film with that codec is stored; raises MediaError for a CRF that the codec does not know."""
    turned = info.rotation % 180 != 0
    width, height = (info.height, info.width) if turned else (info.width, info.height)
    pixel_format = _pixel_format(info, codec, width % 2 + height % 2 > 0)
    return Form(
        codec=codec,
        pixel_format=pixel_format,
        width=width,
        height=height,
        rotation=info.rotation,
        aspect=info.aspect,
        colour=_colour(info, codec, pixel_format),
        rate=_plain(info.rate),
        crf=checked_crf(crf, codec),
    )


def _plain(rate: Fraction | None) -> Fraction:
    """A rate that every encoder takes: x265 counts in 32 bits, and the mean of a variable rate may be any fraction."""
    near = (rate or Fraction(24)).limit_denominator(1001)
    return min(max(near, Fraction(1, 10)), Fraction(1000))


def _pixel_format(info: FilmInfo, codec: Codec, odd: bool) -> str:
    if codec.name == "ffv1":
        return _lossless(info)
    shallow, deep, odd_shallow, odd_deep = codec.formats
    chosen = (odd_deep if odd else deep) if info.bits > 8 else None
    return chosen or (odd_shallow if odd else shallow) or "yuv420p"


def _lossless(info: FilmInfo) -> str:
    """FFV1's own format nearest to the source's, without alpha; grey becomes coloured, for dreams are."""
    named = info.pixel_format.replace("yuvj", "yuv").replace("yuva", "yuv")
    depth = {8: "", 10: "10le", 12: "12le"}.get(info.bits, "16le")
    for layout in ("yuv420p", "yuv422p", "yuv444p"):
        if named.startswith((layout, {"yuv420p": "nv12", "yuv422p": "nv16", "yuv444p": "nv24"}[layout])):
            return layout + depth
    if named.startswith(("p010", "p016")):
        return "yuv420p" + depth
    return f"gbrp{depth}" if depth else "bgr0"


def _colour(info: FilmInfo, codec: Codec, pixel_format: str) -> Colour:
    """The source's, but where it is RGB and the film is not, or the other way about, or the codec knows one range."""
    colour = info.colour
    if pixel_format.startswith(("bgr", "gbr")):
        return Colour(2, colour.primaries, colour.transfer, 0)
    if colour.matrix == 0 or info.pixel_format.startswith(("rgb", "bgr", "gbr", "pal", "argb", "abgr")):
        # sRGB's own primaries; said aloud, since players guess BT.601 for small films and BT.709 for large ones.
        primaries = 1 if colour.primaries == 2 else colour.primaries
        return Colour(1, primaries, 13 if colour.transfer == 2 else colour.transfer, 1)
    return replace(colour, range=1) if codec.name == "prores" and colour.range == 2 else colour
