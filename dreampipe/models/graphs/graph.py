"""A model's configuration as one flat graph; no keras here.

    read(config) -> Graph       config: {"class_name": ..., "config": ...}, as Keras writes Functional and Sequential

Models within the model are laid flat, so that their layers can be tapped, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any, NamedTuple

from dreampipe.errors import ModelError
from dreampipe.models.names import recount

Key = tuple[str | int, ...]
Config = Mapping[str, Any]
Shape = tuple[int | None, ...]
_MODELS = ("Functional", "Sequential")


class Ref(NamedTuple):
    """A tensor: an output of the node `key`."""

    key: Key
    output: int


@dataclass(frozen=True, eq=False)
class Node:
    """One call of one layer (or other operation).

    Attributes:
        name: as objectives write it: the layer's own name; that of a layer in a model within the model starts with the
            names of the models where the name alone is taken; a repeated call ends in ".1", ".2", ...
        kind: the name of its class.
        path: Keras' own names, from the model down to this layer.
        config: the layer's own configuration.
        args, kwargs: of the call, with a `Ref` for each tensor and the rest as Keras wrote it.
        inputs: the tensors among them.
        within: names of the models within the model that it stands in, from the outermost on.
    """

    name: str
    kind: str
    path: tuple[str, ...]
    config: Config
    args: Any = ()
    kwargs: Any = field(default_factory=dict)
    inputs: tuple[Ref, ...] = ()
    within: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Graph:
    """A model with one picture in and one tensor out.

    Attributes:
        nodes: all calls, each after those it needs, the input among them.
        names: the tensor of each name; those of models within the model are there, too.
        shapes: of the tensors whose shape the configuration tells, (batch, height, width, channels) or other.
        input: the picture.
        output: what the model gives.
    """

    nodes: Mapping[Key, Node]
    names: Mapping[str, Ref]
    shapes: Mapping[Ref, Shape]
    input: Ref
    output: Ref


def read(config: Config, recounted: bool = False) -> Graph:
    """Read the flat graph of a Functional or Sequential model.

    Args:
        config: of the model; its layers keep the names that they have there.
        recounted: count automatic names from the start instead, model by model, as dreampipe once did for all files.

    Raises:
        ModelError: it is another kind of model, has several inputs or outputs, or is not a graph of layers at all.
            The text is a clause about "it", for the caller who knows the model's name.
    """
    kind = config.get("class_name")
    if kind not in _MODELS:
        raise ModelError(f"it is of the class {kind}, but a Functional or Sequential Keras model is expected.")
    try:
        reader = _Reader(recounted)
        output = reader.model(kind, config["config"])
        if reader.input is None:
            raise ValueError("no input")
        return Graph(reader.nodes, reader.names, reader.shapes, reader.input, output)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"its configuration is not a graph of Keras layers ({type(error).__name__}: {error}): "
            "save it again with a current Keras."
        ) from error


@dataclass(frozen=True, eq=False)
class _Call:
    """One call of one layer, as the configuration of its model has it."""

    kind: str
    name: str
    number: int
    config: Config
    args: Any
    kwargs: Any


@dataclass(frozen=True, eq=False)
class _Place:
    """The place of a model in the whole: none for the outermost, otherwise its call and the tensor that it gets."""

    key: Key = ()
    path: tuple[str, ...] = ()
    prefix: str = ""
    within: tuple[str, ...] = ()
    given: Ref | None = None


_OUTERMOST = _Place()


class _Reader:
    """The graph while it is being read."""

    def __init__(self, recounted: bool) -> None:
        self.recounted = recounted
        self.nodes: dict[Key, Node] = {}
        self.names: dict[str, Ref] = {}
        self.shapes: dict[Ref, Shape] = {}
        self.input: Ref | None = None

    def model(self, kind: str, config: Config, place: _Place = _OUTERMOST) -> Ref:
        """Lay a model flat and return its output."""
        calls = _calls(config) if kind == "Functional" else _chain(config)
        names = self._free_names(calls, place)
        # Held at once: no model within this one can take one of its names.
        self.names |= {name: Ref((), 0) for name in names.values()}
        tensors: dict[tuple[str, int], Ref] = {}
        for call in _sort_calls(calls):
            name = names.get(call.name, "")
            name = f"{name}.{call.number}" if call.number else name
            ref = tensors[call.name, call.number] = self._call(call, name, place, tensors)
            self.names |= {name: ref} if name else {}
        outputs = _outputs(config, calls)
        if len(outputs) != 1:
            raise ModelError(f"it has {len(outputs)} outputs, but exactly one is expected.")
        name, number, output = outputs[0]
        # Here alone Keras counts the making of a Functional model as its first call.
        made = any(call.kind == "Functional" for call in calls if call.name == name)
        return _ref((name, number - made, output), tensors)

    def _free_names(self, calls: Sequence[_Call], place: _Place) -> dict[str, str]:
        """Map own names to free ones: where one of a model within is taken, all follow its name; inputs have none."""
        own = recount((call.kind, call.name) for call in calls) if self.recounted else {c.name: c.name for c in calls}
        if place.given is None:
            return own
        own = {c.name: own[c.name] for c in calls if c.kind != "InputLayer"}
        taken = any(name in self.names for name in own.values())
        return {k: f"{place.prefix}/{name}" for k, name in own.items()} if taken else own

    def _call(self, call: _Call, name: str, place: _Place, tensors: Mapping[tuple[str, int], Ref]) -> Ref:
        """Add one call, or all of it where it is a model; its first output."""
        if call.kind == "InputLayer":
            return place.given or self._input(call, name)
        key, path = (*place.key, call.name, call.number), (*place.path, call.name)
        args, kwargs = self._resolve(call.args, tensors), self._resolve(call.kwargs, tensors)
        inputs = tuple(refs((args, kwargs)))
        if call.kind in _MODELS and _is_plain(call, inputs):
            within = (*place.within, name.rpartition("/")[2])
            return self.model(call.kind, call.config, _Place(key, path, name, within, inputs[0]))
        self.nodes[key] = Node(name, call.kind, path, call.config, args, kwargs, inputs, place.within)
        return Ref(key, 0)

    def _input(self, call: _Call, name: str) -> Ref:
        if self.input is not None:
            raise ModelError("it has several inputs, but a model of a single picture is expected.")
        shape = call.config["batch_shape"]
        if not isinstance(shape, list | tuple):
            raise ModelError("it was saved before it was built: call it on a picture, then save it again.")
        self.input = Ref((call.name, 0), 0)
        self.shapes[self.input] = tuple(shape)
        self.nodes[self.input.key] = Node(name, call.kind, (call.name,), call.config)
        return self.input

    def _resolve(self, value: Any, tensors: Mapping[tuple[str, int], Ref]) -> Any:
        """`value` with a Ref for each tensor; notes their shapes."""
        if _is_tensor(value):
            ref, shape = _ref(value["config"]["keras_history"], tensors), value["config"]["shape"]
            if isinstance(shape, list | tuple):
                self.shapes.setdefault(ref, tuple(shape))
            return ref
        if isinstance(value, list | tuple):
            return [self._resolve(part, tensors) for part in value]
        if isinstance(value, dict) and "class_name" not in value:
            return {k: self._resolve(part, tensors) for k, part in value.items()}
        return value


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
        shape = config.get("build_input_shape") or _first_shape(layers[0]["config"])
        layers.insert(0, {"class_name": "InputLayer", "config": {"name": "input_layer", "batch_shape": shape}})
    calls: list[_Call] = []
    for layer in layers:
        shape = (layer.get("build_config") or {}).get("input_shape")
        args = [_tensor(calls[-1].name, shape)] if calls else []
        calls.append(_Call(layer["class_name"], layer["config"]["name"], 0, layer["config"], args, {}))
    return calls


def _first_shape(config: Config) -> Any:
    """The input shape of a model at the head of a Sequential model; None where it has none."""
    first = (config.get("layers") or [{"config": {}}])[0]["config"]
    return first.get("batch_shape") or (_first_shape(first) if "layers" in first else None)


def _tensor(name: str, shape: Any) -> Config:
    return {"class_name": "__keras_tensor__", "config": {"shape": shape, "keras_history": [name, 0, 0]}}


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def _ref(history: Sequence[Any], tensors: Mapping[tuple[str, int], Ref]) -> Ref:
    """The tensor of Keras' history [layer, number of the call, output]."""
    name, number, output = history
    first = tensors[name, number]
    return Ref(first.key, first.output + output)


def _parts(value: Any) -> Iterator[Any]:
    """The members of a list, tuple or dict, and of those within it, but not of a Ref or a tensor."""
    for part in value.values() if isinstance(value, dict) else value:
        yield part
        if isinstance(part, list | tuple | dict) and not isinstance(part, Ref) and not _is_tensor(part):
            yield from _parts(part)


def refs(value: Any) -> Iterator[Ref]:
    """All tensors in lists, tuples and dicts of arguments."""
    return (part for part in _parts(value) if isinstance(part, Ref))


def _outputs(config: Config, calls: Sequence[_Call]) -> list[Sequence[Any]]:
    """Keras' history of each output: the configuration has one, or a list or dict of them, or none (Sequential)."""
    if "output_layers" not in config:
        return [(calls[-1].name, 0, 0)]
    return [p for p in _parts([config["output_layers"]]) if isinstance(p, list | tuple) and p and isinstance(p[0], str)]


def _sort_calls(calls: Sequence[_Call]) -> Iterator[_Call]:
    """Each call after those whose tensors it takes."""
    called = {(call.name, call.number): call for call in calls}
    needs = {
        key: [tuple(p["config"]["keras_history"][:2]) for p in _parts((call.args, call.kwargs)) if _is_tensor(p)]
        for key, call in called.items()
    }
    return (called[key] for key in TopologicalSorter(needs).static_order())


def _is_plain(call: _Call, inputs: Sequence[Ref]) -> bool:
    """Say whether a model within the model has one tensor in and one out, so that it can be flattened."""
    taken = sum(layer["class_name"] == "InputLayer" for layer in call.config["layers"])
    single = call.kind == "Sequential" or len(_outputs(call.config, ())) == 1
    return len(inputs) == 1 and taken <= 1 and single and not any(call.kwargs.values())
