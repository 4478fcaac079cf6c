"""Kinds of layers, and what their settings say of the cells that they take together; no keras here."""

from __future__ import annotations

from typing import Any

from dreampipe.models.graphs.graph import Node

CONVOLUTIONS = frozenset(["Conv2D", "DepthwiseConv2D", "SeparableConv2D"])
POOLS = frozenset(["MaxPooling2D", "AveragePooling2D"])
GLOBAL_POOLS = frozenset(["GlobalMaxPooling2D", "GlobalAveragePooling2D"])
ENLARGING = frozenset(["Conv2DTranspose", "UpSampling2D"])
PADDING = frozenset(["ZeroPadding2D", "Cropping2D", "ReflectPadding2D", "MeetingPadding2D", "Pad"])
_MEETING = """
    Add Average Concatenate Maximum Minimum Multiply Subtract Divide TrueDivide Power CustomScaleLayer
"""
_ACTIVATIONS = """
    Activation Softmax ReLU LeakyReLU PReLU ELU Relu Relu6 Sigmoid Softplus Softsign SoftShrink Silu Squareplus
    LogSigmoid LeakyRelu HardSigmoid HardSilu Elu Selu Gelu Celu TanhShrink HardTanh HardShrink Threshold LogSoftmax
"""
_OTHERS = """
    InputLayer Dense Identity BatchNormalization LayerNormalization RMSNormalization UnitNormalization Normalization
    Rescaling LayerScale Dropout SpatialDropout2D GaussianNoise GaussianDropout AlphaDropout ActivityRegularization
    StochasticDepth RandomFlip RandomRotation RandomZoom RandomTranslation RandomShear RandomContrast RandomBrightness
    Absolute Abs Negative Square Sqrt Rsqrt Exp Expm1 Log Log1p Reciprocal Sign Sin Cos Tanh Arctan Clip Cast Erf
"""
ENDS = frozenset([*_MEETING.split(), *_ACTIVATIONS.split()])
BY_PLACE = PADDING | ENDS | frozenset(_OTHERS.split())
"""Layers of which each place sees what the same place of their inputs sees; the random ones rest when nobody trains."""

_ALONG_CHANNELS = frozenset(
    ["Concatenate", "Softmax", "LogSoftmax", "LayerNormalization", "RMSNormalization", "UnitNormalization"]
)


def both(value: Any) -> tuple[int, int]:
    """A setting that Keras keeps as one number or as (height, width)."""
    height, width = value if isinstance(value, list | tuple) else (value, value)
    return int(height), int(width)


def window(node: Node) -> tuple[tuple[int, int], tuple[int, int]]:
    """Extent, dilation included, and steps of a convolution or pooling, in cells of its input."""
    config = node.config
    if node.kind in POOLS:
        pool = both(config["pool_size"])
        return pool, both(config["strides"] or pool)
    kernel, dilation = both(config["kernel_size"]), both(config["dilation_rate"])
    return _extent(kernel, dilation), both(config["strides"])


def enlarging_of(node: Node) -> tuple[tuple[int, int], tuple[int, int]]:
    """For an enlarging layer: the cells of its output that one of its input reaches, and its factor."""
    if node.kind == "UpSampling2D":
        height, width = both(node.config["size"])
        cells = {"nearest": 1, "bilinear": 2, "bicubic": 4}.get(node.config["interpolation"], 10)
        return (cells * height, cells * width), (height, width)
    kernel, dilation = both(node.config["kernel_size"]), both(node.config["dilation_rate"])
    return _extent(kernel, dilation), both(node.config["strides"])


def _extent(kernel: tuple[int, int], dilation: tuple[int, int]) -> tuple[int, int]:
    return (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1


def is_along_channels(node: Node) -> bool:
    """Say whether a layer that works along an axis works along the channels, so that places stay apart."""
    return node.kind not in _ALONG_CHANNELS or node.config.get("axis", -1) in (-1, 3, [-1], [3], (-1,), (3,))
