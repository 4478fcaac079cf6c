"""The labels in the tags of TIFF and EXIF that tell the meaning of a picture's numbers.

EXIF   Adobe RGB, as cameras say it (DCF 2.0, CIPA DC-009); an uncalibrated colour space with Gamma, WhitePoint and
       PrimaryChromaticities, or TransferFunction (CIPA DC-008)
TIFF   WhitePoint and PrimaryChromaticities, TransferFunction (TIFF 6.0, section 20), or its EXIF
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dreampipe.media.colour import Meaning
from dreampipe.media.directories import EXIF, INTEROPERABILITY, Tag, byte_order, first_directory
from dreampipe.media.labels import Label, chromaticities, label_of
from dreampipe.media.profiles import profile_of_tables

_ADOBE_RGB = Meaning(primaries=(0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.329), gamma=563 / 256)
_COLOUR_SPACE, _GAMMA, _INDEX = 40961, 42240, 1
_SRGB_SPACE, _ADOBE_SPACE, _UNCALIBRATED = 1, 2, 0xFFFF
_D65 = (0.3127, 0.3290)
TRANSFER_FUNCTION, WHITE_POINT, CHROMATICITIES = 301, 318, 319
_SHORT, _RATIONAL = 3, 5


def label_in_exif(exif: bytes | None) -> Label | None:
    """Return the label in an EXIF block, with or without JPEG's prefix; None if it says sRGB, or nothing."""
    if not exif:
        return None
    block = exif.removeprefix(b"Exif\0\0")
    tags, order = first_directory(block), byte_order(block) or "<"
    below = _below(tags, EXIF)
    (space,) = _numbers(below.get(_COLOUR_SPACE), order)[:1] or (_SRGB_SPACE,)
    interoperability = _below(below, INTEROPERABILITY)
    index = interoperability[_INDEX].payload[:3] if _INDEX in interoperability else b""
    if space == _ADOBE_SPACE or (space == _UNCALIBRATED and index == b"R03"):  # some cameras write the former
        return Label(_ADOBE_RGB)
    if space != _UNCALIBRATED or index == b"R98":
        return None
    (gamma,) = _numbers(below.get(_GAMMA), order)[:1] or (None,)
    white, ends, curves = (_numbers(tags.get(code), order) for code in (WHITE_POINT, CHROMATICITIES, TRANSFER_FUNCTION))
    return label_of_tags(white, ends, np.array(curves).reshape(3, 256) if len(curves) == 768 else None, gamma)


def _below(tags: Mapping[int, Tag], code: int) -> Mapping[int, Tag]:
    return tags[code].directory or {} if code in tags else {}


def _numbers(tag: Tag | None, order: str) -> tuple[float, ...]:
    """Return the numbers of a tag; none if it is missing, of another type, or one is divided by 0."""
    if tag is None or tag.kind not in (_SHORT, _RATIONAL):
        return ()
    values = struct.unpack(f"{order}{len(tag.payload) // 2}H", tag.payload) if tag.kind == _SHORT else None
    return values or quotients(struct.unpack(f"{order}{len(tag.payload) // 4}I", tag.payload))


def quotients(values: object) -> tuple[float, ...]:
    """Return numerators and denominators, one after the other, as numbers; none for anything else."""
    if not isinstance(values, tuple) or len(values) % 2 or not all(values[1::2]):
        return ()
    return tuple(above / under for above, under in zip(values[::2], values[1::2], strict=True))


def label_of_tags(
    white: Sequence[float], ends: Sequence[float], curves: npt.NDArray[np.int_] | None, gamma: float | None = None
) -> Label | None:
    """Return the label of tags.

    Args:
        white, ends: x and y of the white point, and of red, green and blue; any other count means none.
        curves: light of 0 to 65,535 for each value of red, green and blue, (3, values); None for none.
        gamma: the exponent that makes light of numbers, if there are no curves.
    """
    primaries = chromaticities([*ends, *(white if len(white) == 2 else _D65)]) if len(ends) == 6 else None
    if curves is None or not curves.any():
        return label_of(gamma, primaries)
    meaning = (label_of(None, primaries) or Label(Meaning())).meaning
    return Label(meaning, profile=profile_of_tables(curves, meaning.primaries))
