"""The fate of each thing that a source holds: one look into the table of things, and one sentence for a loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dreampipe.media.film_things import FILM_THINGS
from dreampipe.media.picture_things import PICTURE_THINGS
from dreampipe.media.things import Fate, Found, Rule, Thing

THINGS: Mapping[str, Thing] = MappingProxyType({thing.key: thing for thing in (*FILM_THINGS, *PICTURE_THINGS)})
"""The closed table, by key."""


@dataclass(frozen=True)
class Decision:
    """The decision on a thing that was found."""

    found: Found
    rule: Rule
    sentence: str


def decide(found: Iterable[Found], output: str) -> tuple[Decision, ...]:
    """Decide what becomes of everything found, in an output of a kind that `OUTPUTS` names."""
    decisions = []
    for one in dict.fromkeys(found):
        thing = THINGS.get(one.key)
        if thing is None:
            thing, one = THINGS["unknown"], Found("unknown", one.detail or one.key)
        decisions.append(Decision(one, thing.rules[output], thing.lost.format(one.detail)))
    return tuple(decisions)


def report(found: Iterable[Found], output: str) -> tuple[str, ...]:
    """Return the sentences on what an output of that kind loses, each one once."""
    lost = (decision.sentence for decision in decide(found, output) if decision.rule.fate is Fate.REPORTED)
    return tuple(dict.fromkeys(lost))


def sentence_of(found: Found) -> str:
    """Return the sentence that reports a thing."""
    return THINGS[found.key].lost.format(found.detail)
