"""The meaning of a film's numbers at its target: kept with the label that tells it, or shown as sRGB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from dreampipe.frames import Array, Frame
from dreampipe.media import colour, profiles
from dreampipe.media.video.info import Colour, FilmInfo
from dreampipe.media.video.tones import from_view

SRGB = Colour(range=1, primaries=1, transfer=13, matrix=1)
"""The colour tags of pictures, with the matrix and the range that films usually have."""
_UNSAID = 2


def meaning_of(info: FilmInfo) -> colour.Meaning:
    """Return the meaning of a film's RGB, whose range is known by then.

    Open primaries of PQ and HLG are those of BT.2020, as in pictures; everything else that is open is sRGB's.
    """
    said = info.colour
    transfer = colour.SRGB if said.transfer == _UNSAID else said.transfer
    primaries = colour.usual_primaries(transfer) if said.primaries == _UNSAID else said.primaries
    return colour.Meaning(transfer, primaries)


def keeps_meaning(info: FilmInfo, deep: bool) -> bool:
    """Say whether a film with this depth keeps the source's numbers and label: not HDR that loses depth, or a profile.

    HDR spreads its numbers over so much more light that 8 bits would show steps.
    """
    return info.icc is None and not (meaning_of(info).hdr and info.bits > 8 and not deep)


def choose_conversion(info: FilmInfo, kept: bool) -> Callable[[Array], Array] | None:
    """Return what turns frames of a film into the numbers to be stored; None where they are that already.

    Args:
        info: of the film; its frames are as `tones.to_view` makes them.
        kept: whether the target keeps the source's numbers and label; if not, it gets sRGB's.
    """
    if info.icc is not None:
        return None if kept else partial(profiles.to_srgb, icc=info.icc)
    seen, meaning = info.colour.transfer, meaning_of(info)
    if kept or colour.means_srgb(meaning):
        return partial(from_view, transfer=seen) if from_view_changes(seen) else None
    return lambda pixels: colour.to_srgb(from_view(pixels, seen), meaning)


def as_picture(frame: Frame, info: FilmInfo) -> Frame:
    """Turn a frame of a film into the numbers of a picture of its own: sRGB's, or those of the film's profile."""
    numbers = choose_conversion(info, kept=info.icc is not None)
    return frame if numbers is None else replace(frame, pixels=numbers(frame.pixels))


def from_view_changes(transfer: int) -> bool:
    """Say whether frames of such a film travel as other numbers than are stored."""
    return transfer in (colour.LINEAR, colour.PQ, colour.HLG)


def describe_conversion(info: FilmInfo) -> str | None:
    """Tell what a target without a label for colours makes of a film's; None where they stay."""
    meaning = meaning_of(info)
    if info.icc is not None or colour.means_srgb(meaning):
        return None
    bright = ", and what is brighter than white becomes white" if meaning.hdr else ""
    return f"colours ({meaning}) become those of sRGB{bright}."
