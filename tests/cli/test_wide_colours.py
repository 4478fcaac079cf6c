"""Pictures with a profile of wide colours: a model sees them in sRGB, whatever asks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dreampipe
from dreampipe.frames import Frame, dequantize, quantize
from dreampipe.media import decode
from dreampipe.media.profiles import to_srgb


@pytest.fixture
def pair(tmp_path: Path, wide_profile: bytes) -> tuple[Path, Path]:
    """A picture with the profile, in 16 bits, and the same colours in sRGB."""
    pixels = np.random.default_rng(3).random((24, 30, 3), np.float32) * 0.6 + 0.2
    wide, plain = tmp_path / "wide.png", tmp_path / "plain.png"
    dreampipe.write(Frame(pixels), wide, dreampipe.MediaInfo(30, 24, bits=16, icc=wide_profile))
    frame, info = decode(wide)
    assert info.icc == wide_profile
    dreampipe.write(Frame(to_srgb(frame.pixels, info.icc)), plain, dreampipe.MediaInfo(30, 24, bits=16))
    return wide, plain


def test_an_attack_changes_the_colours_that_are_shown(
    call: Any, pair: tuple[Path, Path], tiny_model: Path, tmp_path: Path
) -> None:
    how = ("--model", tiny_model, "--scaling", "unit", "--eps", "8/255", "--steps", "3")
    for source, name in zip(pair, ("a.png", "b.png"), strict=True):
        result = call("attack", source, tmp_path / name, *how)
        assert result.exit_code == 0, result.stderr
        assert ("converted from the picture's profile" in result.stderr) == (name == "a.png")
    (one, info), (other, _) = decode(tmp_path / "a.png"), decode(tmp_path / "b.png")
    assert info.icc is None and np.abs(one.pixels - other.pixels).max() <= 1 / 65535
    settings: Any = {"model": tiny_model, "scaling": "unit", "eps": "8/255", "steps": 3}
    found = [dreampipe.attack(source, **settings) for source in pair]
    assert np.abs(found[0].pixels - found[1].pixels).max() <= 1 / 65535


def test_influence_and_concepts_and_reports_see_the_colours_that_are_shown(
    pair: tuple[Path, Path], tiny_model: Path, tmp_path: Path, wide_profile: bytes
) -> None:
    rng, how = np.random.default_rng(4), {"model": tiny_model, "scaling": "unit"}
    for label in "01":
        for kind in ("wide", "plain"):
            (tmp_path / kind / label).mkdir(parents=True)
        for number in range(2):
            pixels = dequantize(quantize(rng.random((24, 30, 3), np.float32) * 0.6 + 0.2))
            info = dreampipe.MediaInfo(30, 24, bits=16, icc=wide_profile)
            dreampipe.write(Frame(pixels), tmp_path / "wide" / label / f"{number}.png", info)
            shown, plain = to_srgb(pixels, wide_profile), dreampipe.MediaInfo(30, 24, bits=16)
            dreampipe.write(Frame(shown), tmp_path / "plain" / label / f"{number}.png", plain)
    scores = []
    for source, folder in zip(pair, ("wide", "plain"), strict=True):
        settings: Any = {"method": "nearest", "label": "0", **how}
        scores.append(dreampipe.influence(source, tmp_path / folder, **settings).scores)
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-4)
    found = []
    for folder in ("wide", "plain"):
        other: Any = {"count": 1, **how}
        found.append(dreampipe.concepts(tmp_path / folder, "second_relu", **other).directions)
    np.testing.assert_allclose(found[0], found[1], atol=5e-3)
    bars = [dreampipe.report(source, size=32, **how).parts[0].bars for source in pair]  # type: ignore[arg-type]
    assert [bar.name for bar in bars[0]] == [bar.name for bar in bars[1]]
    np.testing.assert_allclose([bar.share for bar in bars[0]], [bar.share for bar in bars[1]], atol=1e-5)
