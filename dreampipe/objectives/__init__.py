"""Objectives: sums of scores of activations, written as text such as `mixed4 + 0.5*logit(eye) - 0.1*tv()`.

    objective.py    Objective: parsed, printed, added, bound to a card; BoundObjective: called with values
    grammar.py      text to terms, over the tokens of reading.py
    forms.py        the forms of the language in one table: how each is read, printed and explained
    terms.py        Term: a measure of a layer, times a weight
    measures.py     scores of an activation; a new measure goes here, with its row in forms.py
    comparisons.py  its likeness to a guide, a direction, a concept, the start or the rest of the batch
    penalties.py    scores of what is unnatural in a picture
    binding.py      finds names on a model's card; files.py reads the files that they name
    names.py        names as text; the keys of what is read: HEAD, PROBABILITIES, IMAGE, START, UNIT, start_of(layer)

earlier.py reads the names that earlier versions gave to layers. Nothing here loads keras before a score is computed.
"""

from dreampipe.objectives.comparisons import Caricature, Concept, Direction, Diversity, Guide
from dreampipe.objectives.measures import (
    Absolute,
    Channel,
    Each,
    Inner,
    Largest,
    Layers,
    Logit,
    Mean,
    MeanSquare,
    Measure,
    Neuron,
    Norm,
    Probability,
)
from dreampipe.objectives.names import HEAD, IMAGE, PROBABILITIES, START, UNIT, start_of
from dreampipe.objectives.objective import BoundObjective, GuidePicture, Objective
from dreampipe.objectives.penalties import L1, L2, Alpha, Blur, Distance, Frequency, TotalVariation
from dreampipe.objectives.terms import Term

__all__ = [
    "HEAD",
    "IMAGE",
    "L1",
    "L2",
    "PROBABILITIES",
    "START",
    "UNIT",
    "Absolute",
    "Alpha",
    "Blur",
    "BoundObjective",
    "Caricature",
    "Channel",
    "Concept",
    "Direction",
    "Distance",
    "Diversity",
    "Each",
    "Frequency",
    "Guide",
    "GuidePicture",
    "Inner",
    "Largest",
    "Layers",
    "Logit",
    "Mean",
    "MeanSquare",
    "Measure",
    "Neuron",
    "Norm",
    "Objective",
    "Probability",
    "Term",
    "TotalVariation",
    "start_of",
]
