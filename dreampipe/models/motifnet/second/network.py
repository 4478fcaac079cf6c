"""The network of the second edition: wider than the first where the grid is coarse, and cheaper at every pixel.

ReLU and zero padding are part of a convolution and cost nothing beside it, where SiLU and mirrored borders were two
fifths of a step; and the second convolution of the stem works on a grid of a quarter, after the pooling. Without batch
normalization, with average pooling, and fully convolutional up to the head, as the first edition.
"""

from __future__ import annotations

from dreampipe.backend import keras

layers = keras.layers

BLOCKS: dict[str, tuple[int, int, int, int, int]] = {
    "mixed1": (24, 32, 56, 12, 24),
    "mixed2": (40, 32, 64, 16, 32),
    "mixed3": (64, 64, 128, 24, 56),
    "mixed4": (80, 72, 144, 32, 64),
    "mixed5": (112, 104, 256, 40, 96),
    "mixed6": (144, 128, 320, 48, 128),
}
"""Channels of each block: 1x1; 3x3 reduced, 3x3; 5x5 reduced, 5x5. A block's output is their concatenation."""

POOLED = ("mixed3", "mixed5")
"""Blocks before which the grid is halved; the stem divides it by four."""


def _convolve(
    x: keras.KerasTensor, filters: int, size: int, name: str, strides: int = 1, dtype: str | None = None
) -> keras.KerasTensor:
    return layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
        dtype=dtype,
    )(x)


def _block(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    one, three_reduced, three, five_reduced, five = BLOCKS[name]
    branches = [
        _convolve(x, one, 1, f"{name}_1x1"),
        _convolve(_convolve(x, three_reduced, 1, f"{name}_3x3_reduce"), three, 3, f"{name}_3x3"),
        _convolve(_convolve(x, five_reduced, 1, f"{name}_5x5_reduce"), five, 5, f"{name}_5x5"),
    ]
    return layers.Concatenate(name=name)(branches)


def build(classes: int) -> keras.Model:
    """The untrained network: (batch, height, width, 3) RGB in [0, 1] to (batch, classes) logits.

    Under Keras' mixed precision the first layer and the head stay in float32: pixels need more than 8 bits.
    """
    image = keras.Input((None, None, 3), name="image", dtype="float32")
    x = layers.Rescaling(2.0, -1.0, name="centred", dtype="float32")(image)
    x = _convolve(x, 24, 5, "stem1", strides=2, dtype="float32")
    x = layers.AveragePooling2D(2, name="stem")(x)
    x = _convolve(x, 48, 3, "stem2")
    for name in BLOCKS:
        if name in POOLED:
            x = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
        x = _block(x, name)
    places = layers.Conv2D(classes, 1, name="places", dtype="float32")(x)
    logits = layers.GlobalAveragePooling2D(name="logits", dtype="float32")(places)
    return keras.Model(image, logits, name="motifnet2")
