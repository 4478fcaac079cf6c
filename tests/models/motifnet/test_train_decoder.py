"""A training of the decoder depends on its plan alone, goes on where it stopped, and learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from dreampipe.errors import ModelError
from dreampipe.models.motifnet import decoder
from dreampipe.models.motifnet.renderer import render_many
from dreampipe.models.motifnet.train import Pictures
from dreampipe.models.motifnet.train_decoder import (
    LAYERS,
    Plan,
    Progress,
    Trainer,
    divergence,
    judge,
    measure,
    perceptual_distance,
)

TINY = Plan(seed=3, batch=2, updates=6, warmup=1, average=0.8, checkpoint_every=2)


class Interrupted(Exception):
    """What stops a training in the middle."""


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return render_many(range(4))


def tiny() -> tuple[keras.Model, keras.Model]:
    """Networks that are built and traced in no time."""
    image, seen = keras.Input((None, None, 3)), keras.Input((None, None, 192))
    x = layers.Concatenate()([seen, layers.AveragePooling2D(8)(image)])
    mean, log_variance = (layers.Conv2D(decoder.CHANNELS, 2, strides=2)(x) for _ in range(2))
    latents = keras.Input((None, None, decoder.CHANNELS))
    picture = layers.Conv2D(3, 1, activation="sigmoid", name="picture")(layers.UpSampling2D(decoder.STRIDE)(latents))
    return keras.Model([image, seen], [mean, log_variance]), keras.Model(latents, picture)


@pytest.fixture(scope="module")
def seeing() -> keras.Model:
    return judge()


def test_a_resumed_training_is_the_uninterrupted_one_bit_for_bit(
    pictures: Pictures, seeing: keras.Model, tmp_path: Path
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    whole.mkdir()
    stopped.mkdir()
    uninterrupted, told = Trainer(TINY, seeing, tiny), list[Progress]()
    uninterrupted.run(pictures, whole, told.append)
    assert [p.update for p in told] == [2, 4, 6]

    def stop(_: Progress) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        Trainer(TINY, seeing, tiny).run(pictures, stopped, stop)
    resumed = Trainer(TINY, seeing, tiny)
    resumed.restore(stopped / "checkpoint.npz")
    assert resumed.update == 2
    resumed.run(pictures, stopped, lambda _: None)
    with np.load(whole / "checkpoint.npz") as one, np.load(stopped / "checkpoint.npz") as other:
        assert int(one["update"]) == int(other["update"]) == 6
        assert one.files == other.files
        assert all(np.array_equal(one[name], other[name]) for name in one.files)
    raw = uninterrupted.trained()
    uninterrupted.settle()
    resumed.settle()
    trained, again = uninterrupted.trained(), resumed.trained()
    assert not any(np.array_equal(trained[name], raw[name]) for name in trained)
    assert all(np.array_equal(trained[name], again[name]) for name in trained)
    assert list(trained) == [w.path for w in uninterrupted.decoder.weights]
    assert {weights.dtype for weights in trained.values()} == {np.dtype(np.float16)}


def test_a_checkpoint_of_another_plan_is_refused(pictures: Pictures, seeing: keras.Model, tmp_path: Path) -> None:
    trainer = Trainer(replace(TINY, updates=2), seeing, tiny)
    trainer.save(tmp_path / "checkpoint.npz")
    with pytest.raises(ModelError, match=r"is the checkpoint of Plan\(.*updates=2"):
        Trainer(TINY, seeing, tiny).restore(tmp_path / "checkpoint.npz")


@pytest.mark.slow
def test_pictures_come_nearer_to_what_they_are_of(pictures: Pictures, seeing: keras.Model, tmp_path: Path) -> None:
    """With the networks of the real training."""
    trainer, told = Trainer(replace(TINY, updates=20, warmup=5, checkpoint_every=5), seeing), list[Progress]()
    before = measure(trainer, 10)
    trainer.run(pictures, tmp_path, told.append)
    assert np.mean([p.pixels for p in told[-2:]]) < told[0].pixels
    assert np.mean([p.perception for p in told[-2:]]) < told[0].perception
    after = measure(trainer, 10)
    assert after["pixels"] < before["pixels"] and after["perception"] < before["perception"]


def test_motifnet_sees_no_distance_between_a_picture_and_itself(pictures: Pictures, seeing: keras.Model) -> None:
    seen = seeing(np.float32(pictures[0]) / 255)
    assert tuple(seen) == LAYERS
    assert float(perceptual_distance(seen, seen)) == 0
    nothing = {name: value * 0 for name, value in seen.items()}
    assert float(perceptual_distance(seen, nothing)) == pytest.approx(1, abs=1e-3)


@settings(deadline=None, max_examples=25)
@given(mean=st.floats(-3, 3), deviation=st.floats(0.05, 3))
def test_the_divergence_is_that_of_normal_distributions(mean: float, deviation: float) -> None:
    """Against the integral of p log(p / q)."""
    x = np.linspace(mean - 12 * deviation, mean + 12 * deviation, 20_001)
    log_p = -0.5 * ((x - mean) / deviation) ** 2 - np.log(deviation)
    integral = np.trapezoid(np.exp(log_p) / np.sqrt(2 * np.pi) * (log_p + 0.5 * x**2), x)
    shape = (2, 1, 3, 4)
    found = divergence(np.full(shape, mean, np.float32), np.full(shape, 2 * np.log(deviation), np.float32))
    assert float(found) == pytest.approx(float(integral), rel=1e-3, abs=1e-4)
