"""The light that numbers mean: transfer functions, primaries, and the way from both to sRGB. numpy only.

A file says what its numbers mean with code points (ITU-T H.273, which AVIF, HEIF, PNG's cICP and films share), with an
exponent (PNG's gAMA) or with chromaticities (PNG's cHRM). `Meaning` holds that, and `to_srgb` shows it on an ordinary
screen:

1. Each number becomes light by its transfer function; 1.0 is diffuse white.
2. Brightness above diffuse white becomes white. Report ITU-R BT.2408, table 1, puts diffuse white (203 cd/m2) at a
   signal of 0.58 in PQ and of 0.75 in HLG. This undoes the report's mapping of SDR into HDR (section 5.1.1), so that
   ordinary pictures within HDR come back as they were. HLG is taken as a screen of 1,000 cd/m2 shows it.
3. A matrix turns the primaries into those of sRGB, adapted to its white by Bradford's method; what lies outside is
   clipped.
4. The light becomes numbers by sRGB's own curve (IEC 61966-2-1).

The curves of television cameras (BT.709, BT.601, BT.2020 and kin) are taken as sRGB's: screens and browsers show such
numbers as they show untagged ones, and neither the camera's curve nor BT.1886 describes that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array

Chromaticities = tuple[float, float, float, float, float, float, float, float]
"""CIE 1931 x and y of red, green, blue and white."""
Matrix = npt.NDArray[np.float64]
_Curve = Callable[[Matrix], Matrix]

BT709, UNSPECIFIED, LINEAR, BT2020, SRGB, PQ, HLG = 1, 2, 8, 9, 13, 16, 18
PQ_WHITE, HLG_WHITE = 0.58, 191 / 255
"""Signals of diffuse white: Report ITU-R BT.2408, table 1. HLG's is 0.75 as 8 bits hold it, to be white there."""
HLG_GAMMA = 1.2
"""The system gamma of a screen of 1,000 cd/m2: Recommendation ITU-R BT.2100, table 5."""
_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
_SMALLEST_Y = 1e-6
_BAND = 1 << 18  # pixels that are converted at a time, so that little memory is taken
_TOP = 65_535  # of the tables below, which are exact for samples of up to 16 bits

PRIMARIES: Mapping[int, Chromaticities] = {
    1: (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65),
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    10: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1 / 3, 1 / 3),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
"""Primaries by their code point: ITU-T H.273, table 2. Others, and those left open, count as BT.709."""

TRANSFERS = frozenset({1, *range(4, 19)})
"""Code points of transfer functions: ITU-T H.273, table 3."""

_PRIMARIES_NAMES = {
    **{1: "BT.709", 4: "BT.470 M", 5: "BT.601 (625 lines)", 6: "BT.601 (525 lines)", 7: "SMPTE 240M", 8: "film"},
    **{9: "BT.2020", 10: "XYZ", 11: "DCI-P3", 12: "Display P3", 22: "EBU 3213"},
}
_TRANSFER_NAMES = {
    **{4: "gamma 2.2", 5: "gamma 2.8", 8: "linear", 9: "log 100:1", 10: "log 316:1", 16: "PQ", 17: "gamma 2.6"},
    18: "HLG",
}


def usual_primaries(transfer: int) -> int:
    """Return the primaries of a file that leaves them open: BT.2020's for PQ and HLG, as BT.2100 defines both."""
    return BT2020 if transfer in (PQ, HLG) else BT709


@dataclass(frozen=True)
class Meaning:
    """The meaning of a picture's numbers.

    Attributes:
        transfer: how numbers become light, a code point of ITU-T H.273, table 3: 13 for sRGB, 8 for linear, 16 for PQ,
            18 for HLG. Those of television cameras, unknown and open ones count as 13.
        primaries: the colours of red, green, blue and white, a code point of ITU-T H.273, table 2, or chromaticities.
        gamma: the exponent that makes light of numbers, such as 2.2, which then stands for `transfer`; None for none.
        narrow: bits of a sample where black and white are 16 and 235 (of 8 bits); 0 where they are the ends.
    """

    transfer: int = SRGB
    primaries: int | Chromaticities = BT709
    gamma: float | None = None
    narrow: int = 0

    def __str__(self) -> str:
        """Name it for a note: "PQ, BT.2020"."""
        if isinstance(self.primaries, int):
            primaries = _PRIMARIES_NAMES.get(self.primaries, _PRIMARIES_NAMES[BT709])
        else:
            primaries = "primaries of its own"
        tones = f"gamma {self.gamma:.3g}" if self.gamma else _TRANSFER_NAMES.get(self.transfer, "sRGB's tones")
        return f"{tones}, {primaries}" + (", narrow range" if self.narrow else "")

    @property
    def hdr(self) -> bool:
        """Say whether it holds light brighter than diffuse white."""
        return self.gamma is None and self.transfer in (PQ, HLG)


def to_srgb(pixels: Array, meaning: Meaning) -> Array:
    """Show numbers as sRGB; see the module's docstring for the rule.

    Args:
        pixels: (height, width, 3) float32, RGB, numbers of the file in [0, 1].
        meaning: what they mean.

    Returns:
        (height, width, 3) float32 in [0, 1]; the very pixels where they are sRGB already.

    Raises:
        ValueError: the primaries are no colours that could be mixed.
    """
    if means_srgb(meaning):
        return pixels
    mixing = mixture(meaning.primaries).T.astype(np.float32)
    shown = np.empty(pixels.shape, np.float32)
    rows = max(1, _BAND // pixels.shape[1])
    for at in range(0, len(pixels), rows):
        shown[at : at + rows] = srgb_numbers(light(pixels[at : at + rows], meaning) @ mixing)
    return shown


def means_srgb(meaning: Meaning) -> bool:
    """Say whether the numbers are sRGB's as they stand."""
    if meaning.narrow or meaning.gamma is not None or meaning.transfer in _CURVES:
        return False
    return bool(np.abs(mixture(meaning.primaries) - np.eye(3)).max() < 1e-3)


def light(pixels: Array, meaning: Meaning) -> Array:
    """The light of numbers, float32, in the file's own primaries; diffuse white is 1.0, and HDR has more.

    Raises:
        ValueError: the primaries of HLG, whose light depends on them, are no colours that could be mixed.
    """
    table = _light_table(meaning.transfer, meaning.gamma)
    scene = table[_places(widen(pixels, meaning.narrow))]
    if meaning.gamma is not None or meaning.transfer != HLG:
        return scene
    # BT.2100's OOTF: the luminance of the scene raises each colour alike.
    luminance = scene @ xyz_matrix(meaning.primaries)[1].astype(np.float32)
    return np.asarray(scene * luminance[..., np.newaxis] ** np.float32(HLG_GAMMA - 1), np.float32)


def widen(pixels: Array, narrow: int) -> Array:
    """Numbers of narrow range, with so many bits a sample, as full range; what lies outside is clipped."""
    if not narrow:
        return pixels
    step = (1 << narrow - 8) / ((1 << narrow) - 1)
    return np.asarray(np.clip((pixels - 16 * step) / (219 * step), 0, 1), np.float32)


def srgb_numbers(linear: Array) -> Array:
    """Light as sRGB's numbers, float32, exact to a step of 16 bits; light outside [0, 1] is clipped."""
    return _srgb_table()[_places(np.sqrt(np.clip(linear, 0, 1)))]


def _places(values: Array) -> npt.NDArray[np.uint16]:
    scaled = np.clip(values, 0, 1)
    scaled *= np.float32(_TOP)
    return np.rint(scaled, out=scaled).astype(np.uint16)


@lru_cache(maxsize=16)
def _light_table(transfer: int, gamma: float | None) -> Array:
    signals = np.arange(_TOP + 1) / _TOP
    table = signals**gamma if gamma is not None else _CURVES.get(transfer, _srgb_light)(signals)
    return _frozen(table)


@lru_cache(maxsize=1)
def _srgb_table() -> Array:
    linear = (np.arange(_TOP + 1) / _TOP) ** 2  # places count by the root of light, which is fine where it is dark
    return _frozen(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


def _frozen(table: Matrix) -> Array:
    held = table.astype(np.float32)
    held.flags.writeable = False
    return held


def _srgb_light(signals: Matrix) -> Matrix:
    return np.where(signals <= 0.04045, signals / 12.92, ((signals + 0.055) / 1.055) ** 2.4)


def _log(decades: float) -> _Curve:
    return lambda signals: np.where(signals > 0, 10.0 ** (decades * (signals - 1)), 0)


def _pq(signals: Matrix) -> Matrix:
    """Recommendation ITU-R BT.2100, table 4: the EOTF, over that of diffuse white."""
    return _pq_light(signals) / _pq_light(np.float64(PQ_WHITE))


def _pq_light(signals: Matrix | np.float64) -> Matrix:
    root = np.power(signals, 1 / (2523 / 4096 * 128))
    top, bottom = np.maximum(root - 3424 / 4096, 0), 2413 / 4096 * 32 - 2392 / 4096 * 32 * root
    return np.asarray((top / bottom) ** (1 / (2610 / 16384)), np.float64)


def _hlg(signals: Matrix) -> Matrix:
    """Recommendation ITU-R BT.2100, table 5: the scene's light, over that of diffuse white."""
    return _hlg_scene(signals) / _hlg_scene(np.asarray(HLG_WHITE))


def _hlg_scene(signals: Matrix) -> Matrix:
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    return np.where(signals <= 0.5, signals**2 / 3, (np.exp((signals - c) / a) + b) / 12)


_CURVES: Mapping[int, _Curve] = {
    4: lambda signals: signals**2.2,
    5: lambda signals: signals**2.8,
    8: lambda signals: signals,
    9: _log(2),
    10: _log(2.5),
    16: _pq,
    17: lambda signals: signals**2.6 * 52.37 / 48,
    18: _hlg,
}
"""Light by transfer functions, ITU-T H.273, table 3, but for sRGB's and those that are shown like it."""


def xyz_matrix(primaries: int | Chromaticities) -> Matrix:
    """The matrix from linear RGB to CIE XYZ, in which white, the sum of its columns, has a Y of 1 (SMPTE RP 177).

    Raises:
        ValueError: the primaries are no colours that could be mixed.
    """
    values = PRIMARIES.get(primaries, PRIMARIES[BT709]) if isinstance(primaries, int) else primaries
    if not np.isfinite(values).all() or abs(values[7]) < _SMALLEST_Y:
        raise ValueError("its white is no colour")
    columns = np.array([(x, y, 1 - x - y) for x, y in zip(values[0:6:2], values[1:6:2], strict=True)]).T
    white = np.array([values[6], values[7], 1 - values[6] - values[7]]) / values[7]
    if abs(np.linalg.det(columns)) < _SMALLEST_Y:
        raise ValueError("its primaries lie on one line")
    shares = np.linalg.solve(columns, white)
    if (shares <= 0).any():
        raise ValueError("its white lies outside of its primaries")
    return np.asarray(columns * shares, np.float64)


def adaptation(source: npt.ArrayLike, target: npt.ArrayLike) -> Matrix:
    """Bradford's matrix, which takes XYZ seen under a source's white to XYZ under another (ICC.1:2022, annex E)."""
    cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    scale = (cones @ np.asarray(target)) / (cones @ np.asarray(source))
    return np.asarray(np.linalg.inv(cones) @ np.diag(scale) @ cones, np.float64)


def mixture(primaries: int | Chromaticities) -> Matrix:
    """The matrix from linear RGB of these primaries to that of sRGB; raises ValueError as `xyz_matrix` does."""
    columns = xyz_matrix(primaries)
    adapted = adaptation(columns.sum(axis=1), xyz_matrix(BT709).sum(axis=1)) @ columns
    return np.asarray(np.linalg.inv(xyz_matrix(BT709)) @ adapted, np.float64)
