"""Look into the graphs of tensorflow, and free those that it holds for as long as the process runs."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getclosurevars
from types import FunctionType
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import ops as tf_ops


def specs_of(specs: Any) -> Any:
    """The specs of arguments as tensorflow has them."""
    return tf.nest.map_structure(lambda one: tf.TensorSpec(one.shape, one.dtype), specs)


def takes_gradients(function: Callable[..., Any], *specs: Any) -> bool:
    signature = specs_of(specs)
    traced = tf.function(function, input_signature=signature, autograph=False).get_concrete_function()
    graph = traced.graph.as_graph_def()
    inner = (node.name for body in graph.library.function for node in body.node_def)
    return any("gradient_tape" in name for name in (*(node.name for node in graph.node), *inner))


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
