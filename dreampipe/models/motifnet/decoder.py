"""The network of the learned prior: a small decoder whose pictures are those that `motifnet` was trained on.

    decoder     latents (batch, h, w, CHANNELS), each like N(0, 1)  ->  picture (batch, STRIDE h, STRIDE w, 3) in [0, 1]
    encoder     picture, and what motifnet sees in it  ->  mean and log variance of its latents; wanted in training

Fully convolutional, so that one decoder draws pictures of every size. Made to be climbed through, as `network.py` is:
no batch normalization, smooth activations, reflected borders; enlarged by repetition and convolved, for transposed
convolutions leave checkerboards (Odena et al. 2016, "Deconvolution and Checkerboard Artifacts").
"""

from __future__ import annotations

from dreampipe.backend import keras
from dreampipe.models.motifnet.network import ReflectPadding2D

layers = keras.layers

CHANNELS = 32
STRIDE = 16
_COARSE = 128
_FINER = ((112, 2), (80, 2), (32, 2), (16, 0))
"""Channels after each doubling of the grid, and convolutions on it: few where it is fine, for there they are dear."""
SEEN = "mixed3"
"""The layer of motifnet, of stride 8 and 192 channels, that the encoder looks at."""


def _convolve(
    x: keras.KerasTensor,
    filters: int,
    size: int,
    name: str,
    strides: int = 1,
    activation: str | None = "silu",
    start: float = 1.0,
) -> keras.KerasTensor:
    """A convolution whose first weights let through `start` of the variance that comes in."""
    if size > 1:
        x = ReflectPadding2D(size // 2, name=f"{name}_pad")(x)
    weights = keras.initializers.VarianceScaling(2 * start if activation == "silu" else start)
    return layers.Conv2D(filters, size, strides, activation=activation, kernel_initializer=weights, name=name)(x)


def _refine(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    """A convolution added to its own input; a small one at first, for nothing normalizes what is added up."""
    return layers.Add(name=name)([x, _convolve(x, filters, 3, f"{name}_3x3", start=0.1)])


def decoder() -> keras.Model:
    """The untrained decoder; a grid of latents has at least two cells along each side."""
    latents = keras.Input((None, None, CHANNELS), name="latents")
    x = _convolve(latents, _COARSE, 3, "coarse")
    for number in (1, 2):
        x = _refine(x, _COARSE, f"coarse_refined{number}")
    for level, (filters, refinements) in enumerate(_FINER, 1):
        x = _convolve(x, filters, 1, f"finer{level}_1x1", activation=None)
        x = layers.UpSampling2D(2, name=f"finer{level}")(x)
        for number in range(1, refinements + 1):
            x = _refine(x, filters, f"finer{level}_refined{number}")
    return keras.Model(latents, _convolve(x, 3, 3, "picture", activation="sigmoid", start=0.1), name="motif_decoder")


def encoder() -> keras.Model:
    """The untrained encoder: of pictures whose sides are multiples of `STRIDE`, and what motifnet's `SEEN` is of them.

    Built on what motifnet has learned, for there is less left to learn than from pixels; these give it the colours.
    """
    image, seen = keras.Input((None, None, 3), name="image"), keras.Input((None, None, 192), name=SEEN)
    x = layers.Concatenate(name="both")([seen, layers.AveragePooling2D(8, name="colours")(image)])
    x = _refine(_convolve(x, _COARSE, 3, "coarse", strides=2), _COARSE, "refined")
    mean = _convolve(x, CHANNELS, 1, "mean", activation=None)
    log_variance = _convolve(x, CHANNELS, 1, "log_variance", activation=None, start=0.1)
    return keras.Model([image, seen], [mean, log_variance], name="encoder")
