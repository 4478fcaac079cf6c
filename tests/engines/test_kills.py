"""SIGKILL at moments spread over the making of a film: what lies there is whole, and the film becomes the same."""

from __future__ import annotations

from pathlib import Path

import clip
import pytest
from kills import AT_ONCE, Bench, Moment, measure

FRAMES = 72
"""In two shots of 48 and 24: three segments."""


@pytest.fixture
def bench(tiny_model: Path, tmp_path: Path) -> Bench:
    source = tmp_path / "clip.mp4"
    clip.write(source, FRAMES, (64, 48))
    model = ("--model", str(tiny_model), "--scaling", "unit")
    return Bench(source, tmp_path, (*model, "--octaves", "1", "--steps", "2", "--refresh-steps", "1"))


def test_killed_in_each_segment(bench):
    run = bench.whole()
    assert run.frames == FRAMES
    killed = bench.chain("killed", [Moment(5), Moment(30), Moment(60)], run)
    assert killed == ["dreaming"] * 3


@pytest.mark.slow
def test_a_hundred_kills(bench):
    found = measure(bench, 100, bench.whole(AT_ONCE))
    assert found.total() == 100
    assert found["dreaming"] >= 50
