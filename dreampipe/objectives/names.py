"""Names in objectives: identifiers stand bare, all others in quotes; a path of names leads into a nested model."""

from __future__ import annotations

import json
import re

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"


def quoted(name: str) -> str:
    """The name as an objective's text writes it."""
    return name if re.fullmatch(IDENTIFIER, name) else text_of(name)


def text_of(name: str) -> str:
    """The name in quotes, whatever it is."""
    return json.dumps(name, ensure_ascii=False)


def path_of(layer: str) -> str:
    """The name of a layer as an objective's text writes it: `backbone/"block-1"` for backbone/block-1."""
    parts = layer.split("/")
    return "/".join(map(quoted, parts)) if all(parts) else text_of(layer)
