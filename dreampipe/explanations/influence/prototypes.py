"""Prototypes: the most typical pictures of a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.influence.method import Method
from dreampipe.explanations.influence.nearest import Index
from dreampipe.explanations.influence.seen import Case, Numbers


@dataclass(frozen=True)
class Prototypes(Method):
    """How typical a picture is of its class, whatever the picture that is explained.

    It is the similarity in features to the mean of the class. Typical pictures of the answer's class argue for it, and
    typical ones of the class that the model names next argue against it; all others have no say.
    """

    name: ClassVar[str] = "prototypes"
    says: ClassVar[str] = "how typical the picture is of the answer's class, or below 0 of the class that comes second"
    source: ClassVar[str] = "Kim et al. 2016, Examples are not Enough, Learn to Criticize!"

    def argue(self, case: Case) -> Numbers:
        logits = case.model.logits.copy()
        logits[case.answer] = -np.inf
        typical = (1 + self._typical(case)) / 2
        against = np.where(case.labels == int(logits.argmax()), -typical, 0)
        return np.asarray(np.where(case.labels == case.answer, typical, against))

    def suspect(self, case: Case) -> Numbers:
        """Say how far each picture is from the mean of its class."""
        return np.asarray(1 - self._typical(case))

    def _typical(self, case: Case) -> Numbers:
        """Compute the similarity of each picture to the mean of its class, (count,)."""
        features = case.model.features[:, :-1]
        index = Index.of(features)
        found = np.zeros(len(features))
        for label in np.unique(case.labels):
            own = case.labels == label
            found[own] = index.similarities(features[own].mean(0))[own]
        return found
