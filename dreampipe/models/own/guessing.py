"""How a model that does not say so wants its pixels, guessed from its configuration; no keras here.

    guess(graph, config) -> Guess

Its first layers tell it where they scale the picture themselves, and its name where it comes from keras.applications.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from dreampipe.models.graphs.graph import Graph, Key, Node, Ref
from dreampipe.models.model_card import Scaling


@dataclass(frozen=True)
class Guess:
    """A scaling, and why, as a clause; empty where nothing tells, and tf is only the most common."""

    scaling: Scaling
    why: str = ""


_FAMILIES: tuple[tuple[str, Scaling], ...] = (
    (r"vgg(16|19)", "caffe"),
    (r"resnet(50|101|152)_?v2", "tf"),
    (r"resnet(50|101|152)", "caffe"),
    (r"inception_(resnet_)?v[23]|xception|mobilenet(v2)?_\d|nasnet", "tf"),
    (r"densenet(121|169|201)", "torch"),
    # Those that scale their input in their first layers were saved without these here.
    (r"mobilenet_?v3|efficientnet_?v2", "tf"),
    (r"convnext", "torch"),
)
"""How architectures of keras.applications, by the names that Keras gives them, want the input of their first
convolution."""

_PASSING = """
    Identity Cast Dropout ZeroPadding2D Resizing CenterCrop GetItem Flip RandomFlip RandomRotation RandomZoom
    RandomTranslation RandomShear RandomContrast RandomBrightness RandomCrop GaussianNoise SpatialDropout2D
"""
"""Layers that leave the scale of pixels as it is, when nobody trains."""


def guess(graph: Graph, config: Mapping[str, Any]) -> Guess:
    """The likeliest scaling of a model that was read from this configuration."""
    scale, kinds = _first_scale(graph)
    if kinds and (found := _of(scale)):
        whole = "[0, 255]" if found == "bytes" else "[0, 1]"
        return Guess(found, f"its first layers ({', '.join(kinds)}) take {whole}")
    for name in _names(config):
        for pattern, scaling in _FAMILIES:
            if re.match(pattern, name, re.IGNORECASE):
                return Guess(scaling, f"Keras trained {name[:40]!r} so")
    return Guess("tf")


def _of(scale: float) -> Scaling | None:
    """The scaling of pixels that, multiplied by `scale`, span about as much as models are trained on."""
    if 0.5 <= abs(scale) * 255 <= 10:
        return "bytes"
    return "unit" if 0.5 <= abs(scale) <= 10 or 200 <= abs(scale) <= 300 else None


def _first_scale(graph: Graph) -> tuple[float, list[str]]:
    """What the layers before all others multiply the picture by, and their classes."""
    takers: dict[Ref, list[tuple[Key, Node]]] = {}
    for key, node in graph.nodes.items():
        for ref in set(node.inputs):
            takers.setdefault(ref, []).append((key, node))
    scale, kinds, at = 1.0, [], graph.input
    while len(takers.get(at, ())) == 1:
        ((key, node),) = takers[at]
        factor = _factor(node, at)
        if factor is None:
            break
        if node.kind not in _PASSING.split():
            scale *= factor
            kinds.append(node.kind)
        at = Ref(key, 0)
    return scale, kinds


def _factor(node: Node, at: Ref) -> float | None:
    """What a layer multiplies its input by; None for a layer that does anything else than scale and shift."""
    if node.kind in _PASSING.split():
        return 1.0
    if node.kind == "Rescaling":
        return _number(node.config.get("scale"))
    if node.kind == "Normalization":
        variance = _number(node.config.get("variance"))
        return 1 / sqrt(variance) if variance and variance > 0 and not node.config.get("invert") else None
    constant = next((_number(value) for value in node.args if value != at), None)
    if constant is None or len(node.inputs) != 1:
        return None
    if node.kind in ("Add", "Subtract"):
        return 1.0
    if node.kind in ("TrueDivide", "Divide"):
        return 1 / constant if constant and node.args[0] == at else None
    return constant if node.kind == "Multiply" else None


def _number(value: Any) -> float | None:
    """A constant as Keras writes it: a number, the mean of a list of them, or of an array; None where there is none."""
    if isinstance(value, dict):
        inner = value.get("config")
        return _number(inner.get("value") if isinstance(inner, dict) else None)
    if isinstance(value, list | tuple):
        found = [_number(part) for part in value]
        numbers = [n for n in found if n is not None]
        return sum(numbers) / len(numbers) if numbers and len(numbers) == len(found) else None
    return float(value) if isinstance(value, int | float) else None


def _names(config: Mapping[str, Any]) -> Iterator[str]:
    """The names of a model and of those within it, from the outermost on."""
    waiting = [config]
    while waiting:
        inner = waiting.pop(0)["config"]
        yield str(inner.get("name", ""))
        waiting.extend(layer for layer in inner["layers"] if "layers" in layer["config"])
