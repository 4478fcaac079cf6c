"""The shipped decoder: small, as its card says, and able to draw what motifnet knows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from dreampipe.errors import ModelError
from dreampipe.models import card, decoder, motifnet, open_decoder, open_model


def test_the_shipped_weights_are_small_and_in_half_precision() -> None:
    assert motifnet.DECODER_WEIGHTS.stat().st_size <= 2 * 2**20
    with np.load(motifnet.DECODER_WEIGHTS) as arrays:
        assert {arrays[name].dtype for name in arrays.files} == {np.dtype(np.float16)}


def test_the_card_is_that_of_the_network() -> None:
    from dreampipe.models.motifnet import decoder as network

    known = tomllib.loads(motifnet.DECODER_CARD.read_text(encoding="utf-8"))
    opened = open_decoder(decoder())
    assert opened.input_shape == (None, None, None, known["channels"]) == (None, None, None, network.CHANNELS)
    assert known["stride"] == network.STRIDE
    for cells in [(known["least"], known["least"]), (3, 7)]:
        drawn = np.asarray(opened(np.zeros((1, *cells, network.CHANNELS), np.float32)))
        assert drawn.shape == (1, *(known["stride"] * n for n in cells), 3)
        assert 0 <= drawn.min() < drawn.max() <= 1


def test_the_encoder_gives_a_grid_that_the_decoder_takes() -> None:
    from dreampipe.models.motifnet import decoder as network

    encoder = network.encoder()
    mean, log_variance = encoder([np.zeros((1, 96, 64, 3), np.float32), np.zeros((1, 12, 8, 192), np.float32)])
    assert mean.shape == log_variance.shape == (1, 6, 4, network.CHANNELS)


def test_weights_that_are_missing_or_changed_are_not_opened(tmp_path: Path) -> None:
    sha256 = decoder().sha256
    with pytest.raises(ModelError, match="cannot be read"):
        motifnet.load_decoder(sha256, tmp_path / "none.npz")
    (tmp_path / "other.npz").write_bytes(motifnet.DECODER_WEIGHTS.read_bytes() + b" ")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        motifnet.load_decoder(sha256, tmp_path / "other.npz")
    with pytest.raises(ModelError, match="of another network than this motif_decoder"):
        motifnet.load_decoder(card("motifnet").sha256, motifnet.WEIGHTS)


def test_latents_climbed_towards_a_class_draw_that_class() -> None:
    """Adam over the latents of four classes at once; motifnet names each picture from afar off."""
    from keras import ops

    from dreampipe import backend
    from dreampipe.ascent.optimizers import Adam
    from dreampipe.ascent.prior import Prior

    model, prior, adam = open_model(card("motifnet")), Prior(), Adam()
    wanted = np.arange(0, 24, 6)
    size = np.int32([96, 96])

    def compute(latents: object, first: object, second: object, count: object) -> object:
        def score(latents: object) -> tuple[object, object]:
            logits = model(prior.image({"latents": latents}, size))
            return ops.sum(logits * np.eye(25, dtype=np.float32)[wanted]), ops.softmax(logits)

        _, probabilities, (gradient,) = backend.value_and_gradients(score, latents)
        move, moments = adam.step(gradient, (first, second), count, np.float32(0.1))
        return prior.project({"latents": latents + move})["latents"], *moments, probabilities

    step = backend.compile(compute)
    latents = prior.init(np.zeros((4, 96, 96, 3), np.float32), np.random.default_rng(0))["latents"]
    first = second = np.zeros_like(latents)
    for count in range(1, 29):
        latents, first, second, probabilities = step(latents, first, second, np.float32(count))
    assert min(np.asarray(probabilities)[range(4), wanted]) > 0.9
