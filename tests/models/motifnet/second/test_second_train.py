"""The network of the second edition keeps its bounds, and its training follows from its plan alone."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import pytest

from dreampipe.models.motifnet.second import network
from dreampipe.models.motifnet.second.classes import CLASSES
from dreampipe.models.motifnet.second.renderer import SIZE, render_many
from dreampipe.models.motifnet.second.train import PLAN, draw_batches, train
from dreampipe.models.motifnet.train import Plan, Trainer

TINY = Plan(
    seed=3, pictures=10, batch=3, updates=4, replays=1, radius=1.5, ramp=0.5, warmup=2, average=0.8,
    precision="float32", checkpoint_every=2,
)  # fmt: skip


def tiny(classes: int) -> keras.Model:
    """A network that is built and traced in no time."""
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(8, 5, strides=4, activation="relu")(image)
    return keras.Model(image, keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(x)))


def test_the_network_fits_into_4_mib_and_has_the_blocks_of_the_first() -> None:
    model = network.build(len(CLASSES))
    assert 2 * model.count_params() <= 4 * 2**20
    assert model.output_shape == (None, len(CLASSES))
    cut = keras.Model(model.input, [model.get_layer(f"mixed{k}").output for k in range(1, 7)])
    sides = [out.shape[1] for out in cut(np.zeros((1, 64, 64, 3), np.float32))]
    assert sides == [16, 16, 8, 8, 4, 4]


def test_batches_are_the_numbers_in_order_and_begin_again_after_the_last() -> None:
    with closing(draw_batches(TINY, 2)) as drawn:
        (x, y), (again, _) = islice(drawn, 2)
    pixels, labels = render_many([6, 7, 8], TINY.seed)
    assert np.array_equal(x, pixels / np.float32(255))
    assert np.array_equal(y, labels)
    assert x.dtype == np.float32
    assert x.shape == (3, SIZE, SIZE, 3)
    assert np.array_equal(again, render_many([9, 0, 1], TINY.seed)[0] / np.float32(255))


def test_another_process_renders_the_same_batches() -> None:
    with closing(draw_batches(TINY, 0, workers=1)) as there, closing(draw_batches(TINY, 0)) as here:
        for (x, y), (z, labels) in islice(zip(there, here, strict=False), 2):
            assert np.array_equal(x, z)
            assert np.array_equal(y, labels)


def test_a_resumed_training_is_the_uninterrupted_one_bit_for_bit(tmp_path: Path) -> None:
    figures = train(TINY, tmp_path / "whole", build=tiny, checked=2)
    assert figures.keys() == {"clean_accuracy", "attacked_accuracy"}
    assert all(0 <= value <= 1 for value in figures.values())

    class Interrupted(Exception):
        pass

    def stop(_: object) -> None:
        raise Interrupted

    (tmp_path / "stopped").mkdir()
    with closing(draw_batches(TINY, 0)) as drawn, pytest.raises(Interrupted):
        Trainer(TINY, tiny, len(CLASSES), SIZE).climb(drawn, tmp_path / "stopped", stop)
    assert [path.name for path in (tmp_path / "stopped").iterdir()] == ["checkpoint.npz"]
    train(TINY, tmp_path / "stopped", build=tiny, checked=2)
    for name in ("checkpoint.npz", "weights.npz"):
        with np.load(tmp_path / "whole" / name) as one, np.load(tmp_path / "stopped" / name) as other:
            assert len(one.files) == len(other.files)
            assert all(np.array_equal(one[a], other[b]) for a, b in zip(one.files, other.files, strict=True))


def test_the_plan_renders_every_picture_once_and_attacks_within_the_bar() -> None:
    assert PLAN.batch * PLAN.updates // PLAN.replays <= PLAN.pictures
    assert PLAN.updates % PLAN.replays == PLAN.checkpoint_every % PLAN.replays == 0
    assert PLAN.radius == 1.5
