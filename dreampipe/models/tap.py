"""A model cut at the deepest layer asked for: `tap(model, names)`, from image to the activation of each name.

    (batch, height, width, 3), in the model's own scaling  ->  {name: (batch, ...) float32}

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dreampipe.backend import keras, ops
from dreampipe.errors import ModelError, nearest
from dreampipe.models.folding import Call, fold
from dreampipe.models.forms import Forms
from dreampipe.models.graphs import fields, shapes
from dreampipe.models.graphs.graph import Graph, Key, Ref, read
from dreampipe.models.model_card import Layer
from dreampipe.models.operations import Leaking, own_activation, without_activation
from dreampipe.models.precision import Precision

LOGITS, PROBABILITIES = "logits", "probabilities"
_SOFTMAX = (keras.activations.softmax, ops.softmax)
_SIGMOID = (keras.activations.sigmoid, ops.sigmoid)
_PASSING = (
    keras.layers.GlobalAveragePooling2D,
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Dropout,
    keras.layers.Activation,
)
"""Layers that may follow the last one with weights; whether they keep the logits is checked on a picture."""


class Head(NamedTuple):
    """The place of a classifier's logits.

    Attributes:
        layer: the name of the layer that makes them, before any activation of its own.
        softmax: whether the model itself makes probabilities of them by a softmax.
    """

    layer: str
    softmax: bool


@dataclass(frozen=True, eq=False)
class _Head:
    """The head of a model: where its logits are, and what makes probabilities of them.

    Attributes:
        ref: the tensor of the logits, or of the layer that makes both.
        squash: from float32 logits to probabilities; None where the model has nothing of its own.
        dense: the layer that makes both; None where another one squashes.
    """

    ref: Ref
    squash: Callable[[Any], Any] | None = None
    dense: Any = None


def describe(model: keras.Model) -> tuple[Layer, ...]:
    """All layers of a model by the names that `tap` takes, from the picture on; none recommended."""
    return fields.layers(_graph(model))


def branches(model: keras.Model, layer: str, channels: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """Find the layer that makes each channel of `layer`, and its number there.

    They differ where branches are only laid side by side: then a gradient need not go through those that play no part.

    Raises:
        ModelError: the name is unknown.
    """
    graph = _graph(model)
    start = _find(graph, layer).key
    widths = shapes.channels(graph)
    return tuple(_branch(graph, widths, start, layer, channel) for channel in channels)


def _branch(graph: Graph, widths: Mapping[Key, int | None], key: Key, name: str, channel: int) -> tuple[str, int]:
    number = channel
    while (node := graph.nodes[key]).kind == "Concatenate" and node.config.get("axis", -1) in (-1, 3):
        for ref in node.inputs:
            above = graph.nodes[ref.key]
            width = widths[ref.key]
            if width is None or ref.output or above.kind == "InputLayer":
                return name, channel
            if number < width:
                key, name, channel = ref.key, above.name, number
                break
            number -= width
        else:
            break
    return name, channel


def needed(model: keras.Model, layers: Sequence[str], logits: bool = False) -> frozenset[str]:
    """Name all layers that these layers, or the logits, depend on; they themselves are among them.

    Raises:
        ModelError: a name is unknown, or logits are asked of a model without a classifying head.
    """
    graph = _graph(model)
    wanted = [_find(graph, name) for name in layers] + ([_head(model, graph).ref] if logits else [])
    keys = _find_needed(graph, wanted, None)
    return frozenset(name for name, ref in graph.names.items() if ref.key in keys)


def head(model: keras.Model) -> Head:
    """Find the place of a model's logits.

    Raises:
        ModelError: its output is not (batch, classes).
    """
    graph = _graph(model)
    found = _head(model, graph)
    return Head(graph.nodes[found.ref.key].name, found.squash is ops.softmax)


class LastLayer(NamedTuple):
    """The layer of weights that makes the logits.

    Attributes:
        input: the name of the layer that it reads.
        kernel: (width, classes) float32.
        bias: (classes,) float32.
    """

    input: str
    kernel: Any
    bias: Any


def last_layer(model: keras.Model) -> LastLayer:
    """Find the last layer of weights: a Dense layer or a convolution of 1x1, after which places are at most averaged.

    Raises:
        ModelError: the logits are made in another way.
    """
    graph = _graph(model)
    names, found = {ref: name for name, ref in graph.names.items()}, _find_last(model, graph, _head(model, graph))
    if found:
        operation, read = found
        kernel = np.asarray(operation.kernel, np.float32)
        kernel = kernel.reshape(-1, kernel.shape[-1])
        bias = np.zeros(kernel.shape[1]) if operation.bias is None else operation.bias
        return LastLayer(names[read], kernel, np.asarray(bias, np.float32))
    raise ModelError(
        f"The logits of {model.name} come from no Dense layer or convolution of 1x1, but influence is computed on such "
        "a last layer: give another model."
    )


def _find_last(model: keras.Model, graph: Graph, top: _Head) -> tuple[Any, Ref] | None:
    """The last layer of weights before the logits, and the tensor that it reads; None if they come otherwise."""
    ref = top.ref
    while (node := graph.nodes.get(ref.key)) and len(node.inputs) == 1:
        operation = _operation(model, node.path)
        if operation is not top.dense and own_activation(operation) not in (None, keras.activations.linear):
            break
        if isinstance(operation, keras.layers.Dense) or _is_pointwise(operation):
            return operation, node.inputs[0]
        if not isinstance(operation, _PASSING):
            break
        ref = node.inputs[0]
    return None


def _of_logits(model: keras.Model, graph: Graph) -> Any:
    """The last layer of weights before the logits; None if there are no logits, or they come otherwise."""
    found = _find_last(model, graph, _head(model, graph)) if len(model.output_shape) == 2 else None
    return found and found[0]


def _is_pointwise(operation: Any) -> bool:
    return (
        isinstance(operation, keras.layers.Conv2D)
        and set(operation.kernel_size) == set(operation.strides) == {1}
        and operation.groups == 1
    )


Rules = Callable[[Any], Callable[..., Any] | None]
"""Chooses the substitute of an operation of the model: a function of its arguments; None keeps the operation."""


def tap(
    model: keras.Model,
    layers: Sequence[str],
    logits: bool = False,
    leaks: bool = False,
    rules: Rules | None = None,
    given: str = "",
    precision: Precision = "float32",
) -> keras.Model:
    """A model of the same weights that computes the layers asked for, and nothing that they do not need.

    From a frozen model (`model.trainable` is False) it computes the same values and gradients faster: batch
    normalization is folded into the weights before it, and some operations have another form. Then the weights must not
    change any more, and get no gradient.

    Args:
        model: Functional or Sequential; it stays as it is.
        layers: names out of `describe(model)`.
        logits: also "logits" (batch, classes), before any softmax, and "probabilities", after the model's own squashing
            (a softmax, where it has none).
        leaks: also takes `leak` (batch,), 1 for pictures whose gradient leaks through activations that block it; see
            `dreampipe.models.operations`.
        rules: replaces operations, for example by ones with another gradient; not together with `leaks`. The layer that
            makes both logits and probabilities is asked for without its activation.
        given: the name of a layer whose activation is the argument `given` of the call, so that nothing which only this
            layer needs is computed; empty for none.
        precision: bfloat16 rounds what the convolutions of a frozen model multiply, but for the first one and that of
            the logits; see `dreampipe.models.lowering`. All results stay float32.

    Returns:
        from an image to a dict with a float32 tensor under each name. It takes every size that its layers can take,
        even where `model` declares one.

    Raises:
        ModelError: a name is unknown, or logits are asked of a model without a classifying head.
    """
    graph = _graph(model)
    wanted = {name: _find(graph, name) for name in layers}
    top = _head(model, graph) if logits else None
    if top and (wanted.get(LOGITS, top.ref), wanted.get(PROBABILITIES, graph.output)) != (top.ref, graph.output):
        raise ModelError("A layer of this model is called like its head, but is not it: ask for one of them at a time.")
    replaced = _find(graph, given) if given else None
    needed = _find_needed(graph, [*wanted.values(), *([top.ref] if top else [])], replaced)
    nodes = {key: node for key, node in graph.nodes.items() if key in needed}
    steps = [(key, _revive(node.args), _revive(node.kwargs)) for key, node in nodes.items()]
    operations = [_operation(model, n.path) for n in nodes.values()]
    hasten = not model.trainable and not rules
    kept = _of_logits(model, graph) if precision == "bfloat16" else None
    forms = Forms(leaks, hasten, precision == "bfloat16", kept)
    return _Tap(_Program(graph.input, steps, wanted, top, replaced), operations, rules, forms)


def _graph(model: keras.Model) -> Graph:
    try:
        return read({"class_name": type(model).__name__, "config": model.get_config()})
    except ModelError as error:
        raise ModelError(f"The model {model.name!r} cannot be tapped: {error}") from error


def _find(graph: Graph, name: str) -> Ref:
    if name not in graph.names:
        raise ModelError(f"The model has no layer {name!r} ({nearest(name, list(graph.names))}).")
    return graph.names[name]


def _find_needed(graph: Graph, wanted: Iterable[Ref], given: Ref | None) -> set[Key]:
    needed: set[Key] = set()
    known = {graph.input.key} | ({given.key} if given else set())
    waiting = [ref.key for ref in wanted if ref.key not in known]
    while waiting:
        key = waiting.pop()
        if key not in needed:
            needed.add(key)
            waiting.extend(ref.key for ref in graph.nodes[key].inputs if ref.key not in known)
    return needed


def _operation(model: keras.Model, path: Sequence[str]) -> Any:
    """The layer or operation at the end of a path of Keras' own names."""
    found: Any = model
    for name in path:
        found = next(op for op in getattr(found, "operations", found.layers) if op.name == name)
    return found


def _head(model: keras.Model, graph: Graph) -> _Head:
    if len(model.output_shape) != 2:
        raise ModelError(
            f"The model gives {model.output_shape}, but logits need a classifier that gives (batch, classes): "
            "choose layers instead."
        )
    node = graph.nodes[graph.output.key]
    operation = _operation(model, node.path)
    activation = own_activation(operation)
    if activation is keras.activations.linear:
        return _Head(graph.output)
    if activation is not None and isinstance(operation, keras.layers.Dense):
        return _Head(graph.output, _squashing(activation), operation)
    if isinstance(operation, keras.layers.Activation):
        squash = _squashing(activation)
    else:
        squash = _squashing(operation) if _is_of_keras(operation) else None
    return _Head(node.inputs[0], squash) if squash else _Head(graph.output)


def _squashing(found: Any) -> Callable[[Any], Any] | None:
    """Return what makes probabilities, from an activation or the last operation; None for any other of Keras' own.

    It is known by its identity: a user's function called softmax may compute something else, and is taken as it is.
    """
    kind = type(found)
    if any(found is known for known in _SOFTMAX) or (_is_operation(kind, "Softmax") and found.axis in (-1, 1)):
        return ops.softmax  # type: ignore[no-any-return]
    if any(found is known for known in _SIGMOID) or _is_operation(kind, "Sigmoid"):
        return ops.sigmoid  # type: ignore[no-any-return]
    return found if callable(found) and not _is_of_keras(found) else None


def _is_operation(kind: type, name: str) -> bool:
    return (kind.__module__, kind.__name__) == ("keras.src.ops.nn", name) or kind is getattr(keras.layers, name, None)


def _is_of_keras(found: Any) -> bool:
    """Say whether a function, or the class of a layer, is Keras' own."""
    return str(getattr(found, "__module__", "")).partition(".")[0] == "keras"


@dataclass(frozen=True, eq=False)
class _Program:
    """The program of a tap: calls in order, each with its arguments (a `Ref` for each tensor), and its outputs."""

    source: Ref
    steps: Sequence[tuple[Key, Any, Any]]
    wanted: Mapping[str, Ref]
    top: _Head | None
    given: Ref | None = None


@dataclass(frozen=True, eq=False)
class _Run:
    """One call as a tap runs it.

    Attributes:
        call: of the operation.
        instead: computes the same from its only input and `leak`; None for the operation itself.
        rule: takes its place with all arguments; None for none.
    """

    call: Call
    instead: Leaking | None
    rule: Callable[..., Any] | None


@dataclass(frozen=True, eq=False)
class _Runs:
    """The calls of a tap in order. Keras, which looks for weights in lists, does not look into it."""

    each: Sequence[_Run]


class _Tap(keras.Model):  # type: ignore[misc]
    """Runs a program on the layers of the model that it came from."""

    def __init__(self, program: _Program, operations: Sequence[Any], rules: Rules | None, forms: Forms) -> None:
        super().__init__(name="tap", dtype="float32")
        self.program = program
        self.operations_in_order = list(operations)  # Keras finds the weights through this
        calls = [Call(*step, operation) for step, operation in zip(program.steps, operations, strict=True)]
        if forms.hasten:
            calls = fold(calls, {*program.wanted.values(), *([program.top.ref] if program.top else [])})
        self.runs = _Runs(
            [_Run(call, forms.instead(call.operation), rules(call.operation) if rules else None) for call in calls]
        )
        dense = program.top.dense if program.top else None
        self.bare_rule = rules(without_activation(dense)) if rules and dense else None

    def call(self, image: Any, leak: Any = None, given: Any = None) -> dict[str, Any]:
        program, top = self.program, self.program.top
        values: dict[Ref, Any] = {program.source: image}
        if program.given:
            values[program.given] = given
        raw = None
        for run in self.runs.each:
            key, args, kwargs, operation = run.call
            arguments = _fill(args, values)
            named = _fill(kwargs, values)
            first = next(iter((*arguments, *named.values())), None)
            if top and top.dense and key == top.ref.key:
                raw = self.bare_rule(first) if self.bare_rule else _before_activation(operation, first)
            # Asked for by name, for layers of chance (RandomFlip) otherwise act as in training.
            rest = {"training": False} if isinstance(operation, keras.layers.Layer) else {}
            if run.rule:
                result = run.rule(*arguments, **named)
            else:
                result = run.instead(first, leak) if run.instead else operation(*arguments, **named | rest)
            values |= {Ref(key, i): value for i, value in enumerate(keras.tree.flatten(result))}
        outputs = {name: ops.cast(values[ref], "float32") for name, ref in program.wanted.items()}
        return outputs | (_of_head(top, raw if top.dense else values[top.ref]) if top else {})


def _revive(value: Any) -> Any:
    """Arguments with a Ref for each tensor; what Keras wrote as classes (slices, arrays) is made again."""
    if isinstance(value, Ref):
        return value
    if isinstance(value, list | tuple):
        return [_revive(part) for part in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {k: _revive(part) for k, part in value.items()}
    return keras.saving.deserialize_keras_object(value)


def _fill(value: Any, values: Mapping[Ref, Any]) -> Any:
    if isinstance(value, Ref):
        return values[value]
    if isinstance(value, list):
        return [_fill(part, values) for part in value]
    return {k: _fill(part, values) for k, part in value.items()} if isinstance(value, dict) else value


def _before_activation(dense: Any, x: Any) -> Any:
    """The logits of a layer that squashes them itself, in float32 whatever it computes in."""
    if dense.quantization_mode:  # whose kernel holds no weights as they are
        return without_activation(dense)(x, training=False)
    logits = ops.matmul(ops.cast(x, "float32"), ops.cast(dense.kernel, "float32"))
    return logits if dense.bias is None else logits + ops.cast(dense.bias, "float32")


def _of_head(top: _Head, logits: Any) -> dict[str, Any]:
    logits = ops.cast(logits, "float32")
    return {LOGITS: logits, PROBABILITIES: ops.cast((top.squash or ops.softmax)(logits), "float32")}
