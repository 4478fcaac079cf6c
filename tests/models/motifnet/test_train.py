"""A training depends on its plan alone, goes on where it stopped, and learns."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.models.motifnet.renderer import CLASSES, SIZE, render_many
from dreampipe.models.motifnet.train import Pictures, Plan, Progress, Trainer, batches, render_chunks, unit, within

TINY = Plan(
    seed=3, batch=4, updates=12, replays=2, ramp=0.5, warmup=2, average=0.8, precision="float32", checkpoint_every=4
)


class Interrupted(Exception):
    """What stops a training in the middle."""


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return render_many(range(8))


def tiny(classes: int) -> keras.Model:
    """A network that is built and traced in no time."""
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(12, 5, strides=4, activation="silu")(image)
    x = keras.layers.Conv2D(24, 3, strides=2, activation="silu")(x)
    return keras.Model(image, keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(x)))


def run(plan: Plan, pictures: Pictures, folder: Path) -> tuple[Trainer, list[Progress]]:
    """Train a plan from its start to its end."""
    trainer, progress = Trainer(plan, tiny), list[Progress]()
    trainer.run(pictures, folder, progress.append)
    return trainer, progress


def test_a_resumed_training_is_the_uninterrupted_one_bit_for_bit(pictures: Pictures, tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    whole.mkdir()
    stopped.mkdir()
    run(TINY, pictures, whole)

    def stop(_: Progress) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        Trainer(TINY, tiny).run(pictures, stopped, stop)
    resumed = Trainer(TINY, tiny)
    resumed.restore(stopped / "checkpoint.npz")
    assert resumed.update == 4
    resumed.run(pictures, stopped, lambda _: None)
    with np.load(whole / "checkpoint.npz") as one, np.load(stopped / "checkpoint.npz") as other:
        assert int(one["update"]) == int(other["update"]) == 12
        assert one.files == other.files
        assert all(np.array_equal(one[name], other[name]) for name in one.files)
    assert sorted(path.name for path in stopped.iterdir()) == ["checkpoint.npz"]


def test_another_seed_is_another_training(pictures: Pictures, tmp_path: Path) -> None:
    plans = Plan(**{**vars(TINY), "updates": 4, "seed": 3}), Plan(**{**vars(TINY), "updates": 4, "seed": 4})
    one, other = (run(plan, pictures, tmp_path)[0].model.get_weights() for plan in plans)
    assert not np.array_equal(one[0], other[0])


def test_the_loss_falls_and_the_progress_is_told(pictures: Pictures, tmp_path: Path) -> None:
    plan = Plan(**{**vars(TINY), "updates": 80, "replays": 1, "radius": 0.0, "learning_rate": 0.01, "batch": 8})
    trainer, progress = run(plan, pictures, tmp_path)
    assert [p.update for p in progress] == list(range(4, 81, 4))
    assert all(p.updates == 80 and 0 <= p.accuracy <= 1 for p in progress)
    assert np.mean([p.loss for p in progress[-4:]]) < 0.7 * progress[0].loss
    assert not trainer.perturbation.any()


def test_the_perturbation_grows_but_stays_within_the_radius(pictures: Pictures, tmp_path: Path) -> None:
    trainer, _ = run(TINY, pictures, tmp_path)
    size = np.linalg.norm(trainer.perturbation.reshape(TINY.batch, -1), axis=1)
    assert size == pytest.approx([TINY.radius] * TINY.batch, rel=1e-4)


def test_the_radius_grows_over_the_ramp_and_stays() -> None:
    plan = Plan(updates=100, ramp=0.5, radius=3.0)
    assert [plan.radius_at(update) for update in (0, 25, 50, 99)] == pytest.approx([0, 1.5, 3, 3])
    assert Plan(updates=100, ramp=0.0, radius=3.0).radius_at(1) == 3


def test_the_averaged_weights_are_half_precision_and_leave_the_training_as_it_is(
    pictures: Pictures, tmp_path: Path
) -> None:
    trainer, _ = run(TINY, pictures, tmp_path)
    raw = trainer.model.get_weights()
    averaged = trainer.averaged()
    assert all(w.dtype == np.float16 for w in averaged)
    assert all(np.array_equal(a, b) for a, b in zip(raw, trainer.model.get_weights(), strict=True))
    assert not np.array_equal(averaged[0], raw[0].astype(np.float16))


def test_without_momentum_the_average_is_the_last_weights(pictures: Pictures, tmp_path: Path) -> None:
    trainer, _ = run(Plan(**{**vars(TINY), "updates": 4, "average": 0.0}), pictures, tmp_path)
    pairs = zip(trainer.averaged(), trainer.model.get_weights(), strict=True)
    assert all(np.array_equal(average, last.astype(np.float16)) for average, last in pairs)


def test_a_batch_depends_on_the_seed_and_its_number_alone(pictures: Pictures) -> None:
    from_start = list(islice(batches(pictures, TINY, 0), 4))
    from_two = list(islice(batches(pictures, TINY, 2), 2))
    for (x, y), (again, labels) in zip(from_start[2:], from_two, strict=True):
        assert np.array_equal(x, again)
        assert np.array_equal(y, labels)
        assert x.shape == (TINY.batch, SIZE, SIZE, 3)
        assert x.dtype == np.float32
        assert x.min() >= 0
        assert x.max() <= 1
        assert set(y.tolist()) <= set(range(8))
    other, _ = next(batches(pictures, Plan(**{**vars(TINY), "seed": 4}), 2))
    assert not np.array_equal(other, from_two[0][0])
    assert not np.array_equal(from_start[0][0], from_start[1][0])


def test_pictures_are_rendered_once_and_found_again(tmp_path: Path) -> None:
    pixels, labels = render_chunks(tmp_path / "pictures", 3, seed=6, workers=1)
    expected, expected_labels = render_many(range(3), seed=6)
    assert np.array_equal(pixels, expected)
    assert np.array_equal(labels, expected_labels)
    (file,) = (tmp_path / "pictures").iterdir()
    written = file.stat().st_mtime_ns
    found, _ = render_chunks(tmp_path / "pictures", 3, seed=6, workers=1)
    assert np.array_equal(found, expected)
    assert file.stat().st_mtime_ns == written


@settings(max_examples=30, deadline=None)
@given(size=st.floats(1e-3, 100), radius=st.floats(0, 10))
def test_within_shortens_what_is_too_long_and_nothing_else(size: float, radius: float) -> None:
    d = np.random.default_rng(0).standard_normal((2, 5, 4, 3)).astype(np.float32)
    d *= np.float32(size) / np.linalg.norm(d.reshape(2, -1), axis=1)[:, None, None, None]
    kept = np.asarray(within(d, np.float32(radius)))
    assert kept == pytest.approx(d * min(1.0, radius / size), rel=1e-4, abs=1e-6)


def test_unit_makes_every_gradient_one_long_and_leaves_zero_alone() -> None:
    g = np.zeros((2, 3, 3, 3), np.float32)
    g[0, 1, 2] = (3e-3, 0, 4e-3)
    made = np.asarray(unit(g))
    assert made[0, 1, 2] == pytest.approx((0.6, 0, 0.8), rel=1e-5)
    assert not made[1].any()


def test_the_default_plan_has_a_place_for_every_class() -> None:
    plan = Plan()
    assert plan.pictures >= 100 * len(CLASSES)
    assert plan.updates % plan.replays == 0
