"""What an objective reads: the keys of the values that a climber hands it. No layer can bear one of these names."""

from __future__ import annotations

HEAD, PROBABILITIES = "logits()", "probabilities()"
"""The head before and after its softmax, (batch, classes) float32."""
IMAGE, START = "image()", "start()"
"""The climbed picture before any transform, and what its ascent started from: (batch, height, width, 3) in [0, 1]."""
UNIT = "unit()"
"""Each picture's own channel or class, (batch,) int32: what `[*]` and `logit(*)` stand for."""


def start_of(layer: str) -> str:
    """The activation (batch, ...) of what the ascent started from, at a layer."""
    return f"start({layer})"


def guide_of(layer: str, sha256: str) -> str:
    """The activation (1, ...) of the guide picture with these bytes, at a layer."""
    return f"guide({layer}, {sha256})"
