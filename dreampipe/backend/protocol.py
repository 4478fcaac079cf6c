"""`Backend`: what each backend of keras offers apart from `keras.ops`, as a module of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

Tensor = Any
"""A tensor of the backend, or anything that it converts to one (a numpy array, a number)."""
Differentiated = Callable[..., tuple[Tensor, Any]]


class Backend(Protocol):
    """The functions of a backend.

    What is differentiated is always an argument: what a function takes from elsewhere is constant.

    Attributes:
        WIDEST: the type of the most exact floating-point numbers that it computes with.
    """

    WIDEST: str

    def compile(
        self, function: Callable[..., Any], *specs: Any, changes: Sequence[Any] = (), rounded: bool = False
    ) -> Callable[..., Any]:
        """Compile `function` at its first call; `specs` of its arguments let the result serve all sizes.

        TensorFlow makes one graph for all sizes, JAX one program for each, and PyTorch runs each operation by itself.
        Differentiate in the function: the result has no gradient. It is freed when nobody holds it.

        The result raises MemoryError if memory is short, ModelError if the model cannot compute its input, such as a
        size, and DreampipeError in a forked process; see `dreampipe.forking`.

        Args:
            changes: the variables of keras that the function assigns to.
            rounded: a GPU may round what it multiplies to TF32, which has 10 bits of the fraction, to be faster.
        """

    def compile_ahead(self, calls: Iterable[tuple[Callable[..., Any], Sequence[Any]]]) -> AbstractContextManager[None]:
        """A context in which threads compile for calls to come, where each size takes a program of its own.

        Args:
            calls: results of `compile`, each with arguments, of which only their shapes and the numbers that decide
                sizes count. Nothing goes through them where one program serves all sizes.
        """

    def value_and_gradients(self, function: Differentiated, *wrt: Tensor) -> tuple[Tensor, Any, tuple[Tensor, ...]]:
        """Run `function(*wrt) -> (value, rest)` once, and differentiate its value.

        Args:
            function: computes a scalar value and anything else worth returning.
            wrt: its arguments. Only they are differentiated. For the weights of a model see `weights_as`.

        Returns:
            value, rest, and d value / d w for each w of `wrt`, zeros where the value does not depend on it.
        """

    def pullback(
        self, function: Callable[..., Tensor], *wrt: Tensor
    ) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, ...]]]:
        """Run `function(*wrt)` once.

        Args:
            function: computes one tensor.
            wrt: its arguments, which alone are differentiated, as in `value_and_gradients`.

        Returns:
            value, and `back(g)`: for each w of `wrt` the product of g with the derivative of value by w, zeros where
            value does not depend on it. Call `back` once.
        """

    def takes_gradients(self, function: Callable[..., Any], *specs: Any) -> bool:
        """Say whether `function`, of arguments of these specs, computes gradients on the way to its value."""

    def whole(self, number: Tensor) -> Any:
        """A number that decides a size, as a whole one: an int, where the backend must know sizes before it computes.

        There it must not be computed in a compiled function, but come by an argument whose spec says `sizes`.
        """

    def irfft2(self, real: Tensor, imaginary: Tensor, size: Any) -> Tensor:
        """The real planes (..., height, width) of half spectra (..., height, width // 2 + 1), as `numpy.fft.irfft2`.

        `size` is the height and the width, because a half spectrum of an even width looks like one of an odd width.
        """

    def noise(self, shape: Any, seed: Tensor) -> Tensor:
        """Normally distributed numbers, the same on every backend for the same seed, (2,) int32."""

    def silu(self, x: Tensor) -> Tensor:
        """Compute x * sigmoid(x), as `ops.silu` does, with the fastest gradient that the backend has."""

    def convolve_apart(
        self,
        x: Tensor,
        kernel: Tensor,
        strides: tuple[int, int],
        padding: Literal["same", "valid"],
        dilation: tuple[int, int],
    ) -> Tensor:
        """Convolve each channel of `x` (batch, height, width, channels) by itself, as `ops.depthwise_conv` does.

        Args:
            kernel: (rows, columns, channels, multiplier) float32.
            strides: by rows and by columns; one of the pairs `strides` and `dilation` is (1, 1).
            padding: "same" or "valid".
            dilation: by rows and by columns.
        """

    def convolve_by_steps(self, x: Tensor, kernel: Tensor, steps: int, padding: Literal["same", "valid"]) -> Tensor:
        """Convolve `x` (batch, height, width, few channels) as `ops.conv` does; the kernel gets no gradient.

        Args:
            kernel: (rows, columns, channels, filters) float32.
            steps: cells from one place of the result to the next, the same in both directions.
            padding: "same" or "valid".
        """

    def eagerly(self) -> AbstractContextManager[Any]:
        """A context that computes at once, even while a function is compiled around it."""

    def free_memory(self) -> int:
        """Bytes of memory that computing may take: of the GPU that computes, else of the machine without swapping."""

    def device(self) -> str:
        """Name the device that computes, such as `CPU` or `GPU (NVIDIA H100)`."""

    def repeats(self) -> bool:
        """Say whether the same computation gives the same bits in each run, as a processor does.

        A GPU does where `choosing.is_to_repeat()` held when this backend was loaded.
        """

    def probe(self) -> dict[str, Any]:
        """Compute a little, and name the devices that are `seen`, and the one `used`, which computed it."""
