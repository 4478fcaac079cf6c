"""Colours of heat: blue against the answer, light grey at zero, red for it; heat without a sign runs from grey to red.

All paths are straight in OKLab (Ottosson 2020) and inside sRGB, so equal steps of heat look equally large and nothing
is clipped. Blue and red are equally light and differ for everybody who sees colours in pairs.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array

Signs = Literal["signed", "positive"]
"""The two meanings of heat: shares for and against the answer, or importance alone."""

SHOWN = 99.5
"""The percentile of the heat's size that has the full colour; a few larger pixels would leave all others pale."""

_ZERO = np.array([0.97, 0.0, 0.0])
"""Lightness, a and b of OKLab at zero."""


def _end(lightness: float, chroma: float, degrees: float) -> npt.NDArray[np.float64]:
    hue = np.deg2rad(degrees)
    return np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])


_FOR, _AGAINST = _end(0.50, 0.19, 30), _end(0.50, 0.19, 260)
_IMPORTANT = _end(0.40, 0.155, 30)
"""The end of heat without a sign is darker: it has the whole scale for one arm."""


def scale_of(heat: npt.NDArray[np.floating]) -> float:
    """Choose the heat that has the full colour: the percentile `SHOWN` of its size, or the largest if that is 0."""
    size = np.abs(heat)
    return float(np.percentile(size, SHOWN)) or float(size.max())


def colour(heat: npt.NDArray[np.floating], scale: float | None = None, signs: Signs = "signed") -> Array:
    """Colour heat.

    Args:
        heat: (height, width).
        scale: the heat of the full colours, which larger heat has too; None for `scale_of`.
        signs: what the heat means; `positive` shows heat below zero as zero.

    Returns:
        (height, width, 3) float32 sRGB in [0, 1].
    """
    top = scale_of(heat) if scale is None else scale
    share = np.clip(heat / top, -1, 1) if top > 0 else np.zeros(heat.shape)
    if signs == "positive":
        share = np.maximum(share, 0)
    end = _IMPORTANT if signs == "positive" else np.where(share[..., None] < 0, _AGAINST, _FOR)
    return _srgb(_ZERO + np.abs(share)[..., None] * (end - _ZERO))


def overlay(
    pixels: Array, heat: npt.NDArray[np.floating], scale: float | None = None, signs: Signs = "signed"
) -> Array:
    """Lay the colours of heat over a picture (height, width, 3), which becomes grey and faint; see `colour`."""
    grey = 0.3 + 0.7 * (np.clip(pixels, 0, 1) @ np.array([0.2126, 0.7152, 0.0722], np.float32))
    return np.asarray(colour(heat, scale, signs) * grey[..., None], np.float32)


def _srgb(lab: npt.NDArray[np.float64]) -> Array:
    """Convert OKLab (..., 3) to sRGB."""
    roots = lab @ np.array(
        [
            [1.0, 1.0, 1.0],
            [0.3963377774, -0.1055613458, -0.0894841775],
            [0.2158037573, -0.0638541728, -1.2914855480],
        ]
    )
    linear = roots**3 @ np.array(
        [
            [4.0767416621, -1.2684380046, -0.0041960863],
            [-3.3077115913, 2.6097574011, -0.7034186147],
            [0.2309699292, -0.3413193965, 1.7076147010],
        ]
    )
    linear = np.clip(linear, 0, 1)  # rounding alone leaves the range
    return np.asarray(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055), np.float32)
