"""The table of forms: each layer and operation of Keras, by its identity, as the steps that rules know.

What is not in the table has no rule, whatever its name: a user's layer called ReLU may compute something else.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from dreampipe.backend import Tensor, keras, ops
from dreampipe.explanations.propagation import composites, kernels, pooling
from dreampipe.explanations.propagation.call import Call, Unknown
from dreampipe.explanations.propagation.steps import Builder, Slot, Step
from dreampipe.models.graphs.graph import Key, Ref
from dreampipe.models.motifnet.network import ReflectPadding2D
from dreampipe.models.operations import own_activation

layers, activations = keras.layers, keras.activations
Row = Callable[[Call], Slot | list[Slot]]

_RECTIFIERS = """relu relu6 leaky_relu elu selu celu silu gelu hard_silu mish soft_shrink hard_shrink threshold softplus
    squareplus sparse_plus"""
_SQUASHERS = "tanh hard_tanh tanh_shrink softsign exponential log_sigmoid"
_SIGMOIDS = "sigmoid hard_sigmoid sparse_sigmoid"


def steps_of(operation: Any, key: Key, args: Any, kwargs: Any, bare: bool = False) -> tuple[list[Step], list[Slot]]:
    """List the steps of an operation of a model, and where its results are.

    Args:
        args, kwargs: of its call, with a `Ref` for each tensor.
        bare: leave out the activation that a layer ends in.

    Raises:
        Unknown: it has no form.
    """
    builder = Builder(key, operation)
    call = Call(operation, args, kwargs, builder)
    kind = type(operation)
    plain = isinstance(operation, keras.layers.Layer) and "call" not in vars(operation)  # computes what its class does
    if plain and (kind in _KERNELS or kind is layers.Activation):
        before = _KERNELS[kind](builder, call.plain(), call.inputs[0]) if kind in _KERNELS else call.inputs[0]
        return builder.steps, [activate(builder, before, activations.linear if bare else own_activation(operation))]
    row = (_LAYERS.get(kind) if plain else None) or _OPERATIONS.get((kind.__module__, kind.__name__))
    if row is None or (isinstance(operation, keras.layers.Layer) and not plain):
        raise Unknown(operation)
    found = row(call)
    return builder.steps, found if isinstance(found, list) else [found]


def activate(builder: Builder, x: Slot, function: Any) -> Slot:
    """List an activation, a function of Keras or its object; raises Unknown."""
    if function is activations.linear:
        return x
    for names, facts in _ACTIVATIONS.items():
        for name in names.split():
            if any(function is getattr(module, name, activate) for module in (activations, ops)):
                return builder.add("elementwise", function, x, **facts)
    if any(function is known for known in (activations.softmax, ops.softmax)):
        return builder.softmax(x, (-1,))
    row = _OPERATIONS.get((type(function).__module__, type(function).__name__))
    if row is not None and row in (_elementwise, _rectifier, _sigmoid):
        return builder.add("elementwise", function, x, **getattr(row, "keywords", {}))
    raise Unknown(builder.operation)


_ACTIVATIONS: Mapping[str, Mapping[str, bool]] = {
    _RECTIFIERS: {"rectifies": True},
    _SQUASHERS: {},
    _SIGMOIDS: {"gates": True},
}


def _moving(call: Call) -> Slot:
    return call.whole("moving")


def _pad(call: Call) -> Slot:
    """A padding; one with numbers other than 0 adds them."""
    filled = [value for value in (*call.args, *call.kwargs.values()) if isinstance(value, int | float) and value != 0]
    return call.whole("linear", biased=True) if filled else _moving(call)


def _mean(call: Call) -> Slot:
    return call.whole("linear")


def _by_value(call: Call) -> Slot:
    return call.whole("linear", biased=True, by_value=True)


def _elementwise(call: Call, **facts: bool) -> Slot:
    if len(call.inputs) != 1:
        raise Unknown(call.operation)
    return call.whole("elementwise", **facts)


def _batch_normalization(call: Call) -> Slot:
    layer = call.operation

    def scale() -> tuple[Tensor, Tensor]:
        factor = ops.rsqrt(ops.cast(layer.moving_variance, "float32") + layer.epsilon)
        factor = factor * ops.cast(layer.gamma, "float32") if layer.scale else factor
        shift = -ops.cast(layer.moving_mean, "float32") * factor
        return factor, shift + ops.cast(layer.beta, "float32") if layer.center else shift

    along_channels = layer.axis in (-1, 3, [-1], [3])
    return call.whole("linear", biased=True, by_value=True, scale=scale if along_channels else None)


def _upsampling(call: Call) -> Slot:
    return _moving(call) if call.operation.interpolation == "nearest" else _mean(call)


def _resize(call: Call) -> Slot:
    if call.operation.interpolation not in ("nearest", "bilinear", "area") and len(call.inputs) == 1:
        raise Unknown(call.operation)
    return _mean(call)


def _sum(call: Call) -> Slot:
    constant = len(call.inputs) == 1 and call.has_constants
    return call.whole("linear", biased=constant, by_value=constant)


def _product(call: Call) -> Slot:
    """A product of tensors, two at a time, or of one with a constant."""
    if len(call.inputs) == 1:
        return call.whole("linear", by_value=True)
    if call.has_constants:
        raise Unknown(call.operation)
    result = call.inputs[0]
    for other in call.inputs[1:]:
        result = call.builder.add("product", ops.multiply, result, other)
    return result


def _bilinear(call: Call) -> Slot:
    """A matrix product or sum of products of two tensors, or of one with a constant."""
    if len(call.inputs) > 2:
        raise Unknown(call.operation)
    return call.whole("linear" if len(call.inputs) == 1 else "product")


def _quotient(call: Call) -> Slot:
    if len(call.inputs) == 1:
        first = isinstance(call.args[0], Ref)
        return call.whole("linear", by_value=True) if first else call.whole("elementwise")
    over = call.builder.add("elementwise", ops.reciprocal, call.inputs[1])
    return call.builder.add("product", ops.multiply, call.inputs[0], over)


def _extreme(call: Call) -> Slot:
    """The larger or smaller of two tensors, or of one and a constant."""
    if len(call.inputs) == 1:
        return call.whole("elementwise", rectifies=True)
    builder, sign = call.builder, -1.0 if type(call.operation).__name__ == "Minimum" else 1.0
    result = call.inputs[0]
    for other in call.inputs[1:]:
        both = builder.add("moving", lambda a, b: ops.stack([a + 0 * b, b + 0 * a], -1), result, other)
        signed = builder.add("linear", lambda x: sign * x, both, by_value=True)
        largest = builder.largest(signed, lambda x: x, lambda x: ops.max(x, -1))
        result = builder.add("linear", lambda x: sign * x, largest, by_value=True)
    return result


def _split(call: Call) -> list[Slot]:
    """Each of several results as a step of its own."""
    count = call.operation.indices_or_sections
    count = count if isinstance(count, int) else len(count) + 1
    return [call.builder.add("moving", partial(_one, call.function, number), *call.inputs) for number in range(count)]


def _one(function: Callable[..., Sequence[Tensor]], number: int, *inputs: Tensor) -> Tensor:
    return function(*inputs)[number]


def _softmax(call: Call) -> Slot:
    axis = call.operation.axis
    if len(call.inputs) != 1:
        raise Unknown(call.operation)
    return call.builder.softmax(call.inputs[0], tuple(axis) if isinstance(axis, list | tuple) else (axis,))


def _custom_scale(call: Call) -> Slot:
    return call.whole("linear")


_KERNELS = {
    layers.Dense: kernels.dense,
    layers.EinsumDense: kernels.einsum_dense,
    layers.Conv2D: kernels.conv,
    layers.DepthwiseConv2D: kernels.depthwise,
    layers.SeparableConv2D: kernels.separable,
    layers.Conv2DTranspose: kernels.transpose,
}
"""Layers with weights, which end in an activation."""

_rectifier, _sigmoid = partial(_elementwise, rectifies=True), partial(_elementwise, gates=True)


def _by_name(rows: Mapping[str, Row]) -> dict[str, Row]:
    return {name: row for names, row in rows.items() for name in names.split()}


_LAYERS: Mapping[type, Row] = {ReflectPadding2D: _moving} | {
    getattr(layers, name): row
    for name, row in _by_name(
        {
            "ReLU LeakyReLU PReLU ELU": _rectifier,
            "Softmax": _softmax,
            """Identity Dropout SpatialDropout2D GaussianNoise GaussianDropout AlphaDropout ActivityRegularization
            RandomFlip RandomRotation RandomZoom RandomTranslation RandomShear RandomContrast RandomBrightness
            Flatten Reshape Permute RepeatVector ZeroPadding2D Cropping2D Concatenate""": _moving,
            "UpSampling2D": _upsampling,
            "Resizing": _resize,
            "AveragePooling2D GlobalAveragePooling2D GlobalAveragePooling1D AdaptiveAveragePooling2D": _mean,
            "MaxPooling2D": pooling.max_pooling,
            "GlobalMaxPooling2D GlobalMaxPooling1D": pooling.global_max,
            "BatchNormalization": _batch_normalization,
            "Rescaling Normalization": _by_value,
            "LayerNormalization": composites.layer_normalization,
            "RMSNormalization": composites.rms_normalization,
            "GroupNormalization": composites.group_normalization,
            "Add Subtract Average": _mean,
            "Multiply": _product,
            "Maximum Minimum": _extreme,
            "MultiHeadAttention": composites.attention,
        }
    ).items()
}

_ROWS: Mapping[str, Mapping[str, Row]] = {
    "keras.src.ops.numpy": {
        "Add Subtract": _sum,
        "Multiply": _product,
        "Divide TrueDivide": _quotient,
        "Negative": _mean,
        "Mean Sum Average": _mean,
        "Maximum Minimum": _extreme,
        "Max Amax": pooling.reduce_max,
        "Matmul Einsum": _bilinear,
        "Power": _elementwise,
        """Absolute Abs Square Sqrt Exp Expm1 Log Log1p Reciprocal Sin Cos Tanh Arctan Clip""": _elementwise,
        """Reshape Ravel Transpose ExpandDims Squeeze Flip Roll GetItem Repeat Tile Moveaxis Swapaxes
    BroadcastTo Concatenate Stack""": _moving,
        "Pad": _pad,
        "Split": _split,
    },
    "keras.src.ops.nn": {
        """Relu Relu6 Silu LeakyRelu HardSilu Elu Selu Gelu Celu SoftShrink HardShrink Threshold Softplus
    Squareplus""": _rectifier,
        "Softsign LogSigmoid TanhShrink HardTanh": _elementwise,
        "Sigmoid HardSigmoid": _sigmoid,
        "Softmax": _softmax,
        "AveragePool": _mean,
        "MaxPool": pooling.max_pool,
        "DepthToSpace SpaceToDepth": _moving,
    },
    "keras.src.activations.activations": {"ReLU Mish": _rectifier},
    "keras.src.ops.math": {"Rsqrt Erf": _elementwise},
    "keras.src.ops.core": {"Cast": _moving},
    "keras.src.ops.image": {"Resize": _resize, "PadImages CropImages": _moving},
    "keras.src.applications.convnext": {"StochasticDepth": _moving, "LayerScale": _by_value},
    "keras.src.applications.inception_resnet_v2": {"CustomScaleLayer": _custom_scale},
}
_OPERATIONS: Mapping[tuple[str, str], Row] = {
    (module, name): row for module, rows in _ROWS.items() for name, row in _by_name(rows).items()
}
"""Operations as nodes of a graph, by the module and the name of their class; layers inside keras.applications too."""
