"""What bfloat16 loses and gains, beside float32: `python benchmarks/precision.py PICTURE ... [--mobilenet FILE]`.

For motifnet (its default objective and `mixed5`), MobileNet (of FILE) and InceptionV3 (random weights: none come with
dreampipe), each picture is dreamed in both precisions with the same settings and seed. The score of each dream is then
computed in float32. Prints what each gained over the picture, their ratio, the correlation of the two dreams' changes,
and the least time of a step in each, taken in turns.

    --judge FOLDER   holds the judge.npz of `judge.py train`, which names the classes that motifnet draws in each
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import dreampipe
from dreampipe import Recipe, Resize, scoring
from dreampipe.ascent import Ascent
from dreampipe.ascent.starts import Noise
from dreampipe.backend import keras
from dreampipe.frames import Array
from dreampipe.models.motifnet.renderer import NOTHING
from dreampipe.models.precision import Precision, has_bfloat16
from dreampipe.recipes import Visualization

PRECISIONS: tuple[Precision, Precision] = ("float32", "bfloat16")
ROUNDS = 6


def networks(mobilenet: Path | None, folder: Path) -> Iterator[tuple[str, str, str | None]]:
    """The networks: a name, the file or name of the model, and the objective."""
    yield "motifnet, default", "motifnet", None
    yield "motifnet", "motifnet", "mixed5"
    if mobilenet:
        yield "MobileNet", str(mobilenet), "conv_pw_11_relu"
    path = folder / "inception.keras"
    keras.utils.set_random_seed(0)
    keras.applications.InceptionV3(weights=None, include_top=False, input_shape=(None, None, 3)).save(path)
    yield "InceptionV3, random", str(path), "mixed5"


def climb(ascent: Ascent, picture: Array) -> tuple[Array, float]:
    """The dream of a picture, and the least time of a step at its largest size, in milliseconds of the process."""
    times: list[float] = []
    result = ascent.run(picture, seed=0, on_step=lambda step: times.append(time.process_time()))
    return result.image, 1e3 * float(np.diff(times)[-ROUNDS:].min())


def compare(model: str, objective: str | None, picture: Array) -> str:
    """Dream in both precisions; a row of the table."""
    dreams: dict[Precision, Array] = {}
    least: dict[Precision, float] = {}
    scaling = None if model == "motifnet" else "tf"
    for precision in PRECISIONS * 2:
        recipe = Recipe.of(model=model, objective=objective, scaling=scaling, precision=precision)
        dreams[precision], took = climb(recipe.ascent(), picture)
        least[precision] = min(took, least.get(precision, np.inf))
    ascent = Recipe.of(model=model, objective=objective, scaling=scaling).ascent()
    of = [picture, *(dreams[precision] for precision in PRECISIONS)]
    # Each by itself: some terms compare the pictures of a batch. All are compared with the same source.
    scores = [scoring.score(ascent.card, ascent.bound, x[None], start=picture[None])[0] for x in of]
    plain, low = (score - scores[0] for score in scores[1:])
    like = np.corrcoef((of[1] - picture).ravel(), (of[2] - picture).ravel())[0, 1]
    times = f"{least['float32']:.0f} | {least['bfloat16']:.0f} | {least['float32'] / least['bfloat16']:.2f}"
    return f"{plain:.4g} | {low:.4g} | {low / plain:.4f} | {like:.4f} | {times}"


def name_drawings(folder: Path, seeds: Sequence[int], steps: int) -> None:
    """Print the share of motifnet's classes that the judge names as they were meant, for each precision."""
    from judge import Judge

    judge = Judge.load(folder / "judge.npz")
    for precision in PRECISIONS:
        right = []
        for seed in seeds:
            recipe = Visualization.of(objective="logit(*)", precision=precision, seed=seed, steps=steps)
            start = np.repeat(Noise().pictures((recipe.side, recipe.side), 1, seed), NOTHING, axis=0)
            ascent = recipe.ascent_of(recipe.objective, starred=True)
            drawn = ascent.run(start, seed=seed, units=range(NOTHING)).image
            right += list(judge.names(drawn) == np.arange(NOTHING))
        print(f"{precision}: the judge names {np.mean(right):.3f} of {len(right)} drawings rightly", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--size", type=int, default=320, help="longest side")
    parser.add_argument("--mobilenet", type=Path)
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--seeds", type=int, default=1, help="drawings of each class")
    parser.add_argument("--steps", type=int, default=Visualization.model_fields["steps"].default, help="of a drawing")
    given = parser.parse_args()
    if not has_bfloat16():
        raise SystemExit("This processor does not compute in bfloat16: take one with AMX or AVX512-BF16.")
    if given.pictures:
        print("| network | picture | gain, float32 | bfloat16 | ratio | alike | step, ms, float32 | bfloat16 | ratio |")
        print("|" + " --- |" * 9)
    with tempfile.TemporaryDirectory() as folder:
        for name, model, objective in networks(given.mobilenet, Path(folder)) if given.pictures else ():
            for path in given.pictures:
                (frame,) = Resize(given.size)(iter(dreampipe.read(path)))
                print(f"| {name} | {path.stem} | {compare(model, objective, frame.pixels)} |", flush=True)
    if given.judge:
        name_drawings(given.judge, range(given.seeds), given.steps)


if __name__ == "__main__":
    main()
