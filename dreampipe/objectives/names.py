"""Names in objectives: how their text writes the names of layers, and the keys of the values that they read.

In the text, identifiers stand bare and all other names in quotes; a path of names leads into a nested model. A climber
hands over values by keys; no layer can bear one of their names.
"""

from __future__ import annotations

import json
import re

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"

HEAD, PROBABILITIES = "logits()", "probabilities()"
"""The keys of the head before and after its softmax, (batch, classes) float32."""
IMAGE, START = "image()", "start()"
"""The keys of the climbed picture before any transform and of the ascent's start, (batch, height, width, 3), 0 to 1."""
UNIT = "unit()"
"""The key of each picture's own channel or class, (batch,) int32: the meaning of `[*]` and `logit(*)`."""


def start_of(layer: str) -> str:
    """Build the key of a layer's activation (batch, ...) on the picture that the ascent started from."""
    return f"start({layer})"


def guide_of(layer: str, sha256: str) -> str:
    """Build the key of a layer's activation (1, ...) on the guide picture with this SHA-256."""
    return f"guide({layer}, {sha256})"


def quoted(name: str) -> str:
    """Write a name: bare if it is an identifier, else in quotes."""
    return name if re.fullmatch(IDENTIFIER, name) else text_of(name)


def text_of(name: str) -> str:
    """Write a name in quotes."""
    return json.dumps(name, ensure_ascii=False)


def path_of(layer: str) -> str:
    """Write the name of a layer: `backbone/"block-1"` for backbone/block-1."""
    parts = layer.split("/")
    return "/".join(map(quoted, parts)) if all(parts) else text_of(layer)
