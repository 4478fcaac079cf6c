"""The order of files by the numbers in their names, as people count, and the numbers that are missing.

A number has digits of any script, perhaps a sign before them, and perhaps a decimal fraction after them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import TypeVar

Number = int | Fraction
Parts = list[str | Number]

_NUMBER = re.compile(r"([-+]?)(\d+)((?:\.\d+)*)")
_LIKE_ASCII = {
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212, 0xFE63, 0xFF0D), "-"),
    **dict.fromkeys((0xFE62, 0xFF0B), "+"),
}
"""Hyphens, the en dash, minus and plus signs of Unicode as those of ASCII."""
_NINES = str.maketrans("0123456789", "9876543210")
_LONGEST = 0x300
"""More digits than a name has."""
Sorted = TypeVar("Sorted", str, Path)
_CLOSING = ")]}"
_MOST_TOLD = 5
"""Missing numbers that a note names."""


@dataclass
class _Neighbours:
    """The names of one folder, which tell how signs and points in each of them are meant.

    Attributes:
        signs: the signs before the numbers that follow each text: "-", "+", or "" for none.
        fractions: the digits after the point of the numbers that follow each text.
        versions: the texts that numbers with several points follow.
    """

    signs: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    fractions: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    versions: set[str] = field(default_factory=set)

    def add(self, name: str) -> None:
        """Take one more name into account."""
        for found in _NUMBER.finditer(name):
            before = name[: found.start()].casefold()
            self.signs[before].add(found[1])
            if found[3].count(".") == 1:
                self.fractions[before].add(found[3][1:])
            elif found[3]:
                self.versions.add(before)

    def is_sign(self, before: str) -> bool:
        """Say whether a hyphen or plus between this text and a number is the sign of that number."""
        last = before[-1:]
        if last.isalpha() or last.isspace() or (last and last in _CLOSING):
            return len(self.signs[before.casefold()]) > 1
        return not last.isdigit()

    def is_decimal(self, before: str) -> bool:
        """Say whether a point in numbers that follow this text is a decimal point."""
        if before.casefold() in self.versions:
            return False
        fractions = self.fractions[before.casefold()]
        as_long = len({len(digits) for digits in fractions}) == 1
        return as_long or not any(len(digits) > 1 and int(digits[-1]) == 0 for digits in fractions)


def in_order(paths: Iterable[Sorted]) -> list[Sorted]:
    """Sort paths, or their texts, as people count.

    `a2` is before `a10`, `-2` before `-1` before `0`, and `t0.25` before `t0.5`.

    A hyphen or plus before a number is its sign at the start of a name and after punctuation. After a letter, a space
    or a closing bracket it is a sign only if another name in the same folder has its number there with another sign
    or with none, as `f-1` and `f1` do; otherwise it separates, as in `photo-1` and `photo-2`. After a digit it always
    separates, as in a date.

    One point within a number is a decimal point. It separates, as in `v1.9` and `v1.10`, if the names of the folder
    have fractions of several lengths there and one of them ends in zero, or numbers with several points, as `1.2.3`.
    """
    given = list(paths)
    neighbours: defaultdict[str, _Neighbours] = defaultdict(_Neighbours)
    for text in given:
        path = Path(text)
        neighbours[str(path.parent)].add(_stem(path.name))

    def key(text: Sorted) -> str:
        path = Path(text)
        *folders, name = path.parts
        own = _spell(_parts(_stem(name), neighbours[str(path.parent)]), f"{path.suffix.casefold()} {name}")
        return "".join([*(_spell(_parts(_plain(part), _Neighbours()), part) for part in folders), own])

    return sorted(given, key=key)


def _spell(parts: Parts, name: str) -> str:
    """Write parts, and the name that decides between like ones, as one text that sorts as they do.

    A text takes a fraction of the memory, which counts for a million names. No name holds the characters that end a
    text and begin a number here: they sort before all others.
    """
    return "".join([*(f"{part}\0" if isinstance(part, str) else _spell_number(part) for part in parts), f"\0{name}\0"])


def _spell_number(number: Number) -> str:
    """Write a number as a text that sorts by its value, before every longer one."""
    whole = int(number if number >= 0 else -number)
    rest: Number = number - whole if number >= 0 else -number - whole
    digits = str(whole)
    length = len(digits)
    while rest:
        rest *= 10
        digits += str(int(rest))
        rest -= int(rest)
    if number >= 0:
        return f"\2{chr(length)}{digits}\0"
    return f"\1{chr(_LONGEST - length)}{digits.translate(_NINES)}~"


def _stem(name: str) -> str:
    """Return a name without its suffix, unless that is a number, and with the signs of ASCII."""
    path = Path(name)
    return _plain(name if path.suffix[1:].isdecimal() else path.stem)


def _plain(name: str) -> str:
    return name.translate(_LIKE_ASCII)


def _parts(name: str, neighbours: _Neighbours) -> Parts:
    """Split a name into text, number, text, number, ..., so that like is only ever compared with like."""
    parts: Parts = []
    end = 0
    for found in _NUMBER.finditer(name):
        begin, before, sign = found.start(), name[: found.start()], found[1]
        if sign and not neighbours.is_sign(before):
            begin, sign = begin + 1, ""
        parts += [name[end:begin].casefold(), *_numbers(found, sign, neighbours.is_decimal(before))]
        end = found.end()
    return [*parts, name[end:].casefold()]


def _numbers(found: re.Match[str], sign: str, decimal: bool) -> Parts:
    """Return one number, or several with points between them."""
    first, *others = f"{found[2]}{found[3]}".split(".")
    if decimal and len(others) == 1:
        value = int(first) + Fraction(int(others[0]), 10 ** len(others[0]))
        return [-value if sign == "-" else value]
    after = (part for digits in others for part in (".", int(digits)))
    return [int(sign + first), *after]


def numbering_note(names: Sequence[str]) -> str | None:
    """Return a sentence on numbers that are missing or come twice among the names of a film's pictures.

    None if none are, or if the names differ in more than one number and their suffix. Of numbers with fractions, the
    smallest distance is their step; they count as missing if fewer are missing than are there.
    """
    neighbours = _Neighbours()
    stems = [_stem(name) for name in names]
    for stem in stems:
        neighbours.add(stem)
    parts = [_parts(stem, neighbours) for stem in stems]
    varying = {at for one, other in pairwise(parts) for at in range(len(one)) if one[at : at + 1] != other[at : at + 1]}
    if len({len(one) for one in parts}) != 1 or len(varying) != 1 or (at := varying.pop()) % 2 == 0:
        return None
    count = Counter(number for one in parts if not isinstance(number := one[at], str))
    return _gaps_note(count)


def _gaps_note(count: Counter[Number]) -> str | None:
    """Return a sentence on the gaps between numbers, and on those that come more than once; None for neither."""
    numbers = sorted(count)
    step = 1 if all(isinstance(number, int) for number in numbers) else _step(numbers)
    missing = int((numbers[-1] - numbers[0]) / step) + 1 - len(numbers) if step else 0
    if step != 1 and missing >= len(numbers):
        missing = 0
    told = []
    if missing:
        told.append(
            f"{missing:,} {'number is' if missing == 1 else 'numbers are'} missing ({_list_numbers(numbers, step)})"
        )
    if twice := [_said(number) for number, times in count.items() if times > 1]:
        told.append(f"{', '.join(twice[:_MOST_TOLD])} {'comes' if len(twice) == 1 else 'come'} more than once")
    if not told:
        return None
    numbered = f"Its pictures are numbered {_said(numbers[0])} to {_said(numbers[-1])}"
    return f"{numbered}, but {' and '.join(told)}: the frames follow each other without a gap."


def _step(numbers: Sequence[Number]) -> Number:
    """Return the smallest distance of sorted numbers; 0 if the others are no multiples of it."""
    apart = [other - one for one, other in pairwise(numbers)]
    step = min(apart)
    return step if all((distance / step).denominator == 1 for distance in map(Fraction, apart)) else 0


def _list_numbers(numbers: Sequence[Number], step: Number) -> str:
    first = list(islice(_missing(numbers, step), _MOST_TOLD + 1))
    return ", ".join(map(_said, first[:_MOST_TOLD])) + (", ..." if len(first) > _MOST_TOLD else "")


def _missing(numbers: Sequence[Number], step: Number) -> Iterator[Number]:
    for one, other in pairwise(numbers):
        while (one := one + step) < other:
            yield one


def _said(number: Number) -> str:
    return str(number) if isinstance(number, int) else f"{float(number):.12g}"
