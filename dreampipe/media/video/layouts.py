"""The layout of a film's colours: for how many pixels each is stored, and the pixel format that keeps that.

A pixel format's name tells it, so nothing is loaded for this.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

LAYOUTS = ("420", "422", "444")
"""4:2:0 stores a colour for four pixels, 4:2:2 for two, 4:4:4 for each."""
RGB, GREY = "rgb", "grey"
_NAMES = (
    (re.compile(r"yuv[aj]?(410|420)|nv(12|21)|p01[026]"), "420"),
    (re.compile(r"yuv[aj]?(411|422)|uyyvyy411|yuyv|yvyu|uyvy|nv(16|20)|[py]21[026]"), "422"),
    (re.compile(r"yuv[aj]?44[04]|nv(24|42)|p41[026]|ayuv|vuy|uyva|vyu|v30|xv"), "444"),
    (re.compile(r"gray|ya\d|yaf|mono"), GREY),
)
_ENDS = {8: "", 10: "10le", 12: "12le", 16: "16le"}


def layout_of(pixel_format: str) -> str:
    """Return the smallest of `LAYOUTS` that keeps each colour of a pixel format, or "rgb", or "grey"."""
    return next((layout for name, layout in _NAMES if name.match(pixel_format)), RGB)


def spoken(layout: str) -> str:
    """Spell a layout as people know it: "4:2:0"."""
    return ":".join(layout) if layout in LAYOUTS else layout.upper()


def has_alpha(pixel_format: str) -> bool:
    """Say whether one of our own pixel formats holds transparency."""
    return pixel_format.startswith(("yuva", "gbrap", "bgra"))


def fitting(layout: str, width: int, height: int) -> bool:
    """Say whether each encoder takes a picture of this size: not an odd one where pixels share their colours."""
    return layout == "444" or width % 2 == height % 2 == 0


def candidates(wanted: str, bits: int, alpha: bool) -> Iterator[tuple[str, str]]:
    """Yield layouts and pixel formats, what keeps the most first.

    Transparency comes before layout, and layout before depth: of each, first what is as it was, then what takes more
    room, then what loses something.

    Args:
        wanted: a layout, or "rgb".
        bits: of a sample of the source, 8, 10, 12 or 16.
        alpha: whether the source holds transparency.
    """
    known = (*LAYOUTS, RGB)
    place = known.index(wanted)
    order = (wanted, *known[place + 1 :], *reversed(known[:place]))
    depths = sorted(_ENDS, key=lambda depth: (depth < bits, abs(depth - bits)))
    for letter in ("a", "") if alpha else ("",):
        for layout in order:
            for depth in depths:
                yield layout, _name(layout, depth, letter)


def choose(formats: Container[str], wanted: str, bits: int, alpha: bool, layouts: Container[str]) -> str | None:
    """Choose the pixel format that keeps the most, among those of a codec and of some layouts; None for none."""
    return next(
        (name for layout, name in candidates(wanted, bits, alpha) if layout in layouts and name in formats), None
    )


def _name(layout: str, depth: int, letter: str) -> str:
    if layout == RGB:
        return f"gbr{letter}p{_ENDS[depth]}" if depth > 8 else f"bgr{letter or '0'}"
    return f"yuv{letter}{layout}p{_ENDS[depth]}"
