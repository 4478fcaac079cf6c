"""What each backend offers apart from `keras.ops`, against closed forms. KERAS_BACKEND says which one is tested."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from dreampipe import backend
from dreampipe.backend import choosing
from dreampipe.backend.philox import normal
from dreampipe.errors import ModelError

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng


def numbers(*shape: int, seed: int = 0) -> Array:
    return RNG(seed).standard_normal(shape).astype(np.float32)


def gradient(function: Any, at: Array, weights: Array) -> Array:
    """The gradient of sum(weights * function(at))."""
    shares = ops.convert_to_tensor(weights)
    _, _, (slope,) = backend.value_and_gradients(lambda x: (ops.sum(function(x) * shares), None), at)
    return np.asarray(ops.convert_to_numpy(slope))


@pytest.mark.smoke
@pytest.mark.parametrize("size", [(4, 6), (5, 7), (1, 1), (2, 9), (8, 1)], ids=str)
def test_half_spectra_are_those_of_numpy_both_ways(size: tuple[int, int]) -> None:
    half = (2, 3, size[0], size[1] // 2 + 1)
    real, imaginary, weights = numbers(*half), numbers(*half, seed=1), numbers(2, 3, *size, seed=2)
    made = backend.irfft2(ops.convert_to_tensor(real), ops.convert_to_tensor(imaginary), size)
    np.testing.assert_allclose(backend.as_array(made), np.fft.irfft2(real + 1j * imaginary, s=size), atol=1e-6)
    for part, other, unit in ((real, imaginary, 1), (imaginary, real, 1j)):
        whole = lambda x: backend.irfft2(*((x, other) if unit == 1 else (other, x)), size)  # noqa: B023, E731
        slope = gradient(lambda x, whole=whole: whole(ops.convert_to_tensor(x)), part, weights)
        along = numbers(*half, seed=3)
        expected = float((np.fft.irfft2(unit * along, s=size) * weights).sum())
        assert float((slope * along).sum()) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", [(1, 5, 7, 3), (1, 64, 48, 3), (3,)], ids=str)
def test_noise_is_the_same_on_every_backend(shape: tuple[int, ...]) -> None:
    for seed in ((1, 2), (123456, 2**24 - 1), (0, 0)):
        drawn = backend.compile(lambda seed: backend.noise(shape, seed), backend.spec(2, dtype="int32"))
        np.testing.assert_allclose(drawn(np.int32(seed)), normal(shape, seed), atol=5e-6)


def test_noise_is_normally_distributed_and_follows_its_seed() -> None:
    one, again, other = (normal((200, 300), seed) for seed in ((4, 5), (4, 5), (5, 4)))
    assert np.array_equal(one, again) and abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.02
    assert abs(one.mean()) < 0.02 and one.std() == pytest.approx(1, abs=0.01)
    assert np.mean(np.abs(one) < 1) == pytest.approx(0.6827, abs=0.01)
    assert abs(np.corrcoef(one[:, 1:].ravel(), one[:, :-1].ravel())[0, 1]) < 0.02


def test_silu_and_its_slope() -> None:
    x = np.float32([-30, -1, 0, 0.5, 30])
    sigmoid = 1 / (1 + np.exp(-x.astype(np.float64)))
    np.testing.assert_allclose(backend.silu(ops.convert_to_tensor(x)), x * sigmoid, rtol=1e-5, atol=1e-10)
    slope = sigmoid * (1 + x * (1 - sigmoid))
    np.testing.assert_allclose(gradient(backend.silu, x, np.float32(1)), slope, rtol=1e-5, atol=1e-10)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("steps, cells", [(2, 3), (3, 3), (4, 7)])
def test_a_convolution_by_steps_is_the_usual_one_both_ways(steps: int, cells: int, padding: Any) -> None:
    x, kernel = numbers(2, 13, 16, 3), numbers(cells, cells, 3, 5, seed=1)
    usual = lambda x: ops.conv(x, kernel, steps, padding, data_format="channels_last")  # noqa: E731
    ours = lambda x: backend.convolve_by_steps(x, kernel, steps, padding)  # noqa: E731
    expected = np.asarray(ops.convert_to_numpy(usual(ops.convert_to_tensor(x))))
    np.testing.assert_allclose(backend.as_array(ours(ops.convert_to_tensor(x))), expected, atol=1e-4)
    weights = numbers(*expected.shape, seed=2)
    np.testing.assert_allclose(gradient(ours, x, weights), gradient(usual, x, weights), atol=1e-4)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("cells", [(1, 1), (3, 3), (2, 5), (4, 4)])
@pytest.mark.parametrize(
    ("strides", "dilation"), [((1, 1), (1, 1)), ((2, 2), (1, 1)), ((3, 3), (1, 1)), ((1, 1), (2, 2))]
)
def test_a_convolution_of_each_channel_is_the_usual_one_all_ways(
    padding: Any, cells: tuple[int, int], strides: tuple[int, int], dilation: tuple[int, int]
) -> None:
    x, kernel = numbers(2, 13, 16, 3), numbers(*cells, 3, 1, seed=1)
    usual = lambda x, kernel=kernel: ops.depthwise_conv(x, kernel, strides, padding, "channels_last", dilation)  # noqa: E731
    ours = lambda x, kernel=kernel: backend.convolve_apart(x, kernel, strides, padding, dilation)  # noqa: E731
    expected = np.asarray(ops.convert_to_numpy(usual(ops.convert_to_tensor(x))))
    np.testing.assert_allclose(backend.as_array(ours(ops.convert_to_tensor(x))), expected, atol=1e-5)
    weights = numbers(*expected.shape, seed=2)
    np.testing.assert_allclose(gradient(ours, x, weights), gradient(usual, x, weights), atol=1e-5)
    x = ops.convert_to_tensor(x)
    by_kernel = [gradient(partial(one, x), kernel, weights) for one in (ours, usual)]
    np.testing.assert_allclose(*by_kernel, atol=2e-4)


def test_numbers_may_decide_sizes() -> None:
    compiled = backend.compile(
        lambda x, cut: ops.sum(x[: backend.whole(cut[0]), : backend.whole(cut[1])]),
        backend.spec(None, None),
        backend.sizes(2),
    )
    x = numbers(6, 7)
    for cut in ((2, 3), (6, 1), (5, 7)):
        assert float(compiled(x, np.int32(cut))) == pytest.approx(float(x[: cut[0], : cut[1]].sum()), abs=1e-5)


def test_arguments_have_the_types_of_their_specs() -> None:
    compiled = backend.compile(lambda x, n: {"sum": x + ops.cast(n, "float32")}, backend.spec(None), backend.spec())
    found = compiled(np.ones(3, np.float32), np.float32(2))["sum"]
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_array_equal(found, [3, 3, 3])


def test_variables_that_a_function_changes_keep_what_it_assigns() -> None:
    variable = keras.Variable(np.float32([1, 2]))

    def step(x: Any) -> Any:
        variable.assign(variable.value * x)
        return ops.sum(variable.value)

    compiled = backend.compile(step, backend.spec(), changes=[variable])
    assert [float(compiled(np.float32(3))) for _ in range(2)] == [9, 27]
    np.testing.assert_array_equal(backend.as_array(variable.value + 0), [9, 18])


def test_what_cannot_be_computed_is_one_sentence() -> None:
    compiled = backend.compile(lambda x, y: ops.matmul(x, y), backend.spec(None, None), backend.spec(None, None))
    with pytest.raises(
        ModelError, match=r"^The model cannot compute this \(.+\): try another size or layer\.$"
    ) as found:
        compiled(numbers(2, 3), numbers(4, 5))
    assert "\n" not in str(found.value)


def test_more_memory_than_there_is_raises_memory_error() -> None:
    compiled = backend.compile(lambda x: ops.tile(x, (2**24, 2**24)), backend.spec(1, 1))
    with pytest.raises(MemoryError):
        compiled(np.ones((1, 1), np.float32))


def test_a_gradient_on_the_way_to_a_value_is_found() -> None:
    def plain(x: Any) -> Any:
        return ops.relu(ops.sin(x))

    def climbing(x: Any) -> Any:
        return x + backend.value_and_gradients(lambda x: (ops.sum(plain(x)), None), x)[2][0]

    spec = backend.spec(None, 2, 2, 3)
    assert not backend.takes_gradients(plain, spec)
    assert backend.takes_gradients(climbing, spec)


def test_the_value_of_nothing_has_no_gradient() -> None:
    value, _, (slope,) = backend.value_and_gradients(lambda x: (ops.sum(ops.ones((2,))), None), np.float32([1, 2, 3]))
    assert float(value) == 2 and not np.asarray(ops.convert_to_numpy(slope)).any()
    _, back = backend.pullback(lambda x: ops.ones((2,)), np.float32([1, 2, 3]))
    assert not np.asarray(ops.convert_to_numpy(back(np.float32([1, 1]))[0])).any()


def test_memory_and_devices_are_told() -> None:
    assert backend.free_memory() > 2**20
    assert backend.device().split()[0] in ("CPU", "GPU", "METAL", "TPU")
    probed = backend.probe()
    assert probed["seen"] and probed["used"].split(":")[0] in " ".join(probed["seen"])
    assert keras.backend.backend() == choosing.name()
    assert backend.repeats() or backend.device() != "CPU"


def test_layers_are_built_in_full_precision_whatever_the_policy() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        with backend.full_precision():
            assert keras.layers.Dense(1).compute_dtype == "float32"
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")


def test_layers_whose_weights_are_loaded_next_are_not_drawn() -> None:
    def drawn(initializer: Any) -> bool:
        layer = keras.layers.Dense(3, kernel_initializer=initializer)
        layer.build((None, 4))
        return bool(backend.as_array(layer.kernel.value + 0).any())

    kinds = ("glorot_uniform", "he_normal", "truncated_normal", "random_normal", "random_uniform", "orthogonal")
    with backend.undrawn(), ThreadPoolExecutor(1) as elsewhere:
        assert not any(map(drawn, kinds)) and drawn("ones")
        assert elsewhere.submit(drawn, "he_normal").result()  # of a program that builds its own meanwhile
    assert all(map(drawn, kinds))
