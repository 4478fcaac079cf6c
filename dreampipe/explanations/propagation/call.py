"""`Call`: an operation of a model with its arguments, as a function of its tensors alone.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dreampipe.backend import Tensor, keras
from dreampipe.explanations.propagation.steps import Builder, Form, Slot
from dreampipe.models.graphs.graph import Ref


class Unknown(Exception):
    """An operation that has no form."""

    def __init__(self, operation: Any) -> None:
        super().__init__(operation)
        self.operation = operation


class Call:
    """One call of one operation.

    Attributes:
        args, kwargs: with a `Ref` for each tensor.
        builder: lists its steps.
        inputs: its tensors, in order; one that is used twice is there twice.
        has_constants: whether anything else than tensors is among the positional arguments.
    """

    def __init__(self, operation: Any, args: Any, kwargs: Mapping[str, Any], builder: Builder) -> None:
        self.operation, self.args, self.kwargs, self.builder = operation, args, kwargs, builder
        self.inputs: tuple[Slot, ...] = tuple(_refs((args, kwargs)))
        self.has_constants = any(not isinstance(part, Ref | list) for part in args)

    def function(self, *tensors: Tensor) -> Any:
        """Compute the operation of its tensors."""
        waiting = iter(tensors)
        args, kwargs = _fill(self.args, waiting), _fill(self.kwargs, waiting)
        rest = {"training": False} if isinstance(self.operation, keras.layers.Layer) else {}
        return self.operation(*args, **kwargs | rest)

    def whole(self, form: Form, **facts: Any) -> Slot:
        """List the operation as one step."""
        return self.builder.add(form, self.function, *self.inputs, **facts)

    def plain(self) -> Any:
        """Return the layer; raises Unknown if it is quantized, so that its weights are not as they seem."""
        if getattr(self.operation, "quantization_mode", None):
            raise Unknown(self.operation)
        return self.operation


def _refs(value: Any) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _refs(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _refs(part)


def _fill(value: Any, tensors: Iterator[Tensor]) -> Any:
    if isinstance(value, Ref):
        return next(tensors)
    if isinstance(value, list):
        return [_fill(part, tensors) for part in value]
    return {k: _fill(part, tensors) for k, part in value.items()} if isinstance(value, dict) else value
