"""The losses of attacks on logits, differentiable. This module imports keras: import it where computing begins."""

from __future__ import annotations

from typing import Any

from dreampipe import backend
from dreampipe.backend import ops

_FAR = 1e30
_TINY = 1e-12


def measure(loss: str, logits: Any, labels: Any, targets: Any = None) -> Any:
    """Measure the loss of each picture, in float64: a model that is sure of itself hides a smaller gradient.

    Args:
        loss: one of `victim.LOSSES`.
        logits: (count, classes).
        labels: (count,) int32.
        targets: (count,) int32, or None to leave `labels`.

    Returns:
        (count,); larger is better for the attack.
    """
    z = ops.cast(logits, backend.WIDEST)
    own = _pick(z, labels)
    if loss == "difference":
        return _pick(z, targets) - own
    if loss == "dlr" and z.shape[1] > (2 if targets is None else 3):
        return _ratio(z, own, labels, targets)
    if targets is None:
        return ops.logsumexp(z, axis=1) - own if loss == "ce" else _largest_other(z, labels) - own
    goal = _pick(z, targets)
    return goal - ops.logsumexp(z, axis=1) if loss == "ce" else goal - _largest_other(z, targets)


def _ratio(z: Any, own: Any, labels: Any, targets: Any) -> Any:
    """Compute the difference of logits ratio, (5) and (6) of Croce and Hein 2020."""
    top = ops.top_k(z, 3 if targets is None else 4)[0]
    if targets is None:
        return (_largest_other(z, labels) - own) / (top[:, 0] - top[:, 2] + _TINY)
    return (_pick(z, targets) - own) / (top[:, 0] - (top[:, 2] + top[:, 3]) / 2 + _TINY)


def _hot(z: Any, numbers: Any) -> Any:
    return ops.one_hot(numbers, z.shape[1], dtype=backend.WIDEST)


def _pick(z: Any, numbers: Any) -> Any:
    return ops.sum(z * _hot(z, numbers), axis=1)


def _largest_other(z: Any, numbers: Any) -> Any:
    return ops.max(z - _FAR * _hot(z, numbers), axis=1)
