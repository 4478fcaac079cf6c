"""HDR films as a person sees them, and back: the numbers that stages work on.

A model knows ordinary pictures, and PQ and HLG look dull and grey as they are stored. So their frames travel as an
ordinary screen would show them, channel by channel. Unlike the way to sRGB in `media.colour`, nothing is cut off:
highlights share the last fifth of the range, where diffuse white comes to about 0.9 (0.96 in HLG), and each stored
number has a number of its own. The way back therefore gives a frame that nobody has changed as it was stored.

1. A number becomes light by its transfer function (Recommendation ITU-R BT.2100); diffuse white is 1 (Report ITU-R
   BT.2408: 0.58 in PQ, 0.75 in HLG). HLG is taken as a screen of 1,000 cd/m2 shows greys.
2. The light becomes a number by sRGB's curve (IEC 61966-2-1), which goes beyond 1 for highlights.
3. From a knee at 0.8 on, numbers are compressed to end at 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array
from dreampipe.media.colour import HLG, HLG_WHITE, LINEAR, PQ, PQ_WHITE

_KNEE = 0.8
_ENTRIES = 1 << 16
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_A = 0.17883277
_B, _C = 1 - 4 * _A, 0.5 - _A * np.log(4 * _A)
_GAMMA = 1.2  # the system gamma of a screen of 1,000 cd/m2
Numbers = npt.NDArray[np.float64]
Curve = Callable[[Numbers], Numbers]


def to_view(pixels: Array, transfer: int) -> Array:
    """Turn stored numbers into those that a person sees, both float32 in [0, 1]; the very pixels where they are equal.

    Args:
        pixels: any shape; clipped to [0, 1].
        transfer: a code point of ITU-T H.273, table 3; others than PQ, HLG and linear are seen as they are stored.
    """
    return _look_up(np.clip(pixels, 0, 1), _view_table(transfer)) if transfer in _CURVES else pixels


def from_view(pixels: Array, transfer: int) -> Array:
    """Turn the numbers that a person sees into those to be stored: the inverse of `to_view`."""
    if transfer not in _CURVES:
        return pixels
    # The table counts by the root of what is seen: near black, PQ has many numbers for hardly any light.
    return _look_up(np.sqrt(np.clip(pixels, 0, 1)), _number_table(transfer))


def _look_up(places: Array, table: Array) -> Array:
    """The entries of a table at places in [0, 1], between two entries on the line between them."""
    scaled = places * np.float32(len(table) - 1)
    index = np.minimum(scaled.astype(np.int32), len(table) - 2)
    scaled -= index
    low = table[index]
    return np.asarray(low + (table[index + 1] - low) * scaled, np.float32)


@lru_cache(maxsize=4)
def _view_table(transfer: int) -> Array:
    tones = _tones(transfer)
    seen = _srgb_number(tones.light(np.linspace(0, 1, _ENTRIES)))
    return np.where(seen > _KNEE, tones.compress(seen), seen).astype(np.float32)


@lru_cache(maxsize=4)
def _number_table(transfer: int) -> Array:
    tones = _tones(transfer)
    seen = np.linspace(0, 1, 4 * _ENTRIES) ** 2
    return tones.number(_srgb_light(np.where(seen > _KNEE, tones.expand(seen), seen))).astype(np.float32)


@dataclass(frozen=True)
class _Tones:
    """A transfer function.

    Attributes:
        light: of numbers in [0, 1]; 1 is diffuse white.
        number: of light.
        top: the sRGB number of the most light.
    """

    light: Curve
    number: Curve
    top: float

    @property
    def _bend(self) -> float:
        """The compression above the knee; with this number the curve has no kink there."""
        return 1 / max((self.top - _KNEE) / (1 - _KNEE) - 1, 1e-9)

    def compress(self, seen: Numbers) -> Numbers:
        share = (seen - _KNEE) / (self.top - _KNEE)
        return np.asarray(_KNEE + (1 - _KNEE) * share * (1 + self._bend) / (share + self._bend))

    def expand(self, seen: Numbers) -> Numbers:
        share = (seen - _KNEE) / (1 - _KNEE)
        return np.asarray(_KNEE + (self.top - _KNEE) * share * self._bend / (1 + self._bend - share))


def _tones(transfer: int) -> _Tones:
    light, number = _CURVES[transfer]
    return _Tones(light, number, float(_srgb_number(light(np.ones(1)))[0]))


def _srgb_number(light: Numbers) -> Numbers:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055)


def _srgb_light(number: Numbers) -> Numbers:
    return np.where(number <= 0.04045, number / 12.92, np.power((number + 0.055) / 1.055, 2.4))


def _pq_light(number: Numbers) -> Numbers:
    root = np.power(number, 1 / _M2)
    return np.power(np.maximum(root - _C1, 0) / (_C2 - _C3 * root), 1 / _M1) / _PQ_LIGHT_OF_WHITE


def _pq_number(light: Numbers) -> Numbers:
    root = np.power(light * _PQ_LIGHT_OF_WHITE, _M1)
    return np.power((_C1 + _C2 * root) / (1 + _C3 * root), _M2)


def _hlg_light(number: Numbers) -> Numbers:
    scene = np.where(number <= 0.5, number**2 / 3, (np.exp((number - _C) / _A) + _B) / 12)
    return np.power(scene / _HLG_SCENE_OF_WHITE, _GAMMA)


def _hlg_number(light: Numbers) -> Numbers:
    scene = np.power(light, 1 / _GAMMA) * _HLG_SCENE_OF_WHITE
    bright = _A * np.log(np.maximum(12 * scene - _B, 1e-6)) + _C
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


_PQ_LIGHT_OF_WHITE, _HLG_SCENE_OF_WHITE = 1.0, 1.0
_PQ_LIGHT_OF_WHITE = float(_pq_light(np.full(1, PQ_WHITE))[0])
_HLG_SCENE_OF_WHITE = float(_hlg_light(np.full(1, HLG_WHITE))[0]) ** (1 / _GAMMA)
_CURVES: Mapping[int, tuple[Curve, Curve]] = {
    LINEAR: (lambda number: number, lambda light: light),
    PQ: (_pq_light, _pq_number),
    HLG: (_hlg_light, _hlg_number),
}
