"""What people read of an estimate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dreampipe.cli.estimates import about, exact, sentence
from dreampipe.cli.events import fields_of, tell, tell_failures
from dreampipe.cli.terminal import as_json
from dreampipe.events import Estimated

LARGE = Estimated("photo.jpg", 4000, 3000, 1, 419.0, 6_300_000_000, 1, 1500, 58.0)


def test_a_large_picture():
    assert sentence(LARGE) == (
        "photo.jpg (4000x3000) takes about 7 min and 6.3 GB of memory: with --max-size 1500 it takes about 1 min"
    )
    assert (
        sentence(replace(LARGE, smaller=None, faster=None))
        == "photo.jpg (4000x3000) takes about 7 min and 6.3 GB of memory"
    )


def test_a_folder_and_a_film():
    assert sentence(Estimated("a.jpg", 640, 480, 1, 9.0, 900_000_000, 50)) == (
        "a.jpg (640x480) takes about 9 s and 0.9 GB of memory, and all 50 take about 8 min if they are like it"
    )
    assert sentence(Estimated("a.jpg", 640, 480, 1, 9.0, 900_000_000, 50, steady=3.0, workers=2)) == (
        "a.jpg (640x480) takes about 9 s and 0.9 GB of memory, and all 50 take about 1 min on 2 workers "
        "if they are like it"
    )
    assert sentence(Estimated("clip.mp4", 1280, 720, 300, 7800.0, 1_950_000_000, 1)) == (
        "clip.mp4 (300 frames of 1280x720) takes about 2 h 10 min and 1.9 GB of memory"
    )


@pytest.mark.parametrize(
    "seconds, text",
    [
        *((4.4, "4 s"), (32, "30 s"), (54, "50 s"), (56, "1 min"), (419, "7 min")),
        *((3580, "1 h"), (7800, "2 h 10 min"), (3600 * 47, "47 h"), (3600 * 72, "3 days")),
    ],
)
def test_durations_that_are_estimated(seconds, text):
    assert about(seconds) == text


@pytest.mark.parametrize("seconds, text", [(0.04, "0.0 s"), (12.14, "12.1 s"), (422, "7 min 2 s"), (3930, "1 h 5 min")])
def test_durations_that_are_measured(seconds, text):
    assert exact(seconds) == text


def test_it_is_a_note_an_event_and_nothing_to_a_quiet_run(capsys):
    tell(LARGE)
    tell_failures(LARGE)
    assert capsys.readouterr().err == f"Note: {sentence(LARGE)}\n"
    line = as_json(fields_of(LARGE))
    assert '"event": "estimated"' in line and '"smaller": 1500' in line
