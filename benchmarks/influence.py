"""How true influence is: against last layers fitted again, planted wrong labels, and a planted shortcut.

    python benchmarks/influence.py FOLDER              last layers, wrong labels, a shortcut
    python benchmarks/influence.py FOLDER networks     small networks that are trained anew on halves (minutes)
    python benchmarks/influence.py FOLDER speed        an index of 100,000 features, influence of 10,000 pictures

The labelled pictures are training pictures of motifnet of ten classes, the questions are fresh ones. FOLDER keeps their
features for a second run. It takes about two minutes of one core. If FOLDER has the scores of captum's TracIn, which
`benchmarks/peers/influence_captum.py` writes, they are compared with ours.

The linear datamodeling score (Park et al. 2023) is Spearman's rank correlation between what a method predicts for
halves of the pictures, the sum of the scores of those that are in it, and the log-odds after fitting anew to that half;
the mean over questions.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dreampipe.explanations.influence import METHODS, Method
from dreampipe.explanations.influence.regression import fit, scale_of
from dreampipe.explanations.influence.seen import Case, Seen, log_odds
from dreampipe.models.motifnet.renderer import CLASSES, render

KINDS = 10
"""The classes that are used, the first ones."""
PICTURES, QUESTIONS, HALVES, TOP = 1000, 20, 100, 12
DAMPING = 0.01


@dataclass(frozen=True, eq=False)
class Data:
    """Features of labelled pictures and of questions; the last feature is 1.

    Attributes:
        features, labels: (count, width) and (count,) of the labelled pictures.
        asked, answers: the same of the questions.
        weights: (width, classes) of motifnet's own last layer.
        marked: features of the labelled pictures of class 0, every second of them with a band of stripes.
        marked_asked: features of the questions with that band.
    """

    features: np.ndarray
    labels: np.ndarray
    asked: np.ndarray
    answers: np.ndarray
    weights: np.ndarray
    marked: np.ndarray
    marked_asked: np.ndarray


def draw(count: int, seed: int) -> Iterator[tuple[np.ndarray, int]]:
    """Draw pictures of the first classes, in turn."""
    for number in range(count):
        example = render(number // KINDS * len(CLASSES) + number % KINDS, seed)
        yield example.pixels.astype(np.float32) / 255, example.label


def mark(pixels: np.ndarray) -> np.ndarray:
    """Put a band of magenta and green stripes over the lower part."""
    marked = pixels.copy()
    marked[-36:] = (1, 0, 1)
    marked[-36::4] = marked[-35::4] = (0, 1, 0)
    return marked


def load(folder: Path) -> Data:
    """Compute the features, or read those of an earlier run."""
    path = folder / "features.npz"
    if path.exists():
        with np.load(path) as kept:
            return Data(**kept)
    from dreampipe.explanations.influence.features import Reader
    from dreampipe.explanations.question import Work
    from dreampipe.models import card

    reader, work = Reader.of(card("motifnet")), Work(np.random.default_rng(0))
    pictures, labels = zip(*draw(PICTURES, 0), strict=True)
    asked, answers = zip(*draw(QUESTIONS, 1), strict=True)
    first = [pixels for pixels, label in zip(pictures, labels, strict=True) if label == 0]
    data = Data(
        reader.read(pictures, work),
        np.array(labels),
        reader.read(asked, work),
        np.array(answers),
        reader.weights[:, :KINDS],
        reader.read([mark(pixels) if number % 2 else pixels for number, pixels in enumerate(first)], work),
        reader.read(map(mark, asked), work),
    )
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(path.with_suffix(".part.npz"), **vars(data))
    path.with_suffix(".part.npz").replace(path)
    return data


def correlate(one: np.ndarray, other: np.ndarray) -> float:
    """Compute Spearman's rank correlation."""
    ranks = [values.argsort().argsort() for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def draw_halves(count: int, halves: int, seed: int = 0) -> np.ndarray:
    """Draw halves of the pictures: (halves, count) bool."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(count) < count // 2 for _ in range(halves)])


def score_methods(argue: Callable[[Method, int], np.ndarray], halves: np.ndarray, truth: np.ndarray) -> None:
    """Print the linear datamodeling score of each method; `truth` is (halves, questions)."""
    for name, kind in METHODS.items():
        start = time.perf_counter()
        found = [correlate(halves @ argue(kind(), at), truth[:, at]) for at in range(truth.shape[1])]
        error = np.std(found) / np.sqrt(len(found))
        print(f"| `{name}` | {np.mean(found):.3f} ± {error:.3f} | {time.perf_counter() - start:.1f} |", flush=True)


def measure_halves(data: Data) -> None:
    """Print the scores on the last layer: fitted to the pictures, and to each half of them."""
    scale = scale_of(Seen(data.features, data.weights))
    features, asked = data.features / scale, data.asked / scale
    whole = fit(features, data.labels, KINDS, DAMPING)
    halves = draw_halves(len(features), HALVES)
    truth = np.empty((HALVES, QUESTIONS))
    for number, half in enumerate(halves):
        own = fit(features[half], data.labels[half], KINDS, DAMPING, whole.weights)
        logits = asked @ own.weights
        truth[number] = [log_odds(row, label) for row, label in zip(logits, data.answers, strict=True)]
    print(f"\n| method | linear datamodeling score, {HALVES} halves of a last layer | s |\n|---|---|---|")

    def argue(method: Method, at: int) -> np.ndarray:
        return method.argue(Case((Seen(features, whole.weights, asked[at]),), data.labels, int(data.answers[at])))

    score_methods(argue, halves, truth)


def measure_captum(folder: Path, data: Data) -> None:
    """Print how alike the scores of captum's TracIn and ours are, on motifnet's own last layer."""
    theirs = np.load(folder / "captum-tracin.npy")  # (questions, pictures)
    ours = np.stack(
        [
            METHODS["tracin"]().argue(Case((Seen(data.features, data.weights, query),), data.labels, int(answer)))
            for query, answer in zip(data.asked, data.answers, strict=True)
        ]
    )
    alike = [correlate(one, other) for one, other in zip(ours, theirs, strict=True)]
    off = np.abs(ours - theirs).max() / np.abs(ours).max()
    print(f"\ncaptum's TracIn: rank correlation with ours at least {min(alike):.4f}, largest difference {off:.1e}")


def measure_networks(folder: Path) -> None:
    """Print the scores on small networks that are trained on halves of the pictures; methods see the last layer."""
    from influence_networks import TRAINED, ensemble_of, pictures_of, train_halves

    pictures, questions = pictures_of(folder)
    halves = draw_halves(len(pictures.labels), TRAINED, seed=1)
    truth = train_halves(folder, pictures, questions, halves)
    members = ensemble_of(folder, pictures, questions)
    print(f"\n| method | linear datamodeling score, {TRAINED} small networks | s |\n|---|---|---|")

    def argue(method: Method, at: int) -> np.ndarray:
        chosen = members if method.uses_checkpoints else members[-1:]
        seen = tuple(Seen(one.features, one.weights, one.asked[at]) for one in chosen)
        return method.argue(Case(seen, pictures.labels, int(questions.labels[at])))

    score_methods(argue, halves, truth)


def measure_speed() -> None:
    """Print the time of one query of an index, and of exact influence on a last layer after its features."""
    from dreampipe.explanations.influence.nearest import Index

    rng = np.random.default_rng(0)
    index = Index.of(rng.normal(size=(100_000, 256)).astype(np.float32))
    queries = rng.normal(size=(20, 256)).astype(np.float32)
    start = time.perf_counter()
    for query in queries:
        index.nearest(query, TOP)
    print(f"A query over 100,000 features of 256 numbers: {(time.perf_counter() - start) / len(queries) * 1e3:.1f} ms")
    labels = rng.integers(0, KINDS, 10_000)
    centres = rng.normal(size=(KINDS, 256))
    features = np.hstack([centres[labels] + 2 * rng.normal(size=(10_000, 256)), np.ones((10_000, 1))])
    weights = rng.normal(size=(257, KINDS)) / 16
    start = time.perf_counter()
    METHODS["influence-functions"]().argue(Case((Seen(features, weights, features[0]),), labels, int(labels[0])))
    print(f"Influence of 10,000 pictures of 256 features, {KINDS} classes: {time.perf_counter() - start:.2f} s")


def measure_labels(data: Data) -> None:
    """Print how well each method ranks planted wrong labels: the area under its curve."""
    rng = np.random.default_rng(0)
    count = len(data.labels)
    wrong = rng.permutation(count) < count // 10
    labels = np.where(wrong, (data.labels + rng.integers(1, KINDS, count)) % KINDS, data.labels)
    scale = scale_of(Seen(data.features, data.weights))
    fitted = fit(data.features / scale, labels, KINDS, DAMPING).weights / scale[:, None]
    print("\n| method | AUC of 10 % wrong labels, motifnet's own last layer | one fitted to these labels |")
    print("|---|---|---|")
    for name, kind in METHODS.items():
        doubts = [kind().suspect(Case((Seen(data.features, weights),), labels)) for weights in (data.weights, fitted)]
        print(f"| `{name}` | {area(doubts[0], wrong):.4f} | {area(doubts[1], wrong):.4f} |", flush=True)


def area(doubts: np.ndarray, wrong: np.ndarray) -> float:
    """Compute the chance that a wrong label is more suspicious than a right one."""
    above = doubts[wrong][:, None] - doubts[~wrong][None]
    return float((above > 0).mean() + (above == 0).mean() / 2)


def measure_shortcut(data: Data) -> None:
    """Print how many of the pictures that argue most for class 0 have the band, for questions that have it."""
    features, first = data.features.copy(), data.labels == 0
    features[first] = data.marked
    has = np.zeros(len(features), bool)
    has[np.flatnonzero(first)[1::2]] = True
    fitted = fit(features / scale_of(Seen(features, data.weights)), data.labels, KINDS, DAMPING).weights
    weights = fitted / scale_of(Seen(features, data.weights))[:, None]
    others = data.answers != 0
    rise = (data.marked_asked - data.asked)[others] @ weights
    own, rest = rise[:, 0].mean(), rise[:, 1:].mean()
    print(f"\nThe band raises the logit of {CLASSES[0]} by {own:.2f}, of others by {rest:.2f}.")
    print(f"\n| method | of the {TOP} pictures most for {CLASSES[0]}, those with the band |\n|---|---|")
    for name, kind in METHODS.items():
        shares = []
        for query in data.marked_asked[others]:
            scores = kind().argue(Case((Seen(features, weights, query),), data.labels, 0))
            shares.append(has[np.argsort(-scores)[:TOP]].mean())
        print(f"| `{name}` | {np.mean(shares):.1%} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", nargs="?", choices=("networks", "speed"))
    given = parser.parse_args()
    if given.what == "networks":
        measure_networks(given.folder)
        return
    if given.what == "speed":
        measure_speed()
        return
    data = load(given.folder)
    measure_halves(data)
    measure_labels(data)
    measure_shortcut(data)
    if (given.folder / "captum-tracin.npy").exists():
        measure_captum(given.folder, data)


if __name__ == "__main__":
    main()
