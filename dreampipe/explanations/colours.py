"""Colours of signed heat: blue against, orange for, light grey at zero.

The lightness falls evenly from zero to both ends, which are equally dark, and blue and orange differ for everybody who
sees colours in pairs. The path is straight in OKLab (Ottosson 2020).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array

_ZERO, _END = 0.97, 0.50
"""Lightness at zero, and at both ends."""
_CHROMA, _AGAINST, _FOR = 0.14, 255.0, 50.0
"""Chroma at the ends, and the hues in degrees."""


def colour(heat: npt.NDArray[np.floating], scale: float | None = None) -> Array:
    """Colour signed heat.

    Args:
        heat: (height, width).
        scale: the heat of the full colours; None for the largest by size. Larger heat has the full colour.

    Returns:
        (height, width, 3) float32 sRGB in [0, 1].
    """
    top = float(np.abs(heat).max()) if scale is None else scale
    share = np.clip(heat / top, -1, 1) if top > 0 else np.zeros_like(heat)
    size = np.abs(share)
    hue = np.deg2rad(np.where(share < 0, _AGAINST, _FOR))
    chroma = _CHROMA * size
    return _srgb(_ZERO + (_END - _ZERO) * size, chroma * np.cos(hue), chroma * np.sin(hue))


def overlay(pixels: Array, heat: npt.NDArray[np.floating], scale: float | None = None) -> Array:
    """Lay heat over a picture (height, width, 3), which becomes grey and faint; see `colour`."""
    grey = 0.25 + 0.75 * (pixels @ np.array([0.2126, 0.7152, 0.0722], np.float32))
    return np.asarray(colour(heat, scale) * grey[..., None], np.float32)


def _srgb(lightness: npt.NDArray[np.floating], a: npt.NDArray[np.floating], b: npt.NDArray[np.floating]) -> Array:
    roots = np.stack(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ],
        -1,
    )
    linear = roots**3 @ np.array(
        [
            [4.0767416621, -1.2684380046, -0.0041960863],
            [-3.3077115913, 2.6097574011, -0.7034186147],
            [0.2309699292, -0.3413193965, 1.7076147010],
        ]
    )
    linear = np.clip(linear, 0, 1)
    return np.asarray(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055), np.float32)
