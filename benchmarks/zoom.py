"""Whether an endless dive stays what it was: `python benchmarks/zoom.py PICTURE [--sheet SHEET.png]`.

Dives into a picture for 300 frames and prints, at some of them, the mean, the mean deviation of a channel, the detail
(mean absolute Laplacian) and the share of values that are black or white. Then the same for other values of `pull`, of
which 0 pulls nothing, and the step over the end of a loop beside its other steps (mean absolute differences).

`--model MODEL.keras --scaling tf --objective LAYER` dives with another model. SHEET gets twelve frames of the dive and
the last twelve steps of the loop, on one sheet.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

import dreampipe
from dreampipe.drawings.dive import draw_dive, resize_still
from dreampipe.frames import Array, Frame
from dreampipe.recipes.zooming import Zooming
from dreampipe.stages.returning import Return
from dreampipe.stages.zoom import held

ROWS, SHOWN = 13, 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--pulls", type=float, nargs="*", default=[0.0])
    parser.add_argument("--loop-frames", type=int, default=96)
    for name in ("model", "scaling", "objective"):
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    asked = {name: getattr(options, name) for name in ("model", "scaling", "objective")}
    recipe = Zooming.of(seconds=options.frames / 30, size=options.size, **asked)
    (still,) = dreampipe.read(options.picture)
    still = resize_still(recipe, still)
    shown = dive(recipe, still, None)
    for pull in options.pulls:
        dive(recipe, still, pull)
    looped = loop(recipe.model_copy(update={"seconds": options.loop_frames / 30, "loop": True}), still)
    if options.sheet:
        sheet = np.vstack([np.hstack(row) for row in _rows([*shown, *looped])])
        cv2.imwrite(str(options.sheet), np.rint(sheet[..., ::-1] * 255).astype(np.uint8))


def dive(recipe: Zooming, still: Frame, pull: float | None) -> list[Array]:
    """Print the table of one dive; its frames for the sheet."""
    stage = recipe.zoom_of()
    stage = stage if pull is None else replace(stage, pull=pull)
    rows = {round(at) for at in np.linspace(0, stage.count - 1, ROWS)}
    kept = {round(at) for at in np.linspace(0, stage.count - 1, SHOWN)}
    print(f"\npull {stage.pull}, {still.width}x{still.height}\nframe   mean  deviation  detail  clipped", flush=True)
    shown = []
    began = 0.0
    for frame in stage(held(still, recipe.count, recipe.rate)):
        began = began or time.perf_counter()  # the first one opens the model and traces
        if frame.index in rows:
            print(f"{frame.index:5d}  {'  '.join(f'{value:.4f}' for value in levels(frame.pixels))}", flush=True)
        if frame.index in kept:
            shown.append(frame.pixels)
    print(f"{(time.perf_counter() - began) / max(1, stage.count - 1):.2f} s a frame")
    return shown


def levels(pixels: Array) -> Iterator[float]:
    yield float(pixels.mean())
    yield float(pixels.std((0, 1)).mean())
    yield float(np.abs(cv2.Laplacian(pixels, cv2.CV_32F)).mean())
    yield float(((pixels < 0.5 / 255) | (pixels > 254.5 / 255)).mean())


def loop(recipe: Zooming, still: Frame) -> list[Array]:
    """Print the steps of a loop; its last frames for the sheet."""
    frames = [frame.pixels for frame in draw_dive(recipe, still)]
    steps = [float(np.abs(after - before).mean()) for before, after in pairwise(frames)]
    over = float(np.abs(frames[0] - frames[-1]).mean())
    back = Return(recipe.camera(), recipe.count).frames
    print(f"\nloop of {recipe.count} frames, the first of which comes back in {back}")
    print(f"step over its end {over:.4f}; its other steps {min(steps):.4f} to {max(steps):.4f}, ", end="")
    print(f"median {statistics.median(steps):.4f}")
    every = max(1, back // (SHOWN - 1))
    return [frames[at] for at in range(-every * (SHOWN - 1), 1, every)]


def _rows(pictures: list[Array], length: int = 6) -> Iterator[list[Array]]:
    for at in range(0, len(pictures), length):
        yield pictures[at : at + length]


if __name__ == "__main__":
    main()
