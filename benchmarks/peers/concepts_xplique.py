"""xplique's TCAV and CRAFT, and scikit-learn's NMF, on the networks and pictures of `concepts.py`.

python benchmarks/peers/concepts_xplique.py FOLDER, in an environment with xplique, TensorFlow, Keras and scikit-learn
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.decomposition import NMF
from xplique.concepts import Cav, CraftTf, Tcav

LAYER, COUNT = "deep", 16


def order_pairs(one: np.ndarray, other: np.ndarray) -> float:
    """Compute the share of pairs in which the value of `one` is larger."""
    difference = one[:, None] - other[None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def follow(one: np.ndarray, other: np.ndarray) -> float:
    """Measure how well the best unit follows the edit, on pairs that did not choose it."""
    half = len(one) // 2
    chosen = [order_pairs(one[:half, n], other[:half, n]) for n in range(one.shape[1])]
    best = int(np.argmax(np.abs(np.array(chosen) - 0.5)))
    found = order_pairs(one[half:, best], other[half:, best])
    return found if chosen[best] >= 0.5 else 1 - found


def tcav(model: Any, data: Any, name: str, seeds: int = 10) -> tuple[float, float]:
    """Return the mean of xplique's score over seeds, and its deviation."""
    scores = []
    for seed in range(seeds):
        np.random.seed(seed)
        cav = Cav(model, LAYER)(data[name], data["plain"])
        scores.append(float(Tcav(model, LAYER)(tf.constant(data["asked"]), 1, cav)))
    return float(np.mean(scores)), float(np.std(scores))


def main(folder: Path) -> None:
    for network in ("cause", "correlate"):
        model = keras.models.load_model(folder / f"{network}.keras")
        with np.load(folder / f"{network}.npz") as kept:
            data = {name: kept[name].astype(np.float32) for name in kept.files}
        for name in ("stripes", "blue"):
            mean, deviation = tcav(model, data, name)
            print(f"{network}: xplique's TCAV for {name}: {mean:.2f} +- {deviation:.2f} over 10 seeds", flush=True)
        inner = keras.Model(model.inputs, model.get_layer(LAYER).output)
        rows = [inner.predict(data[part], verbose=0).mean((1, 2)) for part in ("given", "without")]
        start = time.perf_counter()
        found = NMF(COUNT, random_state=0, max_iter=1000)
        found.fit(np.concatenate(rows))
        print(f"{network}: scikit-learn's NMF follows the edit with {follow(*map(found.transform, rows)):.2f}", end="")
        print(f" ({time.perf_counter() - start:.1f} s)", flush=True)
        upper = keras.Sequential([keras.layers.GlobalAveragePooling2D(), model.get_layer("classes")])
        craft = CraftTf(inner, upper, number_of_concepts=COUNT, patch_size=24, batch_size=64)
        start = time.perf_counter()
        craft.fit(np.concatenate([data["given"], data["without"]]), class_id=1)
        strengths = [craft.transform(data[part]).mean((1, 2)) for part in ("given", "without")]
        print(f"{network}: xplique's CRAFT follows the edit with {follow(*strengths):.2f}", end="")
        print(f" ({time.perf_counter() - start:.1f} s)", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
