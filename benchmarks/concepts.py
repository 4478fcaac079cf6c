"""Concepts on networks that were trained so that the truth is known, and the time of NMF next to scikit-learn's.

    python benchmarks/concepts.py FOLDER                  trains two networks (minutes), asks them, follows edits
    python benchmarks/concepts.py FOLDER --pictures 200 --epochs 4        a short run
    python benchmarks/concepts.py nmf FILE                factorizes 2,000 activations at 14x14x256 into 10 concepts
    PEER/python benchmarks/peers/nmf_sklearn.py FILE      the same by scikit-learn
    PEER/python benchmarks/peers/concepts_xplique.py FOLDER    asks xplique and scikit-learn about the same networks

`cause` tells motifs with stripes from motifs without; `correlate` tells fish from mushrooms, and in training half of
each have stripes, so stripes are no help to it. Both are asked about pictures of their class, all of which have
stripes: there the attribute goes with the class in both networks, and only in one of them it is the reason. The truth
is the edit: how far the answer changes when the stripes alone are added. TCAV has to answer for `cause`, and not for
`correlate`.

Found concepts are scored by how well one unit follows the edit: the share of pairs of pictures, with stripes and
without, that it puts in the right order (AUC), for the unit that is best on other pairs. The controls are random
directions, PCA, and the same network untrained.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dreampipe.backend import keras
from dreampipe.explanations.concepts.features import ask_layer, pool, read_features
from dreampipe.explanations.concepts.found import WAYS, find_concepts
from dreampipe.explanations.concepts.tcav import Tcav, measure_concepts, slopes
from dreampipe.explanations.explaining import ask
from dreampipe.explanations.question import Work
from dreampipe.explanations.truth.scenes import render_attribute
from dreampipe.frames import Array
from dreampipe.models import card
from dreampipe.models.model_card import Card
from dreampipe.models.motifnet.renderer import CLASSES, NOTHING

SIZE = 48
"""Height and width of the pictures, in pixels."""
LAYER = "deep"
FISH, MUSHROOM = CLASSES.index("fish"), CLASSES.index("mushroom")
OTHERS = [label for label in range(NOTHING) if label not in (FISH, MUSHROOM)]
"""The motifs that show the concept: none that the networks were trained with."""
SEED = 31


@dataclass(frozen=True)
class Truth:
    """What is known of a network, and what TCAV says of it.

    Attributes:
        edit: how far the answer rises when the attribute is added, over its deviation between pictures.
        tested: the attribute, and one that has nothing to do with the network.
    """

    edit: float
    tested: tuple[Tcav, ...]


def training_pictures(causes: bool, attribute: str, count: int) -> tuple[Array, np.ndarray]:
    """Render pictures and their classes, 1 for the one that is asked for."""
    half = count // 2
    if causes:
        given, without = render_attribute(attribute, range(half), SIZE, [FISH, MUSHROOM], SEED)
        return np.concatenate([given, without]), np.repeat([1, 0], half)
    fish, mushrooms = (
        np.concatenate(
            [part[: half // 2] for part in render_attribute(attribute, range(half // 2), SIZE, [label], SEED)]
        )
        for label in (FISH, MUSHROOM)
    )
    return np.concatenate([fish, mushrooms]), np.repeat([1, 0], [len(fish), len(mushrooms)])


def build(seed: int) -> keras.Model:
    """Build the network, untrained: three convolutions, the last one `deep`, the mean over places, two classes."""
    keras.utils.set_random_seed(seed)
    image = x = keras.Input((None, None, 3))
    for filters, size, name in ((16, 5, "shallow"), (32, 3, "middle"), (32, 3, LAYER)):
        x = keras.layers.Conv2D(filters, size, 2, "same", activation="relu", name=name)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(2, activation="softmax", name="classes")(x))


def train(causes: bool, file: Path, pictures: int, epochs: int, attribute: str = "stripes") -> float:
    """Train a network, save it, and return its accuracy on pictures that it was not trained with."""
    images, labels = training_pictures(causes, attribute, pictures)
    kept = np.random.default_rng(0).permutation(len(images))
    first, rest = kept[: len(kept) // 8], kept[len(kept) // 8 :]
    model = build(seed=1)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images[rest], labels[rest], batch_size=32, epochs=epochs, verbose=0)
    accuracy = float(model.evaluate(images[first], labels[first], verbose=0)[1])
    model.save(file)
    return accuracy


def ask_network(known: Card, causes: bool, attribute: str = "stripes", count: int = 32) -> Truth:
    """Ask a network for a concept that goes with its class, and for one that has nothing to do with it."""
    work = Work(np.random.default_rng(0))
    question = ask(known, "logit(1)")
    labels = [FISH, MUSHROOM] if causes else [FISH]
    given, without = render_attribute(attribute, range(50_000, 50_000 + count), SIZE, labels, SEED)
    change = question.answer_all(given, work) - question.answer_all(without, work)
    edit = float(change.mean() / max(1e-9, question.answer_all(without, work).std()))
    rows = {}
    for name in (attribute, "blue"):
        shown, _ = render_attribute(name, range(60_000, 60_000 + count), SIZE, OTHERS, SEED)
        rows[name] = pool(read_features(question, LAYER, shown, work))
    _, plain = render_attribute(attribute, range(70_000, 70_000 + 4 * count), SIZE, OTHERS, SEED)
    others = pool(read_features(question, LAYER, plain, work))
    tested, _ = measure_concepts(rows, others, slopes(question, LAYER, given, work))
    return Truth(edit, tested)


def follow(known: Card, count: int, pairs: int, attribute: str = "stripes") -> dict[str, float]:
    """Measure how well one unit of each way follows the attribute: AUC on pairs that did not choose the unit."""
    work, question = Work(np.random.default_rng(0)), ask_layer(known, LAYER)
    given, without = (
        pool(read_features(question, LAYER, part, work))
        for part in render_attribute(attribute, range(80_000, 80_000 + pairs), SIZE, [FISH, MUSHROOM], SEED)
    )
    found: dict[str, float] = {}
    for way in WAYS:
        concepts = find_concepts(np.concatenate([given, without]), count, way)
        one, other = concepts.strengths(given), concepts.strengths(without)
        half = pairs // 2
        chosen = [order_pairs(one[:half, n], other[:half, n]) for n in range(count)]
        best = int(np.argmax(np.abs(np.array(chosen) - 0.5)))
        auc = order_pairs(one[half:, best], other[half:, best])
        found[way] = auc if chosen[best] >= 0.5 else 1 - auc
    return found


def save_pictures(folder: Path, pairs: int = 128, count: int = 32) -> None:
    """Save the pictures of all questions for other libraries."""
    for name, causes in (("cause", True), ("correlate", False)):
        labels = [FISH, MUSHROOM] if causes else [FISH]
        asked, _ = render_attribute("stripes", range(50_000, 50_000 + count), SIZE, labels, SEED)
        stripes, _ = render_attribute("stripes", range(60_000, 60_000 + count), SIZE, OTHERS, SEED)
        blue, _ = render_attribute("blue", range(60_000, 60_000 + count), SIZE, OTHERS, SEED)
        _, plain = render_attribute("stripes", range(70_000, 70_000 + 4 * count), SIZE, OTHERS, SEED)
        given, without = render_attribute("stripes", range(80_000, 80_000 + pairs), SIZE, [FISH, MUSHROOM], SEED)
        np.savez(
            folder / f"{name}.npz", asked=asked, stripes=stripes, blue=blue, plain=plain, given=given, without=without
        )


def order_pairs(one: Array, other: Array) -> float:
    """Compute the share of pairs of a value of `one` and a value of `other` in which that of `one` is larger (AUC)."""
    difference = one[:, None] - other[None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def time_nmf(file: Path) -> None:
    """Time one factorization of planted activations, which are kept in a file for the other library."""
    from dreampipe.explanations.concepts.nmf import factorize

    if not file.exists():
        rng = np.random.default_rng(0)
        strengths = rng.gamma(0.5, size=(2000 * 14 * 14, 12)).astype(np.float32)
        parts = (rng.gamma(1, size=(12, 256)) * (rng.random((12, 256)) < 0.3)).astype(np.float32)
        np.save(file, strengths @ parts + rng.random((len(strengths), 256), np.float32) * np.float32(0.3))
    rows = np.load(file)
    begun, spent = time.perf_counter(), time.process_time()
    found, parts = factorize(rows, 10)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - spent
    missed = np.linalg.norm(rows - found @ parts) / np.linalg.norm(rows)
    print(f"dreampipe: {seconds:.1f} s, {cpu:.1f} s of CPU, missed {missed:.5f}")


def main(arguments: Sequence[str]) -> None:
    if arguments and arguments[0] == "nmf":
        time_nmf(Path(arguments[1]))
        return
    parser = argparse.ArgumentParser(description="Concepts on networks whose truth is known.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    save_pictures(given.folder)
    print("network     accuracy  edit   verdict")
    for name, causes in (("cause", True), ("correlate", False)):
        file = given.folder / f"{name}.keras"
        accuracy = train(causes, file, given.pictures, given.epochs)
        truth = ask_network(card(file, "unit", trust=True), causes)
        for tested in truth.tested:
            print(f"{name:10}  {accuracy:7.1%}  {truth.edit:+.2f}  {tested.say()}")
    build(seed=2).save(given.folder / "untrained.keras")
    print("\nAUC of the best of 16 units on the edit   " + "  ".join(WAYS))
    for name in ("cause", "correlate", "untrained"):
        found = follow(card(given.folder / f"{name}.keras", "unit", trust=True), 16, 128)
        print(f"{name:40}  " + "  ".join(f"{found[way]:.2f}" for way in WAYS))


if __name__ == "__main__":
    main(sys.argv[1:])
