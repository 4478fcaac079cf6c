"""Which parameterization draws what a stranger recognises: `python benchmarks/parameterizations.py JUDGE OUT`.

JUDGE is a folder in which `benchmarks/judge.py train` has trained a judge. Every class of motifnet is climbed from
noise in every parameterization, five seeds each, by the defaults of `dreampipe visualize`. The judge has another
architecture, never helps to draw, and names what it sees. OUT receives the pictures, and a sheet of each
parameterization.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from judge import Judge, score

from dreampipe.ascent.starts import Noise
from dreampipe.frames import Array
from dreampipe.models.motifnet.renderer import NOTHING
from dreampipe.recipes import Visualization
from dreampipe.recipes.ways import WAYS

SEEDS = 5


def climb(param: str, seed: int, steps: int) -> Array:
    """Every class but `nothing`, (classes, size, size, 3), together in one batch."""
    recipe = Visualization.of(objective="logit(*)", param=param, seed=seed, steps=steps)
    start = np.repeat(Noise().pictures((recipe.side, recipe.side), 1, seed), NOTHING, axis=0)
    return recipe.ascent_of(recipe.objective, starred=True).run(start, seed=seed, units=range(NOTHING)).image


def _write(path: Path, image: Array) -> None:
    cv2.imwrite(str(path), np.rint(image[..., ::-1] * 255).clip(0, 255).astype(np.uint8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("judge", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--params", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--steps", type=int, default=Visualization.model_fields["steps"].default)
    options = parser.parse_args()
    judge = Judge.load(options.judge / "judge.npz")
    for param in options.params:
        folder = options.out / param
        folder.mkdir(parents=True, exist_ok=True)
        recipe = Visualization.of(objective="logit(*)", param=param)
        names = recipe.card().classes
        rows = []
        for seed in range(SEEDS):
            images = climb(param, seed, options.steps)
            rows.append(np.hstack(list(images)))
            for label, image in enumerate(images):
                _write(folder / f"{names[label]}-{seed}.png", image)
        _write(options.out / f"{param}.png", np.vstack(rows))
        print(f"{param}: {score(judge, folder)}", flush=True)


if __name__ == "__main__":
    main()
