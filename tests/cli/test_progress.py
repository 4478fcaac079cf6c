"""Where a run stands, as the bar shows it."""

from __future__ import annotations

import pytest

from dreampipe.ascent import Step
from dreampipe.cli.progress import Position, share
from dreampipe.events import Done, Drawn, Failed, Framed, Progressed, Skipped, Started, Stepped, Surveyed


def step(octave: int, number: int, octaves: int = 2, steps: int = 4) -> Step:
    return Step(octave, octaves, number, steps, (48, 64), 0.0)


def test_an_octave_counts_by_its_pixels():
    # Twice the side is four times the pixels: 1 + 4 parts.
    assert share(step(1, 4), 2.0) == pytest.approx(1 / 5)
    assert share(step(2, 2), 2.0) == pytest.approx(3 / 5)
    assert share(step(2, 4), 2.0) == pytest.approx(1)


def test_octaves_of_later_rounds_count_like_those_of_the_first():
    def told(octave: int) -> Step:
        return Step(octave, 4, 4, 4, (48, 64), 0.0, row=2)

    parts = [share(told(octave), 2.0) for octave in (1, 2, 3, 4)]
    assert parts == pytest.approx([1 / 10, 5 / 10, 6 / 10, 1])


def test_a_run_moves_on_and_never_back():
    position = Position(octave_scale=1.5)
    events = [Started(3), Skipped("a"), *(Stepped("b", step(o, s)) for o in (1, 2) for s in (1, 2, 3, 4))]
    events += [
        Stepped("c", step(1, 1)),
        Done("b", "out/b", 1.0, 1),
        Stepped("c", step(2, 4)),
        Done("c", "out/c", 1.0, 1),
    ]
    seen = []
    for event in events:
        position.hear(event)
        seen.append(position.completed)
    assert seen == sorted(seen)
    assert seen[-1] == position.total == 2
    assert str(position) == "3/3"


def test_it_names_the_picture_and_its_step():
    position = Position(octave_scale=1.5)
    assert str(position) == "starting"
    position.hear(Started(2))
    assert str(position) == "0/2"
    position.hear(Stepped("sea.jpg", step(2, 3)))
    assert str(position) == "0/2  sea.jpg, step 7/8"


def test_what_is_drawn_of_a_sheet_is_done():
    position = Position(octave_scale=1.5)
    for event in (Started(2), Stepped("mixed4", step(2, 4)), Drawn("mixed4"), Stepped("mixed5", step(1, 1))):
        position.hear(event)
    assert str(position) == "1/2  mixed5, step 1/8"


def test_what_fails_while_climbing_or_after_it_counts_once():
    position = Position(octave_scale=1.5)
    for event in (Started(3), Stepped("a", step(1, 1)), Failed("a", "not finite"), Stepped("b", step(2, 4))):
        position.hear(event)
    assert (position.completed, position.total, str(position)[:3]) == (2, 3, "1/3")
    for event in (Stepped("c", step(1, 1)), Failed("b", "disk full"), Done("c", "out/c", 1.0, 1)):
        position.hear(event)
    assert (position.completed, position.total, str(position)) == (3, 3, "3/3")


def test_an_explanation_counts_by_its_share_and_the_first_pass_of_a_film_does_not():
    position = Position(octave_scale=1.0)
    events = [Started(2), Progressed("a", 0.25), Progressed("a", 1.0), Done("a", "out/a", 1.0, 1), Surveyed("f", 9)]
    seen = []
    for event in [*events, Progressed("f", 0.5), Framed("f", 1, 4)]:
        position.hear(event)
        seen.append((position.completed, str(position)))
    assert [done for done, _ in seen] == [0, 0.25, 1, 1, 1, 1, 1.25]
    assert seen[1][1] == "0/2  a, 25%"
    assert seen[5][1] == "1/2  f, 50% of a first pass"
    assert seen[6][1] == "1/2  f, frame 1/4"
