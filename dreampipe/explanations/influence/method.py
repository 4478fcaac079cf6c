"""`Method`: the base of every method that finds the labelled pictures behind an answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from dreampipe.explanations.influence.seen import Case, Numbers
from dreampipe.explanations.reading import write_named


class Method(ABC):
    """The base of every method: a frozen dataclass of its settings.

    Your own subclass works wherever ours do, without registration. Text names only the methods of `influence.METHODS`.

    Attributes:
        name: as text names it.
        says: what its numbers mean, as a sentence for the user.
        source: the publication.
        uses_checkpoints: whether it reads the checkpoints of a case.
    """

    name: ClassVar[str]
    says: ClassVar[str]
    source: ClassVar[str]
    uses_checkpoints: ClassVar[bool] = False

    @abstractmethod
    def argue(self, case: Case) -> Numbers:
        """Say how much each picture argues for the answer, (count,): above 0 for it, below 0 against it."""

    @abstractmethod
    def suspect(self, case: Case) -> Numbers:
        """Say how suspicious the label of each picture is, (count,); larger is more suspicious. No query is needed."""

    def __str__(self) -> str:
        return write_named(self)


def shares(scores: Numbers) -> Numbers:
    """Divide scores by the sum of their sizes, so that the sizes of all shares sum to 1."""
    total = float(np.abs(scores).sum())
    return np.asarray(scores / total if total else np.zeros_like(scores))
