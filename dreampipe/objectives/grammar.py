"""The language of objectives, read by a small recursive descent: one function for each rule.

    sum      = ["-"] product { ("+" | "-") product }
    product  = factor { "*" factor }              at most one factor is not a number
    factor   = number | unit | "(" sum ")"
    unit     = ("logit" | "prob") "(" (name | integer) ")"
             | "each" "(" name ")"
             | name [ "[" integer "]" [ "@" ("center" | "(" integer "," integer ")") ] ]
    name     = identifier | a JSON string in double quotes

Written by hand because the whole of it is shorter than the grammar file, the tree walk and the translation of errors
that a parser generator would need for the same messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from dreampipe.errors import ObjectiveError
from dreampipe.objectives.measures import CENTER, Channel, Each, Logit, MeanSquare, Neuron, Probability
from dreampipe.objectives.names import IDENTIFIER
from dreampipe.objectives.terms import HEAD, PROBABILITIES, Objective, Term

_TOKEN = re.compile(
    rf"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>{IDENTIFIER})"
    r'|(?P<string>"(?:[^"\\]|\\.)*")|(?P<sign>[-+*()\[\]@,])|(?P<end>$))'
)
_OF_CLASSES: dict[str, tuple[str, type[Logit] | type[Probability]]] = {
    "logit": (HEAD, Logit),
    "prob": (PROBABILITIES, Probability),
}
_MOST_NESTED = 50


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse(text: str) -> Objective:
    """Read an objective.

    Raises:
        ObjectiveError: the text is no objective; the message shows the place with a caret.
    """
    parser = _Parser(text)
    result = parser.sum(0)
    if parser.token.kind != "end":
        raise parser.error("expected +, -, * or the end")
    if not isinstance(result, Objective):
        raise ObjectiveError(f"The objective {text!r} is only a number: name a layer, as in mixed4.")
    return result


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._read()
        self.token = next(self.tokens)

    def _read(self) -> Iterator[_Token]:
        at = 0
        while True:
            found = _TOKEN.match(self.text, at)
            if not found:
                start = len(self.text) - len(self.text[at:].lstrip())
                raise _error(self.text, start, f"{self.text[start]!r} has no meaning here")
            kind = found.lastgroup or "end"
            yield _Token(kind, found[kind], found.start(kind))
            at = found.end()

    def error(self, expected: str) -> ObjectiveError:
        return _error(self.text, self.token.at, expected)

    def take(self) -> _Token:
        token = self.token
        if token.kind != "end":
            self.token = next(self.tokens)
        return token

    def next_is(self, sign: str) -> bool:
        if self.token.kind == "sign" and self.token.text == sign:
            self.take()
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.next_is(sign):
            raise self.error(f"expected {sign}")

    def sum(self, depth: int) -> Objective | float:
        if depth > _MOST_NESTED:
            raise self.error("too many brackets within brackets")
        total = -1.0 * self.product(depth) if self.next_is("-") else self.product(depth)
        while self.token.text in ("+", "-") and self.token.kind == "sign":
            start = self.token
            sign = -1.0 if self.take().text == "-" else 1.0
            right = self.product(depth)
            if isinstance(total, Objective) and isinstance(right, Objective):
                total = total + (right if sign > 0 else sign * right)
            elif isinstance(total, float) and isinstance(right, float):
                total = total + sign * right
            else:
                raise _error(self.text, start.at, "a number cannot be added to an objective")
        return total

    def product(self, depth: int) -> Objective | float:
        total = self.factor(depth)
        while self.token.text == "*" and self.token.kind == "sign":
            start = self.take()
            right = self.factor(depth)
            if isinstance(right, float):
                total = total * right
            elif isinstance(total, float):
                total = right * total
            else:
                raise _error(self.text, start.at, "two objectives cannot be multiplied, only an objective and a number")
        return total

    def factor(self, depth: int) -> Objective | float:
        if self.next_is("("):
            inner = self.sum(depth + 1)
            self.expect(")")
            return inner
        if self.token.kind == "number":
            return float(self.take().text)
        return Objective((self.unit(),))

    def unit(self) -> Term:
        bare, at = self.token.kind == "name", self.token.at
        name = self.name("expected a layer, as in mixed4, or logit(...), prob(...), or a number")
        if bare and self.next_is("("):
            term = self.call(name, at)
            self.expect(")")
            return term
        if not self.next_is("["):
            return Term(name, MeanSquare())
        channel = self.integer()
        self.expect("]")
        return Term(name, Neuron(channel, self.place()) if self.next_is("@") else Channel(channel))

    def call(self, function: str, at: int) -> Term:
        if function == "each":
            return Term(self.name("expected a layer, as in mixed4"), Each())
        if function not in _OF_CLASSES:
            known = "each(...), logit(...) and prob(...)"
            raise _error(self.text, at, f"{function}(...) is unknown; {known} are there")
        label = self.integer() if self.token.kind == "number" else self.name("expected a class, by name or number")
        layer, measure = _OF_CLASSES[function]
        return Term(layer, measure(label))

    def place(self) -> tuple[int, int] | None:
        if self.token.kind == "name" and self.token.text == CENTER:
            self.take()
            return None
        if not self.next_is("("):
            raise self.error(f"expected {CENTER} or (row,column)")
        row = self.integer()
        self.expect(",")
        column = self.integer()
        self.expect(")")
        return row, column

    def name(self, expected: str) -> str:
        if self.token.kind == "string":
            try:
                text = str(json.loads(self.token.text))
            except json.JSONDecodeError:
                raise self.error("the quoted name is no valid JSON string") from None
            self.take()
            return text
        if self.token.kind != "name":
            raise self.error(expected)
        return self.take().text

    def integer(self) -> int:
        if self.token.kind != "number" or not self.token.text.isdigit() or len(self.token.text) > 9:
            raise self.error("expected a whole number of at most 9 digits")
        return int(self.take().text)


def _error(text: str, at: int, expected: str) -> ObjectiveError:
    return ObjectiveError(f"The objective cannot be read at character {at + 1}: {expected}.\n  {text}\n  {' ' * at}^")
