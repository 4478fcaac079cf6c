"""Units that are asleep: a picture that gets no gradient is woken by one that leaks through activations.

See `dreampipe.models.operations` for the leaking gradient itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array
from dreampipe.objectives import BoundObjective, Channel, Neuron


class Waking(NamedTuple):
    """The pictures of a batch that fired, and those that are being woken.

    Attributes:
        leaking: (batch,) int32, the steps for which its gradient still leaks.
        fired: (batch,) bool, True once it got a gradient of its own.
    """

    leaking: npt.NDArray[np.int32]
    fired: npt.NDArray[np.bool_]

    @classmethod
    def begin(cls, batch: int) -> Waking:
        """The state before the first step of a batch of so many pictures."""
        return cls(np.zeros(batch, np.int32), np.zeros(batch, bool))

    def after(self, alive: npt.NDArray[np.bool_], highest: Array, steps: int) -> Waking:
        """Update the state after a step.

        Args:
            alive: (batch,), True where a gradient came out of the model.
            highest: (batch,), as of `highest`.
            steps: for how many steps the gradient leaks into a picture that is asleep now.
        """
        # A unit at zero has not fired, even if another term, such as diversity, has a gradient.
        fired = self.fired | (alive & (self.leaking == 0) & (highest != 0))
        asleep = (~alive | (highest <= 0)) & (self.leaking == 0)
        leaking = np.where(asleep, steps, np.maximum(self.leaking - 1, 0))
        return Waking(leaking.astype(np.int32), fired)


def highest(objective: BoundObjective, scores: Array) -> Array:
    """The highest score of the units that each picture climbs, (batch,), of (batch, terms); infinity without a unit."""
    units = [isinstance(term.measure, Channel | Neuron) and term.weight > 0 for term in objective.terms]
    return np.asarray(scores[:, units].max(axis=1, initial=-np.inf if any(units) else np.inf))
