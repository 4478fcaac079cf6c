"""Small networks for the linear datamodeling score of `influence.py`: trained on halves, and an ensemble on all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dreampipe.backend import keras
from dreampipe.explanations.influence.seen import log_odds
from dreampipe.models.motifnet.renderer import CLASSES, render

TRAINED, MEMBERS = 50, 10
"""Networks that are trained on halves, and those that the methods read."""
KINDS, PICTURES, QUESTIONS, SIDE, EPOCHS = 4, 400, 24, 32, 25


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures (count, side, side, 3) float32 and their classes."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, eq=False)
class Member:
    """A network of the ensemble: features of the pictures and the questions, the last one 1, and its last layer."""

    features: np.ndarray
    asked: np.ndarray
    weights: np.ndarray


def pictures_of(folder: Path) -> tuple[Pictures, Pictures]:
    """Render the labelled pictures and the questions, or read those of an earlier run."""
    path = folder / "small.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, pictures=_render(PICTURES, 0), questions=_render(QUESTIONS, 1))
    with np.load(path) as kept:
        return tuple(Pictures(kept[name], np.arange(len(kept[name])) % KINDS) for name in ("pictures", "questions"))  # type: ignore[return-value]


def _render(count: int, seed: int) -> np.ndarray:
    numbers = (number // KINDS * len(CLASSES) + number % KINDS for number in range(count))
    drawn = (render(number, seed).pixels for number in numbers)
    return np.stack([cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for one in drawn]).astype("f4") / 255


def _train(pictures: Pictures, seed: int) -> Any:
    """Train a network: two convolutions, the mean over places, and the classes."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    image = x = keras.Input((SIDE, SIDE, 3))
    for filters in (24, 48):
        x = keras.layers.Conv2D(filters, 3, 2, "same", activation="relu")(x)
    features = keras.layers.GlobalAveragePooling2D(name="features")(x)
    model = keras.Model(image, keras.layers.Dense(KINDS, name="classes")(features))
    model.compile(
        keras.optimizers.Adam(5e-3, weight_decay=1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model.fit(pictures.images, pictures.labels, batch_size=32, epochs=EPOCHS, verbose=0)
    return model


def train_halves(folder: Path, pictures: Pictures, questions: Pictures, halves: np.ndarray) -> np.ndarray:
    """Train a network on each half, all from one start: the log-odds of the questions, (halves, questions).

    Each network's answers are kept, so a run that is stopped goes on where it was.
    """
    start, found = time.process_time(), []
    for number, half in enumerate(halves):
        path = folder / f"half{number}.npy"
        if not path.exists():
            model = _train(Pictures(pictures.images[half], pictures.labels[half]), 0)
            logits = model.predict(questions.images, verbose=0).astype(np.float64)
            np.save(path, [log_odds(row, label) for row, label in zip(logits, questions.labels, strict=True)])
        found.append(np.load(path))
    print(f"{len(halves)} networks: {time.process_time() - start:.0f} s of CPU", flush=True)
    return np.array(found)


def ensemble_of(folder: Path, pictures: Pictures, questions: Pictures) -> tuple[Member, ...]:
    """Train networks on all pictures from different starts; the last one has the start of those on halves."""
    members = []
    for seed in reversed(range(MEMBERS)):
        path = folder / f"member{seed}.npz"
        if not path.exists():
            model = _train(pictures, seed)
            inner = keras.Model(model.input, model.get_layer("features").output)
            kernel, bias = model.get_layer("classes").get_weights()
            read = [inner.predict(images, verbose=0) for images in (pictures.images, questions.images)]
            features, asked = (np.hstack([one, np.ones((len(one), 1))]).astype(np.float64) for one in read)
            np.savez(path, features=features, asked=asked, weights=np.vstack([kernel, bias[None]]).astype(np.float64))
        with np.load(path) as kept:
            members.append(Member(**kept))
    return tuple(members)
