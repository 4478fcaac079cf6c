"""What to climb: terms and their algebra (`terms`), the measures of a term (`measures`), the grammar (`grammar`).

An objective is text such as `mixed4 + 0.5*logit(eye)`; `Objective.parse` reads it, `str` prints it again, `+ - *` build
one in Python, and `bind` resolves its names against a model card, with every error at that moment.
"""

from dreampipe.objectives.measures import Channel, Each, Logit, MeanSquare, Measure, Neuron, Probability
from dreampipe.objectives.terms import HEAD, PROBABILITIES, BoundObjective, Objective, Term

__all__ = [
    "HEAD",
    "PROBABILITIES",
    "BoundObjective",
    "Channel",
    "Each",
    "Logit",
    "MeanSquare",
    "Measure",
    "Neuron",
    "Objective",
    "Probability",
    "Term",
]
