"""What a dream costs at every size: `python benchmarks/sizes.py [--megapixels 0.25 1 4] [--memory 4GB] [...]`.

Each row is a process of its own that climbs a few steps at one full size: processor time of all threads for a megapixel
and a step, after a first step that compiles, and the peak of resident memory, next to what was planned. Seconds depend
on the machine; the ratio to the row of 4 megapixels is what is compared. Without `--memory` each row is the default.
`--model InceptionV3` is built with random weights, because speed does not depend on them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

_CHILD = """
import json, os, resource, sys, time
from dataclasses import replace
from pathlib import Path
import numpy as np
from dreampipe.cli.hush import import_backend
import_backend()
from dreampipe import Recipe
from dreampipe.ascent.fitting import choose, held, is_shelved
from dreampipe.media.shelves import shelve
height, width, memory, tile, steps, model, objective, folder = json.loads(sys.argv[1])
recipe = Recipe.of(model=model, objective=objective, memory=memory, tile=tile, octaves=1, steps=steps + 1)
image = np.empty((1, height, width, 3), np.float32)
columns = np.arange(width, dtype=np.float32)
rng = np.random.default_rng(0)
for row in range(height):
    waves = np.sin(row / 19), np.cos(columns / 23), np.sin((row + columns) / 41)
    image[0, row] = 0.5 + 0.2 * np.stack(np.broadcast_arrays(*waves), axis=-1) + 0.1 * rng.random((width, 3))
ascent, size = recipe.ascent(), (height, width)
ascent = replace(ascent, tile=choose(ascent, size, recipe.memory_bytes, shelves=True).get("tile", tile))
shelved = bool(ascent.tile) and is_shelved(ascent, size, recipe.memory_bytes)
before = held()
planned = before + ascent.memory(size, shelved)
if shelved:
    image, planned = shelve(image, Path(folder)), planned - image.nbytes
times = []
def lap(step):
    use = resource.getrusage(resource.RUSAGE_SELF)
    times.append(use.ru_utime + use.ru_stime)
lap(None)
ascent.run(image, seed=0, on_step=lap)
seconds = (times[-1] - times[1]) / steps
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
found = {"seconds": seconds, "peak": peak, "planned": planned, "tile": ascent.tile, "tiles": ascent.tiles(size)}
print(json.dumps(found))
"""
SIZES = {0.25: (500, 500), 1: (1000, 1000), 4: (1728, 2304), 12: (3000, 4000), 25: (4320, 5760), 100: (8400, 12000)}
"""Height and width by megapixels."""


def measure(
    size: tuple[int, int], given: argparse.Namespace, memory: str | None, tile: int | None, folder: str
) -> dict[str, float]:
    """Climb one picture in a process of its own; raises CalledProcessError where that fails."""
    words = json.dumps([*size, memory, tile, given.steps, given.model, given.objective, folder])
    ran = subprocess.run([sys.executable, "-c", _CHILD, words], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def _build(path: Path) -> None:
    """Save an InceptionV3 with random weights."""
    script = (
        "import keras, sys; keras.utils.set_random_seed(0); keras.applications.InceptionV3("
        "weights=None, include_top=False, input_shape=(None, None, 3)).save(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, nargs="+", choices=SIZES, default=[0.25, 1, 4])
    parser.add_argument("--memory", default=None, help="of the rows in tiles, for example 4GB")
    parser.add_argument("--tile", type=int, nargs="+", default=[None], help="a row for each; else by --memory")
    parser.add_argument("--steps", type=int, default=2, help="measured steps, besides the one that compiles")
    parser.add_argument("--whole", action="store_true", help="also climb each picture whole")
    parser.add_argument("--model", default="motifnet")
    parser.add_argument("--objective", default=None)
    given = parser.parse_args(words)
    print("| megapixels | tile | tiles | processor s a megapixel and step | peak, GB | planned, GB |")
    print("| --- | --- | --- | --- | --- | --- |")
    with TemporaryDirectory() as folder:
        if given.model == "InceptionV3":
            given.model = str(Path(folder) / "InceptionV3.keras")
            _build(Path(given.model))
        for megapixels in given.megapixels:
            size = SIZES[megapixels]
            tiles = [*given.tile, *([65536] if given.whole else [])]
            for tile in tiles:
                memory = None if tile else given.memory
                found = measure(size, given, memory, tile, folder)
                cost = found["seconds"] / (size[0] * size[1] / 1e6)
                in_tiles = f"{found['tile'] if found['tiles'] > 1 else '-'} | {found['tiles']:.0f}"
                sizes = f"{found['peak'] / 1e9:.2f} | {found['planned'] / 1e9:.2f}"
                print(f"| {megapixels:g} | {in_tiles} | {cost:.3f} | {sizes} |", flush=True)


if __name__ == "__main__":
    main()
