"""Paints the sample photographs beside this file: `python samples/render.py`."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from dreampipe.models.motifnet.scenery import PLACES

SEEDS = {"clouds": 20, "sea": 13, "hills": 24, "forest": 21}
"""The seeds of the most beautiful pictures found."""
HEIGHT, WIDTH = 600, 800


def main() -> None:
    """Paint every place and write it as a JPEG file."""
    for name, seed in SEEDS.items():
        picture = PLACES[name](np.random.default_rng(seed), HEIGHT, WIDTH)
        pixels = np.round(picture[..., ::-1] * 255).astype(np.uint8)
        path = Path(__file__).parent / f"{name}.jpg"
        if not cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, 92]):
            raise OSError(f"cannot write {path}")


if __name__ == "__main__":
    main()
