"""Each scaling against what keras.applications does to the same picture."""

from __future__ import annotations

import numpy as np
import pytest
from keras.applications.imagenet_utils import preprocess_input

from dreampipe import backend
from dreampipe.models import SCALINGS, Scaling
from dreampipe.models.scaling import scale, spread, unscale

IMAGE = np.random.default_rng(0).random((2, 5, 7, 3), np.float32)


@pytest.mark.parametrize("scaling", ["tf", "torch", "caffe"])
def test_equals_keras_applications(scaling: str) -> None:
    expected = preprocess_input(IMAGE * 255.0, data_format="channels_last", mode=scaling)
    np.testing.assert_allclose(scale(IMAGE, scaling), expected, rtol=1e-5, atol=1e-4)  # type: ignore[arg-type]


def test_unit_and_bytes() -> None:
    np.testing.assert_array_equal(scale(IMAGE, "unit"), IMAGE)
    np.testing.assert_array_equal(scale(IMAGE, "bytes"), IMAGE * 255.0)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_backwards_it_is_the_image_again(scaling: Scaling) -> None:
    np.testing.assert_allclose(unscale(scale(IMAGE, scaling), scaling), IMAGE, atol=3e-7)
    away = np.asarray(scale(np.ones((1, 3), np.float32), scaling)) - scale(np.zeros((1, 3), np.float32), scaling)
    assert spread(scaling) == pytest.approx(np.mean(away), rel=1e-6)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_arrays_stay_arrays_with_the_values_of_tensors(scaling: Scaling) -> None:
    """PyTorch has no operators of an array and a tensor."""
    for change in (scale, unscale):
        changed = change(IMAGE, scaling)
        assert isinstance(changed, np.ndarray) and changed.dtype == IMAGE.dtype
        tensor = change(backend.ops.convert_to_tensor(IMAGE), scaling)
        np.testing.assert_allclose(backend.as_array(tensor), changed, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_keeps_type_and_has_a_gradient_everywhere(scaling: str) -> None:
    image = backend.ops.convert_to_tensor(IMAGE)
    _, scaled, (gradient,) = backend.value_and_gradients(
        lambda image: (backend.ops.sum(scale(image, scaling)), scale(image, scaling)),  # type: ignore[arg-type]
        image,
    )
    assert scaled.dtype == image.dtype and scaled.shape == image.shape
    assert np.all(np.asarray(gradient) > 0)


def test_an_unknown_scaling_is_refused() -> None:
    with pytest.raises(ValueError, match="came as 'imagenet'"):
        scale(IMAGE, "imagenet")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="came as 'imagenet'"):
        unscale(IMAGE, "imagenet")  # type: ignore[arg-type]
