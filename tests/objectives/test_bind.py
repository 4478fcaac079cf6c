"""An objective meets a model: names become the model's own, and what it lacks is answered with what it has."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from strategies import objective

from dreampipe.errors import ObjectiveError
from dreampipe.models import Card, Layer, card, imagenet
from dreampipe.objectives import (
    HEAD,
    PROBABILITIES,
    BoundObjective,
    Channel,
    Logit,
    MeanSquare,
    Objective,
    Probability,
    Term,
)

NAMED = Card("zoo", "unit", classes=("cat", "dog", "crane", "newt", "crane", "tabby_cat"))
"""Classes need no layers, so this card needs no file; ImageNet, too, has two classes of the name crane."""
NESTED = Card(
    "nested",
    "unit",
    layers=(
        Layer("stem", "Conv2D", 8, 1, 3),
        Layer("block-1", "Conv2D", 4, 1, 3, within=("backbone",)),
        Layer("backbone/stem", "Conv2D", 5, 1, 3, within=("backbone",)),
        Layer("deep", "Conv2D", 6, 1, 3, within=("backbone", "inner")),
    ),
)


@pytest.fixture
def tiny(tiny_model: Path) -> Card:
    return card(tiny_model, "unit")


def bind(text: str, card: Card) -> BoundObjective:
    return Objective.parse(text).bind(card)


def refused(text: str, card: Card) -> tuple[str, str, int]:
    """The sentence, the text that it shows, and the place of its caret in that."""
    with pytest.raises(ObjectiveError) as caught:
        bind(text, card)
    sentence, shown, caret = str(caught.value).split("\n")
    assert sentence.endswith(".") and shown.startswith("  ")
    return sentence, shown[2:], caret.index("^") - 2


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


def test_what_is_read_is_known_before_it_is_climbed(tiny: Card) -> None:
    plain = bind("first", tiny)
    assert not (plain.head or plain.reads_image or plain.reads_start or plain.reads_unit)
    assert plain.start_layers == plain.guides == plain.files == ()
    assert bind("prob(1)", tiny).head
    assert bind("first - tv()", tiny).reads_image and not bind("first - tv()", tiny).reads_start
    assert bind("first - tv()", tiny).layers == ("first",)
    assert bind("first - distance()", tiny).reads_start
    both = bind("caricature(first) + second + 2*caricature(first)", tiny)
    assert (both.layers, both.start_layers, both.reads_start) == (("first", "second"), ("first",), False)
    for text in ("first[*]", "first[*]@center", "logit(*)", "prob(*)"):
        assert Objective.parse(text).bind(tiny, starred=True).reads_unit


@pytest.mark.parametrize(
    "text, unit, at",
    [
        ("first + 0.5*second[*]", "second[*]", "[*]"),
        ("first[*]@center", "first[*]@center", "[*]@center"),
        ("0.5*logit(*)", "logit(*)", "(*)"),
        ("first - prob(*)", "prob(*)", "(*)"),
    ],
)
def test_a_unit_that_is_left_open_is_for_those_who_have_many(tiny: Card, text: str, unit: str, at: str) -> None:
    sentence, shown, caret = refused(text, tiny)
    assert sentence == f"{unit} leaves a unit open, but only an atlas has many: write a number for *."
    assert shown == text and shown[caret:] == at
    assert len(Objective.parse(text).bind(tiny, starred=True).terms) == text.count(" ") // 2 + 1


def test_layers_are_named_before_any_file_is_read(tiny: Card) -> None:
    asked = Objective.parse('guide("gone.png", second) - direction("gone.npy", first) + layers("[fs]*t") + logit(1)')
    assert asked.layers(tiny) == ("second", "first")
    with pytest.raises(ObjectiveError, match="no layer 'frist'"):
        Objective.parse('guide("gone.png", frist)').layers(tiny)


def test_a_pattern_is_every_layer_that_it_fits(tiny: Card) -> None:
    bound = bind('0.5*layers("*_relu") - first', tiny)
    relus = [Term(f"{name}_relu", MeanSquare(), 0.5) for name in ("first", "second", "third")]
    assert list(bound.terms) == [*relus, Term("first", MeanSquare(), -1.0)]
    assert bind('layers("[fs]*t")', tiny).layers == ("first",)
    sentence, shown, at = refused('first + layers("frist?")', tiny)
    assert sentence.startswith("Model tiny has no layer like 'frist?': did you mean first")
    assert shown[at:] == '"frist?")'


def test_a_path_leads_to_a_layer_whether_or_not_its_name_is_free() -> None:
    bound = bind('"backbone"/"block-1"[3] + backbone/stem + stem[7] + "block-1" + backbone/inner/deep', NESTED)
    assert [term.layer for term in bound.terms] == ["block-1", "backbone/stem", "stem", "block-1", "deep"]
    assert [term.measure for term in bound.terms[:1]] == [Channel(3)]
    sentence, shown, at = refused("stem + backbone/block_1", NESTED)
    assert "has no layer 'backbone/block_1': did you mean backbone/block-1" in sentence
    assert shown[at:] == "backbone/block_1"


@pytest.mark.parametrize("text", ["frist", "2*first + frist[0]", "frist[1]@center", "each(frist)", "diversity(frist)"])
def test_a_wrong_layer_is_answered_with_the_nearest_at_its_place(text: str, tiny: Card) -> None:
    sentence, shown, at = refused(text, tiny)
    assert sentence.startswith("Model tiny has no layer 'frist': did you mean first")
    assert shown[at:].startswith("frist")


def test_a_layer_like_no_other_is_answered_with_the_first_few(tiny: Card) -> None:
    assert "has no layer 'zzzz': known names: first, first_relu, second" in refused("zzzz", tiny)[0]


def test_the_head_has_no_layer_name(tiny: Card) -> None:
    assert "has no layer" in refused(f'"{HEAD}"', tiny)[0]


@pytest.mark.parametrize("text", ["first[{}]", "first[{}]@center", "first[{}]@(0,0)", "diversity(first[{}])"])
def test_a_channel_that_is_not_there_is_refused(text: str, tiny: Card) -> None:
    channels = next(layer.channels for layer in tiny.layers if layer.name == "first")
    assert channels is not None
    bind(text.format(channels - 1), tiny)
    sentence, shown, at = refused("second - " + text.format(channels), tiny)
    assert sentence.startswith(f"Channel {channels} of layer first was asked for, but there are {channels}: give one")
    assert f"from 0 to {channels - 1}" in sentence
    assert shown[at:].startswith(f"[{channels}]")


@pytest.mark.parametrize("measure", ["logit", "prob"])
def test_a_class_that_is_not_there_is_refused(measure: str) -> None:
    sentence, shown, at = refused(f"2*{measure}(dgo)", NAMED)
    assert sentence.startswith("Model zoo has no class 'dgo': did you mean dog")
    assert shown[at:] == "dgo)"
    assert "Class 6 was asked for, but zoo has classes 0 to 5" in refused(f"{measure}(6)", NAMED)[0]
    assert "zoo has more than one class 'crane': give its number, 2 and 4" in refused(f"{measure}(crane)", NAMED)[0]


def test_a_space_and_an_underscore_are_the_same_in_a_class() -> None:
    for text in ("logit(tabby_cat)", 'logit("tabby cat")'):
        assert bind(text, NAMED).terms[0].measure == Logit(5)


def test_a_card_without_class_names_takes_numbers() -> None:
    nameless = Card("nameless", "unit")
    assert bind("logit(999)", nameless).terms[0].measure == Logit(999)
    assert "names no classes: give its number" in refused("logit(cat)", nameless)[0]
    counted = replace(nameless, outputs=10)
    assert "Class 10 was asked for, but nameless has classes 0 to 9" in refused("prob(10)", counted)[0]


@pytest.mark.parametrize("text", ["logit(3)", "prob(cat)", "logit(*)"])
def test_a_model_without_a_head_has_no_classes(text: str) -> None:
    sentence, _, _ = refused(text, Card("headless", "unit", outputs=0))
    assert sentence.startswith("Model headless has no head that gives (batch, classes), so it has no classes")


def test_imagenets_names_are_asked_of_the_file_that_keras_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    thousand = Card("thousand", "tf", outputs=1000)
    sentence, shown, at = refused('logit("tabby cat")', thousand)
    assert imagenet.ADDRESS in sentence and str(tmp_path / "models" / "imagenet_class_index.json") in sentence
    assert "give the class's number" in sentence
    assert shown[at:] == '"tabby cat")'
    assert bind("logit(281)", thousand).terms[0].measure == Logit(281)


def test_imagenets_names_are_read_where_the_file_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert imagenet.class_names() is None
    data = json.dumps({str(i): [f"n{i:08}", f"name_{i}"] for i in range(1000)}).encode()
    imagenet.file().parent.mkdir()
    imagenet.file().write_bytes(data)
    assert imagenet.class_names() is None  # not the bytes that Keras knows
    monkeypatch.setattr(imagenet, "MD5", hashlib.md5(data).hexdigest())
    assert imagenet.class_names() == tuple(f"name_{i}" for i in range(1000))


def test_a_class_is_checked_against_the_opened_head() -> None:
    bound = bind("logit(4)", Card("nameless", "unit"))
    bound.check({HEAD: (None, 5), PROBABILITIES: (None, 5)})
    with pytest.raises(ObjectiveError, match="Class 4 was asked for, but there are 4"):
        bound.check({HEAD: (None, 4), PROBABILITIES: (None, 4)})


@pytest.mark.parametrize("text", ["first - 1.5e9*second", "-2e9*first", "1e30*logit(1)"])
def test_a_weight_that_drowns_all_others_is_refused_at_its_place(text: str, tiny: Card) -> None:
    sentence, shown, at = refused(text, tiny)
    assert "is beyond 1e+09, where float32 would drown every other term" in sentence
    assert shown[at].isdigit()
    assert bind("1e9*first - 1e-30*second", tiny)


@pytest.mark.parametrize("text", ["0*first", "0*(first - 2*second) - 0*tv()"])
def test_an_objective_with_nothing_in_it_is_refused(text: str, tiny: Card) -> None:
    assert refused(text, tiny)[0].startswith("Every weight is 0, so there is nothing in it to climb")
    assert bind(f"{text} + first", tiny)


def test_an_error_stands_at_the_term_that_it_is_about(tiny: Card) -> None:
    _, shown, at = refused("first + 0.5*(second - 4*frist) + first", tiny)
    assert shown == "first + 0.5*second - 2.0*frist + first"
    assert at == shown.index("frist")


@settings(deadline=None)
@given(objective)
def test_any_objective_is_bound_or_answered_at_a_place(made: Objective) -> None:
    try:
        bound = made.bind(card("motifnet"))
    except ObjectiveError as error:
        sentence, shown, caret = str(error).split("\n")
        assert sentence.endswith(".") and caret.strip() == "^" and len(caret) <= len(shown)
    else:
        assert hash(bound) == hash(made.bind(card("motifnet")))


def test_a_neuron_needs_rows_and_columns() -> None:
    bound = BoundObjective(Objective.parse("flat[1]@center").terms)
    with pytest.raises(ObjectiveError, match=r"flat has no rows and columns: name a unit of it, as in flat\[0\]"):
        bound.check({"flat": (None, 5)})
    with pytest.raises(ObjectiveError, match="flat has no rows and columns"):
        BoundObjective(Objective.parse("each(flat)").terms).check({"flat": (None, 5)})
    BoundObjective(Objective.parse("flat[1]").terms).check({"flat": (None, 5)})
    BoundObjective(Objective.parse("flat[*] + caricature(flat) - tv()").terms).check({"flat": (None, 5)})


def test_a_layer_that_lays_the_picture_into_the_batch_is_refused() -> None:
    bound = BoundObjective(Objective.parse("windows[3] + rest").terms)
    bound.check({"windows": (1, 16, 8), "rest": (None, 5)})
    with pytest.raises(ObjectiveError, match=r"Layer windows puts 64 parts of a picture .* before or after"):
        bound.check({"windows": (64, 16, 8), "rest": (1, 5)})


def test_tokens_have_channels_but_no_rows_and_columns() -> None:
    terms = Objective.parse("blocks + blocks[3] + mean(blocks) + diversity(blocks)").terms
    BoundObjective(terms).check({"blocks": (None, 197, 8)})
    for text in ("blocks[3]@center", "each(blocks)"):
        with pytest.raises(ObjectiveError) as caught:
            BoundObjective(Objective.parse(text).terms).check({"blocks": (None, 197, 8)})
        sentence, shown, _ = str(caught.value).split("\n")
        assert "Layer blocks gives tokens (batch, tokens, channels), which have no rows and columns" in sentence
        assert shown == f"  {text}"
