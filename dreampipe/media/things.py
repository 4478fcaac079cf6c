"""The types of the fidelity table: things in a file besides plain pixels, and what dreampipe does with them.

The rows are in `film_things.py` and `picture_things.py`. A source lists what it holds as `Found` values, and
`deciding.py` looks each one up: it is kept, converted by a named rule, or reported in one sentence. Whatever the table
does not know is "unknown", and that is reported, too. The page `docs/fidelity.md` is this table, printed by
`python -m dreampipe.media.fidelity`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from dreampipe.media import formats
from dreampipe.media.rows import Animation, Format
from dreampipe.media.video.codecs import CONTAINERS

FILMS = tuple(container.name for container in dict.fromkeys(CONTAINERS.values()))
ANIMATIONS = tuple(animation.name for animation in formats.ANIMATIONS)
PICTURES = tuple(format.name for format in formats.FORMATS if format.writable)
OUTPUTS = (*FILMS, *ANIMATIONS, *PICTURES)
"""The kinds of files that are written; .m4v counts as mp4, and numbered pictures count as what each of them is."""
READ_ONLY_FILMS = ("avi", "mpeg-ts", "mxf")
READ_ONLY_PICTURES = tuple(format.name for format in formats.FORMATS if not format.writable)
INPUTS = (*FILMS, *READ_ONLY_FILMS, *ANIMATIONS, *PICTURES, *READ_ONLY_PICTURES)


class Fate(Enum):
    """The three fates of a thing."""

    KEPT = "kept"
    CONVERTED = "converted"
    REPORTED = "reported"


@dataclass(frozen=True)
class Rule:
    """The rule for one thing in one kind of output.

    Attributes:
        fate: kept, converted or reported.
        how: how it is converted, or the condition under which it is kept, for the page.
    """

    fate: Fate
    how: str = ""


@dataclass(frozen=True)
class Found:
    """A thing that a source holds.

    Attributes:
        key: which one, as in `deciding.THINGS`; any other counts as unknown.
        detail: what exactly was found, for the sentence.
    """

    key: str
    detail: str = ""


KEEP = Rule(Fate.KEPT)
REPORT = Rule(Fate.REPORTED)


def convert(how: str) -> Rule:
    """Return the rule of a thing that comes out in another form."""
    return Rule(Fate.CONVERTED, how)


def keep_if(how: str) -> Rule:
    """Return the rule of a thing that is kept under a condition, and reported or refused otherwise."""
    return Rule(Fate.KEPT, how)


@dataclass(frozen=True)
class Thing:
    """One thing that a file can hold.

    Attributes:
        key: its name in code.
        name: its name on the page.
        held_by: the kinds of inputs in which it is looked for.
        rules: what becomes of it in each of `OUTPUTS`.
        lost: the sentence that reports it; "{}" stands for the detail that was found.
    """

    key: str
    name: str
    held_by: tuple[str, ...]
    rules: Mapping[str, Rule]
    lost: str


def rules(films: Rule = REPORT, animations: Rule = REPORT, pictures: Rule = REPORT, **some: Rule) -> Mapping[str, Rule]:
    """Return a rule for each of `OUTPUTS`: one for each group, and others for the outputs that `some` names."""
    groups = {FILMS: films, ANIMATIONS: animations, PICTURES: pictures}
    rules = {output: rule for group, rule in groups.items() for output in group}
    return MappingProxyType(rules | {name.replace("_", " "): rule for name, rule in some.items()})


def by_format(rule: Callable[[Format], Rule]) -> dict[str, Rule]:
    """Return the rule for each format of pictures that is written, made from the facts in its row."""
    return {format.name: rule(format) for format in formats.FORMATS if format.writable}


def by_animation(rule: Callable[[Animation], Rule]) -> dict[str, Rule]:
    """Return the rule for the animations of each format, made from their facts."""
    return {animation.name: rule(animation) for animation in formats.ANIMATIONS}


def holders(key: str) -> tuple[str, ...]:
    """Name the pictures and animations in which a thing is looked for, as their rows say."""
    rows: tuple[Animation | Format, ...] = (*formats.ANIMATIONS, *formats.FORMATS)
    return tuple(row.name for row in rows if key in row.holds)
