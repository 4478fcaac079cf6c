"""A measure of the user's own works wherever ours do: bound, printed, summed, compared and climbed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from truths import MEASURED

from dreampipe import Ascent, Objective, Octaves, card
from dreampipe.errors import ObjectiveError
from dreampipe.models import Card
from dreampipe.objectives import HEAD, Channel, Measure, Term, measures
from dreampipe.objectives.forms import FORMS


@dataclass(frozen=True)
class Power(Measure):
    channel: int
    power: float = 2.0

    def __call__(self, values: Any) -> Any:
        from keras import ops

        return ops.mean(ops.abs(values[..., self.channel]) ** self.power, axis=(1, 2))


@dataclass(frozen=True)
class Doubled(Channel):
    """Built on one of ours, and still not that one."""

    def __call__(self, values: Any, unit: Any = None) -> Any:
        return 2 * super().__call__(values, unit)


class Plain(Measure):
    """No dataclass at all."""

    def __call__(self, values: Any) -> Any:
        return measures.over_places(values)


class Named(Plain):
    def text(self, layer: str) -> str:
        return f"my favourite of {layer}"


@dataclass(frozen=True)
class Spread(Measure):
    """The deviation of all logits."""

    def __call__(self, values: Any) -> Any:
        from keras import ops

        return ops.std(values, axis=1)


def _of(measure: Measure, layer: str = "mixed4", weight: float = 1.0) -> Objective:
    return Objective((Term(layer, measure, weight),))


@pytest.mark.parametrize(
    ("objective", "text"),
    [
        (_of(Power(12)), "Power(mixed4, channel=12, power=2.0)"),
        (_of(Power(1, 3.0), "a b", -0.5), '-0.5*Power("a b", channel=1, power=3.0)'),
        (_of(Doubled(3)), "Doubled(mixed4, channel=3)"),
        (_of(Plain()), "Plain(mixed4)"),
        (2 * _of(Named()) - Objective.parse("tv()"), "2.0*my favourite of mixed4 - tv()"),
    ],
)
def test_it_prints_its_own_text(objective: Objective, text: str) -> None:
    assert str(objective) == text


def test_it_is_bound_compared_and_hashed() -> None:
    bound = [_of(Power(12)).bind(card("motifnet")) for _ in range(2)]
    assert bound[0] == bound[1] and hash(bound[0]) == hash(bound[1])
    assert bound[0].layers == ("mixed4",) and not bound[0].head
    spread = _of(Spread(), HEAD).bind(card("motifnet"))
    assert spread.head and spread.layers == ()


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        (_of(Power(256)), "Channel 256 of layer mixed4 was asked for, but there are 256: give one from 0 to 255."),
        (_of(Power(0), "mixd4"), "Model motifnet has no layer 'mixd4': did you mean mixed4"),
    ],
)
def test_what_it_names_is_checked_against_the_model(objective: Objective, said: str) -> None:
    with pytest.raises(ObjectiveError) as caught:
        objective.bind(card("motifnet"))
    assert str(caught.value).startswith(said)
    assert str(objective) in str(caught.value)


def test_over_all_classes_it_needs_a_head() -> None:
    with pytest.raises(ObjectiveError, match="has no head that gives"):
        _of(Spread(), HEAD).bind(Card("headless", "unit", outputs=0))


def test_it_is_climbed() -> None:
    noise = np.random.default_rng(1).random((48, 48, 3), np.float32)
    objective = _of(Power(12)) + 0.1 * _of(Spread(), HEAD)
    few, many = (
        Ascent(card("motifnet"), objective, Octaves(1, 1.4), steps=steps, transforms=()).run(noise, seed=1).scores[0]
        for steps in (1, 8)
    )
    assert many > few


def test_every_form_of_the_language_has_a_measure_with_a_truth() -> None:
    proven = {type(term.measure) for term in MEASURED} | {measures.Layers}  # bound, it is MeanSquare of each layer
    assert {form.measure for form in FORMS} <= proven
