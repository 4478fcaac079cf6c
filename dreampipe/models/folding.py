"""Batch normalization folded into the weights before it: the same values, with one operation less each way.

    fold(calls, kept) -> calls

At rest a normalization multiplies each channel by a constant and adds another. After a layer that is linear in its
weights, these constants can be part of the weights. Source: Jacob et al. 2018, "Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference", which folds for the same reason.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.backend import keras, ops
from dreampipe.models.graphs.graph import Key, Ref, refs
from dreampipe.models.operations import own_activation, without_activation

layers = keras.layers
Floats = npt.NDArray[np.float64]


class Call(NamedTuple):
    """One call of an operation of a model.

    Attributes:
        key: of its node in the model's graph.
        args, kwargs: its arguments, with a `Ref` for each tensor.
        operation: the layer or other operation.
    """

    key: Key
    args: Any
    kwargs: Any
    operation: Any


_WEIGHTS: dict[type, tuple[str, Callable[[Sequence[int]], tuple[int, ...]]]] = {
    layers.Conv2D: ("_kernel", lambda shape: (-1,)),
    layers.Conv2DTranspose: ("kernel", lambda shape: (-1, 1)),
    layers.DepthwiseConv2D: ("kernel", lambda shape: tuple(shape[2:])),
    layers.SeparableConv2D: ("pointwise_kernel", lambda shape: (-1,)),
    layers.Dense: ("_kernel", lambda shape: (-1,)),
}
"""For each kind of layer its weights, and the shape in which a factor for each channel of its output meets them."""


def fold(calls: Sequence[Call], kept: Collection[Ref]) -> list[Call]:
    """Fold each batch normalization that directly follows a convolution or dense layer, and that alone reads it.

    The weights are read now: what they become later has no effect on what is folded.

    Args:
        calls: each after those it needs.
        kept: tensors that are wanted as they are.

    Returns:
        the calls that are left; a folded one has the key of its normalization.
    """
    readers = Counter(ref for call in calls for ref in refs((call.args, call.kwargs)))
    made: dict[Ref, Call] = {}
    for call in calls:
        read = call.args[0] if len(call.args) == 1 and isinstance(call.args[0], Ref) else None
        before = made.get(read) if read and readers[read] == 1 and read not in kept else None
        folded = _merge(before.operation, call.operation) if before else None
        if before and folded:
            del made[Ref(before.key, 0)]
            call = Call(call.key, before.args, before.kwargs, folded)
        made[Ref(call.key, 0)] = call
    return list(made.values())


def _merge(layer: Any, normalization: Any) -> Any:
    """The layer with the normalization in its weights; None where they do not go together."""
    if not _is_linear(layer) or not _is_normalization(normalization, layer):
        return None
    factor, shift = _constants(normalization)
    name, meet = _WEIGHTS[type(layer)]
    with backend.eagerly():
        kernel = np.asarray(vars(layer)[name], np.float64)
        bias = np.asarray(layer.bias, np.float64) if layer.use_bias else 0.0
        weights = [(kernel * factor.reshape(meet(kernel.shape))), bias * factor + shift]
        with np.errstate(over="ignore"):
            weights = [weight.astype(np.float32) for weight in weights]
        if not all(np.isfinite(weight).all() for weight in weights):
            return None
        folded = without_activation(layer)
        vars(folded).update({name: ops.convert_to_tensor(weights[0]), "bias": ops.convert_to_tensor(weights[1])})
    vars(folded)["use_bias"] = True
    return folded


def _is_linear(layer: Any) -> bool:
    """Say whether a layer ends in a product with its weights and a bias, all of them in float32 and as they are."""
    return (
        type(layer) in _WEIGHTS
        and own_activation(layer) is keras.activations.linear
        and layer.compute_dtype == layer.variable_dtype == "float32"
        and getattr(layer, "data_format", "channels_last") == "channels_last"
        and not getattr(layer, "quantization_mode", None)
        and not getattr(layer, "lora_enabled", False)
    )


def _is_normalization(found: Any, layer: Any) -> bool:
    """Say whether an operation is a batch normalization of the channels of a layer, in float32."""
    return (
        type(found) is layers.BatchNormalization
        and "call" not in vars(found)
        and found.axis in ((-1,) if type(layer) is layers.Dense else (-1, 3))
        and found.compute_dtype == found.variable_dtype == "float32"
        and not getattr(found, "renorm", False)
    )


def _constants(normalization: Any) -> tuple[Floats, Floats]:
    """The factor and the shift of each channel."""
    with backend.eagerly(), np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = np.asarray(normalization.moving_mean, np.float64)
        factor = 1 / np.sqrt(np.asarray(normalization.moving_variance, np.float64) + normalization.epsilon)
        factor = factor * np.asarray(normalization.gamma, np.float64) if normalization.scale else factor
        shift = np.asarray(normalization.beta, np.float64) if normalization.center else 0.0
        return factor, shift - mean * factor
