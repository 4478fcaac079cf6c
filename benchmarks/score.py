"""How soon recipes reach the score of `google-2015`, and how far from the picture they are then.

    python benchmarks/score.py PHOTO ... [--mobilenet FILE] [--setting NAME=TOML]

Dreams each photograph by the preset `google-2015` on motifnet, on MobileNet (of FILE) and on InceptionV3 with random
weights, and then by other recipes that climb the same layer. Scores are those of the finished picture as it is, without
jitter, in float32; the distance is the root of the mean square of the difference from the photograph, in levels of 255.
For each row it prints, over the preset's own,

    time        the processor time of the whole ascent
    work        the pixels that the model sees in all its steps
    gain        the score that the dream gained
    moved       the same, of both pictures moved by some pixels, on average: a network sees a picture in cells, and the
                last steps may suit those of the picture as it is
    distance    how far it is from the photograph
    reached     the share of the preset's time after which the dream first scored as the preset's, and its distance
                then. It is looked at after each step at the full size, outside of the measured time; "-" if never
    kept        the correlation of photograph and dream at a sixteenth of their size, see `look.py`; not a ratio

and in the end, for each recipe, in how many rows it reached the score at no more distance, the mean of each column, of
`reached` over the rows that have one, and the worst gain and distance. Opening and tracing are not in the times.

    --setting NAME=TOML   another recipe, as the settings in which it differs from `google-2015`, for example
                          'few=steps = 5'; may come several times. With it, only these run
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from look import kept

import dreampipe
from dreampipe import Recipe, Resize, scoring
from dreampipe.ascent import Ascent, Step
from dreampipe.backend import keras
from dreampipe.frames import Array
from dreampipe.recipes.files import load

PRESET = "google-2015"
CANDIDATES: dict[str, dict[str, Any]] = {
    "half the steps, twice as long": {"steps": 5, "step_size": 3},
    "momentum": {"steps": 5, "step_size": 1, "optimizer": "momentum", "fresh": True},
    "Adam": {"steps": 5, "step_size": 2, "optimizer": "adam", "fresh": True},
    "bands of frequencies": {"steps": 5, "step_size": 2, "normalization": "laplacian"},
    "one size": {"octaves": 1, "steps": 12, "step_size": 2.6},
    "two sizes, less and less jitter": {
        "octaves": 2,
        "steps": 6,
        "step_size": 2.6,
        "jitter": "16 -> 0",
        "ramps": "octave",
    },
    "one size, less and less jitter": {"octaves": 1, "steps": 12, "step_size": 2.6, "jitter": "16 -> 0"},
}
"""What is compared with the preset: the settings in which each differs from it."""


MOVES = ((5, 3), (8, 11), (13, 6), (3, 9), (1, 14), (10, 0))
"""The (rows, columns) by which pictures are moved, around their borders, for `moved`."""

Recipes = Mapping[str, Mapping[str, Any]]


class Moment(NamedTuple):
    """A picture of an ascent: the processor time up to it in seconds, its score, and its distance in levels of 255."""

    seconds: float
    score: float
    distance: float


@dataclass(frozen=True)
class Climb:
    """What an ascent reached.

    Attributes:
        start: the score of the photograph.
        moved: the gain on average over `MOVES`.
        work: the pixels that the model saw in all steps.
        kept: see `look.kept`.
        moments: after each step at the full size, in order, and at the end.
    """

    start: float
    moved: float
    work: int
    kept: float
    moments: tuple[Moment, ...] = field(repr=False)

    @property
    def end(self) -> Moment:
        return self.moments[-1]

    def first(self, score: float) -> Moment | None:
        """The first moment of at least this score; None if there is none."""
        return next((moment for moment in self.moments if moment.score >= score), None)


class Row(NamedTuple):
    """A climb over that of the preset; `reached` is nan if its score was not."""

    time: float
    work: float
    gain: float
    moved: float
    distance: float
    reached: float
    distance_then: float
    kept: float

    @classmethod
    def of(cls, climb: Climb, preset: Climb) -> Row:
        then = climb.first(preset.end.score) or Moment(np.nan, np.nan, np.nan)
        return cls(
            climb.end.seconds / preset.end.seconds,
            climb.work / preset.work,
            (climb.end.score - climb.start) / (preset.end.score - preset.start),
            climb.moved / preset.moved,
            climb.end.distance / preset.end.distance,
            then.seconds / preset.end.seconds,
            then.distance / preset.end.distance,
            climb.kept,
        )

    def __str__(self) -> str:
        return " | ".join("-" if np.isnan(value) else f"{value:.2f}" for value in self)


def summarize(rows: Sequence[Row]) -> str:
    """Count the rows that reached the score at no more distance, and give the mean and the worst of the columns."""
    reached = sum(row.distance_then <= 1 for row in rows)
    some = any(not np.isnan(row.reached) for row in rows)  # nanmean warns of a column without a value
    mean = Row(*np.nanmean(rows, axis=0)) if some else Row(*np.mean(rows, axis=0))
    worst = f"{min(row.gain for row in rows):.2f} | {max(row.distance for row in rows):.2f}"
    return f"{reached} of {len(rows)} | {mean} | {worst}"


HEADER = f"| {' | '.join(Row._fields).replace('_', ' ')} |"


def climb(ascent: Ascent, picture: Array) -> Climb:
    """Climb a picture, (height, width, 3) in [0, 1]; the step has been traced before."""
    moments: list[Moment] = []
    paused, begun = 0.0, time.process_time()

    def note(pixels: Array, at: float) -> None:
        moments.append(Moment(at - begun - paused, score_of(ascent, pixels), distance(picture, pixels)))

    def look_at(step: Step, show: Callable[[], Array]) -> None:
        nonlocal paused
        since = time.process_time()
        if step.octave == step.octaves and step.size == picture.shape[:2]:
            note(show()[0], since)
        paused += time.process_time() - since

    result = ascent.run(picture, seed=0, on_pictures=look_at)
    note(result.image, time.process_time())
    work = ascent.steps * sum(ascent.pixels_seen((picture.shape[0], picture.shape[1])))
    moved = moved_score(ascent, result.image) - moved_score(ascent, picture)
    return Climb(score_of(ascent, picture), moved, work, kept(picture, result.image), tuple(moments))


def score_of(ascent: Ascent, picture: Array) -> float:
    """The score of a picture as it is, in float32."""
    return float(scoring.score(ascent.card, ascent.bound, picture[None])[0])


def moved_score(ascent: Ascent, picture: Array) -> float:
    """The score of a picture on average over `MOVES`."""
    return float(np.mean([score_of(ascent, np.roll(picture, move, axis=(0, 1))) for move in MOVES]))


def distance(source: Array, dream: Array) -> float:
    """The root of the mean square of the difference, in levels of 255."""
    return float(255 * np.sqrt(np.mean(np.square(dream - source), dtype=np.float64)))


def trace(ascent: Ascent, picture: Array) -> None:
    """Take one step at each size, so that all is traced and every size has been seen once."""
    replace(ascent, steps=1, stop=None).run(picture, seed=0)
    score_of(ascent, picture)


def networks(mobilenet: Path | None, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The networks: a name, and the settings of the model and of the layer that all recipes climb on it."""
    yield "motifnet", {"model": "motifnet", "objective": "mixed5"}
    if mobilenet:
        yield "MobileNet", {"model": str(mobilenet), "objective": "conv_pw_9_relu", "scaling": "tf"}
    path = folder / "inception.keras"
    keras.utils.set_random_seed(0)
    keras.applications.InceptionV3(weights=None, include_top=False, input_shape=(None, None, 3)).save(path)
    yield "InceptionV3", {"model": str(path), "objective": "mixed5", "scaling": "tf"}


def compare(
    pictures: Mapping[str, Array], network: Mapping[str, Any], recipes: Recipes
) -> Iterator[tuple[str, str, Row]]:
    """Climb each picture by the preset and by each recipe: the picture's name, the recipe's, and its row."""
    ascents = {name: load(PRESET).of(Recipe, **{**network, **settings}).ascent() for name, settings in recipes.items()}
    own = load(PRESET).of(Recipe, **network).ascent()
    presets: dict[str, Climb] = {}
    for name, ascent in {PRESET: own, **ascents}.items():  # one after the other, because few traces are kept
        for number, (title, picture) in enumerate(pictures.items()):
            if not number:
                trace(ascent, picture)
            found = climb(ascent, picture)
            presets.setdefault(title, found)
            yield title, name, Row.of(found, presets[title])


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    parser.add_argument("--size", type=int, default=320, help="longest side in pixels")
    parser.add_argument("--mobilenet", type=Path, metavar="FILE")
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=TOML")
    parser.add_argument("--only", choices=("motifnet", "MobileNet", "InceptionV3"), nargs="+")
    return parser.parse_args()


def main() -> None:
    """Print a row for each recipe on each photograph and network, and the worst and the mean of each recipe."""
    given = parsed()
    own = {name: tomllib.loads(text) for name, _, text in (setting.partition("=") for setting in given.setting)}
    pictures = {path.stem: next(Resize(given.size)(iter(dreampipe.read(path)))).pixels for path in given.photos}
    rows: dict[str, list[Row]] = {}
    print(f"| network | photograph | recipe {HEADER}\n|{' --- |' * (3 + len(Row._fields))}")
    with tempfile.TemporaryDirectory() as folder:
        for network, settings in networks(given.mobilenet, Path(folder)):
            if given.only and network not in given.only:
                continue
            for title, name, row in compare(pictures, settings, own or CANDIDATES):
                rows.setdefault(name, []).append(row)
                print(f"| {network} | {title} | {name} | {row} |", flush=True)
    print(f"\n| recipe | rows {HEADER} worst gain | worst distance |\n|{' --- |' * (4 + len(Row._fields))}")
    for name, found in rows.items():
        print(f"| {name} | {summarize(found)} |")


if __name__ == "__main__":
    main()
