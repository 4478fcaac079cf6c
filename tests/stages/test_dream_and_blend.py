"""The dream of a frame, at its own size or enlarged, and how much of it lies over the source."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import psutil
import pytest

from dreampipe import Ascent, Blend, Dream, Frame, Objective, Octaves, Pipeline, Resize, card
from dreampipe.ascent.parameterizations import Luminance
from dreampipe.ascent.transforms import Jitter
from dreampipe.errors import MediaError
from dreampipe.events import Event, Noted, Stepped


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


@pytest.mark.smoke
def test_a_larger_frame_is_its_source_and_the_enlarged_difference(ascent: Ascent) -> None:
    source = frame().pixels
    small = cv2.resize(source, (32, 24), interpolation=cv2.INTER_AREA)
    detail = ascent.run(small, seed=7).image - small
    expected = source + cv2.resize(detail, (64, 48), interpolation=cv2.INTER_LINEAR)
    out = one(Dream(ascent, 7, max_size=32), frame())
    np.testing.assert_allclose(out.pixels, np.clip(expected, 0, 1), atol=1e-6)
    assert np.array_equal(out.extras["source"], source)


def test_steps_and_notes_are_told_with_their_frame(ascent: Ascent) -> None:
    events: list[Event] = []
    stage = Dream(
        ascent,
        max_size=32,
        tell=events.append,
    )
    one(stage, frame())
    heard = [(event.frame, event.step) for event in events if isinstance(event, Stepped)]
    notes = [(event.frame, event.text) for event in events if isinstance(event, Noted)]
    assert [(index, s.octave, s.step) for index, s in heard] == [(4, 1, 1), (4, 1, 2), (4, 2, 1), (4, 2, 2)]
    assert heard[-1][1].size == (24, 32)
    assert notes[0] == (4, "dreamed at 32x24 and enlarged onto the full 64x48")


def test_a_frame_too_large_for_the_memory_is_dreamed_smaller(ascent: Ascent, monkeypatch: pytest.MonkeyPatch) -> None:
    one(Dream(ascent), frame())  # opens the model
    notes: list[str] = []
    stage = Dream(ascent, tell=lambda event: notes.append(event.text) if isinstance(event, Noted) else None)
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


def half(height: int = 48, width: int = 64) -> np.ndarray:
    """A mask: black on the left, white on the right."""
    return (np.arange(width) >= width // 2).astype(np.float32)[None].repeat(height, 0)


@pytest.mark.parametrize("max_size", [None, 32])
@pytest.mark.parametrize("size", [(48, 64), (24, 32), (96, 128)])
def test_what_the_mask_has_black_keeps_every_bit(ascent: Ascent, max_size: int | None, size: tuple[int, int]) -> None:
    out = one(Dream(ascent, max_size=max_size, mask=half(*size)), frame()).pixels
    assert np.array_equal(out[:, :31], frame().pixels[:, :31])
    assert np.abs(out - frame().pixels)[:, 33:].mean() > 0.003
    if size == (48, 64):
        assert np.array_equal(out[:, :32], frame().pixels[:, :32])


def test_a_mask_of_another_shape_is_refused_by_the_frame_that_it_meets(ascent: Ascent) -> None:
    with pytest.raises(MediaError, match="64x48 pixels, but the picture has 48x64, which is another shape"):
        one(Dream(ascent, mask=half()), frame(64, 48))


def test_a_masked_stage_goes_through_pickle(ascent: Ascent) -> None:
    stage = Dream(ascent, mask=half())
    assert np.array_equal(one(pickle.loads(pickle.dumps(stage)), frame()).pixels, one(stage, frame()).pixels)


@pytest.mark.parametrize("octaves", [1, 3])
@pytest.mark.parametrize("max_size", [None, 32])
@pytest.mark.parametrize("low, high", [(0.2, 0.8), (0.0, 1.0)])
def test_the_luminance_alone_is_dreamed(
    ascent: Ascent, octaves: int, max_size: int | None, low: float, high: float
) -> None:
    pixels = np.random.default_rng(3).uniform(low, high, (48, 64, 3)).astype(np.float32)
    spec = replace(ascent, parameterization=Luminance(), octaves=Octaves(octaves), step_size=0.05)
    out = one(Dream(spec, max_size=max_size), Frame(pixels)).pixels
    np.testing.assert_allclose(np.diff(out, axis=2), np.diff(pixels, axis=2), atol=1e-6)
    assert out.min() >= -1e-6 and out.max() <= 1 + 1e-6
    assert np.abs(out - pixels).mean() > 0.005


def test_where_a_channel_is_black_and_another_white_nothing_can_move(ascent: Ascent) -> None:
    pixels = np.broadcast_to(np.float32([0, 0.5, 1]), (48, 64, 3)).copy()
    out = one(Dream(replace(ascent, parameterization=Luminance())), Frame(pixels)).pixels
    np.testing.assert_allclose(out, pixels, atol=1e-6)
