"""An attack on one sheet: the clean picture, the adversary, and their difference, over what the model answers."""

from __future__ import annotations

import math

import cv2
import numpy as np

from dreampipe.drawings.contact import Tile, contact_sheet
from dreampipe.explanations.adversarial.attacking import Adversary
from dreampipe.frames import Array, Frame


def draw_attack(adversary: Adversary, size: int) -> Frame:
    """Draw an attack.

    Args:
        adversary: its result.
        size: longest side of each picture, in pixels; smaller pictures are enlarged to it.

    Returns:
        Three tiles in a row.
    """
    return contact_sheet(attack_tiles(adversary, size), size, columns=3)


def attack_tiles(adversary: Adversary, size: int) -> list[Tile]:
    """Build the tiles: the clean picture, the adversary, and their difference.

    The difference is grey where nothing changed, and enlarged by the gain in its label.
    """
    change = adversary.pixels - adversary.clean
    gain = gain_of(change)
    said = f"{adversary.norm.name} {adversary.norm.write(adversary.distance)}"
    return [
        Tile(f"clean: {adversary.before}", _resize(adversary.clean, size)),
        Tile(f"{adversary.attack.name}: {adversary.after}", _resize(adversary.pixels, size)),
        Tile(f"difference x {gain}, {said}", _resize(np.clip(0.5 + gain * change, 0, 1), size)),
    ]


def gain_of(change: Array) -> int:
    """Return the whole number by which the largest change comes nearest to half of the way from black to white."""
    largest = float(np.abs(change).max())
    return max(1, math.floor(0.5 / largest + 1e-6)) if largest else 1


def _resize(pixels: Array, size: int) -> Array:
    height, width = pixels.shape[:2]
    factor = size / max(height, width)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    shape = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(np.asarray(pixels, np.float32), shape, interpolation=way), np.float32)
