"""Guesses the input scaling of a model that does not say it, from its configuration; no keras here.

    guess(graph, config) -> Guess

The first layers tell it where they scale the picture themselves; else the name, where it is one of keras.applications.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dreampipe.models.graphs import pixels
from dreampipe.models.graphs.graph import Graph
from dreampipe.models.graphs.pixels import PICTURE, Channel
from dreampipe.models.model_card import Scaling
from dreampipe.models.scaling import ends


@dataclass(frozen=True)
class Guess:
    """A scaling, and why, as a clause; empty where nothing tells it: tf is only the most common."""

    scaling: Scaling
    why: str = ""


_FAMILIES: tuple[tuple[str, Scaling], ...] = (
    (r"vgg(16|19)", "caffe"),
    (r"resnet(50|101|152)_?v2", "tf"),
    (r"resnet(50|101|152)", "caffe"),
    (r"inception_(resnet_)?v[23]|xception|mobilenet(v2)?_\d|nasnet", "tf"),
    (r"densenet(121|169|201)", "torch"),
    # These scale their input in their first layers; where the name alone tells, the file has none of them.
    (r"mobilenet_?v3|efficientnet_?v2", "tf"),
    (r"convnext", "torch"),
)
"""How architectures of keras.applications, by the names that Keras gives them, want the input of their first
convolution."""

_OPAQUE = ("Lambda", "Normalization")
"""Layers that change pixels by what the configuration does not tell: code, or what Normalization was adapted to."""
_RANGES: Mapping[Scaling, str] = {
    "unit": "[0, 1]",
    "bytes": "[0, 255]",
    "tf": "[-1, 1]",
    "torch": "pixels less ImageNet's mean, by its deviation",
    "caffe": "blue, green, red less ImageNet's mean",
}
"""The input of the first layers with each scaling, in the order in which they are tried."""


def guess(graph: Graph, config: Mapping[str, Any]) -> Guess:
    """Guess the scaling of a model that was read from this configuration.

    What the first layers do to the picture tells it. The name of a model within it tells it only where they do nothing.
    """
    found = pixels.list_takers(graph)
    if scaled := [one.values for one in found if one.values.is_scaled]:
        kinds = ", ".join(scaled[0].kinds)
        for channels in ([one.channels for one in scaled], [one.first or one.channels for one in scaled]):
            for scaling, range_ in _RANGES.items():
                if all(_fits(each, scaling) for each in channels):
                    return Guess(scaling, f"its first layers ({kinds}) take {range_}")
        return Guess("bytes", f"its first layers ({kinds}) scale pixels, and these mostly are [0, 255] before")
    if by := next((one.by for one in found if one.by in _OPAQUE), None):
        return Guess("bytes", f"its first layer ({by}) changes pixels, and these mostly are [0, 255] before")
    return _by_name(config, reversed_=any(one.values.channels != PICTURE.channels for one in found))


def _by_name(config: Mapping[str, Any], reversed_: bool) -> Guess:
    for name in _names(config):
        for pattern, scaling in _FAMILIES:
            if not re.match(pattern, name, re.IGNORECASE):
                continue
            if scaling == "caffe" and reversed_:  # which caffe would undo
                return Guess("bytes", f"Keras trained {name[:40]!r} on [0, 255], and the file orders channels itself")
            return Guess(scaling, f"Keras trained {name[:40]!r} so")
    return Guess("tf")


def _fits(channels: Sequence[Channel], scaling: Scaling) -> bool:
    """Say whether pixels of this scaling come out of the first layers as models are trained on them."""
    black, white = ends(scaling)
    for channel in channels:
        low, high = channel.ends(black, white)
        span = high - low
        if scaling in ("torch", "caffe"):  # rarely undone, and then exactly
            if not any(abs(low - a) + abs(high - b) <= 0.02 * (b - a) for a, b in ((0, 1), (-1, 1), (0, 255))):
                return False
        elif not (0.5 <= span <= 10 or 200 <= span <= 300) or not low - 0.1 * span <= 0 <= high + 0.1 * span:
            return False
    return True


def _names(config: Mapping[str, Any]) -> Iterator[str]:
    """The names of a model and of those within it, from the outermost on."""
    waiting = [config]
    while waiting:
        inner = waiting.pop(0)["config"]
        yield str(inner.get("name", ""))
        waiting.extend(layer for layer in inner["layers"] if "layers" in layer["config"])
