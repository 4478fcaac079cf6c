"""Compile functions with JAX, for the shapes of their arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial, wraps
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dreampipe.backend.programs import Programs, compiling
from dreampipe.backend.shared import Spec, keras, refusal
from dreampipe.forking import check_process


def compile(
    function: Callable[..., Any], *specs: Any, changes: Sequence[Any] = (), rounded: bool = False
) -> Callable[..., Any]:
    known, programs = jax.tree.leaves(specs), Programs()

    @partial(jax.jit, static_argnums=(0, 1))
    def trace(structure: Any, sizes: tuple[tuple[int, ...], ...], values: Any, *tensors: Any) -> Any:
        moving, fixed = iter(tensors), iter(np.array(one, np.int32) for one in sizes)
        leaves = [next(fixed) if _decides(known, at) else next(moving) for at in range(structure.num_leaves)]
        with _multiplying(rounded):
            if not changes:
                return function(*jax.tree.unflatten(structure, leaves)), []
            with keras.StatelessScope(zip(changes, values, strict=True)) as scope:
                result = function(*jax.tree.unflatten(structure, leaves))
        return result, [scope.get_current_value(variable) for variable in changes]

    def find(structure: Any, sizes: Any, values: Any, tensors: Sequence[Any]) -> Any:
        key = structure, sizes, tuple((one.shape, one.dtype, one.weak_type) for one in tensors)
        return programs.of(key, lambda: _make(trace.lower(structure, sizes, values, *tensors)))

    @wraps(function)
    def call(*arguments: Any) -> Any:
        check_process()
        structure, sizes, leaves = _part(known, arguments)
        tensors = [_typed(leaf, known, at) for at, leaf in leaves]
        values = [variable.value for variable in changes]
        try:
            result, changed = find(structure, sizes, values, tensors)(values, *tensors)
            jax.block_until_ready(result)  # what goes wrong on the device is seen here
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" in str(error):
                raise MemoryError from None
            raise refusal(error) from error
        except (TypeError, ValueError) as error:
            raise refusal(error) from error
        for variable, value in zip(changes, changed, strict=True):
            variable.assign(value)
        return result

    def prepare(*arguments: Any) -> None:
        structure, sizes, leaves = _part(known, arguments)
        shapes = [jax.ShapeDtypeStruct(np.shape(leaf), known[at].dtype) for at, leaf in leaves]
        find(structure, sizes, [], shapes)

    if known and not changes:
        call.prepare = prepare  # type: ignore[attr-defined]
    return call


_CONVOLUTIONS = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"}
"""Options of XLA on a processor: only products of matrices go to its library YNN.

By itself jaxlib 0.10 also hands it convolutions, which then run on fewer threads: a step of motifnet at 640x480 takes
0.39 s in place of 0.23 on two cores (0.55 and 0.41 s of processor time), one of InceptionV3 at 512x512 0.75 s in place
of 0.36.
"""


def _make(lowered: jax.stages.Lowered) -> jax.stages.Compiled:
    if jax.default_backend() != "cpu":
        return lowered.compile()
    try:
        return lowered.compile(_CONVOLUTIONS)
    except jax.errors.JaxRuntimeError as error:
        if "option" not in str(error):
            raise
    return lowered.compile()  # another jaxlib does not know it


def _multiplying(rounded: bool) -> AbstractContextManager[Any]:
    """A context in which what is traced multiplies float32 numbers as they are, or on a GPU rounded to TF32."""
    if jax.default_backend() == "cpu":
        return nullcontext()
    scope: AbstractContextManager[Any] = jax.default_matmul_precision("default" if rounded else "highest")
    return scope


def _part(known: Sequence[Spec], arguments: Any) -> tuple[Any, tuple[tuple[int, ...], ...], list[tuple[int, Any]]]:
    """The structure of arguments, the numbers that decide sizes, and the other leaves, each with its place."""
    leaves, structure = jax.tree.flatten(arguments)
    sizes = tuple(tuple(np.asarray(leaf).tolist()) for at, leaf in enumerate(leaves) if _decides(known, at))
    return structure, sizes, [(at, leaf) for at, leaf in enumerate(leaves) if not _decides(known, at)]


def compile_ahead(calls: Iterable[tuple[Callable[..., Any], Sequence[Any]]]) -> AbstractContextManager[None]:
    return compiling([partial(function.prepare, *arguments) for function, arguments in calls])  # type: ignore[attr-defined]


def _decides(known: Sequence[Spec], at: int) -> bool:
    """Say whether the argument at this place decides sizes."""
    return bool(known) and known[at].sizes


def _typed(leaf: Any, known: Sequence[Spec], at: int) -> Any:
    return jnp.asarray(leaf, known[at].dtype) if known else jnp.asarray(leaf)
