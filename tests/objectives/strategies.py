"""Objectives, and texts of objectives with the terms they must be read to, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from dreampipe import objectives as o
from dreampipe.objectives import (
    HEAD,
    IMAGE,
    PROBABILITIES,
    Channel,
    Each,
    Logit,
    MeanSquare,
    Neuron,
    Objective,
    Probability,
    Term,
)
from dreampipe.objectives.comparisons import MODES

index = st.integers(0, 10_000)
channel = index | st.none()
text = st.text(max_size=12)
label = channel | text | st.sampled_from(["*", "tabby cat", "281"])
layer = (
    st.sampled_from(
        ["mixed4", "logit", "prob", "each", "center", "e3", '"', "\\", "a/b", 'a/b c/"', "/", "träume", "\n", "7", "tv"]
    )
    | text
)
layer_measure = (
    st.sampled_from([MeanSquare(), Each(), o.Mean(), o.Absolute(), o.Norm(), o.Largest(), o.Layers(), o.Caricature()])
    | st.builds(o.Inner, index)
    | st.builds(Channel, channel)
    | st.builds(Neuron, channel, st.none())
    | st.builds(Neuron, channel, st.tuples(index, index))
    | st.builds(o.Guide, text, st.sampled_from(MODES))
    | st.builds(o.Direction, text)
    | st.builds(o.Concept, text, index | st.none())
    | st.builds(o.Diversity, channel)
)
penalty = st.sampled_from([o.TotalVariation(), o.L1(), o.L2(), o.Alpha(), o.Blur(), o.Frequency(), o.Distance()])
weight = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9).map(float)
term = st.builds(Term, layer, layer_measure, weight) | st.builds(Term, st.just(IMAGE), penalty, weight)
term |= st.builds(Term, st.just(HEAD), st.builds(Logit, label), weight)
term |= st.builds(Term, st.just(PROBABILITIES), st.builds(Probability, label), weight)
objective = st.builds(Objective, st.lists(term, min_size=1, max_size=5).map(tuple))

UNITS = {
    "mixed4": Term("mixed4", MeanSquare()),
    '"conv/5"[3]': Term("conv/5", Channel(3)),
    "mixed5[2]@center": Term("mixed5", Neuron(2)),
    "mixed5[2]@(1, 0)": Term("mixed5", Neuron(2, (1, 0))),
    "logit(eye)": Term(HEAD, Logit("eye")),
    "each(mixed6)": Term("mixed6", Each()),
    "prob( 7 )": Term(PROBABILITIES, Probability(7)),
    'guide( "a b.jpg",mixed3 , mean )': Term("mixed3", o.Guide("a b.jpg", "mean")),
    'concept( "a b/",mixed3 )': Term("mixed3", o.Concept("a b/")),
    'concept("f.npz"[12], mixed3)': Term("mixed3", o.Concept("f.npz", 12)),
    "tv( )": Term(IMAGE, o.TotalVariation()),
    "diversity(mixed4[1])": Term("mixed4", o.Diversity(1)),
}

Read = tuple[str, list[tuple[str, float]]]
"""A text, and the units and weights that it says, in order."""


def _scaled(read: Read, factor: float, before: bool) -> Read:
    text, terms = read
    text = f"{factor} * ({text})" if before else f"({text})*{factor!r}"
    return text, [(unit, weight * factor) for unit, weight in terms]


def _joined(left: Read, right: Read, minus: bool) -> Read:
    sign = -1.0 if minus else 1.0
    text = f"{left[0]} {'-' if minus else '+'} ({right[0]})"
    return text, left[1] + [(unit, sign * weight) for unit, weight in right[1]]


# Powers of two and few of them: every product is exact, in whichever order it is taken.
_factor = st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0])
written: st.SearchStrategy[Read] = st.recursive(
    st.sampled_from(list(UNITS)).map(lambda unit: (unit, [(unit, 1.0)])),
    lambda inner: st.one_of(
        st.builds(_scaled, inner, _factor, st.booleans()),
        st.builds(_joined, inner, inner, st.booleans()),
        inner.map(lambda read: (f"(-({read[0]}))", [(unit, -weight) for unit, weight in read[1]])),
    ),
    max_leaves=8,
)
