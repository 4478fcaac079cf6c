"""The padding of NASNet: Keras' own rule, at every size."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras.src.applications.imagenet_utils import correct_pad

from dreampipe.models.graphs import graph, shapes
from dreampipe.models.zoo.padding import MeetingPadding2D, meeting


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("height, width", [(8, 8), (9, 9), (8, 11), (15, 10)])
def test_it_is_what_keras_pads_for_that_size(kernel: int, height: int, width: int) -> None:
    picture = np.random.default_rng(0).random((2, height, width, 3), np.float32)
    padded = keras.layers.ZeroPadding2D(correct_pad(keras.Input((height, width, 3)), kernel))(picture)
    free = keras.Input((None, None, 3))
    model = keras.Model(free, MeetingPadding2D(kernel // 2)(free))
    np.testing.assert_array_equal(model(picture), padded)


def test_models_with_it_are_saved_and_read_as_any_other() -> None:
    picture = keras.Input((32, 32, 3))
    x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)), name="pad_1")(picture)
    x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)))(keras.layers.Conv2D(4, 3, 2)(x))
    model = meeting(keras.Model(picture, x))
    assert [type(layer).__name__ for layer in model.layers[1:]] == ["MeetingPadding2D", "Conv2D", "ZeroPadding2D"]
    again = keras.Model.from_config(model.get_config())
    read = graph.read({"class_name": "Functional", "config": again.get_config()})
    for side in (20, 21):
        assert shapes.after(read.nodes[("pad_1", 0)], (side, side)) == (2 * ((side + 1) // 2) + 1,) * 2
