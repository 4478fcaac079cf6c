"""One rule makes a file's numbers those of a frame, so that a model sees what a person sees.

1. Numbers of sRGB, and those without a label, stay.
2. Numbers that show other tones become those of sRGB, by `colour.to_srgb` or by their profile: HDR (PQ, HLG), linear
   light, and whatever else moves a grey by more than a twelfth of the range. A note says so.
3. All others, such as Display P3 and Adobe RGB, stay as they are and go along with an ICC profile: the file's own, or
   one made of its label. Every format but BMP and films holds that; there they become sRGB's.

A narrow range (16 to 235) is spread over the whole range first. `docs/colour.md` says which labels are read.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from dreampipe.frames import Array
from dreampipe.media.colour import BT709, HLG, HLG_GAMMA, PQ, Meaning, light, means_srgb, srgb_numbers, to_srgb, widened
from dreampipe.media.labels import Label
from dreampipe.media.profiles import code_points, converted, primaries_in, profile_of, tones

_MOST = 1 / 12
"""How far a grey may be shown from where sRGB shows it: above what a gamma of 1.8 (ProPhoto) does, below one of 1.5."""
_SAME = 0.01
"""How far a signal may be from that of PQ or HLG with the same light."""
_DEVICES = (b"mntr", b"scnr", b"prtr", b"spac")
"""The classes of profiles whose tables show colours of pictures (ICC.1:2022, 7.2.5)."""
_GAMMA_22, _XYZ = 4, 10
_GREYS = np.linspace(0, 1, 65, dtype=np.float32).reshape(1, -1, 1).repeat(3, axis=2)

Shown = tuple[Array, bytes | None, tuple[str, ...]]


def shown(pixels: Array, icc: bytes | None, label: Label | None) -> Shown:
    """Numbers of a file as those of a frame, with the profile that goes along, and notes.

    Args:
        pixels: (height, width, 3) float32, RGB in [0, 1], as in the file.
        icc: its RGB profile.
        label: what it says besides.
    """
    if icc is not None and not (label and label.first):
        return _of_profile(pixels, icc)
    if label is None:
        return pixels, None, ()
    return _of_profile(pixels, label.profile, "curves") if label.profile else _of_meaning(pixels, label.meaning)


def _of_profile(pixels: Array, icc: bytes, source: str = "colour profile") -> Shown:
    if hdr := _hdr_meaning(icc):
        return _of_meaning(pixels, hdr)
    if not _has_other_tones(icc):
        return pixels, icc, ()
    try:
        return converted(pixels, icc), None, (_note(f"have other tones, by its {source}", cut=True),)
    except ValueError:
        return pixels, icc, ()


@lru_cache(maxsize=4)  # the pictures of a folder have one profile
def _hdr_meaning(icc: bytes) -> Meaning | None:
    """Return the meaning of a profile that says PQ or HLG by its code points or its curves; None for others."""
    primaries, transfer = code_points(icc) or (0, 0)
    if transfer in (PQ, HLG):
        return Meaning(transfer, primaries)
    linear = tones(_GREYS, icc)
    if linear is None:
        return None
    bright = slice(len(_GREYS[0]) // 4, None)  # profiles round the light of dark signals to nothing
    signals = _GREYS[0, bright, 0]
    for transfer, power in ((PQ, 1), (HLG, 1), (HLG, 1 / HLG_GAMMA)):  # the light of HLG's scene, or of a screen
        curve = light(_GREYS, Meaning(transfer))[0, :, 0] ** power
        if np.abs(np.interp(linear[0, bright, 0], curve[bright] / curve[-1], signals) - signals).max() < _SAME:
            return Meaning(transfer, primaries_in(icc))
    return None


@lru_cache(maxsize=4)
def _has_other_tones(icc: bytes) -> bool:
    linear = tones(_GREYS, icc)
    if linear is not None:
        return _moved(linear)
    if icc[12:16] not in _DEVICES:
        return False
    try:  # tables
        return bool(np.abs(converted(_GREYS, icc) - _GREYS).max() > _MOST)
    except ValueError:
        return False


def _of_meaning(pixels: Array, meaning: Meaning) -> Shown:
    notes: tuple[str, ...] = ()
    if meaning.narrow:
        pixels, meaning = widened(pixels, meaning.narrow), replace(meaning, narrow=0)
        notes = ("Its numbers run from 16 to 235: they were spread over the whole range.",)
    if means_srgb(meaning):
        return pixels, None, notes
    if meaning.primaries != _XYZ and _has_curve(meaning) and not _moved(light(_GREYS, meaning)):
        return pixels, profile_of(meaning), notes
    cut = meaning.hdr or meaning.primaries != BT709
    return to_srgb(pixels, meaning), None, (*notes, _note(f"are {meaning}", cut))


def _has_curve(meaning: Meaning) -> bool:
    """Say whether `profile_of` can write the tones down."""
    gamma = meaning.gamma is not None or meaning.transfer == _GAMMA_22
    return gamma or means_srgb(Meaning(meaning.transfer))


def _moved(linear: Array) -> bool:
    return bool(np.abs(srgb_numbers(linear) - _GREYS).max() > _MOST)


def _note(what: str, cut: bool) -> str:
    return f"Its numbers {what}: they became those of sRGB{', and what sRGB cannot show was clipped' * cut}."
