"""Gradients where a function has a kink or a tie, so that no derivative is the right one: what each backend answers.

python ties.py        prints a line of JSON: for each case the gradient of the sum of the result, or the result
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

Values = Any
ROW = np.float32([[1, 2, 3, 4, 5]])


def _picture(values: Any) -> Any:
    return np.float32(values)[None, ..., None]


def _cases(ops: Any) -> dict[str, tuple[Callable[[Any], Any], Any]]:
    """For each case the function, and where it is differentiated."""
    flat = _picture(np.ones((2, 2)))
    return {
        "relu at 0": (ops.relu, np.float32([0.0])),
        "relu6 at 0 and 6": (ops.relu6, np.float32([0.0, 6.0])),
        "leaky_relu(0.2) at 0": (lambda x: ops.leaky_relu(x, 0.2), np.float32([0.0])),
        "clip at both bounds": (lambda x: ops.clip(x, 0.0, 1.0), np.float32([0.0, 1.0])),
        "abs at 0": (ops.abs, np.float32([0.0])),
        "sqrt at 0": (ops.sqrt, np.float32([0.0])),
        "maximum with an equal": (lambda x: ops.maximum(x, 1.0), np.float32([1.0])),
        "minimum with an equal": (lambda x: ops.minimum(x, 1.0), np.float32([1.0])),
        "max of equals": (ops.max, np.float32([2.0, 2.0, 1.0])),
        "max over an axis of equals": (lambda x: ops.max(x, axis=1), np.float32([[2.0, 2.0, 1.0]])),
        "max_pool of equals": (lambda x: ops.max_pool(x, 2, 2, data_format="channels_last"), flat),
        "max_pool of equals that overlap": (
            lambda x: ops.max_pool(x, 2, 1, data_format="channels_last"),
            _picture(np.ones((3, 3))),
        ),
        "average_pool at the border, same": (
            lambda x: ops.average_pool(x, 2, 2, "same", data_format="channels_last"),
            _picture(np.ones((3, 3))),
        ),
        "pad by reflecting": (lambda x: ops.pad(x, ((0, 0), (2, 2)), "reflect"), ROW),
        "pad symmetrically": (lambda x: ops.pad(x, ((0, 0), (2, 2)), "symmetric"), ROW),
        "resize to a half with antialias": (
            lambda x: ops.image.resize(x, (1, 3), antialias=True, data_format="channels_last"),
            _picture([[1, 2, 3, 4, 5, 6]]),
        ),
        "hard_sigmoid at its kinks": (ops.hard_sigmoid, np.float32([-3.0, 3.0])),
        "sign at 0, the value": (lambda x: ops.sign(x) + 0 * x, np.float32([0.0])),
    }


def measure() -> dict[str, Values]:
    """For each case its gradient, rounded to 4 digits; and the places of the largest of equals."""
    from dreampipe import backend
    from dreampipe.backend import ops

    found: dict[str, Values] = {}
    for name, (function, at) in _cases(ops).items():
        _, _, (slope,) = backend.value_and_gradients(lambda x, function=function: (ops.sum(function(x)), None), at)
        slopes = np.asarray(ops.convert_to_numpy(slope), np.float64).reshape(-1)
        found[name] = [None if not np.isfinite(one) else round(float(one), 4) for one in slopes]
    found["argmax of equals, the place"] = [int(ops.argmax(np.float32([1.0, 3.0, 3.0])))]
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure()))
