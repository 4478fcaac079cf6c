"""Paints the sample photographs, films the clip: `python samples/render.py [FOLDER]`, by default beside this file."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from film import film

import dreampipe
from dreampipe.models.motifnet.scenery import PLACES

SEEDS = {"clouds": 20, "sea": 13, "hills": 24, "forest": 21}
"""The seeds of the most beautiful pictures found."""
HEIGHT, WIDTH = 600, 800
QUALITY = 92


def render(folder: Path) -> None:
    """Paint every place into a folder as a JPEG file."""
    for name, seed in SEEDS.items():
        picture = PLACES[name](np.random.default_rng(seed), HEIGHT, WIDTH)
        dreampipe.write(dreampipe.Frame(picture), folder / f"{name}.jpg", quality=QUALITY)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    render(folder)
    film(folder / "clip.mp4")
