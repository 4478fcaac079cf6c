"""Compare two outputs, of any kind that dreampipe makes, by the pixels that they show."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from dreampipe.drawings.page import find_record, is_page, is_table
from dreampipe.errors import MediaError
from dreampipe.media.comparing import hash_pixels_shown, measure_difference, same_bytes
from dreampipe.media.patterns import is_pattern
from dreampipe.media.video.numbering import standing

_LINK = re.compile(r' (?:href|src)="(?!data:|#)[^"]*"')
"""The address of another file in a page; what a page shows itself is in data addresses."""


def is_there(path: Path) -> bool:
    """Say whether an output is there: a file, or a numbered picture of the pattern."""
    return bool(standing(path)) if is_pattern(path) else os.path.isfile(path)


def hash_shown(path: Path, max_pixels: int) -> str:
    """Hash everything that an output shows; for a page or a table, its text without its record. Raises MediaError."""
    return _text_sha256(path) if is_page(path) or is_table(path) else hash_pixels_shown(path, max_pixels)


def show_the_same(first: Path, second: Path, max_pixels: int) -> bool:
    """Say whether two outputs that are there show the same pixels; False if one cannot be decoded."""
    if is_page(first) != is_page(second):
        return False
    try:
        return same_bytes(first, second) or hash_shown(first, max_pixels) == hash_shown(second, max_pixels)
    except MediaError:
        return False


def how_far_apart(first: Path, second: Path) -> tuple[str, ...]:
    """Measure how far apart two pictures or films of one size are, as a phrase; no phrase for other outputs."""
    if os.path.realpath(first) == os.path.realpath(second):  # the second has taken the place of the first
        return ()
    try:
        found = None if is_page(first) or is_table(first) else measure_difference(first, second)
    except MediaError:
        return ()
    if found is None:
        return ()
    most, average = (255 * apart for apart in found)
    return (f"they are apart by {most:.1f} levels of 255 at most, and {average:.2f} on average",)


def _text_sha256(path: Path) -> str:
    """Hash the text of a page or a table without its record, and without links, which depend on where the page is."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as problem:
        raise MediaError(f"{path} cannot be read ({problem.strerror}): make it readable.") from None
    bare = text.replace(find_record(text) or "", "")
    return hashlib.sha256((_LINK.sub("", bare) if is_page(path) else bare).encode()).hexdigest()
