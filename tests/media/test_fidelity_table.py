"""The table of things: complete, shown on its page, and true of what comes out of the pipeline's two ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from av.sidedata.sidedata import Type

from dreampipe.media import fidelity
from dreampipe.media.deciding import THINGS, decide, report
from dreampipe.media.formats import FORMATS, losses
from dreampipe.media.things import OUTPUTS, Fate, Found
from dreampipe.media.video import FilmInfo, sidedata

ROOT = Path(__file__).parents[2]


def test_the_page_is_the_table() -> None:
    assert (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8") == fidelity.page()


def test_every_thing_has_one_fate_in_every_output() -> None:
    fidelity.check()
    for thing in THINGS.values():
        for rule in thing.rules.values():
            assert rule.how or rule.fate is not Fate.CONVERTED, thing.key


@pytest.mark.parametrize("output", OUTPUTS)
def test_what_is_found_is_kept_converted_or_reported_once(output: str) -> None:
    for key in THINGS:
        (decision,) = decide([Found(key, "detail"), Found(key, "detail")], output)
        said = report([Found(key, "detail"), Found(key, "detail")], output)
        assert len(said) == (decision.rule.fate is Fate.REPORTED)
        for sentence in said:
            assert sentence.endswith(".") and "{" not in sentence and "\n" not in sentence


@pytest.mark.parametrize("output", OUTPUTS)
def test_what_the_table_does_not_know_is_reported(output: str) -> None:
    assert report([Found("what nobody has seen yet")], output) == (
        "It holds what nobody has seen yet, which is not known here: left out.",
    )


def test_every_kind_of_side_data_has_a_row() -> None:
    assert set(sidedata.THING_OF) == set(Type)
    assert set(sidedata.THING_OF.values()) <= THINGS.keys()


@pytest.mark.parametrize("format", [format for format in FORMATS if format.writable], ids=lambda format: format.name)
def test_what_a_picture_loses_is_what_the_table_says(format) -> None:
    held = {
        "exif": {"exif": b"II*\0" + bytes(8)},
        "alpha": {"alpha": True},
        "deep": {"bits": 16},
        "icc": {"icc": b"profile"},
    }
    for key, changes in held.items():
        info = FilmInfo(width=2, height=2, time_base=1, rate=None, codec="", pixel_format="", **changes)
        fate = THINGS[key].rules[format.name].fate
        assert bool(losses(format, info)) == (fate is Fate.REPORTED or (key == "icc" and not format.metadata)), key
