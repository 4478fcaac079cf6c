"""A prior: latents of the right grid, pictures of the asked size, an exact gradient, and nothing beyond its bound."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs_only import graphs_only
from hypothesis import given
from hypothesis import strategies as st
from known import known

from dreampipe import backend
from dreampipe.ascent.prior import Prior, _interpolate
from dreampipe.errors import RecipeError
from dreampipe.frames import Array
from dreampipe.models import decoder, opening

Size = tuple[int, int]
KINDS = {"grid": (None, None, 3), "fixed": (3, 4, 3), "vector": (6,)}


def build(kind: str) -> Any:
    """A small decoder of each kind of latents: tanh over a grid, sigmoid over one of a size, grey out of a vector."""
    from dreampipe.backend import keras

    layers = keras.layers

    keras.utils.set_random_seed(4)
    latents = keras.Input(KINDS[kind])
    x = layers.Reshape((2, 3, 1))(latents) if kind == "vector" else latents
    x = layers.UpSampling2D(4, interpolation="nearest" if kind == "grid" else "bilinear")(x)
    squashed = "tanh" if kind == "grid" else "sigmoid"
    x = layers.Conv2D(1 if kind == "vector" else 3, 3, padding="same", activation=squashed)(x)
    return keras.Model(latents, x)


@pytest.fixture(scope="module")
def priors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Prior]:
    folder, made = tmp_path_factory.mktemp("priors"), {}
    for kind in KINDS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, when it saves
            build(kind).save(folder / f"{kind}.keras")
        known(folder / f"{kind}.keras")
        made[kind] = Prior(decoder(folder / f"{kind}.keras"))
    return made


def blank(height: int, width: int, batch: int = 2) -> Array:
    return np.full((batch, height, width, 3), 0.5, np.float32)


def drawn(prior: Prior, latents: Array, size: Size) -> Array:
    return np.asarray(prior.image({"latents": latents}, np.int32(size)))


@pytest.fixture(scope="module")
def graphs(priors: dict[str, Prior]) -> dict[str, Callable[..., Any]]:
    """Each prior's picture, its gradient along `up`, and its projection, traced once for all sizes."""
    from keras import ops

    from dreampipe import backend

    def graph(prior: Prior) -> Callable[..., Any]:
        def compute(latents: Any, size: Any, up: Any) -> Any:
            def score(latents: Any) -> tuple[Any, Any]:
                image = prior.image({"latents": latents}, size)
                return ops.sum(image * up), image

            _, image, (gradient,) = backend.value_and_gradients(score, latents)
            return image, gradient, prior.project({"latents": latents})["latents"]

        spec = backend.spec
        return backend.compile(compute, spec(*[None] * 4), backend.sizes(2), spec(*[None] * 4))

    return {kind: graph(prior) for kind, prior in priors.items()}


@pytest.mark.parametrize(("kind", "cells"), [("grid", (3, 5)), ("fixed", (3, 4)), ("vector", (1, 1))])
def test_latents_are_drawn_of_the_seed_in_the_decoders_grid(kind: str, cells: Size, priors: dict[str, Prior]) -> None:
    prior = priors[kind]
    pictures = np.concatenate([blank(10, 18), blank(10, 18)[:1] + np.float32(0.1)])
    one, again, other = (prior.init(pictures, np.random.default_rng(seed))["latents"] for seed in (1, 1, 2))
    assert one.shape == (3, *cells, KINDS[kind][-1]) and one.dtype == np.float32
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    # Pictures that start alike start alike here, too, so that none depends on the others of its batch.
    assert np.array_equal(one[0], one[1]) and not np.array_equal(one[0], one[2])
    assert np.array_equal(one[:1], prior.init(pictures[:1], np.random.default_rng(1))["latents"])


def test_latents_start_with_the_deviation_and_within_the_bound(priors: dict[str, Prior]) -> None:
    many = Prior(priors["grid"].card, deviation=0.7, bound=1.0).init(blank(400, 400), np.random.default_rng(0))
    assert abs(many["latents"]).max() == 1
    wide = Prior(priors["grid"].card, deviation=0.7, bound=9.0).init(blank(400, 400), np.random.default_rng(0))
    assert wide["latents"].std() == pytest.approx(0.7, rel=0.02)
    still = Prior(priors["grid"].card, deviation=0.0).init(blank(8, 8), np.random.default_rng(0))
    assert not still["latents"].any()


@pytest.mark.parametrize("kind", KINDS)
def test_one_graph_draws_pictures_of_every_size(
    kind: str, priors: dict[str, Prior], graphs: dict[str, Callable[..., Any]]
) -> None:
    for size in [(8, 8), (13, 21), (12, 16)]:
        latents = priors[kind].init(blank(*size), np.random.default_rng(0))["latents"]
        image, gradient, _ = graphs[kind](latents, np.int32(size), blank(*size))
        assert image.shape == (2, *size, 3) and gradient.shape == latents.shape
        assert 0 <= np.min(image) < np.max(image) <= 1
        np.testing.assert_allclose(image, drawn(priors[kind], latents, size), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_finite_differences(
    kind: str, priors: dict[str, Prior], graphs: dict[str, Callable[..., Any]]
) -> None:
    rng, size = np.random.default_rng(5), (10, 14)
    latents = priors[kind].init(blank(*size), rng)["latents"]
    up, along = rng.standard_normal((2, *size, 3), np.float32), rng.standard_normal(latents.shape, np.float32)
    _, gradient, _ = graphs[kind](latents, np.int32(size), up)
    after, before = (
        np.sum(drawn(priors[kind], latents + sign * 1e-2 * along, size).astype(float) * up) for sign in (1, -1)
    )
    assert np.sum(np.asarray(gradient) * along) == pytest.approx((after - before) / 2e-2, rel=1e-2, abs=1e-2)


def test_a_grid_is_cut_to_the_picture_and_never_stretched(priors: dict[str, Prior]) -> None:
    latents = priors["grid"].init(blank(12, 16), np.random.default_rng(0))["latents"]
    whole = drawn(priors["grid"], latents, (12, 16))
    assert np.array_equal(drawn(priors["grid"], latents, (10, 13)), whole[:, :10, :13])


def test_pixels_of_tanh_and_grey_pictures_become_rgb_from_0_to_1(priors: dict[str, Prior]) -> None:
    from dreampipe.models import open_decoder

    latents = priors["grid"].init(blank(8, 8), np.random.default_rng(0))["latents"]
    raw = np.asarray(open_decoder(priors["grid"].card)(latents))
    assert raw.min() < 0
    np.testing.assert_allclose(drawn(priors["grid"], latents, (8, 8)), raw / 2 + 0.5, atol=1e-6)
    vector = priors["vector"].init(blank(8, 12), np.random.default_rng(0))["latents"]
    grey = drawn(priors["vector"], vector, (8, 12))
    np.testing.assert_allclose(grey, np.repeat(open_decoder(priors["vector"].card)(vector[:, 0, 0]), 3, -1), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_projected_latents_are_within_the_bound_and_others_stay(
    kind: str, graphs: dict[str, Callable[..., Any]]
) -> None:
    shape = (1, *(KINDS[kind] if kind == "fixed" else (1, 1, 6) if kind == "vector" else (2, 2, 3)))
    far = np.linspace(-9, 9, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    _, _, kept = graphs[kind](far, np.int32([8, 8]), blank(8, 8, 1))
    np.testing.assert_array_equal(kept, np.clip(far, -3, 3))


def test_a_grid_is_carried_smoothly_and_what_has_one_size_stays(priors: dict[str, Prior]) -> None:
    for kind, prior in priors.items():
        latents = prior.init(blank(12, 16), np.random.default_rng(0))["latents"]
        carried = prior.carry({"latents": latents}, blank(24, 33))["latents"]
        assert carried.shape == (2, *((6, 9) if kind == "grid" else latents.shape[1:3]), latents.shape[-1])
        assert carried.dtype == np.float32
        assert kind == "grid" or np.array_equal(carried, latents)
        assert abs(carried).max() <= abs(latents).max() + 1e-6
        assert np.array_equal(prior.carry({"latents": latents}, blank(12, 16))["latents"], latents)
    ramp = np.arange(4, dtype=np.float32).reshape(1, 1, 4, 1)
    np.testing.assert_allclose(_interpolate(ramp, (2, 8))[0, :, 1:7, 0], [np.arange(1, 7) / 2 - 0.25] * 2, atol=1e-6)


cells = st.tuples(st.integers(1, 7), st.integers(1, 7))


@given(before=cells, after=cells, factor=st.floats(-3, 3))
def test_carrying_is_linear_and_keeps_what_is_even(before: Size, after: Size, factor: float) -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.standard_normal((1, *before, 2), np.float32) for _ in "ab")
    both = _interpolate(one + np.float32(factor) * other, after)
    apart = _interpolate(one, after) + factor * _interpolate(other, after)
    np.testing.assert_allclose(both, apart, atol=1e-4)
    np.testing.assert_allclose(_interpolate(np.ones_like(one), after), 1, atol=1e-6)


def test_a_prior_travels_and_its_settings_are_checked() -> None:
    prior = Prior()
    assert prior.card == decoder() and pickle.loads(pickle.dumps(prior)) == prior and hash(prior) == hash(Prior())
    for wrong in ({"deviation": -1.0}, {"bound": 0.0}, {"bound": float("nan")}, {"deviation": float("inf")}):
        with pytest.raises(RecipeError, match="finite numbers are expected"):
            Prior(**wrong)


def test_a_file_that_is_no_decoder_is_refused_before_a_prior_is_made(tmp_path: Path) -> None:
    from dreampipe.errors import ModelError

    with pytest.raises(ModelError, match="cannot be read"):
        Prior(decoder(tmp_path / "missing.keras"))


@graphs_only
def test_a_decoder_that_a_graph_opens_draws_as_one_opened_before() -> None:
    """A decoder is opened once, so forget it first; weights assigned within a graph would be lost."""
    prior, latents = Prior(), np.random.default_rng(0).standard_normal((1, 3, 3, 32), np.float32)
    before = drawn(prior, latents, (48, 48))
    opening._open_decoder.cache_clear()
    graph = backend.compile(
        lambda latents, size: prior.image({"latents": latents}, size),
        backend.spec(None, None, None, None),
        backend.sizes(2),
    )
    np.testing.assert_allclose(graph(latents, np.int32([48, 48])), before, atol=1e-4)
    assert opening._open_decoder.cache_info().currsize == 1
