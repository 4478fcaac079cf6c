"""xplique's TCAV and CRAFT, and scikit-learn's NMF, on the networks and pictures of `concepts.py`.

python benchmarks/peers/concepts_xplique.py FOLDER, in an environment with xplique, TensorFlow, Keras 3, tf_keras and
scikit-learn. xplique 2.0.2 takes networks of tf_keras alone, so the weights are put into such a one.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
import tf_keras
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


def open_network(file: Path) -> Any:
    """Build the network of a file in tf_keras, and check that it answers the same."""
    given = keras.models.load_model(file)
    image = x = tf_keras.Input((48, 48, 3))
    for filters, size, name in ((16, 5, "shallow"), (32, 3, "middle"), (32, 3, LAYER)):
        x = tf_keras.layers.Conv2D(filters, size, 2, "same", activation="relu", name=name)(x)
    x = tf_keras.layers.GlobalAveragePooling2D()(x)
    model = tf_keras.Model(image, tf_keras.layers.Dense(2, activation="softmax", name="classes")(x))
    model.set_weights(given.get_weights())
    probe = np.random.default_rng(0).random((4, 48, 48, 3), np.float32)
    assert np.allclose(model(probe), given(probe), atol=1e-5)
    return model


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
        model = open_network(folder / f"{network}.keras")
        with np.load(folder / f"{network}.npz") as kept:
            data = {name: kept[name].astype(np.float32) for name in kept.files}
        for name in ("stripes", "blue"):
            mean, deviation = tcav(model, data, name)
            print(f"{network}: xplique's TCAV for {name}: {mean:.2f} +- {deviation:.2f} over 10 seeds", flush=True)
        inner = tf_keras.Model(model.inputs, model.get_layer(LAYER).output)
        rows = [inner.predict(data[part], verbose=0).mean((1, 2)) for part in ("given", "without")]
        start = time.perf_counter()
        found = NMF(COUNT, random_state=0, max_iter=1000)
        found.fit(np.concatenate(rows))
        print(f"{network}: scikit-learn's NMF follows the edit with {follow(*map(found.transform, rows)):.2f}", end="")
        print(f" ({time.perf_counter() - start:.1f} s)", flush=True)
        upper = tf_keras.Sequential([tf_keras.layers.GlobalAveragePooling2D(), model.get_layer("classes")])
        craft = CraftTf(inner, upper, number_of_concepts=COUNT, patch_size=24, batch_size=64)
        start = time.perf_counter()
        craft.fit(np.concatenate([data["given"], data["without"]]), class_id=1)
        strengths = [craft.transform(data[part]).mean((1, 2)) for part in ("given", "without")]
        print(f"{network}: xplique's CRAFT follows the edit with {follow(*strengths):.2f}", end="")
        print(f" ({time.perf_counter() - start:.1f} s)", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
