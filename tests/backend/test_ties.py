"""Gradients at kinks and ties, where backends may disagree: `docs/backends.md` says what each of them answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ties import measure

from dreampipe.backend import choosing

TABLE = Path(__file__).parents[2] / "docs" / "backends.md"


def rows() -> dict[str, dict[str, Any]]:
    """The rows of the table: for each case the answer of each backend."""
    columns = ("tensorflow", "jax", "torch")
    found = re.findall(r"^\| ([^|]+) \| `(.+?)` \| `(.+?)` \| `(.+?)` \|$", TABLE.read_text("utf-8"), re.MULTILINE)
    return {name: dict(zip(columns, map(json.loads, answers), strict=True)) for name, *answers in found}


def test_the_document_says_what_this_backend_answers() -> None:
    measured, said = measure(), rows()
    assert measured.keys() == said.keys()
    for name, answer in measured.items():
        assert answer == pytest.approx(said[name][choosing.name()], abs=1e-3, nan_ok=True), name
