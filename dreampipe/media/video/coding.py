"""The form of a film's picture: everything that decides its packets, apart from its frames."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from dreampipe.errors import MediaError
from dreampipe.media.video.codecs import Codec, check_crf
from dreampipe.media.video.info import RATE, Colour, FilmInfo
from dreampipe.media.video.layouts import GREY, LAYOUTS, RGB, choose, fitting, has_alpha, layout_of, spoken
from dreampipe.media.video.meaning import SRGB, keeps_meaning

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

_NARROW = 48
"""Up to this width the macroblock tree of x265 4 writes beyond its memory, which can end the whole process."""
_LARGE = 3_000_000
"""Pixels of a frame from which on x264 looks fewer frames ahead: it keeps more than 3 bytes a pixel of each."""
_FEWER = "rc-lookahead=10:sync-lookahead=0"
GLOBAL_HEADER = 1 << 22  # parameter sets outside of the packets, not within them: one for all segments


@dataclass(frozen=True)
class Form:
    """The form of a film's picture: everything that decides its packets, apart from the frames.

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
    def alpha(self) -> bool:
        """Say whether transparency is stored."""
        return has_alpha(self.pixel_format)

    @property
    def layout(self) -> str:
        """Return the layout of its colours: "420", "422", "444" or "rgb"."""
        return layout_of(self.pixel_format)

    @property
    def bits(self) -> float:
        """Bits that a pixel of a dreamed film takes on the disk, roughly; six steps of CRF halve or double them."""
        coarser = (self.crf or 0) - (self.codec.crf or 0)
        layout = 1.5 if self.layout != "420" and self.codec.name != "prores" else 1.0
        whole = 2.0 if self.codec.name == "ffv1" and self.layout != "420" else layout
        alpha = 1.5 if self.alpha else 1.0
        return self.codec.bits * whole * alpha * (1.5 if self.deep else 1) * 2 ** (-coarser / 6)

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
        context.thread_count = self.codec.threads
        context.thread_type = "SLICE" if self.codec.encoder == "ffv1" else "FRAME"
        context.flags |= GLOBAL_HEADER
        crf = {} if self.crf is None else {"crf": str(self.crf)}
        x264 = [f"asm={self.instructions}"] if self.instructions else []
        x264 += [_FEWER] if self.width * self.height > _LARGE else []
        limited = {"x264-params": ":".join(x264)} if x264 and self.codec.encoder == "libx264" else {}
        deep = self.codec.deep if self.deep else {}
        options = {**self.codec.options, **deep, **crf, **limited}
        if self.codec.encoder == "libx265":
            context.codec_tag = "hvc1"  # players of Apple's know H.265 by no other
            if self.width <= _NARROW:
                options["x265-params"] += ":cutree=0"
        context.options = options
        if self.codec.encoder == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "0")  # its only way to be silent


def form_of(info: FilmInfo, codec: Codec, crf: int | None, chroma: str | None = None) -> Form:
    """Return the form of a film with that codec.

    Args:
        info: of the film.
        codec: which codec.
        crf: constant rate factor; None for the codec's default.
        chroma: as in `Encoding`.

    Raises:
        MediaError: the codec does not know that CRF, or that layout of colours at this size, or no such size.
    """
    turned = info.rotation % 180 != 0
    width, height = (info.height, info.width) if turned else (info.width, info.height)
    if too_narrow(codec, width, height):
        raise MediaError(
            f"A film of {width}x{height} pixels is too narrow for the encoder of av1, which needs 32 on the short "
            "side: choose another codec, such as vp9 or h264."
        )
    pixel_format = _pixel_format(info, codec, chroma, (width, height))
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
        crf=check_crf(crf, codec),
    )


def too_narrow(codec: Codec, width: int, height: int) -> bool:
    """Say whether an encoder may never return at this size: SVT-AV1 4.1 does not at 192x16 and 17x100."""
    return codec.encoder == "libsvtav1" and min(width, height) < 32 and max(width, height) > 64


def _plain(rate: Fraction | None) -> Fraction:
    """A rate that every encoder takes: x265 counts in 32 bits, and the mean of a variable rate may be any fraction."""
    near = (rate or RATE).limit_denominator(1001)
    return min(max(near, Fraction(1, 10)), Fraction(1000))


def _pixel_format(info: FilmInfo, codec: Codec, chroma: str | None, size: tuple[int, int]) -> str:
    """Choose the pixel format that keeps the most of a film, among those that the codec has at this size."""
    if chroma not in (None, *LAYOUTS):
        raise MediaError(f"The chroma came as {chroma!r}, but 420, 422 or 444 is expected: choose one of them.")
    taken = {layout for layout in LAYOUTS if codec.odd or fitting(layout, *size)}
    if chroma is None:
        chosen = choose(codec.formats, choose_layout(info, codec), info.bits, info.alpha, {RGB, *taken})
    else:
        chosen = choose(codec.formats, chroma, info.bits, info.alpha, taken & {chroma})
    if chosen is None:
        held = {layout_of(name) for name in codec.formats}
        able = ", ".join(spoken(layout) for layout in LAYOUTS if layout in taken & held)
        raise MediaError(
            f"The chroma {spoken(chroma or RGB)} came for {codec.name} at {size[0]}x{size[1]}, which stores {able}: "
            "choose one of these, or another codec."
        )
    return chosen


def choose_layout(info: FilmInfo, codec: Codec) -> str:
    """Return the layout of colours to store a film in: its own, where the codec has that.

    Grey films and pictures, which have no film's file, are stored as every player shows them, or as RGB without loss.
    """
    layout = RGB if info.colour.matrix == 0 else layout_of(info.pixel_format)
    if layout == GREY or (layout == RGB and info.path is None):
        return RGB if "bgr0" in codec.formats else "420"
    return layout


def _colour(info: FilmInfo, codec: Codec, pixel_format: str) -> Colour:
    """The source's, but where it is RGB and the film is not, or the other way about, or the codec knows one range.

    HDR that loses its depth becomes sRGB, as does what a colour profile tells.
    """
    colour = info.colour if keeps_meaning(info, pixel_format.endswith("le")) else SRGB
    if pixel_format.startswith(("bgr", "gbr")):
        return Colour(2, colour.primaries, colour.transfer, 0)
    if colour.matrix == 0 or info.pixel_format.startswith(("rgb", "bgr", "gbr", "pal", "argb", "abgr")):
        # sRGB's own primaries; said aloud, since players guess BT.601 for small films and BT.709 for large ones.
        primaries = 1 if colour.primaries == 2 else colour.primaries
        return Colour(1, primaries, 13 if colour.transfer == 2 else colour.transfer, 1)
    return replace(colour, range=1) if codec.name == "prores" and colour.range == 2 else colour
