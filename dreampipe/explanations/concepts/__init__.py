"""Concepts: directions in a layer that mean something, given as pictures or found in the activations of many.

features.py     activations of a layer for pictures and for their crops
cav.py          given concepts: the direction that tells pictures of a concept from others
tcav.py         whether a class depends on a concept, tested against random concepts
found.py        found concepts, by the ways in nmf.py and sae.py, and by two controls
matching.py     pairs the directions of two findings
direction.py    Towards: many directions that climb in one graph
importance.py   how much a concept matters for a class, and where it is in a picture
"""

from dreampipe.explanations.concepts.cav import Cav, train_cav
from dreampipe.explanations.concepts.found import WAYS, Concepts, find_concepts
from dreampipe.explanations.concepts.tcav import Tcav, measure_concepts

__all__ = ["WAYS", "Cav", "Concepts", "Tcav", "find_concepts", "measure_concepts", "train_cav"]
