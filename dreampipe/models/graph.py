"""A model's configuration as one flat graph with lasting names; no keras here.

    read(config) -> Graph       config: {"class_name": ..., "config": ...} as Keras writes it for Functional and Sequential

Models within models are laid flat, so that their layers can be tapped, too. Automatic Keras names (`conv2d_17`) count
on through a process; here they are counted anew for each model, in the order in which its layers were made. So
`conv2d_3` is the same layer whatever was built before, and in a fresh process it is the layer that Keras calls so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any, NamedTuple

from dreampipe.errors import ModelError

Key = tuple[str | int, ...]
Config = Mapping[str, Any]
Shape = tuple[int | None, ...]
NESTED = ("Functional", "Sequential")


class Ref(NamedTuple):
    """A tensor: an output of the node `key`."""

    key: Key
    output: int


@dataclass(frozen=True, eq=False)
class Node:
    """One call of one layer (or other operation).

    Attributes:
        name: canonical; a layer that is called again has ".1", ".2", ... behind its name there.
        kind: the name of its class.
        path: Keras' own names, from the model down to this layer.
        config: the layer's own configuration.
        args, kwargs: of the call, with a `Ref` for each tensor and the rest as Keras wrote it.
        inputs: the tensors among them.
    """

    name: str
    kind: str
    path: tuple[str, ...]
    config: Config
    args: Any = ()
    kwargs: Any = field(default_factory=dict)
    inputs: tuple[Ref, ...] = ()


@dataclass(frozen=True, eq=False)
class Graph:
    """A model with one picture in and one tensor out.

    Attributes:
        nodes: all calls, each after those it needs; the first is the input.
        names: the tensor of each canonical name; those of models within the model are there, too.
        shapes: of the tensors whose shape the configuration tells, (batch, height, width, channels) or other.
        input: the picture.
        output: what the model gives.
    """

    nodes: Mapping[Key, Node]
    names: Mapping[str, Ref]
    shapes: Mapping[Ref, Shape]
    input: Ref
    output: Ref


def canonical_names(layers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Own name to canonical name, from (class name, own name) of each layer of one model.

    A name is automatic when it is the class in snake case, alone or with a number. Automatic names are counted anew in
    the order of their numbers, which is that of making; other names stay, and a number that they hold is passed over.
    """
    automatic: dict[str, list[tuple[int, str]]] = {}
    names: dict[str, str] = {}
    for kind, name in layers:
        snake = _snake(kind)
        match = re.fullmatch(re.escape(snake) + r"(?:_([1-9]\d*|0))?", name)
        if match:
            automatic.setdefault(snake, []).append((int(match[1] or 0), name))
        else:
            names[name] = name
    taken = set(names)
    for snake, found in automatic.items():
        free = (name for name in _counted(snake) if name not in taken)
        names |= {name: next(free) for _, name in sorted(set(found))}
    return names


def _snake(kind: str) -> str:
    """The class name in the snake case of Keras: Conv2D -> conv2d, ReLU -> re_lu."""
    kind = re.sub(r"\W+", "", kind)
    kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()


def _counted(snake: str) -> Iterator[str]:
    yield snake
    number = 1
    while True:
        yield f"{snake}_{number}"
        number += 1


def read(config: Config) -> Graph:
    """The flat graph of a Functional or Sequential model.

    Raises:
        ModelError: it is another kind of model, has several inputs or outputs, or is not a graph of layers at all.
    """
    kind = config.get("class_name")
    if kind not in NESTED:
        raise ModelError(f"The model is a {kind}, but a Functional or Sequential Keras model is expected.")
    try:
        reader = _Reader()
        output = reader.model(kind, config["config"], (), (), "", None)
        return reader.graph(output)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"The model's configuration is not a graph of Keras layers ({type(error).__name__}: {error}): "
            "save the model again with a current Keras."
        ) from error


class _Reader:
    """The graph while it is being read."""

    def __init__(self) -> None:
        self.nodes: dict[Key, Node] = {}
        self.names: dict[str, Ref] = {}
        self.shapes: dict[Ref, Shape] = {}
        self.input: Ref | None = None

    def graph(self, output: Ref) -> Graph:
        if self.input is None:
            raise ValueError("no input")
        return Graph(self.nodes, self.names, self.shapes, self.input, output)

    def model(self, kind: str, config: Config, key: Key, path: tuple[str, ...], prefix: str, given: Ref | None) -> Ref:
        """Lay a model flat; `given` is the tensor that it is called with, None for the outermost. Its output tensor."""
        layers = _calls(config) if kind == "Functional" else _chain(config)
        own = canonical_names((layer.kind, layer.name) for layer in layers)
        # The names of the outer model come first, so that no model within it can take one of them.
        public = {name: self._free(canonical, prefix) for name, canonical in own.items()}
        for name in public.values():
            self.names.setdefault(name, Ref((), 0))
        tensors: dict[tuple[str, int, int], Ref] = {}
        for call in _ordered(layers):
            self._place(call, key, path, public[call.name], tensors, given)
        return tensors[_only(_outputs(config, layers), "output")]

    def _free(self, name: str, prefix: str) -> str:
        return f"{prefix}/{name}" if name in self.names else name

    def _place(
        self, call: _Call, key: Key, path: tuple[str, ...], name: str, tensors: dict[Any, Ref], given: Ref | None
    ) -> None:
        own_key, own_path = (*key, call.name, call.number), (*path, call.name)
        args, kwargs = (_resolved(part, tensors, self.shapes) for part in (call.args, call.kwargs))
        name = f"{name}.{call.number}" if call.number else name
        if call.kind == "InputLayer" and given is not None:
            tensors[call.name, 0, 0] = self.names[name] = given
            return
        inputs = tuple(_refs((args, kwargs)))
        if call.kind in NESTED and _is_plain_call(call, inputs):
            output = self.model(call.kind, call.config, own_key, own_path, name, inputs[0])
            tensors[call.name, call.number, 0] = self.names[name] = output
            return
        if call.kind == "InputLayer":
            if self.input is not None:
                raise ModelError("The model has several inputs, but one picture is all that it would get.")
            self.input = Ref(own_key, 0)
            self.shapes[self.input] = tuple(call.config["batch_shape"])
        self.nodes[own_key] = Node(name, call.kind, own_path, call.config, args, kwargs, inputs)
        self.names[name] = Ref(own_key, 0)
        tensors.update(_Outputs(call, own_key))


class _Outputs(dict[tuple[str, int, int], Ref]):
    """The outputs of one call, by Keras' history; the configuration does not tell how many there are."""

    def __init__(self, call: _Call, key: Key) -> None:
        super().__init__({(call.name, call.number, i): Ref(key, i) for i in range(_MOST_OUTPUTS)})


_MOST_OUTPUTS = 16


@dataclass(frozen=True, eq=False)
class _Call:
    """One call of one layer, as the configuration of its model has it."""

    kind: str
    name: str
    number: int
    config: Config
    args: Any
    kwargs: Any


def _calls(config: Config) -> list[_Call]:
    return [
        _Call(layer["class_name"], layer["name"], number, layer["config"], node["args"], node["kwargs"])
        for layer in config["layers"]
        for number, node in enumerate(layer["inbound_nodes"] or [{"args": [], "kwargs": {}}])
    ]


def _chain(config: Config) -> list[_Call]:
    """The layers of a Sequential model, each called with the one before it."""
    layers = list(config["layers"])
    if layers[0]["class_name"] != "InputLayer":
        shape = config.get("build_input_shape") or _first_shape(layers[0])
        name = "input_layer"
        layers.insert(0, {"class_name": "InputLayer", "config": {"name": name, "batch_shape": shape}})
    calls: list[_Call] = []
    for layer in layers:
        args = [_tensor(calls[-1].name, (layer.get("build_config") or {}).get("input_shape"))] if calls else []
        calls.append(_Call(layer["class_name"], layer["config"]["name"], 0, layer["config"], args, {}))
    return calls


def _first_shape(layer: Config) -> Any:
    """The input shape of a model at the head of a Sequential model."""
    inner = layer["config"]["layers"][0]
    return inner["config"]["batch_shape"] if inner["class_name"] == "InputLayer" else _first_shape(inner)


def _tensor(name: str, shape: Any) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"shape": shape, "keras_history": [name, 0, 0]}}


def _outputs(config: Config, calls: Sequence[_Call]) -> list[tuple[str, int, int]]:
    """Keras' histories of a model's outputs, out of a list, a dict or a single one."""
    if "output_layers" not in config:
        return [(calls[-1].name, calls[-1].number, 0)]
    found: list[tuple[str, int, int]] = []
    waiting = [config["output_layers"]]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | tuple) and len(value) == 3 and isinstance(value[0], str):
            found.append((value[0], value[1], value[2]))
        else:
            waiting.extend(value.values() if isinstance(value, dict) else value)
    return found


def _only(found: list[tuple[str, int, int]], what: str) -> tuple[str, int, int]:
    if len(found) != 1:
        raise ModelError(f"The model has {len(found)} {what}s, but exactly one is expected.")
    return found[0]


def _ordered(calls: Sequence[_Call]) -> Iterator[_Call]:
    """Each call after those whose tensors it takes."""
    by_history = {(call.name, call.number): call for call in calls}
    needs = {
        (c.name, c.number): [history[:2] for history, _ in _histories((c.args, c.kwargs))] for c in by_history.values()
    }
    return (by_history[key] for key in TopologicalSorter(needs).static_order())


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def _history(value: Config) -> tuple[str, int, int]:
    name, number, output = value["config"]["keras_history"]
    return name, number, output


def _histories(value: Any) -> Iterator[tuple[tuple[str, int, int], Any]]:
    if _is_tensor(value):
        yield _history(value), value["config"]["shape"]
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _histories(part)


def _resolved(value: Any, tensors: Mapping[tuple[str, int, int], Ref], shapes: dict[Ref, Shape]) -> Any:
    """`value` with a Ref for each tensor; notes the shape of each."""
    if _is_tensor(value):
        ref, shape = tensors[_history(value)], value["config"]["shape"]
        if isinstance(shape, list | tuple) and all(isinstance(n, int | None) for n in shape):
            shapes.setdefault(ref, tuple(shape))
        return ref
    if isinstance(value, list | tuple):
        return type(value)(_resolved(part, tensors, shapes) for part in value)
    if isinstance(value, dict) and "class_name" not in value:
        return {k: _resolved(part, tensors, shapes) for k, part in value.items()}
    return value


def _refs(value: Any) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _refs(part)


def _is_plain_call(call: _Call, inputs: tuple[Ref, ...]) -> bool:
    """Whether a model within the model has one tensor in and one out, so that it can be laid flat."""
    layers = call.config["layers"]
    taken = sum(layer["class_name"] == "InputLayer" for layer in layers)
    one_out = call.kind == "Sequential" or len(_outputs(call.config, ())) == 1
    return len(inputs) == 1 and taken <= 1 and one_out and not any(call.kwargs.values())
