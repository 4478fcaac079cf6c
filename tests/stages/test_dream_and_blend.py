"""The dream of a frame, at its own size or enlarged, and how much of it lies over the source."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import psutil
import pytest

from dreampipe import Ascent, Blend, Dream, Frame, Objective, Octaves, Pipeline, Resize, Step, card
from dreampipe.ascent.transforms import Jitter


@pytest.fixture(scope="module")
def ascent(tiny_model: Path) -> Ascent:
    return Ascent(card(tiny_model, "unit"), Objective.parse("second"), Octaves(2), steps=2, transforms=(Jitter(4),))


def frame(height: int = 48, width: int = 64) -> Frame:
    return Frame(np.random.default_rng(width).uniform(0.2, 0.8, (height, width, 3)).astype(np.float32), index=4)


def one(stage: Dream | Blend | Pipeline, frame: Frame) -> Frame:
    (out,) = stage(iter([frame]))
    return out


@pytest.mark.parametrize("max_size", [None, 64, 500])
def test_a_frame_that_fits_is_dreamed_at_its_size(ascent: Ascent, max_size: int | None) -> None:
    out = one(Dream(ascent, 7, max_size), frame())
    assert np.array_equal(out.pixels, ascent.run(frame().pixels, seed=7).image)
    assert not np.array_equal(out.pixels, frame().pixels)
    assert np.array_equal(out.extras["source"], frame().pixels)


def test_a_larger_frame_is_its_source_and_the_enlarged_difference(ascent: Ascent) -> None:
    source = frame().pixels
    small = cv2.resize(source, (32, 24), interpolation=cv2.INTER_AREA)
    detail = ascent.run(small, seed=7).image - small
    expected = source + cv2.resize(detail, (64, 48), interpolation=cv2.INTER_LINEAR)
    out = one(Dream(ascent, 7, max_size=32), frame())
    np.testing.assert_allclose(out.pixels, np.clip(expected, 0, 1), atol=1e-6)
    assert np.array_equal(out.extras["source"], source)


def test_steps_and_notes_are_told_with_their_frame(ascent: Ascent) -> None:
    heard: list[tuple[int, Step]] = []
    notes: list[tuple[int, str]] = []
    stage = Dream(
        ascent,
        max_size=32,
        on_step=lambda frame, step: heard.append((frame.index, step)),
        on_note=lambda frame, text: notes.append((frame.index, text)),
    )
    one(stage, frame())
    assert [(index, s.octave, s.step) for index, s in heard] == [(4, 1, 1), (4, 1, 2), (4, 2, 1), (4, 2, 2)]
    assert heard[-1][1].size == (24, 32)
    assert notes[0] == (4, "dreamed at 32x24 and enlarged onto the full 64x48")


def test_a_frame_too_large_for_the_memory_is_dreamed_smaller(ascent: Ascent, monkeypatch: pytest.MonkeyPatch) -> None:
    one(Dream(ascent), frame())  # opens the model
    notes: list[str] = []
    stage = Dream(ascent, on_note=lambda frame, text: notes.append(text))
    one(stage, frame())
    assert notes == []
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=500_000))
    out = one(stage, frame())
    assert out.pixels.shape == frame().pixels.shape
    assert not np.array_equal(out.pixels, frame().pixels)
    assert "enlarged onto the full 64x48" in notes[0]


@pytest.mark.parametrize("amount", [0, 0.25, 0.5, 1])
def test_blending_goes_straight_from_the_source_to_the_dream(amount: float) -> None:
    source, dreamed = frame().pixels, frame().pixels[::-1]
    out = one(Blend(amount), Frame(dreamed, extras={"source": source})).pixels
    np.testing.assert_allclose(out, (1 - amount) * source + amount * dreamed, atol=1e-6)
    assert out.dtype == np.float32


def test_at_its_ends_blending_changes_no_bit(ascent: Ascent) -> None:
    dreamed = one(Dream(ascent), frame())
    assert np.array_equal(one(Blend(0), dreamed).pixels, frame().pixels)
    assert np.array_equal(one(Blend(1), dreamed).pixels, dreamed.pixels)


def test_a_frame_without_source_passes() -> None:
    assert np.array_equal(one(Blend(0.5), frame()).pixels, frame().pixels)


def test_a_resized_dream_still_blends(ascent: Ascent) -> None:
    dreamed = one(Dream(ascent), frame())
    out = one(Pipeline([Dream(ascent), Resize(32), Blend(0.5)]), frame())
    halfway = (dreamed.pixels + frame().pixels) / 2
    np.testing.assert_allclose(out.pixels, cv2.resize(halfway, (32, 24), interpolation=cv2.INTER_AREA), atol=1e-6)


@pytest.mark.parametrize("amount", [-0.1, 1.1, float("nan")])
def test_more_than_all_and_less_than_nothing_are_refused(amount: float) -> None:
    with pytest.raises(ValueError, match=r"Blend\.amount came as .*, but 0 to 1"):
        Blend(amount)
