"""What is particular to each parameterization: kept colours, spectra of 1 / frequency, held magnitudes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from graphs import Array, graph, pictures, pulled

from dreampipe.ascent import spectrum
from dreampipe.ascent.parameterizations import Fourier, Luminance, MaCo, Parameterization
from dreampipe.errors import RecipeError

RNG = np.random.default_rng


@lru_cache
def synthesis(how: Parameterization) -> Any:
    return graph(
        lambda *given: how.image(dict(zip(how.shapes, given, strict=False)), given[-1]),
        *how.shapes.values(),
        (2,),
        dtypes=["float32"] * len(how.shapes) + ["int32"],
    )


def image(how: Parameterization, parameters: dict[str, Array], size: tuple[int, int]) -> Array:
    found: Array = synthesis(how)(*(parameters[name] for name in how.shapes), size)
    return found


def projected(how: Parameterization, parameters: dict[str, Array]) -> dict[str, Array]:
    return {name: np.asarray(value) for name, value in how.project(parameters).items()}


def wave(size: tuple[int, int], rows: int, columns: int, strength: float) -> Array:
    """A picture (1, height, width, 3) whose logits swing so many times down and across."""
    down, across = (np.arange(side) / side for side in size)
    logits = strength * np.cos(2 * np.pi * (rows * down[:, None] + columns * across[None]) + 0.3)
    grey = np.broadcast_to((1 / (1 + np.exp(-logits)))[None, ..., None], (1, *size, 3))
    return grey.astype(np.float32)


@pytest.mark.parametrize("far", [0.05, 3.0, -3.0])
def test_luminance_keeps_the_differences_between_channels(far: float) -> None:

    how, given = Luminance(), pictures((9, 8), low=-0.2, high=1.2).clip(0, 1)
    parameters = how.init(given, RNG(0))
    step = far * RNG(1).uniform(size=parameters["offset"].shape).astype(np.float32)
    after = projected(how, {**parameters, "offset": parameters["offset"] + step})
    made = image(how, after, (9, 8))
    np.testing.assert_allclose(np.diff(made), np.diff(given), atol=2e-7)
    assert made.min() >= -1e-7 and made.max() <= 1 + 1e-7
    if abs(far) == 3:
        edge = made.max(axis=-1) if far > 0 else made.min(axis=-1)
        assert np.mean(np.abs(edge - (far > 0)) < 1e-6) > 0.5


def test_luminance_is_carried_into_range_without_another_colour() -> None:
    """A dream's detail may lead out of [0, 1] at the next size: there the grey gives way, not the colour."""

    base = pictures((9, 8))
    for detail in (0.4, -0.4):
        carried = Luminance().carry({}, base + np.float32(detail))
        made = image(Luminance(), carried, (9, 8))
        np.testing.assert_allclose(np.diff(made), np.diff(base), atol=2e-7)
        assert made.min() >= 0 and made.max() <= 1
        inside = ((base + detail).min(axis=-1) > 0) & ((base + detail).max(axis=-1) < 1)
        np.testing.assert_allclose(made[inside], (base + detail)[inside], atol=1e-6)


@pytest.mark.parametrize(
    "before, after", [((16, 16), (24, 24)), ((24, 36), (16, 24)), ((15, 15), (9, 9)), ((8, 8), (9, 9))]
)
@pytest.mark.parametrize("how", [Fourier(), MaCo("start")], ids=str)
def test_a_wave_keeps_its_strength_at_another_size(
    how: Parameterization, before: tuple[int, int], after: tuple[int, int]
) -> None:
    """The spectrum is cropped or filled with zeros, and the wave is the same wave, sampled at other places."""
    for rows, columns in ((3, 0), (0, 2), (2, 3), (-2, 1)):
        parameters = how.init(wave(before, rows, columns, 1.5), RNG(0))
        resized = how.resize(parameters, before, after)
        np.testing.assert_allclose(image(how, resized, after), wave(after, rows, columns, 1.5), atol=1e-5)


def test_colours_are_those_of_natural_pictures() -> None:
    """From Olah, Mordvintsev and Schubert 2017: the largest direction is grey, of length 1."""
    assert np.linalg.norm(spectrum.COLOURS, axis=0).max() == pytest.approx(1)
    assert spectrum.COLOURS[:, 0].std() < 0.02
    assert np.linalg.norm(spectrum.COLOURS, axis=0).argmax() == 0


def test_a_step_in_fourier_falls_off_as_one_over_frequency() -> None:
    """The gradient by the parameters of white noise moves the picture by 1 / frequency squared: coarse first."""
    how, size = Fourier(), (32, 32)
    weights = RNG(2).standard_normal((8, *size, 3)).astype(np.float32)
    grey = how.init(np.full((8, *size, 3), 0.5, np.float32), RNG(0))["spectrum"]

    pull = graph(
        lambda values, size, w: pulled(lambda v: how.image({"spectrum": v}, size), values, w),
        how.shapes["spectrum"], (2,), (None, None, None, 3), dtypes=["float32", "int32", "float32"],
    )  # fmt: skip
    slope = pull(grey, size, weights)
    made = image(how, {"spectrum": 1e-3 * slope}, size) - 0.5
    power = np.abs(np.fft.rfft2(made.transpose(0, 3, 1, 2))) / np.abs(np.fft.rfft2(weights.transpose(0, 3, 1, 2)))
    strength = np.median(power, axis=(0, 1))
    assert strength[0, 2] / strength[0, 8] == pytest.approx(16, rel=0.5)
    assert strength[2, 0] / strength[8, 0] == pytest.approx(16, rel=0.5)


@pytest.mark.parametrize("size", [(16, 16), (15, 20), (9, 7), (1, 8), (8, 1)], ids=str)
@pytest.mark.parametrize("kind", ["natural", "start"])
def test_no_step_changes_the_magnitudes_of_maco(kind: str, size: tuple[int, int]) -> None:
    how = MaCo(kind)  # type: ignore[arg-type]
    parameters = how.init(pictures(size, low=0.3, high=0.7), RNG(0))
    first = np.abs(spectrum.analyse(image(how, parameters, size)))
    assert np.allclose(first, np.abs(parameters["magnitude"]), atol=2e-6)
    phase = parameters["phase"] + RNG(1).standard_normal(parameters["phase"].shape).astype(np.float32)
    after = image(how, {**parameters, "phase": phase}, size)
    assert np.allclose(np.abs(spectrum.analyse(after)), first, atol=1e-5) or after.min() < 2e-3 or after.max() > 0.998
    assert np.abs(after - image(how, parameters, size)).max() > 0.02


@pytest.mark.parametrize("size", [(64, 64), (96, 60), (33, 47)], ids=str)
def test_natural_magnitudes_make_pictures_around_grey_of_moderate_contrast(size: tuple[int, int]) -> None:
    how = MaCo()
    made = image(how, how.init(np.full((4, *size, 3), 0.5, np.float32), RNG(3)), size)
    assert made.mean() == pytest.approx(0.5, abs=0.01)
    assert made.std() == pytest.approx(0.14, abs=0.01)
    assert made.min() > 0.001 and made.max() < 0.999
    found = np.abs(spectrum.analyse(made)).mean(axis=(0, 1))
    assert found[0, 2] / found[0, 8] == pytest.approx(4, rel=1e-3)


def test_maco_started_from_a_picture_has_its_phases() -> None:
    given = pictures((15, 14))
    made = image(MaCo(), MaCo().init(given, RNG(0)), (15, 14))
    before, after = spectrum.analyse(given), spectrum.analyse(made)
    apart = np.angle(before * after.conj())[..., 1:, 1:]
    np.testing.assert_allclose(apart, 0, atol=1e-3)


def test_maco_has_two_magnitudes() -> None:
    with pytest.raises(RecipeError, match="MaCo's magnitude came as 'own', but natural or start is expected"):
        MaCo("own")  # type: ignore[arg-type]
