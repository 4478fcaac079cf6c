"""A published recipe, as a preset says it, and its reference, on the same picture, network and draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from lucid_reference import lucid
from plain import Array, Network, saved
from references import google_2015, gordicaleksa, keras_io, neural_dream, tf_tutorial

from dreampipe.ascent import Ascent, Step
from dreampipe.models import Scaling
from dreampipe.recipes import Recipe, Visualization
from dreampipe.recipes.files import load

SEED = 5


@dataclass(frozen=True)
class Case:
    """What a preset climbs in the comparison.

    Attributes:
        reference: the published algorithm.
        scaling: of the model that it was published for; `reach` is about how large the values of its input are.
        objective: of the preset, on the layers of the small network.
        size: of the picture, height and width.
        fewer: a setting of the recipe that ends both sooner, where the published number takes long.
    """

    reference: Callable[..., tuple[list[float], Array]]
    scaling: Scaling
    reach: float
    objective: str
    size: tuple[int, int] = (44, 57)
    fewer: tuple[str, int] | None = None


CASES = {
    "google-2015": Case(google_2015, "caffe", 100.0, "three"),
    "tf-tutorial": Case(tf_tutorial, "tf", 1.0, "mean(two) + mean(four)", (88, 114), ("steps", 15)),
    "keras-io": Case(keras_io, "tf", 0.5, "inner(one, 2) + 1.5*inner(two, 2) + 2*inner(three, 2) + 2.5*inner(four, 2)"),
    "gordicaleksa": Case(gordicaleksa, "torch", 1.0, "four"),
    "neural-dream": Case(neural_dream, "caffe", 100.0, "1000*norm(four)", (30, 38), ("rounds", 2)),
    "lucid": Case(lucid, "unit", 1.0, "three[2]", (24, 24), ("steps", 80)),
}


@dataclass(frozen=True, eq=False)
class Compared:
    """What came of both: the scores of each step, and the pictures (height, width, 3) in [0, 1]."""

    scores: Array
    expected_scores: Array
    picture: Array
    expected_picture: Array

    @property
    def score_error(self) -> float:
        """The largest difference of a score, over the largest score there."""
        return float(np.abs(self.scores - self.expected_scores).max() / np.abs(self.expected_scores).max())

    @property
    def picture_error(self) -> float:
        """The root of the mean square of the difference, over that of the picture."""
        difference = self.picture.astype(np.float64) - self.expected_picture
        return float(np.linalg.norm(difference) / np.linalg.norm(self.expected_picture))

    @property
    def worst_pixel(self) -> float:
        """The largest difference of a value in [0, 1]."""
        return float(np.abs(self.picture - self.expected_picture).max())


@dataclass(frozen=True, eq=False)
class Climbed:
    """What our preset makes: the ascent, its start and picture (height, width, 3), and the score of each step."""

    ascent: Ascent
    start: Array
    picture: Array
    scores: Array


def climbed(name: str, folder: Path, short: bool = False) -> Climbed:
    """Climb a preset, as published or with fewer steps; models are saved in the folder."""
    case = CASES[name]
    fewer = dict([case.fewer]) if short and case.fewer else {}
    model = saved(case.reach, folder)
    settings: dict[str, Any] = {"model": str(model), "scaling": case.scaling, "objective": case.objective, "seed": SEED}
    settings |= fewer
    loaded = load(name)
    if loaded.command == "visualize":
        visualization = loaded.of(Visualization, **settings, size=case.size[0])
        ascent, start = visualization.ascent(), visualization.read_start().pictures(case.size, 1, SEED)[0]
    else:
        ascent, start = loaded.of(Recipe, **settings).ascent(), drawn_picture(*case.size)
    steps: list[Step] = []
    result = ascent.run(start, seed=SEED, on_step=steps.append)
    return Climbed(ascent, start, result.image, np.array([step.score for step in steps]))


def compared(name: str, folder: Path, short: bool = False) -> Compared:
    """Both, for a preset, as published or with fewer steps; models are saved in the folder."""
    case, ours = CASES[name], climbed(name, folder, short)
    fewer = dict([case.fewer]) if short and case.fewer else {}
    start = ours.start.astype(np.float64)
    scores, picture = case.reference(Network(case.reach), start, draws(ours.ascent), **fewer)
    return Compared(ours.scores, np.array(scores), ours.picture, picture)


def drawn_picture(height: int, width: int) -> Array:
    """Waves of all lengths in different colours, (height, width, 3) float32 in [0, 1]."""
    rows, columns = np.mgrid[:height, :width] / 40
    waves = [np.sin(rows * 5 + columns**2 * 9), np.cos(columns * 11 - rows * 7), np.sin(rows * columns * 25 + 1)]
    return np.stack([0.5 + 0.35 * wave for wave in waves], axis=-1).astype(np.float32)


def draws(ascent: Ascent) -> Callable[[int, int, tuple[int, int]], tuple[Array, ...]]:
    """What the ascent's transforms draw at an octave and step, for pictures of a size; asked in order."""
    generators: dict[int, np.random.Generator] = {}

    def draw(octave: int, step: int, size: tuple[int, int]) -> tuple[Array, ...]:
        rng = generators.setdefault(octave, np.random.default_rng([SEED, octave]))
        drawn = []
        for transform in ascent.seen_through():
            drawn.append(transform.draw(rng, 0.0, size))
            size = transform.output(size, drawn[-1])
        return tuple(drawn)

    return draw
