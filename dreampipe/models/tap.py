"""A model cut at the deepest layer asked for: `tap(model, names)`, from image to the activation of each name.

    (batch, height, width, 3), in the model's own scaling  ->  {name: (batch, ...) float32}

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
from keras import ops

from dreampipe.errors import ModelError, nearest
from dreampipe.models.depthwise import depthwise
from dreampipe.models.graphs import fields, shapes
from dreampipe.models.graphs.graph import Graph, Key, Ref, read
from dreampipe.models.leaky import Leaking, leaky
from dreampipe.models.model_card import Layer

LOGITS, PROBABILITIES = "logits", "probabilities"
_LINEAR = (None, "linear")
_SQUASHING = {"softmax": "softmax", "Softmax": "softmax", "sigmoid": "sigmoid", "Sigmoid": "sigmoid"}


class Head(NamedTuple):
    """Where the logits of a classifier are.

    Attributes:
        layer: the name of the layer that makes them, before any activation of its own.
        softmax: whether the model itself makes probabilities of them by a softmax.
    """

    layer: str
    softmax: bool


@dataclass(frozen=True, eq=False)
class _Head:
    """Of a model: where its logits are, what makes probabilities of them, and whether the same layer does both."""

    ref: Ref
    squashing: str
    inside: bool


def describe(model: keras.Model) -> tuple[Layer, ...]:
    """All layers of a model by the names that `tap` takes, from the picture on; none recommended."""
    return fields.layers(_graph(model))


def branches(model: keras.Model, layer: str, channels: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """Of each channel of `layer` the layer that makes it, and its number there.

    They differ where branches are only laid side by side: then a gradient need not go through those that play no part.

    Raises:
        ModelError: the name is unknown.
    """
    graph = _graph(model)
    start = _named(graph, layer).key
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


def head(model: keras.Model) -> Head:
    """Where the logits of a model are.

    Raises:
        ModelError: its output is not (batch, classes).
    """
    graph = _graph(model)
    found = _head(model, graph)
    return Head(graph.nodes[found.ref.key].name, found.squashing == "softmax")


def tap(model: keras.Model, layers: Sequence[str], logits: bool = False, leaks: bool = False) -> keras.Model:
    """A model of the same weights that computes the layers asked for, and nothing that they do not need.

    Args:
        model: Functional or Sequential; it stays as it is.
        layers: names out of `describe(model)`.
        logits: also "logits" (batch, classes), before any softmax, and "probabilities", after the model's own squashing
            (a softmax, where it has none).
        leaks: also takes `leak` (batch,), 1 for pictures whose gradient leaks through activations that block it; see
            `dreampipe.models.leaky`.

    Returns:
        from an image to a dict with a float32 tensor under each name. It takes every size that its layers can take,
        even where `model` declares one.

    Raises:
        ModelError: a name is unknown, or logits are asked of a model without a classifying head.
    """
    graph = _graph(model)
    wanted = {name: _named(graph, name) for name in layers}
    top = _head(model, graph) if logits else None
    if top and (wanted.get(LOGITS, top.ref), wanted.get(PROBABILITIES, graph.output)) != (top.ref, graph.output):
        raise ModelError("A layer of this model is called like its head, but is not it: ask for one of them at a time.")
    needed = _needed(graph, [*wanted.values(), *([top.ref] if top else [])])
    nodes = {key: node for key, node in graph.nodes.items() if key in needed}
    steps = [(key, _revived(node.args), _revived(node.kwargs)) for key, node in nodes.items()]
    operations = [_operation(model, n.path) for n in nodes.values()]
    return _Tap(_Program(graph.input, steps, wanted, top, leaks), operations)


def _graph(model: keras.Model) -> Graph:
    try:
        return read({"class_name": type(model).__name__, "config": model.get_config()})
    except ModelError as error:
        raise ModelError(f"The model {model.name!r} cannot be tapped: {error}") from error


def _named(graph: Graph, name: str) -> Ref:
    if name not in graph.names:
        raise ModelError(f"The model has no layer {name!r} ({nearest(name, list(graph.names))}).")
    return graph.names[name]


def _needed(graph: Graph, wanted: Iterable[Ref]) -> set[Key]:
    needed: set[Key] = set()
    waiting = [ref.key for ref in wanted]
    while waiting:
        key = waiting.pop()
        if key not in needed:
            needed.add(key)
            waiting.extend(ref.key for ref in graph.nodes[key].inputs)
    return needed - {graph.input.key}


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
    activation = node.config.get("activation")
    name = activation.get("class_name") if isinstance(activation, dict) else activation
    squashing = _SQUASHING.get(node.kind if activation is None else str(name), "")
    if node.kind == "Dense":
        return _Head(graph.output, squashing, inside=name not in _LINEAR)
    if squashing and node.kind in ("Activation", *_SQUASHING):
        return _Head(node.inputs[0], squashing, inside=False)
    return _Head(graph.output, "", inside=False)


@dataclass(frozen=True, eq=False)
class _Program:
    """What a tap does: calls in order, each with its arguments (a `Ref` for each tensor), and what it gives."""

    source: Ref
    steps: Sequence[tuple[Key, Any, Any]]
    wanted: Mapping[str, Ref]
    top: _Head | None
    leaks: bool


class _Tap(keras.Model):  # type: ignore[misc]
    """Runs a program on the layers of the model that it came from."""

    def __init__(self, program: _Program, operations: Sequence[Any]) -> None:
        super().__init__(name="tap", dtype="float32")
        self.program = program
        self.operations_in_order = list(operations)  # Keras finds the weights through this
        self.instead = [_instead(operation, program.leaks) for operation in operations]

    def call(self, image: Any, leak: Any = None) -> dict[str, Any]:
        program, top = self.program, self.program.top
        values: dict[Ref, Any] = {program.source: image}
        raw = None
        ran = zip(program.steps, self.operations_in_order, self.instead, strict=True)
        for (key, args, kwargs), operation, instead in ran:
            given = _filled(args, values)
            if top and top.inside and key == top.ref.key:
                raw = _before_activation(operation, given[0])
            # Asked for by name, for layers of chance (RandomFlip) otherwise act as in training.
            rest = {"training": False} if isinstance(operation, keras.layers.Layer) else {}
            result = instead(given[0], leak) if instead else operation(*given, **_filled(kwargs, values) | rest)
            values |= {Ref(key, i): value for i, value in enumerate(keras.tree.flatten(result))}
        outputs = {name: ops.cast(values[ref], "float32") for name, ref in program.wanted.items()}
        return outputs | (_of_head(top, raw if top.inside else values[top.ref]) if top else {})


def _instead(operation: Any, leaks: bool) -> Leaking | None:
    """What is computed in place of an operation: one that leaks, or the same faster; None for itself."""
    if leaks and (leaking := leaky(operation)):
        return leaking
    apart = depthwise(operation)
    return None if apart is None else lambda x, leak: apart(x)


def _revived(value: Any) -> Any:
    """Arguments with a Ref for each tensor; what Keras wrote as classes (slices, arrays) is made again."""
    if isinstance(value, Ref):
        return value
    if isinstance(value, list | tuple):
        return [_revived(part) for part in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {k: _revived(part) for k, part in value.items()}
    return keras.saving.deserialize_keras_object(value)


def _filled(value: Any, values: Mapping[Ref, Any]) -> Any:
    if isinstance(value, Ref):
        return values[value]
    if isinstance(value, list):
        return [_filled(part, values) for part in value]
    return {k: _filled(part, values) for k, part in value.items()} if isinstance(value, dict) else value


def _before_activation(dense: Any, x: Any) -> Any:
    logits = ops.matmul(ops.cast(x, "float32"), ops.cast(dense.kernel, "float32"))
    return logits if dense.bias is None else logits + ops.cast(dense.bias, "float32")


def _of_head(top: _Head, logits: Any) -> dict[str, Any]:
    logits = ops.cast(logits, "float32")
    probabilities = ops.sigmoid(logits) if top.squashing == "sigmoid" else ops.softmax(logits)
    return {LOGITS: logits, PROBABILITIES: probabilities}
