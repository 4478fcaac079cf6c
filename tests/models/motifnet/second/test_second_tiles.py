"""The textures of the second edition continue on their other side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dreampipe.models.motifnet.second import bank
from dreampipe.models.motifnet.second.surfaces import TILES

Plane = npt.NDArray[np.float32]


def has_seam(x: Plane) -> bool:
    """Whether the step over one of the borders is far larger than every step between rows or columns inside.

    A border may run between two elements, whose tones are chance; a cut through them is more than twice any step.
    """
    over = [np.abs(x - np.roll(x, 1, axis)).mean(1 - axis) for axis in (0, 1)]
    return any(steps[0] > 1.8 * steps[1:].max() + 1e-6 for steps in over)


def textures(variant: int) -> dict[str, Plane]:
    """Every texture of the bank of this number."""
    near, gap, tone = bank.cells(variant)
    known = {"clouds": bank.clouds(variant), "strands": bank.strands(variant), "near": near, "gap": gap, "tone": tone}
    return {**known, "smooth clouds": bank.clouds(variant, 1.8)}


@pytest.mark.parametrize("variant", range(bank.VARIANTS))
def test_the_noise_tiles(variant: int) -> None:
    for name, texture in textures(variant).items():
        assert texture.shape == (bank.SIDE, bank.SIDE), name
        assert not has_seam(texture), name


@pytest.mark.parametrize("name", TILES)
def test_surfaces_tile(name: str) -> None:
    for variant in range(bank.VARIANTS):
        tile = TILES[name](variant)
        for plane in tile:
            assert plane.shape == (bank.SIDE, bank.SIDE)
            assert plane.min() >= 0
            assert plane.max() <= 1
            assert not has_seam(plane), variant
        assert tile.height.std() > 0.05


def test_a_part_of_a_texture_has_a_seam() -> None:
    """The checks above can fail."""
    assert all(has_seam(plane(0).height[:141, :141]) for plane in TILES.values())
    assert has_seam(bank.clouds(0, 1.8)[:150, :150])


def test_noise_has_the_spectrum_that_it_is_named_for() -> None:
    for power in (0.5, 1.0, 1.5):
        amplitude = np.abs(np.fft.fft2(bank.clouds(2, power)))
        frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(bank.SIDE)] * 2))
        used = (frequency > 0.02) & (frequency < 0.4)
        slope, _ = np.polyfit(np.log(frequency[used]), np.log(amplitude[used]), 1)
        assert slope == pytest.approx(-power, abs=0.05)


def test_a_texture_is_read_at_its_pixels_and_one_turn_further() -> None:
    texture = bank.clouds(1)
    x, y = np.meshgrid(*[(np.arange(bank.SIDE, dtype=np.float32) + 0.5) / bank.SIDE] * 2)
    assert bank.sample(texture, x, y) == pytest.approx(texture, abs=1e-4)
    assert bank.sample(texture, x + 1, y - 2) == pytest.approx(texture, abs=0.05)
