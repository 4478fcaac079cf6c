"""Save the state of a climb after an octave, so that a killed run can continue there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array


@dataclass(frozen=True, eq=False)
class Saved:
    """The state of a climb after an octave.

    Attributes:
        octave: counted from 1, over all rounds.
        parameters: by name.
        moments: for each moment of the optimizer its value by parameter.
        count: the steps that the moments remember.
        found: the pictures that the octave hands on.
        dreamed: the pictures from which its round began; empty in the first round, which begins from the source.
        scores: (batch, terms), of the last step.
        leaking, fired: as in `waking.Waking`.
    """

    octave: int
    parameters: dict[str, Array]
    moments: dict[str, dict[str, Array]]
    count: Any
    found: Array
    dreamed: Array
    scores: Array
    leaking: npt.NDArray[np.int32]
    fired: npt.NDArray[np.bool_]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Name every array of the state."""
        named: dict[str, Any] = {f"parameter {name}": value for name, value in self.parameters.items()}
        for moment, values in self.moments.items():
            named |= {f"moment {moment} {name}": value for name, value in values.items()}
        for name in ("octave", "count", "found", "dreamed", "scores", "leaking", "fired"):
            named[name] = getattr(self, name)
        return {name: np.asarray(value) for name, value in named.items()}

    @classmethod
    def of(cls, named: dict[str, npt.NDArray[Any]]) -> Saved:
        """Build the state from what `arrays` named; raises KeyError if something is missing."""
        moments: dict[str, dict[str, Array]] = {}
        parameters = {}
        for name, value in named.items():
            kind, *rest = name.split(" ")
            if kind == "parameter":
                parameters[rest[0]] = value
            elif kind == "moment":
                moments.setdefault(rest[0], {})[rest[1]] = value
        single = {name: named[name] for name in ("count", "found", "dreamed", "scores", "leaking", "fired")}
        return cls(octave=int(named["octave"]), parameters=parameters, moments=moments, **single)


class Saving(Protocol):
    """A place for the state of one climb."""

    def load(self) -> Saved | None:
        """Read the last state; None if there is none of this very climb."""

    def save(self, saved: Saved) -> None:
        """Replace the last state by this one, whole or not at all."""
