"""Models so small that what a step must do to a picture can be written down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreampipe.models import Card, Scaling, card

Build = Callable[[Any, Any], Any]
"""`(keras, image) -> output`"""
Make = Callable[..., Card]

SLOPE = (0.5, -1.0, 0.25)
"""Of the red, green and blue of each pixel, in the model `linear`."""


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """`make(build, scaling="unit", size=(None, None))`: the card of the model from `keras.Input` to what `build` returns."""
    folder = tmp_path_factory.mktemp("closed_form")
    made: dict[Any, Path] = {}

    def saved(build: Build, size: tuple[int | None, int | None]) -> Path:
        import dreampipe.backend  # noqa: F401  chooses the backend
        import keras

        keras.utils.set_random_seed(3)
        image = keras.Input((*size, 3))
        path = folder / f"{getattr(build, '__name__', 'model')}-{len(made)}.keras"
        keras.Model(image, build(keras, image)).save(path)
        return path

    def make(build: Build, scaling: Scaling = "unit", size: tuple[int | None, int | None] = (None, None)) -> Card:
        if (build, size) not in made:
            made[build, size] = saved(build, size)
        return card(made[build, size], scaling)

    return make


def conv(keras: Any, kernel: Any, name: str, **settings: Any) -> Any:
    """A convolution with this kernel, (rows, columns, channels in, channels out)."""
    kernel = np.asarray(kernel, np.float32)
    return keras.layers.Conv2D(
        kernel.shape[3],
        kernel.shape[:2],
        use_bias=False,
        kernel_initializer=keras.initializers.Constant(0.0) if not kernel.any() else _Fixed(kernel),
        name=name,
        **settings,
    )


class _Fixed:
    """Sets a kernel after it is built; only the weights are saved with a model, never this."""

    def __init__(self, kernel: np.ndarray[Any, Any]) -> None:
        self.kernel = kernel
