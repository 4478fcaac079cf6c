"""Influence: the labelled pictures that argue for an answer, and those that argue against it.

    seen.py           Seen and Case: labelled pictures as a last layer sees them, and what a method gets
    features.py       pictures to features, in batches that fit into the memory
    regression.py     the last layer as a softmax regression: fit it, and solve its Hessian
    method.py         Method, the base of all; one method a file
    influencing.py    explain a picture, or rank labels: from features to what is shown

`METHODS` is the one table of methods.
"""

from __future__ import annotations

from dreampipe.errors import RecipeError
from dreampipe.explanations.influence.influence_functions import InfluenceFunctions
from dreampipe.explanations.influence.method import Method
from dreampipe.explanations.influence.nearest import Index, Nearest
from dreampipe.explanations.influence.prototypes import Prototypes
from dreampipe.explanations.influence.representer import Representer
from dreampipe.explanations.influence.tracin import TracIn
from dreampipe.explanations.influence.trak import TRAK
from dreampipe.explanations.reading import read_named

METHODS: dict[str, type[Method]] = {
    kind.name: kind for kind in (InfluenceFunctions, Representer, TracIn, TRAK, Nearest, Prototypes)
}
"""Every method by its name."""


def parse_method(text: str) -> Method:
    """Read one method from text: `trak`, or `influence-functions(damping=0.1)`; raises RecipeError."""
    methods = read_named(text, METHODS, "method", "influence-functions, or trak(size=256)")
    if len(methods) > 1:
        raise RecipeError(f"{len(methods)} methods came, {text!r}, but one is expected: choose one.")
    return methods[0]


__all__ = ["METHODS", "Index", "Method", "parse_method"]
