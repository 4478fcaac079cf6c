"""The page `docs/fidelity.md`: the table of things, printed by `python -m dreampipe.media.fidelity`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from dreampipe.media.deciding import THINGS
from dreampipe.media.things import ANIMATIONS, FILMS, INPUTS, OUTPUTS, PICTURES, Fate, Rule, Thing

_HEAD = """# What dreampipe keeps of a file

`python -m dreampipe.media.fidelity > docs/fidelity.md` makes this page from the rows in
`dreampipe/media/film_things.py` and `picture_things.py`; a test holds the two equal.

A file holds more than plain pixels. For each thing in a source and each kind of output, one of these is true:

- **kept**: the output has it, byte for byte or in the words of the other format;
- **(1), (2), ...**: dreampipe converts it by the rule with that number, or keeps it under that condition;
- **noted**: dreampipe leaves it out, and says so in one sentence.

"Anything else" is what has no row of its own; it is noted. Run `dream --steps 0` to see what a pair of formats does to
a file without a dream.
"""
_WORDS = {Fate.KEPT: "kept", Fate.CONVERTED: "", Fate.REPORTED: "noted"}


def page() -> str:
    """Return the text of the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    numbers: dict[str, int] = {}
    yield _HEAD
    for title, outputs in (("Into films", FILMS), ("Into animations", ANIMATIONS), ("Into pictures", PICTURES)):
        yield f"## {title}"
        yield ""
        yield f"| thing | found in | {' | '.join(outputs)} |"
        yield f"|{'---|' * (len(outputs) + 2)}"
        for thing in THINGS.values():
            cells = (_cell(thing.rules[output], numbers) for output in outputs)
            yield f"| {thing.name} | {_sources(thing)} | {' | '.join(cells)} |"
        yield ""
    yield "## Rules and conditions"
    yield ""
    yield from (f"{number}. {how}" for how, number in numbers.items())


def _cell(rule: Rule, numbers: dict[str, int]) -> str:
    number = f"({numbers.setdefault(rule.how, len(numbers) + 1)})" if rule.how else ""
    return f"{_WORDS[rule.fate]} {number}".strip()


def _sources(thing: Thing) -> str:
    """Name the inputs that can hold a thing; whole groups by one word."""
    groups = {"films": FILMS, "animations": ANIMATIONS, "pictures": PICTURES}
    left = [source for source in INPUTS if source in thing.held_by]
    if len(left) == len(INPUTS):
        return "all"
    words = []
    for word, group in groups.items():
        if set(group) <= set(left):
            words.append(word)
            left = [source for source in left if source not in group]
    return ", ".join([*words, *left])


def check() -> None:
    """Raise ValueError where a thing has no rule for an output, or one too many."""
    for thing in THINGS.values():
        if set(thing.rules) != set(OUTPUTS) or not set(thing.held_by) <= set(INPUTS):
            raise ValueError(f"{thing.key} does not say what becomes of it in each output.")


if __name__ == "__main__":
    check()
    sys.stdout.write(page())
