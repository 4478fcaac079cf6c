"""Answers for pictures of which some regions are hidden: what LIME and Kernel SHAP fit a line through."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.attribution.baselines import read_baselines
from dreampipe.explanations.attribution.regions import Labels
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array

Doubles = npt.NDArray[np.float64]
Shown = npt.NDArray[np.bool_]


def hide(question: Question, picture: Array, labels: Labels, shown: Shown, baseline: str, work: Work) -> Doubles:
    """Answer for each row of `shown`, (count, regions): the regions that are not shown have the baseline.

    Several baselines are averaged. Fewer answers come back if the user stops.
    """
    covers = read_baselines(baseline, picture, work)
    found = []

    def compute(part: slice) -> Array:
        rows, which = np.divmod(np.arange(part.start, part.stop), len(covers))
        visible = shown[rows][:, labels][..., None]
        return question.answers(np.where(visible, picture, covers[which]))

    for _, answers in question.batches(len(shown) * len(covers), picture.shape[:2], compute, work, partial=True):
        found.append(answers)
    every = np.concatenate(found).astype(np.float64)
    whole = len(every) // len(covers)
    return np.asarray(every[: whole * len(covers)].reshape(whole, len(covers)).mean(1))
