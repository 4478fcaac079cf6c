"""Free the graphs that tensorflow holds for as long as the process runs."""

from __future__ import annotations

from inspect import getclosurevars
from types import FunctionType
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import ops as tf_ops


def forget_gradients(graph: Any) -> None:
    """Remove the custom gradients of a traced graph from tensorflow's registry; also of graphs that only tell shapes.

    tensorflow registers each custom gradient, such as that of silu, for the life of the process, and with it the graph:
    5 MB for each function that is compiled on motifnet. After the trace nothing looks them up. keras computes shapes in
    graphs of its own, which it names `scratch_graph`.
    """
    registered = getattr(getattr(tf_ops, "gradient_registry", None), "_registry", {})
    for name, entry in list(registered.items()):
        if name.startswith("CustomGradient-"):
            of = _graph_of(entry["type"])
            if of is graph or getattr(of, "name", "").startswith("scratch_graph"):
                registered.pop(name, None)


def _graph_of(gradient: Any) -> Any:
    """The graph whose tensors a registered custom gradient holds; None if that cannot be told."""
    held: Any = gradient
    for name in ("tape_grad_fn", "result"):
        if not isinstance(held, FunctionType):
            return None
        try:
            held = getclosurevars(held).nonlocals.get(name)
        except ValueError:  # a cell that is empty, while another thread still defines the gradient
            return None
    return next((tensor.graph for tensor in tf.nest.flatten(held) if hasattr(tensor, "graph")), None)
