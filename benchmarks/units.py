"""Four units of each kind of motifnet on one sheet, to be looked at: `python benchmarks/units.py OUT.jpg`.

A row each of neurons, channels, layers, units of a 1x1 convolution (a dense layer at every place: motifnet has no other
hidden one), logits and probabilities, by the defaults of `dreampipe visualize`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import dreampipe
from dreampipe.drawings.contact import Tile, contact_sheet
from dreampipe.recipes import Visualization

CHANNELS = ("mixed3[30]", "mixed4[12]", "mixed4[150]", "mixed5[30]")
CLASSES = ("eye", "owl", "butterfly", "pagoda")
UNITS = (
    *(f"{channel}@center" for channel in CHANNELS),
    *CHANNELS,
    *("mixed2", "mixed3", "mixed4", "mixed5"),
    *("mixed4_1x1[40]", "mixed5_1x1[8]", "mixed6_1x1[20]", "mixed6_1x1[70]"),
    *(f"logit({name})" for name in CLASSES),
    *(f"prob({name})" for name in CLASSES),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=Visualization.model_fields["steps"].default)
    options = parser.parse_args()
    tiles = []
    for unit in UNITS:
        result = Visualization.of(objective=unit, steps=options.steps).run()
        print(f"{unit}: {float(result.scores[0]):.3g}", flush=True)
        tiles.append(Tile(unit, result.image[0]))
    dreampipe.write(contact_sheet(tiles, 128, columns=4), options.out)


if __name__ == "__main__":
    main()
