"""The colours of heat: even steps, inside sRGB, and different for everybody."""

from __future__ import annotations

import numpy as np
import pytest

from dreampipe.explanations.colours import Signs, colour, overlay, scale_of

XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear sRGB to CIE XYZ under D65 (IEC 61966-2-1)."""
LMS = np.array([[0.8189330101, 0.3618667424, -0.1288597137], [0.0329845436, 0.9293118715, 0.0361456387]])
LMS = np.vstack([LMS, [0.0482003018, 0.2643662691, 0.6338517070]])
LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]])
LAB = np.vstack([LAB, [0.0259040371, 0.7827717662, -0.8086757660]])
"""XYZ to the cones of OKLab, and their roots to OKLab (Ottosson 2020, where OKLab is defined by them)."""
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""What people with one kind of cone missing see, from linear sRGB (Machado, Oliveira and Fernandes 2009)."""


def linear(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def oklab(light: np.ndarray) -> np.ndarray:
    return np.cbrt(light @ XYZ.T @ LMS.T) @ LAB.T


def cielab(light: np.ndarray) -> np.ndarray:
    share = light @ XYZ.T / XYZ.sum(1)
    root = np.where(share > (6 / 29) ** 3, np.cbrt(share), share * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.stack(
        [116 * root[..., 1] - 16, 500 * (root[..., 0] - root[..., 1]), 200 * (root[..., 1] - root[..., 2])], -1
    )


def path(signs: Signs, count: int = 101) -> np.ndarray:
    """The colours of even steps of heat, in linear sRGB."""
    heat = np.linspace(-1 if signs == "signed" else 0, 1, count)[None]
    return linear(colour(heat, 1.0, signs)[0].astype(np.float64))


def steps(lab: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.diff(lab, axis=0), axis=1)


@pytest.mark.parametrize("signs", ["signed", "positive"])
def test_equal_steps_of_heat_look_equally_large(signs: Signs) -> None:
    even = steps(oklab(path(signs)))
    assert even.max() / even.min() < 1.01  # a clipped colour would break this
    even = steps(cielab(path(signs)))  # another model of the eye, which no path of OKLab suits exactly
    assert even.max() / even.min() < 2.5
    coarse = steps(cielab(path(signs, 11)))
    assert coarse.min() > 3  # each tenth of the scale is a visible step


def test_both_ends_are_equally_light_and_zero_is_grey() -> None:
    lab = oklab(path("signed"))
    assert lab[0, 0] == pytest.approx(lab[-1, 0], abs=2e-3)
    assert np.abs(lab[50, 1:]).max() < 1e-3 and lab[50, 0] > 0.95
    assert np.all(np.diff(lab[:51, 0]) > 0) and np.all(np.diff(lab[50:, 0]) < 0)


@pytest.mark.parametrize("kind", BLIND)
def test_everybody_can_tell_for_from_against_and_both_from_nothing(kind: str) -> None:
    seen = oklab(np.clip(path("signed", 5) @ np.array(BLIND[kind]).T, 0, 1))
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)
    assert apart[np.triu_indices(5, 1)].min() > 0.1  # half of the scale, on either side


def test_for_is_red_and_against_is_blue() -> None:
    against, _, for_it = colour(np.array([[-1.0, 0, 1]]), 1.0)[0]
    assert for_it[0] == for_it.max() and against[2] == against.max()


def test_importance_below_zero_is_shown_as_zero() -> None:
    shown = colour(np.array([[-1.0, 0, 1]]), 1.0, "positive")[0]
    assert np.array_equal(shown[0], shown[1]) and not np.array_equal(shown[1], shown[2])


def test_the_scale_leaves_few_pixels_beyond_it() -> None:
    heat = np.linspace(-1, 0.5, 1000).reshape(20, 50)
    heat[0, 0] = -1000
    assert 0.98 < scale_of(heat) < 1.1
    assert scale_of(np.zeros((3, 3))) == 0
    lonely = np.zeros((40, 40))
    lonely[3, 3] = -2
    assert scale_of(lonely) == 2
    assert np.array_equal(colour(lonely)[3, 3], colour(np.array([[-1.0]]), 1.0)[0, 0])


def test_no_heat_is_even_grey_and_an_overlay_shows_the_picture() -> None:
    flat = colour(np.zeros((4, 6)))
    assert np.ptp(flat.reshape(-1, 3), axis=0).max() == 0
    pixels = np.random.default_rng(0).random((4, 6, 3), np.float32)
    shown = overlay(pixels, np.zeros((4, 6)))
    assert shown.dtype == np.float32 and shown.min() >= 0 and shown.max() <= 1
    grey = pixels @ np.array([0.2126, 0.7152, 0.0722])
    assert np.corrcoef(grey.ravel(), shown[..., 1].ravel())[0, 1] > 0.999
