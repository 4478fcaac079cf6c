"""The state of a training as one file, so that a second run goes on where the first one stopped."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dreampipe.backend import keras
from dreampipe.errors import ModelError

Arrays = Mapping[str, npt.NDArray[np.generic]]


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write an npz so that the final name never holds half a file."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def save_state(path: Path, plan: object, variables: Sequence[keras.Variable], rest: Arrays) -> None:
    """Write the variables of a plan's training, and under their names what else it needs to go on."""
    arrays = {f"v{i}": np.asarray(v) for i, v in enumerate(variables)}
    save_arrays(path, {**arrays, **rest, "plan": np.array(repr(plan))})


def restore_state(path: Path, plan: object, variables: Sequence[keras.Variable]) -> Arrays:
    """Put a saved state into the variables, and return the rest.

    Raises:
        ModelError: the state is that of another plan.
    """
    with np.load(path) as saved:
        if str(saved["plan"]) != repr(plan):
            raise ModelError(f"{path} is the checkpoint of {saved['plan']}: give its options, or another folder.")
        for i, variable in enumerate(variables):
            variable.assign(saved[f"v{i}"])
        return {name: saved[name] for name in saved.files[len(variables) :]}


def average_weights(
    optimizer: keras.optimizers.Optimizer, trained: Sequence[keras.Variable]
) -> list[npt.NDArray[np.float16]]:
    """The optimizer's moving average of all variables that it trains, in half precision; they stay as they are."""
    raw = [np.asarray(w) for w in trained]
    optimizer.finalize_variable_values(trained)
    means = [np.asarray(w).astype(np.float16) for w in trained]
    for variable, value in zip(trained, raw, strict=True):
        variable.assign(value)
    return means
