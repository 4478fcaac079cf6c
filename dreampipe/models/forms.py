"""The choice of the form in which a tap runs each operation of its model.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dreampipe.models.faster import faster
from dreampipe.models.operations import Leaking, alike, depthwise, leaky


@dataclass(frozen=True, eq=False)
class Forms:
    """The forms that a tap takes.

    Attributes:
        leaks: activations leak.
        hasten: the same values and gradients, faster.
        lower: if hastened, convolutions multiply in bfloat16.
        kept: the operation that stays in float32 even so; None for none.
    """

    leaks: bool
    hasten: bool
    lower: bool
    kept: Any

    def instead(self, operation: Any) -> Leaking | None:
        """Choose what to compute in place of an operation; None for itself."""
        if self.leaks and (leaking := leaky(operation)):
            return leaking
        lower = self.lower and operation is not self.kept
        found = alike(operation) or (faster(operation, lower) if self.hasten else depthwise(operation))
        return None if found is None else lambda x, leak: found(x)
