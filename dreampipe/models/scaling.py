"""From dreampipe's pixels to a model's own, and back: `scale(image, scaling)`, `unscale`, the five ways of models."""

from __future__ import annotations

from typing import Any

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
    from dreampipe.backend import ops

    match scaling:
        case "unit":
            return image
        case "tf":
            return image * 2.0 - 1.0
        case "bytes":
            return image * 255.0
        case "torch":
            return (image - ops.convert_to_tensor(_MEAN, image.dtype)) / ops.convert_to_tensor(_STD, image.dtype)
        case "caffe":
            return ops.flip(image, -1) * 255.0 - ops.convert_to_tensor(_CAFFE_MEAN, image.dtype)
    raise ValueError(f"The scaling came as {scaling!r}, but unit, tf, torch, caffe or bytes is expected.")


def unscale(pixels: Any, scaling: Scaling) -> Any:
    """The image (..., 3), RGB in [0, 1], of pixels in a model's own scaling: `scale` backwards, differentiable.

    Raises:
        ValueError: the scaling is none of these.
    """
    from dreampipe.backend import ops

    match scaling:
        case "unit":
            return pixels
        case "tf":
            return pixels * 0.5 + 0.5
        case "bytes":
            return pixels / 255.0
        case "torch":
            return pixels * ops.convert_to_tensor(_STD, pixels.dtype) + ops.convert_to_tensor(_MEAN, pixels.dtype)
        case "caffe":
            return ops.flip((pixels + ops.convert_to_tensor(_CAFFE_MEAN, pixels.dtype)) / 255.0, -1)
    raise ValueError(f"The scaling came as {scaling!r}, but unit, tf, torch, caffe or bytes is expected.")


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
