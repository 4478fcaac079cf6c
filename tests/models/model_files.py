"""Model files for the tests, written by hand where no honest Keras would write them."""

from __future__ import annotations

import copy
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def layer(kind: str, name: str, *inputs: str, module: str = "keras.layers", **config: Any) -> Json:
    """A layer of a Functional model, called once with the first outputs of `inputs`."""
    tensors = [
        {"class_name": "__keras_tensor__", "config": {"shape": None, "keras_history": [i, 0, 0]}} for i in inputs
    ]
    args = [tensors] if len(tensors) > 1 else tensors
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [{"args": args, "kwargs": {}}] if inputs else [],
    }


def image(*shape: int | None, name: str = "image", dtype: str = "float32") -> Json:
    return layer("InputLayer", name, batch_shape=[None, *shape], dtype=dtype)


def conv(name: str, source: str, **config: Any) -> Json:
    settings = {"filters": 4, "kernel_size": [3, 3], "strides": [1, 1], "dilation_rate": [1, 1], "padding": "same"}
    return layer("Conv2D", name, source, **{**settings, "data_format": "channels_last", **config})


def functional(*layers: Json) -> Json:
    """A Functional model from the first layer to the last."""
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "registered_name": "Functional",
        "config": {
            "name": "functional",
            "layers": list(layers),
            "input_layers": [layers[0]["name"], 0, 0],
            "output_layers": [layers[-1]["name"], 0, 0],
        },
    }


def plain() -> Json:
    """The configuration of a small honest model."""
    return functional(image(None, None, 3), conv("conv", "image"))


def pack(
    path: Path, config: Any, *more: tuple[str, bytes], metadata: Any = None, weights: bytes = b"no weights"
) -> Path:
    """Write a `.keras` file of this configuration, its weights no weights at all where none are given."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps(metadata or {"keras_version": "3.15.1"}))
        archive.writestr("config.json", config if isinstance(config, bytes) else json.dumps(config))
        archive.writestr("model.weights.h5", weights)
        for name, data in more:
            archive.writestr(name, data)
    return path


ODD = (None, -1, 0, "x", [], {}, [[]], {"class_name": "Conv2D"}, 1e300)


def with_odd_values(config: Json) -> Iterator[Json]:
    """A configuration again and again, each of its values replaced by each of some odd ones."""
    for place in _places(config):
        for value in ODD:
            changed = copy.deepcopy(config)
            parent: Any = changed
            for step in place[:-1]:
                parent = parent[step]
            parent[place[-1]] = value
            yield changed


def _places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return ([here] if here else []) + [place for key, part in members for place in _places(part, (*here, key))]
