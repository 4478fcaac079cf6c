"""Trains the learned prior: `python -m dreampipe.models.motifnet.train_decoder FOLDER`.

A variational autoencoder (Kingma and Welling 2013) on the pictures that `motifnet` learns from, with a grid of latents.
Pictures are compared by their pixels and by what `motifnet` sees in them (Dosovitskiy and Brox 2016, "Generating Images
with Perceptual Similarity Metrics"), for pixels alone ask for the mean of all that a picture could be, which is a blur.
The decoder is shipped, as a moving average over the updates; the encoder has served.

Drawn from the plan's seed and the number of the update, resumed as in `train.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.backend import Tensor, keras, ops
from dreampipe.models import motifnet
from dreampipe.models.motifnet import decoder, evaluate, publish
from dreampipe.models.motifnet.checkpoints import Arrays, average_weights, restore_state, save_arrays, save_state
from dreampipe.models.motifnet.train import Pictures, batches, go_on, parse_arguments, render_chunks
from dreampipe.models.opening import open_model
from dreampipe.models.tap import tap

LAYERS = ("stem2", "mixed1", decoder.SEEN)
"""Where `motifnet` compares: the edges of a picture, its grain and its parts."""


@dataclass(frozen=True)
class Plan:
    """A training, whole.

    Attributes:
        seed: of the pictures, the first weights and every draw.
        pictures: how many are rendered, numbers 0 to pictures - 1; another seed than motifnet's own.
        perception: weight of the distance between layers of motifnet, beside that of the pixels, which has 1.
        divergence: weight of the divergence of the latents from N(0, 1), in nats a latent.
        average: momentum of the moving average of the weights.
    """

    seed: int = 11
    pictures: int = 9_000
    batch: int = 5
    updates: int = 5_500
    learning_rate: float = 1.5e-3
    warmup: int = 200
    perception: float = 0.3
    divergence: float = 0.01
    average: float = 0.998
    checkpoint_every: int = 250


@dataclass(frozen=True)
class Progress:
    """One line of a training: means since the last one, of the loss and of its parts before they are weighted."""

    update: int
    updates: int
    pixels: float
    perception: float
    divergence: float


Networks = tuple[keras.Model, keras.Model]


def networks() -> Networks:
    """An encoder and a decoder, untrained."""
    return decoder.encoder(), decoder.decoder()


class Trainer:
    """The state of a training: encoder, decoder, optimizer and the number of the next update."""

    def __init__(self, plan: Plan, judge: keras.Model, build: Callable[[], Networks] = networks) -> None:
        keras.utils.set_random_seed(plan.seed)
        self.plan = plan
        self.update = 0
        self.judge = judge
        self.encoder, self.decoder = build()
        self.weights = [*self.encoder.trainable_variables, *self.decoder.trainable_variables]
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, plan.updates - plan.warmup, warmup_target=plan.learning_rate, warmup_steps=plan.warmup
        )
        self.optimizer = keras.optimizers.Adam(schedule, use_ema=True, ema_momentum=plan.average, global_clipnorm=1.0)
        self.optimizer.build(self.weights)
        self._step = backend.compiled(self._compute_step)

    def _compute_step(self, x: Tensor, noise: Tensor) -> Tensor:
        weights = self.weights

        def loss(*values: Tensor) -> tuple[Tensor, Tensor]:
            seen = self.judge(x)
            with backend.weights_as(weights, values):
                mean, log_variance = self.encoder([x, seen[decoder.SEEN]])
                y = self.decoder(mean + ops.exp(0.5 * log_variance) * noise)
            apart = perceptual_distance(seen, self.judge(y))
            parts = ops.stack([ops.mean(ops.abs(x - y)), apart, divergence(mean, log_variance)])
            return ops.sum(parts * np.array([1, self.plan.perception, self.plan.divergence], np.float32)), parts

        _, parts, gradients = backend.value_and_gradients(loss, *(weight.value for weight in weights))
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return parts

    def run(self, pictures: Pictures, folder: Path, on_progress: Callable[[Progress], None]) -> None:
        """Train to the plan's end, from wherever this state is."""
        plan, marks = self.plan, list[npt.NDArray[np.float32]]()
        for x, _ in batches(pictures, plan, self.update):
            if self.update >= plan.updates:
                return
            noise = _noise(plan, self.update, x.shape)
            marks.append(np.asarray(self._step(ops.convert_to_tensor(x), ops.convert_to_tensor(noise))))
            self.update += 1
            if self.update % plan.checkpoint_every == 0:
                self.save(folder / "checkpoint.npz")
                pixels, perception, divergence = map(float, np.mean(marks, axis=0))
                on_progress(Progress(self.update, plan.updates, pixels, perception, divergence))
                marks = []

    def _variables(self) -> list[keras.Variable]:
        return [*self.weights, *self.optimizer.variables]

    def save(self, path: Path) -> None:
        """Write the whole state as one file."""
        save_state(path, self.plan, self._variables(), {"update": np.array(self.update)})

    def restore(self, path: Path) -> None:
        """Go on from a saved state.

        Raises:
            ModelError: the state is that of another plan.
        """
        self.update = int(restore_state(path, self.plan, self._variables())["update"])

    def settle(self) -> None:
        """The end of a training: all weights become their moving averages, in half precision."""
        for variable, mean in zip(self.weights, average_weights(self.optimizer, self.weights), strict=True):
            variable.assign(mean.astype(np.float32))

    def trained(self) -> Arrays:
        """The decoder's weights in half precision, each under the `path` of its variable."""
        return {w.path: np.asarray(w).astype(np.float16) for w in self.decoder.weights}


def _noise(plan: Plan, number: int, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Draw the noise for the latents of this update, for pictures of this shape."""
    batch, height, width, _ = shape
    grid = (batch, height // decoder.STRIDE, width // decoder.STRIDE, decoder.CHANNELS)
    return np.random.default_rng([plan.seed, 2, number]).standard_normal(grid, np.float32)


def perceptual_distance(x: Mapping[str, Tensor], y: Mapping[str, Tensor]) -> Tensor:
    """Return the distance of two pictures' activations, as a share of the first's; the mean over layers."""
    apart = [ops.mean(ops.abs(x[name] - y[name])) / (ops.mean(ops.abs(x[name])) + 1e-6) for name in x]
    return ops.mean(ops.stack(apart))


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the divergence from N(0, 1), in nats (Kullback and Leibler 1951); the mean over latents."""
    return 0.5 * ops.mean(mean * mean + ops.exp(log_variance) - 1 - log_variance)


def measure(trainer: Trainer, count: int = 100) -> dict[str, float]:
    """Measure how far new pictures are from those of their latents' means, in pixels and as motifnet sees them."""
    pixels, _ = evaluate.fresh(count)
    x = ops.convert_to_tensor(np.float32(pixels) / 255)
    seen = trainer.judge(x)
    y = trainer.decoder(trainer.encoder([x, seen[decoder.SEEN]])[0])
    return {"pixels": float(ops.mean(ops.abs(x - y))), "perception": float(perceptual_distance(seen, trainer.judge(y)))}


def judge() -> keras.Model:
    """`motifnet`, cut where it compares pictures."""
    return tap(open_model(motifnet.card()), LAYERS)


def main() -> None:
    """The command line of a training, as in `train.py`."""
    folder, to_publish, plan = parse_arguments(Plan, "python -m dreampipe.models.motifnet.train_decoder", __doc__)
    pictures = render_chunks(folder / "pictures", plan.pictures, plan.seed)
    trainer = Trainer(plan, judge())
    go_on(trainer, pictures, folder)
    trainer.settle()
    trained = folder / "decoder_weights.npz"
    save_arrays(trained, trainer.trained())
    if to_publish:
        publish.weights(trained, motifnet.DECODER_CARD, motifnet.DECODER_WEIGHTS)
        publish.figures(measure(trainer), motifnet.DECODER_CARD)


if __name__ == "__main__":
    main()
