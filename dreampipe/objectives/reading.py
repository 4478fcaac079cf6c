"""`Reader` reads the tokens of an objective's text one by one, for the grammar."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from dreampipe.errors import ObjectiveError
from dreampipe.objectives.names import IDENTIFIER
from dreampipe.objectives.terms import refusal

_TOKEN = re.compile(
    rf"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>{IDENTIFIER})"
    r'|(?P<string>"(?:[^"\\]|\\.)*")|(?P<sign>[-+*/()\[\]@,])|(?P<end>$))'
)

_MEANT = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),  # dashes and typographic minus signs
    **dict.fromkeys("\u00d7\u00b7\u22c5", "*"),
    **dict.fromkeys("'`\u00ab\u00bb\u2018\u2019\u201c\u201d\u201e", '"'),
    "{": "(",
    "}": ")",
}
"""The characters of this language for others that mean the same elsewhere."""


def _no_word(sign: str) -> str:
    """Advise what to write in place of a character that begins no token."""
    if sign == '"':
        return 'the quote that opens here is never closed: write another " after the name'
    return f"{sign!r} has no meaning here" + (f": write {_MEANT[sign]}" if sign in _MEANT else "")


class Token(NamedTuple):
    """A piece of the text with its begin and end: a number, name, string or sign, or the end of the text."""

    kind: str
    text: str
    at: int
    end: int


class Reader:
    """A cursor on the tokens of a text: `token` is the next one, and methods take it if it is the expected one.

    Otherwise they raise ObjectiveError, with a caret at the token.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.token = self._next(0)

    def _next(self, at: int) -> Token:
        found = _TOKEN.match(self.text, at)
        if not found:
            start = len(self.text) - len(self.text[at:].lstrip())
            raise self.error(_no_word(self.text[start]), start)
        kind = found.lastgroup or "end"
        return Token(kind, found[kind], found.start(kind), found.end())

    def error(self, expected: str, at: int | None = None) -> ObjectiveError:
        at = self.token.at if at is None else at
        return refusal(f"The objective cannot be read at character {at + 1}: {expected}.", self.text, at)

    def take(self) -> Token:
        token = self.token
        self.token = self._next(token.end)
        return token

    def next_is(self, *signs: str) -> Token | None:
        return self.take() if self.token.kind == "sign" and self.token.text in signs else None

    def expect(self, sign: str) -> None:
        if not self.next_is(sign):
            raise self.error(f"expected {sign}")

    def name(self, expected: str) -> str:
        if self.token.kind not in ("string", "name"):
            raise self.error(expected)
        try:
            text = str(json.loads(self.token.text)) if self.token.kind == "string" else self.token.text
        except json.JSONDecodeError:
            raise self.error(r'the quoted name is no valid JSON string: write \\ for \ and \" for "') from None
        self.take()
        return text

    def integer(self) -> int:
        if self.token.text == "-":
            raise self.error("expected a whole number from 0 on, because nothing is counted from the end")
        if self.token.kind != "number" or not self.token.text.isdigit() or len(self.token.text) > 9:
            raise self.error("expected a whole number of at most 9 digits")
        return int(self.take().text)
