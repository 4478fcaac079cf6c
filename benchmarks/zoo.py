"""All architectures of Keras, as a table in Markdown: `python benchmarks/zoo.py [NAME ...]`.

For each, in a process of its own, with random weights: seconds until it is built, its layers and parameters, bytes to
download with its head and without, the objective of its card, seconds until the first step on a picture of 224x224 is
done, for which the step is traced, and milliseconds of each step after it. Seconds depend on the machine; run nothing
else beside it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from dreampipe import models
from dreampipe.ascent import Ascent, Octaves
from dreampipe.models import zoo
from dreampipe.objectives import Objective

SIDE = 224
STEPS = 6
_HEAD = ("model", "build s", "layers", "parameters", "MB", "MB without head", "objective", "first step s", "step ms")


def seconds(ascent: Ascent) -> float:
    """Of one run on noise."""
    noise = np.random.default_rng(0).random((SIDE, SIDE, 3), np.float32)
    start = time.perf_counter()
    ascent.run(noise, seed=0)
    return time.perf_counter() - start


def row(name: str) -> tuple[object, ...]:
    """The figures of one architecture."""
    from dreampipe.models.zoo import building

    start = time.perf_counter()
    model = building.architecture(name)
    built = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.weights.h5")
        model.save_weights(path)
        card = models.card(name, weights=path)
        models.open_model(card)
    objective = Objective.parse(card.objective)
    one, many = (Ascent(card, objective, Octaves(1), steps=steps, transforms=()) for steps in (1, 1 + STEPS))
    first = seconds(one)
    step = (seconds(many) - seconds(one)) / STEPS
    size, bare = ((zoo.weights_of(each).bytes or 0) / 1e6 for each in (name, f"{name}{zoo.NOTOP}"))
    figures = f"{built:.1f}", len(card.layers), f"{model.count_params():,}", f"{size:.0f}", f"{bare:.0f}"
    return (name, *figures, f"`{card.objective}`", f"{first:.1f}", f"{1000 * step:.0f}")


def line(cells: tuple[object, ...]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--row", action="store_true", help="print the line of one model, measured in this process")
    asked = parser.parse_args()
    if asked.row:
        print(line(row(asked.names[0])))
        return
    print(line(_HEAD), line(("---",) * len(_HEAD)), sep="\n", flush=True)
    for name in asked.names or zoo.NAMES:
        subprocess.run([sys.executable, __file__, "--row", name], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
