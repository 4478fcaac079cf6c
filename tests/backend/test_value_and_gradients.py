"""Gradients of the backend: by the arguments of a function, and by nothing else."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from graphs_only import graphs_only

from dreampipe import backend
from dreampipe.backend import keras, ops
from dreampipe.errors import ModelError

X, Y = np.float32([1, 2, 3]), np.float32([5, -1, 0])


def test_gradients_are_by_the_arguments_alone() -> None:
    outer = ops.convert_to_tensor(Y)

    def function(x: Any, y: Any, unused: Any) -> tuple[Any, Any]:
        return ops.sum(x * x * y * outer), x + y

    value, rest, gradients = backend.value_and_gradients(function, X, Y, np.float32(7))
    assert float(value) == np.sum(X * X * Y * Y)
    np.testing.assert_array_equal(rest, X + Y)
    for gradient, expected in zip(gradients, (2 * X * Y * Y, X * X * Y, 0), strict=True):
        np.testing.assert_array_equal(gradient, expected)


def test_a_pullback_is_the_transpose_of_the_derivative() -> None:
    matrix = np.float32([[1, 2, 0], [0, -1, 4]])
    value, back = backend.pullback(lambda x, unused: ops.matmul(matrix, x), X[:, None], Y)
    np.testing.assert_array_equal(value, matrix @ X[:, None])
    pulled, nothing = back(np.float32([[3], [5]]))
    np.testing.assert_array_equal(pulled[:, 0], matrix.T @ [3, 5])
    np.testing.assert_array_equal(nothing, 0 * Y)


def test_weights_are_arguments_too() -> None:
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    layer.build((None, 3))

    def loss(kernel: Any) -> tuple[Any, None]:
        with backend.weights_as(layer.trainable_variables, [kernel]):
            return ops.sum(layer(X[None]) ** 2), None

    value, _, (gradient,) = backend.value_and_gradients(loss, 2 * layer.kernel.value)
    assert float(value) == 12**2
    np.testing.assert_allclose(gradient[:, 0], 2 * 12 * X)
    np.testing.assert_array_equal(layer.kernel, np.ones((3, 1)))


def test_one_tensor_that_comes_twice_has_a_gradient_in_each_place() -> None:
    """As arguments, and by the function from elsewhere, where it is constant; also in a compiled function."""

    def differentiate(x: Any) -> tuple[Any, ...]:
        _, _, gradients = backend.value_and_gradients(lambda a, b: (ops.sum(a * b * b * x), None), x, x)
        _, back = backend.pullback(lambda a, b: a * b * b * x, x, x)
        return *gradients, *back(ops.ones_like(x))

    x = ops.convert_to_tensor(X)
    for found in (differentiate(x), backend.compile(differentiate, backend.spec(None))(x)):
        for gradient, factor in zip(found, (1, 2, 1, 2), strict=True):
            np.testing.assert_allclose(backend.as_array(gradient), factor * X**3, rtol=1e-6)


@graphs_only
def test_graphs_with_a_custom_gradient_are_freed_once_nobody_holds_them() -> None:
    """Such as silu has. A process that climbs many objectives, one after the other, must not keep the graphs of all."""
    graphs = []

    def pull(x: Any) -> Any:
        graphs.append(weakref.ref(x.graph))
        return backend.value_and_gradients(lambda x: (ops.sum(ops.silu(x)), None), x)[2][0]

    def shape(x: Any) -> Any:
        graphs.append(weakref.ref(x.graph))
        return ops.silu(x)

    keras.layers.Lambda(shape)(keras.Input((3,)))
    compiled = backend.compile(pull, backend.spec(None))
    sigmoid = 1 / (1 + np.exp(-X))
    np.testing.assert_allclose(compiled(X), sigmoid * (1 + X * (1 - sigmoid)), rtol=1e-6)
    del compiled
    gc.collect()
    assert len(graphs) >= 2 and not any(graph() for graph in graphs)


@graphs_only
def test_a_layer_that_has_to_know_the_size_is_refused_in_one_sentence() -> None:
    enlarge = keras.layers.UpSampling2D(2, interpolation="bilinear")
    run = backend.compile(lambda image: enlarge(image), backend.spec(None, None, None, 3))
    with pytest.raises(
        ModelError, match=r"^The model cannot compute this \(.*UpSampling2D.*\): try another size or layer\.$"
    ):
        run(np.zeros((1, 4, 4, 3), np.float32))
