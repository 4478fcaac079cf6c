"""The samples are what our own code renders, of the promised size, and small enough to ship."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import dreampipe

SAMPLES = Path(__file__).parent.parent / "samples"
PICTURES = sorted(SAMPLES.glob("*.jpg"))


def test_there_are_four() -> None:
    assert [path.stem for path in PICTURES] == ["clouds", "forest", "hills", "sea"]


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_each_is_large_enough_to_dream_and_small_enough_to_ship(path: Path) -> None:
    info = dreampipe.read(path).info
    assert info.width >= 640 and info.height >= 480
    assert path.stat().st_size <= 300 * 1024


def test_they_are_rendered_by_our_own_code(tmp_path: Path) -> None:
    rendered = runpy.run_path(str(SAMPLES / "render.py"))
    rendered["render"](tmp_path)
    for path in PICTURES:
        ours, kept = (next(iter(dreampipe.read(p))).pixels for p in (tmp_path / path.name, path))
        assert np.abs(ours - kept).mean() < 0.01  # JPEG encoders and mathematics libraries differ in the last digits
