"""The network `motifnet`: a small inception classifier made to be climbed.

Without batch normalization (its statistics are those of pictures, not of dreams); with average pooling and a smooth
activation (every pixel gets a gradient), reflected borders (a frame of zeros would be dreamed on), fully convolutional
up to the head. The activation is SiLU: Xie et al. 2020, "Smooth Adversarial Training".
"""

from __future__ import annotations

from dreampipe.backend import keras, ops

layers = keras.layers

BLOCKS: dict[str, tuple[int, int, int, int, int]] = {
    "mixed1": (24, 32, 48, 12, 24),
    "mixed2": (32, 32, 64, 16, 32),
    "mixed3": (48, 48, 96, 24, 48),
    "mixed4": (64, 64, 128, 32, 64),
    "mixed5": (80, 80, 160, 32, 64),
    "mixed6": (96, 96, 192, 40, 80),
}
"""Channels of each block: 1x1; 3x3 reduced, 3x3; 5x5 reduced, 5x5. A block's output is their concatenation."""

POOLED = ("mixed3", "mixed5")
"""Blocks before which the grid is halved; the stem divides it by four."""


@keras.saving.register_keras_serializable(package="dreampipe")
class ReflectPadding2D(keras.layers.Layer):  # type: ignore[misc]  # keras comes without types
    """Pads (batch, height, width, channels) by `padding` cells on each side, mirrored at the border cell."""

    def __init__(self, padding: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        p = self.padding
        return ops.pad(inputs, ((0, 0), (p, p), (p, p), (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, height, width, channels = input_shape
        grow = 2 * self.padding
        return batch, height and height + grow, width and width + grow, channels

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "padding": self.padding}


def _convolve(
    x: keras.KerasTensor, filters: int, size: int, name: str, strides: int = 1, dtype: str | None = None
) -> keras.KerasTensor:
    if size > 1:
        x = ReflectPadding2D(size // 2, name=f"{name}_pad", dtype=dtype)(x)
    return layers.Conv2D(
        filters, size, strides=strides, activation="silu", kernel_initializer="he_normal", name=name, dtype=dtype
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
    """The untrained network: (batch, height, width, 3) RGB in [0, 1], both sides >= 47, to (batch, classes) logits.

    Under Keras' mixed precision the first layer and the head stay in float32: pixels need more than 8 bits.
    """
    image = keras.Input((None, None, 3), name="image", dtype="float32")
    x = layers.Rescaling(2.0, -1.0, name="centred", dtype="float32")(image)
    x = _convolve(x, 24, 5, "stem1", strides=2, dtype="float32")
    x = _convolve(x, 32, 3, "stem2")
    x = layers.AveragePooling2D(2, name="stem")(x)
    for name in BLOCKS:
        if name in POOLED:
            x = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
        x = _block(x, name)
    places = layers.Conv2D(classes, 1, name="places", dtype="float32")(x)
    logits = layers.GlobalAveragePooling2D(name="logits", dtype="float32")(places)
    return keras.Model(image, logits, name="motifnet")
