"""The scores of attribution methods on pictures whose truth is known, as `benchmarks/truth.py` measured them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

FILE = "scores.csv"
"""The table of this module: a row for each method, with the columns of docs/explaining.md, on motifnet."""


@cache
def read_scores() -> Mapping[str, Mapping[str, str]]:
    """Read the scores of each method, by the text of the method: `0.88 ± 0.01` for each measure that it has."""
    text = (files(__package__) / FILE).read_text(encoding="utf-8")
    rows = {row["method"]: row for row in csv.DictReader(text.splitlines())}
    known = {name: {key: cell for key, cell in row.items() if cell != "-"} for name, row in rows.items()}
    return MappingProxyType(known)
