"""What a dream costs at every size: `python benchmarks/sizes.py [--megapixels 0.25 1 4] [--memory 4GB] [...]`.

Each row is a process of its own that climbs a few steps at one full size: processor time of all threads for a megapixel
and a step, after a first step that compiles, and the peak of resident memory. `--whole` climbs the largest pictures
whole, too, for comparison. Seconds depend on the machine; the ratio to the row of 4 megapixels is what is compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence

_CHILD = """
import json, resource, sys, time
import numpy as np
from dreampipe import Recipe
from dreampipe.ascent.fitting import choose
from dataclasses import replace
height, width, memory, tile, steps, model, objective = json.loads(sys.argv[1])
recipe = Recipe.of(model=model, objective=objective, memory=memory, tile=tile, octaves=1, steps=steps + 1)
rows, columns = np.mgrid[:height, :width].astype(np.float32)
image = np.stack([np.sin(rows / 19), np.cos(columns / 23), np.sin((rows + columns) / 41)], axis=-1)
del rows, columns
image *= 0.2
image += 0.5
image += 0.1 * np.random.default_rng(0).random(image.shape, np.float32)
ascent = recipe.ascent()
if memory and not tile:
    ascent = replace(ascent, tile=choose(ascent, (height, width), recipe.memory_bytes).get("tile"))
times = []
def lap(step):
    use = resource.getrusage(resource.RUSAGE_SELF)
    times.append(use.ru_utime + use.ru_stime)
lap(None)
ascent.run(image, seed=0, on_step=lap)
seconds = (times[-1] - times[1]) / steps
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "peak": peak, "tile": ascent.tile, "tiles": ascent.tiles((height, width))}))
"""
SIZES = {0.25: (500, 500), 1: (1000, 1000), 4: (1728, 2304), 12: (3000, 4000), 25: (4320, 5760), 100: (8400, 12000)}
"""Height and width by megapixels."""


def measure(size: tuple[int, int], given: argparse.Namespace, memory: str | None, tile: int | None) -> dict[str, float]:
    """Climb one picture in a process of its own; raises CalledProcessError where that fails."""
    words = json.dumps([*size, memory, tile, given.steps, given.model, given.objective])
    ran = subprocess.run([sys.executable, "-c", _CHILD, words], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, nargs="+", choices=SIZES, default=[0.25, 1, 4])
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--tile", type=int, default=None, help="the tile of the rows in tiles; else by --memory")
    parser.add_argument("--steps", type=int, default=2, help="measured steps, besides the one that compiles")
    parser.add_argument("--whole", action="store_true", help="also climb each picture whole")
    parser.add_argument("--model", default="motifnet")
    parser.add_argument("--objective", default=None)
    given = parser.parse_args(words)
    print(
        "| megapixels | tile | tiles | processor s a megapixel and step | peak, GB |\n| --- | --- | --- | --- | --- |"
    )
    for megapixels in given.megapixels:
        size = SIZES[megapixels]
        for memory, tile in [(given.memory, given.tile), *([(None, None)] if given.whole else [])]:
            found = measure(size, given, memory, tile)
            cost = found["seconds"] / (size[0] * size[1] / 1e6)
            in_tiles = f"{found['tile'] or '-'} | {found['tiles']:.0f}"
            print(f"| {megapixels:g} | {in_tiles} | {cost:.2f} | {found['peak'] / 1e9:.2f} |", flush=True)


if __name__ == "__main__":
    main()
