"""Values of a TIFF that stand for "no data": maps of heights and of satellites declare one in a tag of GDAL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

_NODATA = 42113  # a number as text


@dataclass(frozen=True, eq=False)
class Blank:
    """The places that hold no data.

    Attributes:
        places: of the shape of the samples.
        note: a sentence for the user.
    """

    places: npt.NDArray[np.bool_]
    note: str


def blank_of(samples: npt.NDArray[Any], page: tifffile.TiffPage) -> Blank | None:
    """Find the samples (height, width, channels) that a page declares as no data; None where there are none.

    Unsigned integers of up to 16 bits are so only where all channels of a pixel are: 255 is a usual value of one.
    """
    value = _read_declared(page)
    if value is None:
        return None
    with np.errstate(over="ignore"):  # a value beyond the type's range, which no sample has
        places = np.isnan(samples) if np.isnan(value) else samples == value
    if samples.dtype.kind == "u" and samples.dtype.itemsize <= 2:
        if value == 0:  # which is black anyway
            return None
        places = np.broadcast_to(places.all(axis=2, keepdims=True), samples.shape)
    count = int(np.count_nonzero(places))
    if not count:
        return None
    said = f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"
    note = f"It declares {said} as no data, so that {count:,} of its {samples.size:,} values become black."
    return Blank(places, note)


def _read_declared(page: tifffile.TiffPage) -> float | None:
    found = page.tags.valueof(_NODATA)
    try:
        return float(found.strip(" \0")) if isinstance(found, str) else None
    except ValueError:
        return None
