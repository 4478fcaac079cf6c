"""Trains `motifnet`: `python -m dreampipe.models.motifnet.train FOLDER`.

*Free* adversarial training (Shafahi et al. 2019): one backward pass gives the gradient of the weights and of a
perturbation of the pictures, and each batch is replayed a few times while the perturbation grows against it. A network
trained so has input gradients that draw what people see (Engstrom et al. 2019, "Adversarial Robustness as a Prior for
Learned Representations"). The weights shipped are a moving average over the updates.

Everything is drawn from the plan's seed and the number of the update, and schedules follow updates, never the clock: a
run that was interrupted goes on from its last checkpoint as if it had not been.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.backend import Tensor, keras, ops
from dreampipe.models import motifnet
from dreampipe.models.motifnet import evaluate, network, publish
from dreampipe.models.motifnet.checkpoints import average_weights, restore_state, save_arrays, save_state
from dreampipe.models.motifnet.renderer import CLASSES, SIZE, render_many
from dreampipe.models.opening import open_model

log = logging.getLogger(__name__)
Pictures = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]
Batch = tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]
"""Pictures (batch, height, width, 3) in [0, 1], and their labels."""
PlanType = TypeVar("PlanType")
_CHUNK = 500


@dataclass(frozen=True)
class Plan:
    """A training, whole.

    Attributes:
        seed: of the pictures, the first weights and every draw.
        pictures: how many training pictures are rendered, numbers 0 to pictures - 1.
        updates: of the weights, all replays counted.
        replays: updates on one batch while its perturbation grows; 1 with `radius` 0 is plain training.
        radius: L2 norm of the perturbation, on pixels in [0, 1]; it grows from 0 over the first `ramp` of the updates.
        average: momentum of the moving average of the weights.
        precision: Keras' policy for the computing; the weights, the first layer and the head are float32 in any.
    """

    seed: int = 0
    pictures: int = 30_000
    batch: int = 64
    updates: int = 9_000
    replays: int = 4
    radius: float = 3.0
    ramp: float = 0.5
    learning_rate: float = 1.5e-3
    warmup: int = 300
    weight_decay: float = 1e-4
    average: float = 0.998
    precision: str = "mixed_bfloat16"
    checkpoint_every: int = 500

    def radius_at(self, update: int) -> float:
        return self.radius * min(1.0, update / max(1.0, self.ramp * self.updates))


@dataclass(frozen=True)
class Progress:
    """One line of a training: means since the last one, of the loss and accuracy on the perturbed batches."""

    update: int
    updates: int
    loss: float
    accuracy: float


def render_chunks(folder: Path, count: int, seed: int, workers: int | None = None) -> Pictures:
    """The pictures 0 to count - 1 of this seed, rendered by all cores into `folder`, chunk by chunk, or found there."""
    folder.mkdir(parents=True, exist_ok=True)
    chunks = [range(first, min(first + _CHUNK, count)) for first in range(0, count, _CHUNK)]
    missing = [chunk for chunk in chunks if not _chunk_path(folder, seed, chunk).exists()]
    if missing:
        with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=get_context("spawn")) as pool:
            for done, _ in enumerate(pool.map(partial(_render_chunk, folder, seed), missing), 1):
                log.info("rendered %d of %d chunks", done, len(missing))
    loaded = [np.load(_chunk_path(folder, seed, chunk)) for chunk in chunks]
    return np.concatenate([x["pixels"] for x in loaded]), np.concatenate([x["labels"] for x in loaded])


def _chunk_path(folder: Path, seed: int, numbers: range) -> Path:
    return folder / f"seed{seed}-{numbers.start}-{numbers.stop}.npz"


def _render_chunk(folder: Path, seed: int, numbers: range) -> None:
    pixels, labels = render_many(numbers, seed)
    save_arrays(_chunk_path(folder, seed, numbers), {"pixels": pixels, "labels": labels})


class Draws(Protocol):
    """The part of a plan that decides its batches."""

    @property
    def seed(self) -> int: ...

    @property
    def batch(self) -> int: ...


def batches(pictures: Pictures, plan: Draws, first: int) -> Iterator[Batch]:
    """Augmented batches for ever, from batch number `first` on; each depends on the seed and its number alone."""
    pixels, labels = pictures
    number = first
    while True:
        rng = np.random.default_rng([plan.seed, 1, number])
        chosen = rng.integers(0, len(labels), plan.batch)
        yield np.stack([_augment(rng, pixels[i]) for i in chosen]), labels[chosen]
        number += 1


def _augment(rng: np.random.Generator, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Mirrored by chance, shifted by up to 8 pixels with mirrored borders, its channels a little stronger or weaker."""
    x = pixels[:, ::-1] if rng.random() < 0.5 else pixels
    top, left = rng.integers(0, 17, 2)
    x = np.pad(x, ((8, 8), (8, 8), (0, 0)), mode="reflect")[top : top + x.shape[0], left : left + x.shape[1]]
    gain = rng.uniform(0.85, 1.15) * rng.uniform(0.92, 1.08, 3)
    return np.asarray(np.clip(x * (gain / 255), 0, 1), np.float32)


class Trainer:
    """The state of a training: network, optimizer, perturbation and the number of the next update."""

    def __init__(
        self,
        plan: Plan,
        build: Callable[[int], keras.Model] = network.build,
        classes: int = len(CLASSES),
        size: int = SIZE,
    ) -> None:
        keras.utils.set_random_seed(plan.seed)
        self.plan = plan
        self.update = 0
        with policy(plan.precision):
            self.model = build(classes)
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, plan.updates - plan.warmup, warmup_target=plan.learning_rate, warmup_steps=plan.warmup
        )
        self.optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=plan.weight_decay, use_ema=True, ema_momentum=plan.average, global_clipnorm=5.0
        )
        self.optimizer.build(self.model.trainable_variables)
        self.perturbation = np.zeros((plan.batch, size, size, 3), np.float32)
        self._step = backend.compile(self._compute_step)

    def _compute_step(self, x: Tensor, y: Tensor, d: Tensor, radius: Tensor) -> tuple[Tensor, ...]:
        weights = self.model.trainable_variables

        def loss(d: Tensor, *values: Tensor) -> tuple[Tensor, Tensor]:
            with backend.weights_as(weights, values):
                logits = self.model(ops.clip(x + d, 0.0, 1.0), training=True)
            return ops.mean(keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)), logits

        value, logits, (towards, *gradients) = backend.value_and_gradients(
            loss, d, *(weight.value for weight in weights)
        )
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        right = ops.mean(ops.cast(ops.equal(ops.argmax(logits, -1), ops.cast(y, "int64")), "float32"))
        return value, right, within(d + radius * unit(towards), radius)

    def run(self, pictures: Pictures, folder: Path, on_progress: Callable[[Progress], None]) -> None:
        """Train to the plan's end on these pictures, from wherever this state is."""
        self.climb(batches(pictures, self.plan, self.update // self.plan.replays), folder, on_progress)

    def climb(self, drawn: Iterable[Batch], folder: Path, on_progress: Callable[[Progress], None]) -> None:
        """Train to the plan's end on these batches, of which the first is that of the next update."""
        plan = self.plan
        marks: list[tuple[float, float]] = []
        for x, y in drawn:
            if self.update >= plan.updates:
                return
            tensors = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
            for _ in range(plan.replays):
                marks.append(self._replay(*tensors))
            if self.update % plan.checkpoint_every < plan.replays:
                self.save(folder / "checkpoint.npz")
                loss_mean, right_mean = np.mean(marks, 0)
                marks = []
                on_progress(Progress(self.update, plan.updates, float(loss_mean), float(right_mean)))

    def _replay(self, x: Tensor, y: Tensor) -> tuple[float, float]:
        """One update; the loss and accuracy before it."""
        radius = ops.convert_to_tensor(np.float32(self.plan.radius_at(self.update)))
        loss, right, d = self._step(x, y, ops.convert_to_tensor(self.perturbation), radius)
        self.perturbation = np.asarray(d)
        self.update += 1
        return float(loss), float(right)

    def _variables(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.optimizer.variables]

    def save(self, path: Path) -> None:
        """Write the whole state as one file."""
        rest = {"perturbation": self.perturbation, "update": np.array(self.update)}
        save_state(path, self.plan, self._variables(), rest)

    def restore(self, path: Path) -> None:
        """Go on from a saved state.

        Raises:
            ModelError: the state is that of another plan.
        """
        rest = restore_state(path, self.plan, self._variables())
        self.perturbation, self.update = np.asarray(rest["perturbation"], np.float32), int(rest["update"])

    def averaged(self) -> list[npt.NDArray[np.float16]]:
        """The moving average of the weights, in half precision, in the order of `model.weights`."""
        return average_weights(self.optimizer, self.model.weights)


@contextmanager
def policy(name: str) -> Iterator[None]:
    """Keras' dtype policy while a network is built, and the old one after."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def unit(g: Tensor) -> Tensor:
    """Each picture's gradient (batch, height, width, 3) at L2 norm 1."""
    return g / (ops.sqrt(ops.sum(g * g, axis=(1, 2, 3), keepdims=True)) + 1e-12)


def within(d: Tensor, radius: Tensor) -> Tensor:
    """Each perturbation brought back to the L2 ball of this radius."""
    norm = ops.sqrt(ops.sum(d * d, axis=(1, 2, 3), keepdims=True))
    return d * ops.minimum(1.0, radius / (norm + 1e-12))


def main() -> None:
    """The command line of a training: folder for pictures and checkpoints, and the fields of the plan."""
    folder, to_publish, plan = parse_arguments(Plan, "python -m dreampipe.models.motifnet.train", __doc__)
    pictures = render_chunks(folder / "pictures", plan.pictures, plan.seed)
    trainer = Trainer(plan)
    go_on(trainer, pictures, folder)
    trained = folder / "weights.npz"
    save_arrays(trained, dict(zip((w.path for w in trainer.model.weights), trainer.averaged(), strict=True)))
    if to_publish:
        publish.weights(trained)
        publish.figures(measure(open_model(motifnet.card())))


def parse_arguments(plan: type[PlanType], program: str, description: str | None) -> tuple[Path, bool, PlanType]:
    """The command line of a training: its folder, whether to publish what it makes, and its plan."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("folder", type=Path, help="holds pictures and checkpoints; a second run goes on from there")
    parser.add_argument("--publish", action="store_true", help="put the weights and their figures into the package")
    for name, default in vars(plan()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    options = vars(parser.parse_args())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    return options.pop("folder"), options.pop("publish"), plan(**options)


class Resumable(Protocol):
    """A training that can be interrupted: `Trainer`, and that of the decoder."""

    update: int

    def restore(self, path: Path) -> None: ...

    def run(self, pictures: Pictures, folder: Path, on_progress: Callable[[Any], None]) -> None: ...


def go_on(trainer: Resumable, pictures: Pictures, folder: Path) -> None:
    """Train to the plan's end, from the last checkpoint if there is one."""
    if (folder / "checkpoint.npz").exists():
        trainer.restore(folder / "checkpoint.npz")
        log.info("going on from update %d", trainer.update)
    trainer.run(pictures, folder, lambda p: log.info("%s", p))


def measure(model: keras.Model) -> dict[str, float]:
    """The figures that a card holds of a model by itself: its accuracy on fresh pictures, as they are and attacked."""
    pixels, labels = evaluate.fresh()
    few = evaluate.ATTACKED_PICTURES
    return {
        "clean_accuracy": evaluate.clean_accuracy(model, pixels, labels),
        "attacked_accuracy": evaluate.attacked_accuracy(model, pixels[:few], labels[:few], seed=evaluate.FRESH_SEED),
    }


if __name__ == "__main__":
    main()
