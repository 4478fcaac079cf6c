"""The language of objectives, read by a small recursive descent: one function for each rule.

    sum      = ["-"] product { ("+" | "-") product }
    product  = factor { "*" factor }                    at most one factor is not a number
    factor   = number | unit | "(" sum ")"
    unit     = form "(" [ argument { "," argument } ] ")"          for the forms and their arguments see `forms`
             | layer [ "[" (integer | "*") "]" [ "@" ("center" | "(" integer "," integer ")") ] ]
    layer    = name { "/" name }                        into models within the model
    name     = identifier | a JSON string in double quotes

Written by hand, because a parser generator such as lark would need more lines for the grammar, the tree walk and the
same error messages, and would not help with printing.
"""

from __future__ import annotations

from typing import Any

from dreampipe.errors import ObjectiveError, nearest
from dreampipe.objectives.comparisons import MODES
from dreampipe.objectives.forms import CALLS, Kind
from dreampipe.objectives.measures import CENTER, Channel, MeanSquare, Neuron
from dreampipe.objectives.reading import Reader, Token
from dreampipe.objectives.terms import Term, refusal, scale_terms

_MOST_NESTED = 50
_MOST_TERMS = 4000
_A_LAYER = "expected a layer, as in mixed4"
_ANYTHING = f"{_A_LAYER}, a form, as in logit(eye), or a number"


def parse(text: str) -> tuple[Term, ...]:
    """Read the terms of an objective; raises ObjectiveError, which shows the place with a caret."""
    parser = _Parser(text)
    found = parser.sum(0)
    if parser.token.kind != "end":
        raise parser.error("expected +, -, * or the end" + "; there is no division" * (parser.token.text == "/"))
    if isinstance(found, float):
        raise refusal("The objective is only a number: name a layer, as in mixed4.", text, 0)
    return found


class _Parser(Reader):
    def sum(self, depth: int) -> tuple[Term, ...] | float:
        if depth > _MOST_NESTED:
            raise self.error("too many brackets within brackets")
        minus = self.next_is("-")
        total = self.times(-1.0, self.product(depth), minus) if minus else self.product(depth)
        while sign := self.next_is("+", "-"):
            right = self.product(depth)
            right = self.times(-1.0, right, sign) if sign.text == "-" else right
            if isinstance(total, float) != isinstance(right, float):
                raise self.error("a number cannot be added to an objective", sign.at)
            total = total + right  # type: ignore[operator]
            if isinstance(total, tuple) and len(total) > _MOST_TERMS:
                raise self.error(f"more than {_MOST_TERMS:,} terms", sign.at)
        return total

    def product(self, depth: int) -> tuple[Term, ...] | float:
        total = self.factor(depth)
        while star := self.next_is("*"):
            total = self.times(total, self.factor(depth), star)
        return total

    def times(self, left: tuple[Term, ...] | float, right: tuple[Term, ...] | float, sign: Token) -> Any:
        if isinstance(left, tuple) and isinstance(right, tuple):
            raise self.error("two objectives cannot be multiplied, only an objective and a number", sign.at)
        if isinstance(left, float) and isinstance(right, float):
            return left * right
        terms, factor = (left, right) if isinstance(left, tuple) else (right, left)
        try:
            return scale_terms(terms, factor)  # type: ignore[arg-type]
        except ObjectiveError as error:
            raise refusal(str(error), self.text, sign.at) from None

    def factor(self, depth: int) -> tuple[Term, ...] | float:
        if self.next_is("("):
            inner = self.sum(depth + 1)
            self.expect(")")
            return inner
        return float(self.take().text) if self.token.kind == "number" else (self.unit(),)

    def unit(self) -> Term:
        first = self.token
        layer = self.layer(_ANYTHING)
        if first.kind == "name" and first.text == layer and self.next_is("("):
            return self.call(first)
        if not self.next_is("["):
            return Term(layer, MeanSquare())
        channel = None if self.next_is("*") else self.integer()
        self.expect("]")
        return Term(layer, Neuron(channel, self.place()) if self.next_is("@") else Channel(channel))

    def call(self, first: Token) -> Term:
        form = CALLS.get(first.text)
        if form is None:
            raise self.error(f"{first.text}(...) is unknown ({nearest(first.text, CALLS)})", first.at)
        given: dict[str, Any] = {"layer": form.home}
        for number, kind in enumerate(form.arguments):
            if number and not self.next_is(","):
                if kind == "mode":  # the one that may be left out
                    break
                raise self.error("expected ,")
            given |= self.argument(kind)
        self.expect(")")
        return Term(given.pop("layer"), form.measure(**given))

    def argument(self, kind: Kind) -> dict[str, Any]:
        match kind:
            case "class" if self.token.kind == "number" or self.token.text == "*":
                return {"label": None if self.next_is("*") else self.integer()}
            case "class":
                return {"label": self.name("expected a class, by name or number")}
            case "file" | "pattern":
                if self.token.kind != "string":
                    raise self.error(f"expected a {kind} in double quotes")
                return {"file" if kind == "file" else "layer": self.name("")}
            case "concept":
                if self.token.kind != "string":
                    raise self.error("expected a folder of pictures in double quotes, or a file of found concepts")
                found: dict[str, Any] = {"file": self.name(""), "number": None}
                if self.next_is("["):
                    found["number"] = self.integer()
                    self.expect("]")
                return found
            case "border":
                return {"border": self.integer()}
            case "mode":
                if self.token.text not in MODES:
                    raise self.error(
                        f"expected {', '.join(MODES[:-1])} or {MODES[-1]} ({nearest(self.token.text, MODES)})"
                    )
                return {"mode": self.take().text}
        given: dict[str, Any] = {"layer": self.layer(_A_LAYER)}
        if kind == "unit" and self.next_is("["):
            given["channel"] = self.integer()
            self.expect("]")
        return given

    def place(self) -> tuple[int, int] | None:
        if self.token.kind == "name" and self.token.text == CENTER:
            self.take()
            return None
        if not self.next_is("("):
            advice = f": write @{CENTER}" if self.token.kind == "name" else ""
            raise self.error(f"expected {CENTER} or (row,column){advice}")
        row = self.integer()
        self.expect(",")
        column = self.integer()
        self.expect(")")
        return row, column

    def layer(self, expected: str) -> str:
        names = [self.name(expected)]
        while self.next_is("/"):
            names.append(self.name("expected a name, for / leads into a model within the model; there is no division"))
        return "/".join(names)
