"""What motifnet is worth, on the weights that ship: `python benchmarks/bars.py JUDGE TWIN OUT`.

JUDGE is a folder in which `benchmarks/judge.py train` has trained a judge. TWIN is one in which
`python -m dreampipe.models.motifnet.train TWIN --radius 0 --replays 1 --updates 2000` has trained a plain twin: the
same network and pictures without an attack. OUT receives what is made to be looked at.

Prints the accuracy on fresh pictures, as they are and attacked; the share of the class visualizations that the judge
names rightly, for motifnet and for its twin; and what the judge finds in the samples, undreamed and dreamed.
`--publish` writes the figures onto the model card.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from judge import Judge, listed, read, score

import dreampipe
from dreampipe.ascent import Ascent, Octaves
from dreampipe.ascent.starts import noise
from dreampipe.ascent.transforms import Jitter
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.models.motifnet import load, publish
from dreampipe.models.motifnet.evaluate import clean_accuracy, fresh
from dreampipe.models.motifnet.renderer import NOTHING
from dreampipe.models.motifnet.train import measure
from dreampipe.models.opening import open_model
from dreampipe.objectives import HEAD, Logit, Objective, Term

SEEDS = 5
SIZE = (128, 128)
OCTAVES, STEPS, STEP_SIZE, JITTER = Octaves(3, 1.4), 30, 0.012, 8
"""The one recipe of all class visualizations."""
SAMPLES = Path(__file__).parent.parent / "samples"


def visualize(card: Card, folder: Path) -> None:
    """Every class but `nothing` climbed from noise, `SEEDS` times, as folder/CLASS-SEED.png, and one sheet of them."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for label, name in enumerate(card.classes[:NOTHING]):
        objective = Objective((Term(HEAD, Logit(label)),))
        ascent = Ascent(card, objective, OCTAVES, steps=STEPS, step_size=STEP_SIZE, transforms=(Jitter(JITTER),))
        made = [ascent.run(noise(seed, SIZE), seed=seed).image for seed in range(SEEDS)]
        for seed, image in enumerate(made):
            _write(folder / f"{name}-{seed}.png", image)
        rows.append(np.vstack(made))
    _write(folder.with_suffix(".png"), np.vstack([np.hstack(rows[:12]), np.hstack(rows[12:])]))


def _write(path: Path, image: Array) -> None:
    cv2.imwrite(str(path), np.rint(image[..., ::-1] * 255).clip(0, 255).astype(np.uint8))


def twin_of(card: Card, weights: Path, folder: Path) -> Card:
    """The plain twin as a `.keras` file of its own, and its card with motifnet's classes."""
    file = folder / "twin.keras"
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    load(replace(card, sha256=sha256), weights).save(file)
    plain: Card = dreampipe.card(file, "unit")
    return replace(plain, classes=card.classes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("judge", "twin", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--publish", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    card, judge = dreampipe.card("motifnet"), Judge.load(options.judge / "judge.npz")
    figures = measure(open_model(card))
    figures["judge_clean_accuracy"] = clean_accuracy(judge.model, *fresh())
    print(f"the judge by itself {figures['judge_clean_accuracy']:.3f}")
    print(f"clean accuracy {figures['clean_accuracy']:.3f}, under attack {figures['attacked_accuracy']:.3f}")

    twin = twin_of(card, options.twin / "weights.npz", options.out)
    for name, of in (("motifnet", card), ("twin", twin)):
        visualize(of, options.out / name)
        found = score(judge, options.out / name)
        figures[f"judge_names_{name}"] = found.share
        print(f"\nclass visualizations of {name} named rightly: {found.share:.3f}\n{found}")
    for sample in sorted(SAMPLES.glob("*.jpg")):
        source = read(sample)
        dreamed = dreampipe.dream(source)
        _write(options.out / f"{sample.stem}.png", dreamed)
        for picture, when in ((source, "undreamed_"), (dreamed, "")):
            names = judge.windows(picture)
            figures[f"{when}classes_in_{sample.stem}"] = len(names)
            print(f"{when}classes_in_{sample.stem} {len(names)}: {listed(names) or 'none'}")
    if options.publish:
        publish.figures(figures)


if __name__ == "__main__":
    main()
