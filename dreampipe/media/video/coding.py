"""How the picture of a film is stored: all that decides its packets, apart from its frames."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from dreampipe.media.video.codecs import THREADS, Codec, checked_crf
from dreampipe.media.video.info import RATE, Colour, FilmInfo

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

GLOBAL_HEADER = 1 << 22  # parameter sets outside of the packets, not within them: one for all segments


@dataclass(frozen=True)
class Form:
    """How the picture of a film is stored; all that decides its packets, apart from the frames.

    Attributes:
        codec: which codec.
        pixel_format: FFmpeg's name.
        width, height: pixels as stored, before they are turned for show.
        rotation, mirrored: as in `FilmInfo`.
        aspect: width over height of a stored pixel.
        colour: how numbers represent colours.
        rate: frames a second, for the encoder's judgement; it decides no time stamp.
        crf: constant rate factor; None where the codec knows none.
    """

    codec: Codec
    pixel_format: str
    width: int
    height: int
    rotation: int
    mirrored: bool
    aspect: Fraction
    colour: Colour
    rate: Fraction
    crf: int | None

    @property
    def deep(self) -> bool:
        """Say whether a channel has more than 8 bits."""
        return self.pixel_format.endswith("le")

    @property
    def bits(self) -> float:
        """Bits that a pixel of a dreamed film takes on the disk, roughly; six steps of CRF halve or double them."""
        coarser = (self.crf or 0) - (self.codec.crf or 0)
        whole = 2.0 if self.codec.name == "ffv1" and "420" not in self.pixel_format else 1.0
        return self.codec.bits * whole * (1.5 if self.deep else 1) * 2 ** (-coarser / 6)

    @property
    def instructions(self) -> str | None:
        """The instruction sets that the encoder is limited to; None for no limit."""
        return self.codec.instructions

    def configure(self, context: VideoCodecContext) -> None:
        """Set up a new encoder's context, before it is opened."""
        context.width, context.height, context.pix_fmt = self.width, self.height, self.pixel_format
        context.framerate, context.time_base = self.rate, 1 / self.rate
        context.sample_aspect_ratio = self.aspect
        context.color_range, context.colorspace = self.colour.range, self.colour.matrix
        context.color_primaries, context.color_trc = self.colour.primaries, self.colour.transfer
        context.thread_count = THREADS
        context.thread_type = "SLICE" if self.codec.encoder == "ffv1" else "FRAME"
        context.flags |= GLOBAL_HEADER
        crf = {} if self.crf is None else {"crf": str(self.crf)}
        limited = {"x264-params": f"asm={self.instructions}"} if self.instructions else {}
        context.options = {**self.codec.options, **crf, **limited}
        if self.codec.encoder == "libx265":
            context.codec_tag = "hvc1"  # players of Apple's know H.265 by no other
        if self.codec.encoder == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "0")  # its only way to be silent


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
        mirrored=info.mirrored,
        aspect=info.aspect,
        colour=_colour(info, codec, pixel_format),
        rate=_plain(info.rate),
        crf=checked_crf(crf, codec),
    )


def _plain(rate: Fraction | None) -> Fraction:
    """A rate that every encoder takes: x265 counts in 32 bits, and the mean of a variable rate may be any fraction."""
    near = (rate or RATE).limit_denominator(1001)
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
