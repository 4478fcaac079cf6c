"""From dreampipe's pixels to a model's own, and back: `scale(image, scaling)`, `unscale`, the five ways of models.

Arrays stay arrays, and tensors tensors: PyTorch does not mix the two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dreampipe.models.model_card import Scaling

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_CAFFE_MEAN = (103.939, 116.779, 123.68)  # of ImageNet: blue, green, red, in 0..255


def scale(image: Any, scaling: Scaling) -> Any:
    """The model's own input from an image (..., 3), RGB in [0, 1], floating point; differentiable.

    unit: [0, 1] as it is; tf: [-1, 1]; torch: ImageNet's mean and deviation; caffe: BGR in 0..255 less ImageNet's mean;
    bytes: [0, 255].

    Raises:
        ValueError: the scaling is none of these.
    """
    match scaling:
        case "unit":
            return image
        case "tf":
            return image * 2.0 - 1.0
        case "bytes":
            return image * 255.0
        case "torch":
            return (image - _as_in(image, _MEAN)) / _as_in(image, _STD)
        case "caffe":
            return _turn(image) * 255.0 - _as_in(image, _CAFFE_MEAN)
    raise ValueError(f"The scaling came as {scaling!r}, but unit, tf, torch, caffe or bytes is expected.")


def unscale(pixels: Any, scaling: Scaling) -> Any:
    """The image (..., 3), RGB in [0, 1], of pixels in a model's own scaling: `scale` backwards, differentiable.

    Raises:
        ValueError: the scaling is none of these.
    """
    match scaling:
        case "unit":
            return pixels
        case "tf":
            return pixels * 0.5 + 0.5
        case "bytes":
            return pixels / 255.0
        case "torch":
            return pixels * _as_in(pixels, _STD) + _as_in(pixels, _MEAN)
        case "caffe":
            return _turn((pixels + _as_in(pixels, _CAFFE_MEAN)) / 255.0)
    raise ValueError(f"The scaling came as {scaling!r}, but unit, tf, torch, caffe or bytes is expected.")


def _as_in(image: Any, values: tuple[float, ...]) -> Any:
    """Numbers for each channel, of the kind and type of an image."""
    if isinstance(image, np.ndarray):
        return np.array(values, image.dtype)
    from dreampipe.backend import ops

    return ops.convert_to_tensor(values, image.dtype)


def _turn(image: Any) -> Any:
    """Turn RGB to BGR, and back."""
    if isinstance(image, np.ndarray):
        return image[..., ::-1]
    from dreampipe.backend import ops

    return ops.flip(image, -1)


def spread(scaling: Scaling) -> float:
    """Return the distance of black and white in a scaling, the mean over its channels: 1 for unit, 255 for bytes."""
    return {"unit": 1.0, "tf": 2.0, "bytes": 255.0, "caffe": 255.0, "torch": sum(1 / std for std in _STD) / 3}[scaling]


def ends(scaling: Scaling) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Black and white in a scaling, each as the numbers of its three channels."""
    if scaling == "torch":
        return tuple(-m / s for m, s in zip(_MEAN, _STD, strict=True)), tuple(
            (1 - m) / s for m, s in zip(_MEAN, _STD, strict=True)
        )
    if scaling == "caffe":
        return tuple(-m for m in _CAFFE_MEAN), tuple(255 - m for m in _CAFFE_MEAN)
    low, high = {"unit": (0.0, 1.0), "tf": (-1.0, 1.0), "bytes": (0.0, 255.0)}[scaling]
    return (low,) * 3, (high,) * 3
