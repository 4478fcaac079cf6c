"""The order of files by the numbers in their names, as people count, and the numbers that are missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path

Parts = list[str | int]

_NUMBER = re.compile("-?[0-9]+")
_MOST_TOLD = 5
"""Missing numbers that a note names."""


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Sort paths as people count: `a2` before `a10`, and `-2` before `-1` before `0`.

    A hyphen before a number is its sign at the start of a name and after punctuation. After a letter or a space it is
    a sign only if another name in the same folder has its number there without a hyphen, as `f-1` and `f1` do;
    otherwise it separates, as in `photo-1` and `photo-2`. After a digit it always separates, as in a date.
    """
    given = list(paths)
    unsigned: dict[Path, set[str]] = {}
    for path in given:
        unsigned.setdefault(path.parent, set()).update(_before_unsigned(path.name))

    def key(path: Path) -> list[tuple[Parts, str]]:
        *folders, name = path.parts
        return [*((_parts(part), part) for part in folders), (_parts(name, unsigned[path.parent]), name)]

    return sorted(given, key=key)


def _before_unsigned(name: str) -> Iterator[str]:
    """Yield the text before each number that has no hyphen."""
    return (name[: found.start()].casefold() for found in _NUMBER.finditer(name) if found[0][0] != "-")


def _parts(name: str, unsigned: Collection[str] = ()) -> Parts:
    """Split a name into text, number, text, number, ..., so that like is only ever compared with like.

    Args:
        name: what to split.
        unsigned: texts before numbers without a hyphen, in names of the same folder.
    """
    parts: Parts = []
    end = 0
    for found in _NUMBER.finditer(name):
        begin, number = found.span()[0], found[0]
        if number[0] == "-" and not _is_sign(name[:begin], unsigned):
            begin, number = begin + 1, number[1:]
        parts += [name[end:begin].casefold(), int(number)]
        end = found.end()
    return [*parts, name[end:].casefold()]


def _is_sign(before: str, unsigned: Collection[str]) -> bool:
    """Say whether a hyphen after this text is the sign of the number that follows it."""
    last = before[-1:]
    if last.isalpha() or last.isspace():
        return before.casefold() in unsigned
    return not last.isdigit()


def numbering_note(names: Sequence[str]) -> str | None:
    """A sentence on numbers that are missing or come twice among the names of a film's pictures; None if none are.

    It needs names that differ in nothing but one number and their suffix.
    """
    stems = [Path(name).stem for name in names]
    unsigned = {before for stem in stems for before in _before_unsigned(stem)}
    parts = [_parts(stem, unsigned) for stem in stems]
    varying = {at for one, other in pairwise(parts) for at in range(len(one)) if one[at : at + 1] != other[at : at + 1]}
    if len({len(one) for one in parts}) != 1 or len(varying) != 1 or (at := varying.pop()) % 2 == 0:
        return None
    count = Counter(int(one[at]) for one in parts)
    numbers = sorted(count)
    missing = numbers[-1] - numbers[0] + 1 - len(numbers)
    told = []
    if missing:
        told.append(f"{missing:,} {'number is' if missing == 1 else 'numbers are'} missing ({_told(numbers)})")
    if twice := [str(number) for number, times in count.items() if times > 1]:
        told.append(f"{', '.join(twice[:_MOST_TOLD])} {'comes' if len(twice) == 1 else 'come'} more than once")
    if not told:
        return None
    numbered = f"Its pictures are numbered {numbers[0]} to {numbers[-1]}"
    return f"{numbered}, but {' and '.join(told)}: the frames follow each other without a gap."


def _told(numbers: Sequence[int]) -> str:
    missing = (number for one, other in pairwise(numbers) for number in range(one + 1, other))
    first = list(islice(missing, _MOST_TOLD + 1))
    return ", ".join(map(str, first[:_MOST_TOLD])) + (", ..." if len(first) > _MOST_TOLD else "")
