"""How good dreams look, on real photographs: `python benchmarks/look.py OUT [--photos FOLDER] [--model FILE] ...`.

Dreams each photograph with each setting, and prints for each what is kept of the source, how much of it the dream
covers, how many things the judge names in it, and how natural its colours are. The photographs are those of
scikit-image and scikit-learn (`pip install scikit-image scikit-learn`), those of `--photos`
if given, and `samples/`, all at a longest side of `--size`.

OUT gets every dream as NAME-SETTING.png and every picture's row as sheet.png.

    --model FILE          another model's dream, as a row of its own
    --judge FOLDER        holds the judge.npz of `judge.py train`; without it, things are not counted
    --setting NAME=TOML   another setting, for example 'calm=keep_colour = true'; may come several times
    --only WORD           only photographs whose name holds this word
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import dreampipe
from dreampipe import Frame, Recipe, Resize
from dreampipe.drawings.contact import Tile, contact_sheet
from dreampipe.frames import Array

SAMPLES = Path(__file__).parent.parent / "samples"
SCIKIT_IMAGE = ("astronaut", "chelsea", "coffee", "rocket", "motorcycle_left")
SCIKIT_LEARN = ("china", "flower")
EARLIER: dict[str, Any] = {"octaves": 5, "octave_scale": 1.4, "steps": 15, "step_size": 0.015, "normalization": "mean"}
"""The first default of dreampipe, but for the objective; today the preset `bold`."""

CELL = 32  # pixels of a side of the cells of `covered`
LIKE = 0.7  # the correlation under which the structure of a cell counts as changed
FLAT = 0.01  # the deviation of luminance under which a cell has no structure
EDGE = 0.5 / 255  # a channel this near to black or white is clipped
WINDOWS = (64, 96, 128, 192)  # pixels of the windows in which the judge looks for things
SPECK = 0.01  # the least share of clipped channels that a source is held to have


@dataclass(frozen=True)
class Look:
    """The measures of one dream; see the functions of the same names."""

    kept: float
    edges: float
    covered: float
    things: int | None
    saturation: float
    clipping: float

    def __str__(self) -> str:
        things = "-" if self.things is None else str(self.things)
        like = f"{self.kept:6.2f}{self.edges:7.2f}{self.covered:9.2f}"
        return f"{like}{things:>8}{self.saturation:12.2f}{self.clipping:10.2f}"


HEADER = f"{'kept':>6}{'edges':>7}{'covered':>9}{'things':>8}{'saturation':>12}{'clipping':>10}"


def kept(source: Array, dream: Array) -> float:
    """The correlation of source and dream, (height, width, 3) in [0, 1], at a sixteenth of their size, in [-1, 1].

    r = cov(S, D) / (std(S) std(D)) over all pixels and channels, after both are shrunk by the mean of each area.
    """
    return correlation(_shrunk(source, 16), _shrunk(dream, 16))


def edges(source: Array, dream: Array) -> float:
    """The correlation of the edges of source and dream at a quarter of their size, in [-1, 1].

    Edges are the length of the gradient (Sobel) of the luminance after both are shrunk by the mean of each area.
    """
    return correlation(_gradient(_shrunk(source, 4)), _gradient(_shrunk(dream, 4)))


def covered(source: Array, dream: Array) -> float:
    """The share of cells of `CELL` pixels whose structure the dream changed, in [0, 1].

    A cell of the dream counts if its luminance deviates by at least `FLAT` and its correlation with the source's is
    under `LIKE`; so another brightness or contrast alone does not count. Cells cut off by the border are left out.
    """
    before, after = (_cells(_luminance(picture)) for picture in (source, dream))
    changed = [y.std() >= FLAT and correlation(x, y) < LIKE for x, y in zip(before, after, strict=True)]
    return float(np.mean(changed))


def saturation(source: Array, dream: Array) -> float:
    """The mean of (largest - smallest channel) over all pixels of the dream, over that of the source."""
    own, others = (float(np.mean(picture.max(-1) - picture.min(-1))) for picture in (dream, source))
    return own / max(others, 1 / 255)


def clipping(source: Array, dream: Array) -> float:
    """The share of channels of the dream that are black or white, over the source's, which counts as at least `SPECK`.

    A channel is black or white within half a level of 255.
    """
    own, others = (float(np.mean((picture <= EDGE) | (picture >= 1 - EDGE))) for picture in (dream, source))
    return own / max(others, SPECK)


def correlation(one: Array, other: Array) -> float:
    """Pearson's correlation of all values of two arrays; 1 if both are constant, 0 if one is."""
    x, y = (np.asarray(values, np.float64).ravel() - np.mean(values, dtype=np.float64) for values in (one, other))
    lengths = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    still = [length <= 1e-6 * max(1, len(x)) ** 0.5 for length in lengths]
    return float(all(still)) if any(still) else float(x @ y / (lengths[0] * lengths[1]))


def _shrunk(picture: Array, times: int) -> Array:
    height, width = (max(1, round(side / times)) for side in picture.shape[:2])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _luminance(picture: Array) -> Array:
    return np.asarray(picture @ np.array([0.2126, 0.7152, 0.0722], np.float32), np.float32)


def _gradient(picture: Array) -> Array:
    plane = _luminance(picture)
    return np.asarray(np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)), np.float32)


def _cells(plane: Array) -> Array:
    """The whole cells of a plane (height, width): (count, CELL, CELL)."""
    rows, columns = (side // CELL for side in plane.shape)
    whole = plane[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    return whole.swapaxes(1, 2).reshape(-1, CELL, CELL)


def look(source: Array, dream: Array, judge: Any = None) -> Look:
    """Measure a dream by all of the measures above, and count the classes that the judge names in it."""
    things = None if judge is None else len(judge.windows(dream, WINDOWS))
    return Look(
        kept(source, dream),
        edges(source, dream),
        covered(source, dream),
        things,
        saturation(source, dream),
        clipping(source, dream),
    )


def photographs(folder: Path | None, size: int) -> Iterator[tuple[str, Array]]:
    """The photographs by name, (height, width, 3) float32 in [0, 1], at a longest side of `size`."""
    import skimage
    import sklearn.datasets

    within = Path(skimage.__file__).parent / "data"
    paths = [next(within.glob(f"{name}.*")) for name in SCIKIT_IMAGE]
    paths += [Path(sklearn.datasets.__file__).parent / "images" / f"{name}.jpg" for name in SCIKIT_LEARN]
    paths += sorted(folder.glob("*.jpg")) if folder else []
    paths += sorted(SAMPLES.glob("*.jpg"))
    for path in paths:
        (frame,) = Resize(size)(iter(dreampipe.read(path)))
        yield path.stem, frame.pixels


def settings_of(models: Sequence[str], given: Sequence[str]) -> dict[str, Recipe]:
    """The recipes to compare, by name: the old default, the new one, each model's dream, and those given as TOML.

    Models dream as the old default did: so the picture is the one that people know.
    """
    recipes = {"old": Recipe.of(**EARLIER, objective="each(places)"), "new": Recipe.of()}
    recipes |= {Path(model).stem: Recipe.of(**EARLIER, model=model) for model in models}
    for text in given:
        name, _, settings = text.partition("=")
        recipes[name] = Recipe.of(**tomllib.loads(settings))
    return recipes


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--photos", type=Path, help="a folder of .jpg files")
    parser.add_argument("--model", action="append", default=[], help="a .keras file or a name")
    parser.add_argument("--judge", type=Path, help="holds judge.npz")
    parser.add_argument("--setting", action="append", default=[], help="NAME=TOML")
    parser.add_argument("--rows", help="the settings to run, by name, with commas between; all by default")
    parser.add_argument("--only", default="", help="a word in the name of a photograph, or several with | between")
    parser.add_argument("--size", type=int, default=500, help="longest side in pixels")
    return parser.parse_args()


def judge_of(folder: Path | None) -> Any:
    if folder is None:
        return None
    from judge import Judge

    return Judge.load(folder / "judge.npz")


def main() -> None:
    """Dream, measure, print a line for each dream, and write the pictures."""
    options = parsed()
    options.out.mkdir(parents=True, exist_ok=True)
    judge, tiles = judge_of(options.judge), []
    recipes = settings_of(options.model, options.setting)
    chosen = options.rows.split(",") if options.rows else list(recipes)
    print(f"{'photograph':<18}{'setting':<34}{HEADER}")
    for name, source in photographs(options.photos, options.size):
        if not any(word in name for word in options.only.split("|")):
            continue
        tiles.append(Tile(name, source))
        print(f"{name:<18}{'the source itself':<34}{look(source, source, judge)}", flush=True)
        for row in chosen:
            dream = recipes[row].pipeline().one(Frame(source)).pixels
            dreampipe.write(Frame(dream), options.out / f"{name}-{row}.png")
            tiles.append(Tile(row, dream))
            print(f"{name:<18}{row:<34}{look(source, dream, judge)}", flush=True)
    sheet = contact_sheet(tiles, min(options.size, 400), len(chosen) + 1)
    dreampipe.write(sheet, options.out / "sheet.png")


if __name__ == "__main__":
    main()
