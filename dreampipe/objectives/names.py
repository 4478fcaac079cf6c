"""Names in objectives: identifiers stand bare, all others in quotes; wrong ones are answered with near ones."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"


def quoted(name: str) -> str:
    """The name as an objective's text writes it."""
    return name if re.fullmatch(IDENTIFIER, name) else json.dumps(name, ensure_ascii=False)


def near(name: str, names: Iterable[str]) -> str:
    """What to do about an unknown name: the nearest known ones, or the first few."""
    known = list(names)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known[:6]
    return f"try {', '.join(close)}" if close else "it has none"
