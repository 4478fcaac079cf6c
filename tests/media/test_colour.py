"""The light of numbers, against the values that the standards print, and laws that hold for all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dreampipe.media.colour import PRIMARIES, TRANSFERS, Meaning, light, mixture, to_srgb, xyz_matrix

EVERY = [Meaning(transfer, 9) for transfer in sorted(TRANSFERS)] + [Meaning(gamma=gamma) for gamma in (0.5, 1.0, 2.6)]
WHITE = 203  # cd/m2: diffuse white by Report ITU-R BT.2408


def greys(*values: float) -> npt.NDArray[np.float32]:
    return np.repeat(np.array(values, np.float32)[None, :, None], 3, axis=2)


def srgb(linear: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """IEC 61966-2-1."""
    linear = np.clip(np.asarray(linear, np.float64), 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def pq(nits: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The inverse EOTF of Recommendation ITU-R BT.2100, table 4."""
    root = (np.asarray(nits, np.float64) / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * root) / (1 + 18.6875 * root)) ** 78.84375


def hlg(scene: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The OETF of Recommendation ITU-R BT.2100, table 5."""
    scene = np.asarray(scene, np.float64)
    above = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), above)


@pytest.mark.smoke
def test_diffuse_white_is_white() -> None:
    for meaning, signals in (
        (Meaning(16, 9), (0.58, 148 / 255, 0.7518, 1)),
        (Meaning(18, 9), (0.75, 191 / 255, 0.9, 1)),
    ):
        shown = to_srgb(greys(*signals), meaning)
        assert (np.rint(shown * 255) == 255).all()
        assert (np.rint(to_srgb(greys(signals[0] - 0.01), meaning) * 255) < 255).all()


@pytest.mark.parametrize("transfer", [16, 18])
def test_the_levels_of_the_report(transfer: int) -> None:
    # BT.2408, table 1: a grey card of 18 % is 26 cd/m2 and at 38 % of both; whites of 83 and 90 % are 162 and 179 cd/m2
    expected = {16: [(0.38, 26), (0.56, 162)], 18: [(0.38, 26), (0.73, 179)]}[transfer]
    for signal, nits in expected:
        np.testing.assert_allclose(light(greys(signal), Meaning(transfer, 9)) * WHITE, nits, rtol=0.04)


def test_pq_is_shown_as_its_light_over_that_of_white() -> None:
    nits = np.array([0.05, 1, 5, 26, 100, 150, 200])
    shown = to_srgb(greys(*pq(nits)), Meaning(16, 1))[0, :, 0]
    np.testing.assert_allclose(shown, srgb(nits / WHITE), atol=0.004)


def test_hlg_is_shown_as_on_a_screen_of_a_thousand_candelas() -> None:
    scene = np.array([0.01, 0.05, 1 / 12, 0.18, 0.25])
    shown = to_srgb(greys(*hlg(scene)), Meaning(18, 1))[0, :, 0]
    np.testing.assert_allclose(shown, srgb(1000 * scene**1.2 / WHITE), atol=0.004)
    # Of a colour, the luminance of the scene raises each channel alike: that of red is 0.2627 in BT.2020.
    red = np.array([[[hlg(0.1), 0, 0]]], np.float32)
    np.testing.assert_allclose(light(red, Meaning(18, 9))[0, 0, 0], 1000 * (0.02627**0.2) * 0.1 / WHITE, rtol=0.01)


def test_ordinary_pictures_within_hdr_come_back() -> None:
    """Section 5.1.1 of the report puts SDR into HDR so: its light times that of diffuse white, in other primaries."""
    colours = np.random.default_rng(3).integers(0, 256, (8, 8, 3)) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    wide = np.clip(linear @ np.linalg.inv(mixture(9)).T, 0, 1)
    shown = to_srgb(pq(wide * WHITE).astype(np.float32), Meaning(16, 9))
    assert np.abs(shown - colours).max() * 255 < 1.5


def test_other_transfer_functions() -> None:
    signal = 0.6
    for meaning, expected in (
        (Meaning(4), 0.6**2.2),
        (Meaning(5), 0.6**2.8),
        (Meaning(8), 0.6),
        (Meaning(9), 10 ** (2 * (0.6 - 1))),
        (Meaning(10), 10 ** (2.5 * (0.6 - 1))),
        (Meaning(17), 0.6**2.6 * 52.37 / 48),
        (Meaning(gamma=1.8), 0.6**1.8),
        (Meaning(8, gamma=1.8), 0.6**1.8),
    ):
        np.testing.assert_allclose(light(greys(signal), meaning), expected, rtol=1e-4)
        np.testing.assert_allclose(to_srgb(greys(signal), meaning), srgb(expected), atol=1e-4)


@pytest.mark.parametrize("transfer", [1, 2, 3, 6, 7, 11, 12, 13, 14, 15, 200])
def test_television_and_unknown_curves_are_shown_as_they_are(transfer: int) -> None:
    pixels = greys(0, 0.2, 0.5, 1)
    assert to_srgb(pixels, Meaning(transfer)) is pixels
    assert to_srgb(pixels, Meaning(transfer, 2)) is pixels
    np.testing.assert_allclose(to_srgb(pixels, Meaning(transfer, 9)), pixels, atol=1e-4)


@pytest.mark.parametrize("primaries", PRIMARIES)
def test_white_and_greys_stay_grey_whatever_the_primaries(primaries: int) -> None:
    for meaning in (Meaning(8, primaries), Meaning(16, primaries), Meaning(18, primaries)):
        shown = to_srgb(greys(0, 0.1, 0.4, 0.75), meaning)
        np.testing.assert_allclose(shown, shown[..., :1].repeat(3, 2), atol=2e-4)
        assert shown[0, 3, 0] == pytest.approx(srgb(0.75) if meaning.transfer == 8 else 1, abs=1e-4)


def test_colours_of_other_primaries() -> None:
    # sRGB's red, linear, in Display P3 and in BT.2020, as CSS Color 4 and Report ITU-R BT.2407 have them
    for primaries, red in ((12, (0.8225, 0.0332, 0.0171)), (9, (0.6274, 0.0691, 0.0164))):
        shown = to_srgb(np.array([[red]], np.float32), Meaning(8, primaries))
        np.testing.assert_allclose(shown, [[[1, 0, 0]]], atol=0.01)
        beyond = to_srgb(np.array([[[1, 0, 0]]], np.float32), Meaning(8, primaries))
        np.testing.assert_allclose(beyond, [[[1, 0, 0]]], atol=1e-6)
    # ProPhoto has a white of 5,000 K, which becomes that of sRGB
    prophoto = (0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001, 0.3457, 0.3585)
    np.testing.assert_allclose(to_srgb(greys(1), Meaning(8, prophoto)), 1, atol=1e-4)
    np.testing.assert_allclose(xyz_matrix(1)[1], [0.2126, 0.7152, 0.0722], atol=1e-4)
    np.testing.assert_allclose(xyz_matrix(9)[1], [0.2627, 0.6780, 0.0593], atol=1e-4)


@pytest.mark.parametrize("meaning", EVERY, ids=str)
def test_brighter_is_never_darker(meaning: Meaning) -> None:
    shown = to_srgb(greys(*np.linspace(0, 1, 4097)), meaning)
    assert (np.diff(shown, axis=1) >= 0).all()
    assert (shown[0, 0] == 0).all() and shown[0, -1].min() > 0.999
    assert shown.dtype == np.float32
    assert to_srgb(greys(-0.5, 1.5), meaning).tolist() == [[shown[0, 0].tolist(), shown[0, -1].tolist()]]


def test_sixteen_bits_are_exact_to_a_step() -> None:
    values = np.arange(65_536) / 65_535
    shown = to_srgb(greys(*values), Meaning(8))[0, :, 0]
    assert np.abs(shown - srgb(values)).max() * 65_535 < 1


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_a_narrow_range_is_spread(bits: int) -> None:
    step = (1 << bits - 8) / ((1 << bits) - 1)
    ends = greys(0, 16 * step, (16 + 219 / 2) * step, 235 * step, 1)
    np.testing.assert_allclose(to_srgb(ends, Meaning(narrow=bits))[0, :, 0], [0, 0, 0.5, 1, 1], atol=1e-4)


@pytest.mark.parametrize(
    "primaries",
    [
        (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.0),
        (0.64, 0.33, 0.64, 0.33, 0.15, 0.06, 0.3127, 0.329),
        (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.9, 0.05),
        (float("nan"), 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.329),
    ],
)
def test_primaries_that_mix_to_no_white_are_refused(primaries: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"white|line"):
        to_srgb(greys(0.5), Meaning(8, primaries))  # type: ignore[arg-type]


def test_it_names_itself() -> None:
    assert str(Meaning(16, 9)) == "PQ, BT.2020"
    assert str(Meaning(gamma=1.0)) == "gamma 1, BT.709"
    assert str(Meaning(narrow=8)) == "sRGB's tones, BT.709, narrow range"
