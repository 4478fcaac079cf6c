"""Tensors and other arrays that are not numpy's: their values, and values as a tensor of the same kind again.

No other library is imported here: a kind is known by the name of its module, and who has a tensor has its library.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Layout

AnyArray = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Opened:
    """The values of a tensor.

    Attributes:
        values: in the memory of this process.
        usual: the layout of a tensor whose shape fits both.
        back: makes a tensor of the same kind, on the same device, of an array.
    """

    values: AnyArray
    usual: Layout
    back: Callable[[AnyArray], Any]


def open_tensor(tensor: Any) -> Opened | None:
    """Open a tensor or an array of any library; None for what is none.

    Raises:
        ValueError: it holds no values that can be read.
    """
    kinds = {kind.__module__.partition(".")[0] for kind in type(tensor).__mro__}
    try:
        if "torch" in kinds and hasattr(tensor, "new_tensor"):
            return _open_torch(tensor)
        if "tensorflow" in kinds and hasattr(tensor, "dtype"):
            return _open_tensorflow(tensor)
        if hasattr(tensor, "__array_namespace__"):  # JAX, CuPy, and all that follow the standard of arrays
            return _open_standard(tensor)
        if isinstance(tensor, memoryview) or hasattr(tensor, "__array__") or _is_buffer(tensor):
            return Opened(np.asarray(tensor), "hwc", lambda values: values)
        if hasattr(tensor, "__dlpack__"):
            return Opened(np.from_dlpack(tensor), "hwc", lambda values: values)
    except Exception as error:  # each library raises errors of its own
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(
            f"The picture came as {type(tensor).__name__}, whose values cannot be read here ({reason.rstrip('.')}): "
            "hand over an array of numpy."
        ) from error
    return None


def _is_buffer(value: object) -> bool:
    """Say whether it is an array of the standard library, or another object with the buffer of one."""
    if type(value).__module__ == "array":
        return True
    return not isinstance(value, bytes | bytearray) and hasattr(type(value), "__buffer__")


def _open_torch(tensor: Any) -> Opened:
    own = tensor.detach()
    values = own.cpu()
    if str(own.dtype) == "torch.bfloat16":  # which numpy does not have
        values = values.float()
    like = own.byte() if str(own.dtype) == "torch.bool" else own
    return Opened(values.numpy(), "chw", like.new_tensor)


def _open_standard(tensor: Any) -> Opened:
    namespace = tensor.__array_namespace__()
    own = hasattr(tensor, "__array__")
    values = np.asarray(tensor) if own else np.from_dlpack(tensor)
    return Opened(values, "hwc", lambda made: namespace.asarray(made, device=tensor.device))


def _open_tensorflow(tensor: Any) -> Opened:
    def back(values: AnyArray) -> Any:
        tf = sys.modules["tensorflow"]
        with tf.device(tensor.device):
            return tf.convert_to_tensor(values)

    return Opened(np.asarray(tensor.numpy()), "hwc", back)
