"""The padding of NASNet, for pictures of any size; the module imports keras.

Keras writes the padding before a step of two into NASNet for the one size that it is built for, and at others the
branches do not meet. Here the same rule is applied to the grid that comes.
"""

from __future__ import annotations

import re
from typing import Any

from dreampipe.backend import keras, ops

layers = keras.layers


@keras.saving.register_keras_serializable(package="dreampipe")
class MeetingPadding2D(keras.layers.Layer):  # type: ignore[misc]  # keras comes without types
    """Zeros around (batch, height, width, channels): `padding` on each side, one less before an even side.

    A convolution of 2 x `padding` + 1 cells and steps of two then gives half the side, rounded up.
    """

    def __init__(self, padding: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, inputs: Any) -> Any:
        _, height, width, _ = ops.shape(inputs)
        sides = [(self.padding - 1 + side % 2, self.padding) for side in (height, width)]
        return ops.pad(inputs, ((0, 0), *sides, (0, 0)))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, height, width, channels = input_shape
        grown = [side and side + 2 * self.padding - 1 + side % 2 for side in (height, width)]
        return batch, *grown, channels

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "padding": self.padding}


def meeting(nasnet: keras.Model) -> keras.Model:
    """NASNet with these paddings in place of those for one size; of random weights, as it was."""

    def clone(layer: Any) -> Any:
        # The other paddings of NASNet are the same at every size, and have names by counting.
        if isinstance(layer, layers.ZeroPadding2D) and not re.fullmatch(r"zero_padding2d(_\d+)?", layer.name):
            return MeetingPadding2D(layer.padding[0][1], name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    return keras.models.clone_model(nasnet, clone_function=clone)
