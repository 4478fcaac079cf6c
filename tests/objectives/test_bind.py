"""An objective meets a model: names become the model's own, and what it lacks is answered with what it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from dreampipe.errors import ObjectiveError
from dreampipe.models import Card, card
from dreampipe.objectives import BoundObjective, Logit, Objective, Probability
from dreampipe.objectives.terms import HEAD

NAMED = Card("zoo", "unit", classes=("cat", "dog", "crane", "newt", "crane"))
"""Classes need no layers, so this card needs no file; ImageNet, too, has two classes of the name crane."""


@pytest.fixture
def tiny(tiny_model: Path) -> Card:
    return card(tiny_model, "unit")


def bind(text: str, card: Card) -> BoundObjective:
    return Objective.parse(text).bind(card)


def test_layers_are_bound_once_each_in_order(tiny: Card) -> None:
    bound = bind("second[1] + first - 2*second + 0.5*first[0]@(3,4)", tiny)
    assert bound.layers == ("second", "first")
    assert not bound.head
    assert [term.weight for term in bound.terms] == [1.0, 1.0, -2.0, 0.5]


def test_a_class_is_bound_by_name_or_number() -> None:
    bound = bind("logit(newt) + prob(0) + prob(2)", NAMED)
    assert [term.measure for term in bound.terms] == [Logit(3), Probability(0), Probability(2)]
    assert bound.head
    assert bound.layers == ()


@pytest.mark.parametrize("text", ["frist", "2*first + frist[0]", "frist[1]@center"])
def test_a_wrong_layer_is_answered_with_the_nearest(text: str, tiny: Card) -> None:
    with pytest.raises(ObjectiveError, match=r"has no layer 'frist': .*\bfirst\b"):
        bind(text, tiny)


def test_a_layer_like_no_other_is_answered_with_the_first_few(tiny: Card) -> None:
    with pytest.raises(ObjectiveError, match=r"has no layer 'zzzz': .*first, .*second"):
        bind("zzzz", tiny)


def test_the_head_has_no_layer_name(tiny: Card) -> None:
    with pytest.raises(ObjectiveError, match="has no layer"):
        bind(f'"{HEAD}"', tiny)


@pytest.mark.parametrize("text", ["first[{}]", "first[{}]@center", "first[{}]@(0,0)"])
def test_a_channel_that_is_not_there_is_refused(text: str, tiny: Card) -> None:
    channels = next(layer.channels for layer in tiny.layers if layer.name == "first")
    assert channels is not None
    bind(text.format(channels - 1), tiny)
    with pytest.raises(ObjectiveError, match=f"Channel {channels} of layer first .* from 0 to {channels - 1}"):
        bind(text.format(channels), tiny)


@pytest.mark.parametrize("measure", ["logit", "prob"])
def test_a_class_that_is_not_there_is_refused(measure: str) -> None:
    with pytest.raises(ObjectiveError, match=r"has no class 'dgo': .*\bdog\b"):
        bind(f"{measure}(dgo)", NAMED)
    with pytest.raises(ObjectiveError, match="Class 5 was asked for, but zoo has classes 0 to 4"):
        bind(f"{measure}(5)", NAMED)
    with pytest.raises(ObjectiveError, match="stands more than once in zoo: give its number, 2 and 4"):
        bind(f"{measure}(crane)", NAMED)


def test_a_card_without_class_names_takes_numbers() -> None:
    nameless = Card("nameless", "unit")
    assert bind("logit(999)", nameless).terms[0].measure == Logit(999)
    with pytest.raises(ObjectiveError, match="names no classes: give its number"):
        bind("logit(cat)", nameless)


def test_a_class_is_checked_against_the_opened_head() -> None:
    bound = bind("logit(4)", Card("nameless", "unit"))
    bound.check({HEAD: (None, 5)})
    with pytest.raises(ObjectiveError, match="Class 4 was asked for, but there are 4"):
        bound.check({HEAD: (None, 4)})


def test_a_neuron_needs_rows_and_columns() -> None:
    bound = BoundObjective(Objective.parse("flat[1]@center").terms)
    with pytest.raises(ObjectiveError, match=r"flat has no rows and columns: name a unit of it, as in flat\[0\]"):
        bound.check({"flat": (None, 5)})
    with pytest.raises(ObjectiveError, match="flat has no rows and columns"):
        BoundObjective(Objective.parse("each(flat)").terms).check({"flat": (None, 5)})
    BoundObjective(Objective.parse("flat[1]").terms).check({"flat": (None, 5)})
