"""Why a model answers as it does: attribution methods and adversarial examples, and the truth to score them by.

    question.py     Question: an objective on a model, as a function of pictures that can be differentiated
    explanation.py  Explanation: a signed map in the picture's own pixels, and how it was made
    explaining.py   explain a picture: fit it to the model, run a method, bring the map back
    resizing.py     maps and pictures in other sizes
    attribution/    METHODS, the table of methods; one method a file
    propagation/    a network as steps of few forms, and rules that send an answer back through them
    adversarial/    attacks: an ascent with a bound
    concepts/       directions in a layer that mean something, given or found
    influence/      METHODS, the table of methods: the labelled pictures that argue for an answer, or against it
    truth/          pictures whose truth is known, and measures of how right a map is

Whatever `Objective.parse` reads can be explained: `logit(eye)`, `prob(281)`, `mixed4[12]`, `logit(eye) - logit(owl)`.
"""

from dreampipe.explanations.explanation import Completeness, Explanation

__all__ = ["Completeness", "Explanation"]
