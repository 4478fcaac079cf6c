"""SIGKILL while a film is made: every file under a final name is whole, and the next run makes the very same film."""

from __future__ import annotations

from pathlib import Path

import clip
import pytest
from kills import AT_ONCE, Bench, Moment, Run, digest, measure
from typer.testing import CliRunner

from dreampipe.cli.app import app

FRAMES = 72
"""In two shots of 48 and 24: three segments."""


@pytest.fixture
def bench(tiny_model: Path, tmp_path: Path) -> Bench:
    source = tmp_path / "clip.mp4"
    clip.write(source, FRAMES, (64, 48))
    model = ("--model", str(tiny_model), "--scaling", "unit")
    return Bench(source, tmp_path, (*model, "--octaves", "1", "--steps", "2", "--refresh-steps", "1"))


def test_killed_in_the_second_segment(bench):
    whole = bench.output("whole")
    assert CliRunner().invoke(app, ["dream", str(bench.source), str(whole), *bench.options]).exit_code == 0
    assert bench.chain("killed", [Moment(30)], Run(digest(whole), FRAMES, 0, 0)) == ["dreaming"]


@pytest.mark.slow
def test_a_hundred_kills(bench):
    found = measure(bench, 100, bench.whole(AT_ONCE))
    assert found.total() == 100
    assert found["dreaming"] >= 50
