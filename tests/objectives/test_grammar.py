"""The language of objectives: what it reads, what it prints, and how it answers a wrong text."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import UNITS, Read, objective, written

from dreampipe import objectives as o
from dreampipe.errors import ObjectiveError, printable
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
from dreampipe.objectives.terms import refusal


@pytest.mark.parametrize(
    "text, terms",
    [
        ("mixed4", [Term("mixed4", MeanSquare())]),
        ("mixed4[12]", [Term("mixed4", Channel(12))]),
        ("mixed4[12]@center", [Term("mixed4", Neuron(12))]),
        (" mixed4 [ 12 ] @ ( 8 , 3 ) ", [Term("mixed4", Neuron(12, (8, 3)))]),
        ("logit(eye)", [Term(HEAD, Logit("eye"))]),
        ("prob(281)", [Term(PROBABILITIES, Probability(281))]),
        ('logit("281")', [Term(HEAD, Logit("281"))]),
        ('logit("tabby cat")', [Term(HEAD, Logit("tabby cat"))]),
        ('"conv2d/3"', [Term("conv2d/3", MeanSquare())]),
        (r'"say \"a\\b\" ü"[0]', [Term('say "a\\b" ü', Channel(0))]),
        ("each(mixed6)", [Term("mixed6", Each())]),
        ('each ("a b")', [Term("a b", Each())]),
        ("each", [Term("each", MeanSquare())]),
        ("tv", [Term("tv", MeanSquare())]),
        ('layers("mixed?")', [Term("mixed?", o.Layers())]),
        ('"backbone"/"block-1"', [Term("backbone/block-1", MeanSquare())]),
        ('each(outer / inner/"block-1")', [Term("outer/inner/block-1", Each())]),
        ("dense_1[40]", [Term("dense_1", Channel(40))]),
        ("mixed4[*] + mixed4[*]@center", [Term("mixed4", Channel(None)), Term("mixed4", Neuron(None))]),
        ("logit(*) + prob(*)", [Term(HEAD, Logit(None)), Term(PROBABILITIES, Probability(None))]),
        ('logit("*")', [Term(HEAD, Logit("*"))]),
        ('guide("feathers.jpg", mixed3)', [Term("mixed3", o.Guide("feathers.jpg", "match"))]),
        ('guide("feathers.jpg", mixed3, mean)', [Term("mixed3", o.Guide("feathers.jpg", "mean"))]),
        ('direction("v.npy", mixed4)', [Term("mixed4", o.Direction("v.npy"))]),
        ("mixed4 - 0.1*tv() - 0.01*distance()", [
            Term("mixed4", MeanSquare()), Term(IMAGE, o.TotalVariation(), -0.1), Term(IMAGE, o.Distance(), -0.01)
        ]),
        ("diversity(mixed4) + diversity(mixed4[12])", [Term("mixed4", o.Diversity()), Term("mixed4", o.Diversity(12))]),
        ("1.5*inner(mixed5, 2)", [Term("mixed5", o.Inner(2), 1.5)]),
        ("caricature(mixed4)", [Term("mixed4", o.Caricature())]),
        ("mean(a) + abs(a) + norm(a) + max(a)", [
            Term("a", o.Mean()), Term("a", o.Absolute()), Term("a", o.Norm()), Term("a", o.Largest())
        ]),
        ("logit", [Term("logit", MeanSquare())]),
        ("-mixed4", [Term("mixed4", MeanSquare(), -1.0)]),
        ("2*3 * mixed4*.5", [Term("mixed4", MeanSquare(), 3.0)]),
        ("(1 + 2.5)*mixed4", [Term("mixed4", MeanSquare(), 3.5)]),
        ("1e-3*a - 2E2*(b - 3.*c[1])", [
            Term("a", MeanSquare(), 1e-3), Term("b", MeanSquare(), -200.0), Term("c", Channel(1), 600.0)
        ]),
        ("1e30*a + 1e-30*b", [Term("a", MeanSquare(), 1e30), Term("b", MeanSquare(), 1e-30)]),
    ],
)  # fmt: skip
def test_a_text_is_read(text: str, terms: list[Term]) -> None:
    assert Objective.parse(text) == Objective(tuple(terms))


@settings(deadline=None)
@given(objective)
def test_what_is_printed_is_read_back(made: Objective) -> None:
    assert Objective.parse(str(made)) == made


@settings(deadline=None)
@given(written)
def test_weights_go_through_all_brackets(read: Read) -> None:
    text, expected = read
    assert list(Objective.parse(text).terms) == [replace(UNITS[unit], weight=weight) for unit, weight in expected]


@pytest.mark.parametrize(
    "text, at, expected",
    [
        ("", 0, "expected a layer"),
        ("   ", 3, "expected a layer"),
        ("mixed4 mixed5", 7, "expected +, -, * or the end"),
        ("mixed4 + ", 9, "expected a layer"),
        ("mixed4)", 6, "expected +, -, * or the end"),
        ("(mixed4", 7, "expected )"),
        ("mixed4[", 7, "whole number"),
        ("mixed4[1.5]", 7, "whole number"),
        ("mixed4[-1]", 7, "expected a whole number from 0 on, because nothing is counted from the end."),
        ("logit(-1)", 6, "expected a class"),
        ("mixed4[1]@(2,-1)", 13, "expected a whole number from 0 on"),
        ("mixed4[1", 8, "expected ]"),
        ("mixed4[1]@centre", 10, "expected center or (row,column): write @center."),
        ("mixed4[1]@", 10, "expected center or (row,column)."),
        ("mixed4[1]@(2)", 12, "expected ,"),
        ("mixed4[1]@(2,x)", 13, "whole number"),
        ("mixed4 + #5", 9, "'#' has no meaning here"),
        ("traum/3", 6, "expected a name, for / leads into a model within the model; there is no division"),
        ('a + "open', 4, 'the quote that opens here is never closed: write another " after the name.'),
        ("a \u2212 b", 2, "'\u2212' has no meaning here: write -."),
        ("2\u00d7a", 1, "'\u00d7' has no meaning here: write *."),
        ("logit(\u201ceye\u201d)", 6, "'\u201c' has no meaning here: write \"."),
        ("logit('eye')", 6, '"\'" has no meaning here: write ".'),
        (r'a + "bad \q"', 4, r'no valid JSON string: write \\ for \ and \" for ".'),
        ("mixed4 * mixed5", 7, "two objectives cannot be multiplied"),
        ("inf*mixed4", 3, "two objectives cannot be multiplied"),
        ("mixed4 - 2", 7, "a number cannot be added"),
        ("logit()", 6, "expected a class"),
        ("logit(1.5)", 6, "whole number"),
        ("2 * gues(eye)", 4, "gues(...) is unknown (did you mean guide"),
        ("each(mixed4[1])", 11, "expected )"),
        ("each(3)", 5, "expected a layer"),
        ("2*mixed4[3]/2", 11, "expected +, -, * or the end; there is no division"),
        ("mixed4/", 7, "expected a name"),
        ("mixed4[*", 8, "expected ]"),
        ("diversity(mixed4[*])", 17, "whole number"),
        ("tv(mixed4)", 3, "expected )"),
        ("guide(feathers, mixed3)", 6, "expected a file in double quotes"),
        ('guide("feathers.jpg")', 20, "expected ,"),
        ('guide("feathers.jpg", mixed3, mach)', 30, "expected match, dot or mean (did you mean match"),
        ('guide("a", mixed3, dot, dot)', 22, "expected )"),
        ("inner(mixed4)", 12, "expected ,"),
        ("inner(mixed4, -2)", 14, "expected a whole number from 0 on"),
        ("layers(mixed4)", 7, "expected a pattern in double quotes"),
        ("caricature(mixed4[2])", 17, "expected )"),
        ("(" * 1000 + "a" + ")" * 1000, None, "too many brackets"),
    ],
)
def test_a_wrong_text_is_answered_at_its_place(text: str, at: int | None, expected: str) -> None:
    with pytest.raises(ObjectiveError) as caught:
        Objective.parse(text)
    sentence, shown, caret = str(caught.value).split("\n")
    assert expected in sentence
    assert shown == f"  {text}"
    if at is not None:
        assert caret == "  " + " " * at + "^"
        assert f"at character {at + 1}:" in sentence


@pytest.mark.parametrize("text", ["3", "2*(3 + 4)", "-1e5"])
def test_a_number_alone_is_no_objective(text: str) -> None:
    with pytest.raises(ObjectiveError, match="only a number: name a layer") as caught:
        Objective.parse(text)
    assert str(caught.value).split("\n")[1:] == [f"  {text}", "  ^"]


@pytest.mark.parametrize("text", ["1e999*mixed4", "0*1e999*mixed4", "1e300*(1e300*mixed4)", "mixed4 - 1e999*mixed5"])
def test_a_weight_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ObjectiveError, match=r"A weight came as -?(inf|nan), but a finite number") as caught:
        Objective.parse(text)
    _, shown, caret = str(caught.value).split("\n")
    assert shown[caret.index("^")] in "*-"


def test_a_text_of_several_lines_is_shown_in_one() -> None:
    with pytest.raises(ObjectiveError) as caught:
        Objective.parse("mixed4\n + mixed5\x1b[31m]")
    assert str(caught.value).split("\n")[1:] == ["  mixed4\\n + mixed5\\u001b[31m]", "  " + " " * 17 + "^"]


@pytest.mark.parametrize("name", ["a\x1b[31mx", "b\u202ec", "d\ne"])
def test_a_name_that_steers_a_terminal_is_told_with_its_escapes(name: str) -> None:
    error = refusal(f"There is no layer {name}.", f"mixed4 + {name}", 9 + len(name) - 1)
    said, shown, caret = str(error).split("\n")
    assert said == f"There is no layer {printable(name)}."
    assert shown == f"  mixed4 + {printable(name)}" and shown[caret.index("^")] == name[-1]


@pytest.mark.parametrize("text", ["mixed4[{}]", "mixed4[0]@({},0)", "mixed4[0]@(0,{})", "logit({})"])
def test_a_whole_number_that_counts_nothing_is_refused(text: str) -> None:
    for digits in (10, 5000):
        with pytest.raises(ObjectiveError, match="expected a whole number"):
            Objective.parse(text.format("9" * digits))


@settings(deadline=None)
@given(st.text(alphabet='ab3.e+-*/()[]@, "\\\n#ü', max_size=20))
def test_any_text_is_read_or_answered(text: str) -> None:
    try:
        read = Objective.parse(text)
    except ObjectiveError as error:
        assert re.match(r"The objective|A weight", str(error))
    else:
        assert Objective.parse(str(read)) == read


def test_reading_and_rejecting_load_no_keras() -> None:
    code = """
import sys
from dreampipe.objectives import Objective
from dreampipe.errors import ObjectiveError
str(2 * Objective.parse('mixed4 + 0.5*logit(eye)'))
try:
    Objective.parse('mixed4 +')
except ObjectiveError:
    print(*sorted({name.partition('.')[0] for name in sys.modules} & {'tensorflow', 'keras', 'numpy', 'cv2'}))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
