"""Writes `described/` anew from the architectures as the installed Keras builds them.

    python -m dreampipe.models.zoo.describe [NAME ...]

Takes minutes and a few gigabytes. What is written is the same from run to run.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from dreampipe.backend import keras
from dreampipe.models.graphs import costs, fields, graph, sizes
from dreampipe.models.model_card import Layer
from dreampipe.models.names import in_snake_case
from dreampipe.models.zoo import building
from dreampipe.models.zoo.described import FOLDER
from dreampipe.models.zoo.known import NAMES, NOTOP


def write_description(name: str) -> bytes:
    """The content of an architecture's file."""
    ends = {"top": building.architecture(name), "notop": building.architecture(f"{name}{NOTOP}")}
    graphs = {e: graph.read({"class_name": "Functional", "config": model.get_config()}) for e, model in ends.items()}
    # Not for the size that a head holds some to: all layers before it can be climbed at any.
    told = {end: fields.layers(read, (costs.SIDE, costs.SIDE)) for end, read in graphs.items()}
    content = {
        "least": max(map(sizes.least_side, graphs.values())),
        "layers": _share_ends({end: [_layer(layer) for layer in layers] for end, layers in told.items()}),
        "parts": _share_ends({end: list(_parts(model)) for end, model in ends.items()}),
    }
    return gzip.compress(json.dumps(content, separators=(",", ":")).encode(), 9, mtime=0)


def _share_ends(ends: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the common start of both ends, and the rest of each."""
    body = [top for top, _ in takewhile(lambda pair: pair[0] == pair[1], zip(*ends.values(), strict=False))]
    return {"body": body, **{end: rows[len(body) :] for end, rows in ends.items()}}


def _layer(layer: Layer) -> list[Any]:
    side = layer.size and layer.size[0]
    return [
        *(layer.name, layer.kind, layer.channels, layer.stride, layer.receptive_field, layer.cost, side),
        *layer.within,
    ]


def _parts(model: keras.Model) -> Iterator[list[Any]]:
    """For each layer with weights: its name, the paths of its saved weights, and their shapes."""
    for layer, at in _number_layers(model, "layers"):
        groups = _number_layers(layer, f"{at}/layers") if isinstance(layer, keras.Model) else [(layer, at)]
        rows = [[place, *_shapes(part)] for part, place in groups if _shapes(part)]
        if rows:
            yield [layer.name, *rows]


def _number_layers(model: keras.Model, at: str) -> Iterator[tuple[Any, str]]:
    """Each layer, and where Keras saves it: by its class in snake case, counted within its model."""
    counts: dict[str, int] = {}
    for layer in model.layers:
        kind = in_snake_case(type(layer).__name__)
        number = counts[kind] = counts.get(kind, -1) + 1
        yield layer, f"{at}/{kind}_{number}" if number else f"{at}/{kind}"


def _shapes(layer: Any) -> list[list[int]]:
    return [list(weight.shape) for weight in building.weights(layer)]


def main(names: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in names or NAMES:
        keras.backend.clear_session()
        (FOLDER / f"{name}.json.gz").write_bytes(write_description(name))


if __name__ == "__main__":
    main(sys.argv[1:])
