"""Which values of a file are black and white, where its kind of number does not say it.

Unsigned integers of 8 and 16 bits, or of as many as a TIFF says, mean what they can count to: their full range. Floats,
signed integers and wide ones hold whatever a program put there, so their range is found, by the first rule that fits:

1. What the file declares (SMinSampleValue and SMaxSampleValue of TIFF), if its values are within it and it reaches
   beyond 0 to 1.
2. Floats from 0 to 1 are that, and so are floats most of which are, with some beyond: highlights, as in renderings.
   Those become white, or black, and a note says how many.
3. Other values mean 0 to 255, 4,095, 65,535 or the highest of their type: the first that they reach a sixteenth of.
   A hundredth of them may be beyond it, by a tenth, as resampling makes them.
4. Of all others the lowest is black, or 0 if that is lower, and the highest is white. Floats from -1 to 1 mean that.

A file that holds anything but numbers is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[Any]
Pairs = tuple[tuple[float, float], ...]
"""Values of black and white: of the colours, then of the alpha channel."""

_TOPS = (255, 4_095, 65_535)
_REACHED = 1 / 16
"""The share of a range that values reach at least, or it is not theirs."""
_OVER = 0.1
"""The share of a range by which resampling may have carried values beyond it."""
_FEW = 0.01
"""The share of all values that resampling may have carried beyond their range."""
_MOST = 0.5
"""The share of the values above 0 that are less than 1 where those beyond are highlights."""
_DEPTHS = (1_023, 4_095, 16_383)
"""Highest values of 10, 12 and 14 bits."""


class NotFinite(ValueError):
    """A value is NaN or infinite."""


@dataclass(frozen=True)
class Range:
    """The values that are black and white.

    Attributes:
        black, white: those.
        note: a sentence on how they were found; empty where nothing had to be decided.
    """

    black: float
    white: float
    note: str = ""

    def __call__(self, samples: Samples) -> Samples:
        """Map samples of any shape to float32 in [0, 1]."""
        half = samples.astype(np.float64) / 2  # or the difference of two large numbers would be infinite
        unit = (half - self.black / 2) / (self.white / 2 - self.black / 2)
        return np.clip(unit, 0, 1).astype(np.float32)

    def widened(self, others: Iterable[tuple[float, float]]) -> Range:
        """Return a range that also covers others, such as those of the pictures before this one in a film."""
        pairs = [(self.black, self.white), *others]
        black, white = min(low for low, _ in pairs), max(high for _, high in pairs)
        return self if (black, white) == pairs[0] else Range(black, white)


@dataclass(frozen=True)
class _Found:
    """Facts of the values: the lowest, the highest, and the share of those above 0 that are less than 1."""

    lowest: float
    highest: float
    small: float


def range_of(samples: Samples, bits: int, rows: int, declared: tuple[float, float] | None = None) -> Range:
    """Find the range of samples of any shape: floats, signed integers, or integers of more than 16 bits.

    Args:
        samples: all that count; without any, the range is 0 to 1.
        bits: of a sample in the file.
        rows: how many are looked at a time.
        declared: the lowest and highest value that the file says.

    Raises:
        NotFinite: some are NaN or infinite.
    """
    if not samples.size:
        return Range(0, 1)
    found = _measure(samples, rows)
    floats, signed = samples.dtype.kind == "f", samples.dtype.kind == "i"
    if declared and declared[0] <= found.lowest and found.highest <= declared[1] and not _is_unit(*declared):
        return Range(
            *declared, f"Its values are read from {_spell(declared[0])} to {_spell(declared[1])}, as it declares."
        )
    if floats and found.lowest >= -_OVER and (found.highest <= 1 + _OVER or found.small >= _MOST):
        share = _beyond(samples, rows, 0, 1)
        return Range(0, 1, _highlights(found, share) if share else "")
    own = () if floats else (2 ** (bits - signed) - 1,)
    black, white = 0.0, _top(found.highest, (*_TOPS, *own))
    if found.lowest < -_OVER * white or _beyond(samples, rows, black, white) > _FEW:
        unit = floats and found.lowest >= -1 and found.highest <= 1
        black, white = (-1.0, 1.0) if unit else (min(found.lowest, 0.0), max(found.highest, 0.0))
    elif not signed and white in own:
        return Range(black, white)
    return Range(
        black, white, f"Its values are read from {_spell(black)} to {_spell(white)}{_cut(found, black, white)}."
    )


def find_top(highest: int, bits: int, declared: float | None) -> tuple[int, str]:
    """The value that is white among unsigned integers of up to 16 bits, and a note.

    It is the highest that so many bits count to, or in 16 bits the highest of 10, 12 or 14 bits, if the file declares
    that, as files of cameras do.
    """
    if bits == 16 and declared in _DEPTHS and highest <= declared:
        return int(declared), f"Its values are read from 0 to {_spell(declared)}, as it declares."
    return 2**bits - 1, ""


def dark_note(samples: Samples) -> str:
    """A sentence on samples that reach no more than a sixteenth of white; empty for others.

    They are unsigned integers of 8 or 16 bits, or floats in [0, 1].
    """
    top = 1 if samples.dtype.kind == "f" else int(np.iinfo(samples.dtype).max)
    if samples[::16, ::16].max() > top * _REACHED:
        return ""
    highest = float(samples.max())
    if not 0 < highest <= top * _REACHED:
        return ""
    return f"Its highest value is {_spell(highest)} of {top:,}, so it looks black: scale its values if that is wrong."


def _measure(samples: Samples, rows: int) -> _Found:
    lowest, highest, above, small = np.inf, -np.inf, 0, 0
    for at in range(0, len(samples), rows):
        band = samples[at : at + rows]
        if not np.isfinite(band).all():
            raise NotFinite
        lowest, highest = min(lowest, float(band.min())), max(highest, float(band.max()))
        above += int(np.count_nonzero(band > 0))
        small += int(np.count_nonzero((band > 0) & (band < 1)))
    return _Found(lowest, highest, small / above if above else 1.0)


def _is_unit(lowest: float, highest: float) -> bool:
    return lowest >= 0 and highest <= 1


def _beyond(samples: Samples, rows: int, black: float, white: float) -> float:
    """The share of samples that are outside of a range."""
    bands = (samples[at : at + rows] for at in range(0, len(samples), rows))
    return sum(int(np.count_nonzero((band < black) | (band > white))) for band in bands) / samples.size


def _highlights(found: _Found, share: float) -> str:
    return (
        f"Its values are read from 0 to 1, and {max(100 * share, 0.01):.2g} % of them, which are beyond that (from "
        f"{_spell(found.lowest)} to {_spell(found.highest)}), become black or white."
    )


def _top(highest: float, tops: tuple[int, ...]) -> float:
    if highest <= 0:
        return 1.0
    near = (top for top in sorted(tops) if top * _REACHED <= highest <= top * (1 + _OVER))
    return float(next(near, highest))


def widest_note(black: float, white: float) -> str:
    """Return a sentence on the one range of pictures that have several."""
    return f"The values of all its pictures are read from {_spell(black)} to {_spell(white)}, the widest range of them."


def _cut(found: _Found, black: float, white: float) -> str:
    if black <= found.lowest and found.highest <= white:
        return ", which become black and white"
    return f", and those beyond (from {_spell(found.lowest)} to {_spell(found.highest)}) become black or white"


def _spell(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"
