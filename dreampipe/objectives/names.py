"""Names in objectives: identifiers stand bare, all others in quotes."""

from __future__ import annotations

import json
import re

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"


def quoted(name: str) -> str:
    """The name as an objective's text writes it."""
    return name if re.fullmatch(IDENTIFIER, name) else json.dumps(name, ensure_ascii=False)
