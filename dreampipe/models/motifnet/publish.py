"""Puts trained weights into the package, and what was measured of them onto the card."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from dreampipe.models import motifnet


def weights(trained: Path, card: Path = motifnet.CARD, shipped: Path = motifnet.WEIGHTS) -> None:
    """Ship these weights: an npz as `train` writes it; the card's SHA-256 follows, and its old figures go."""
    data = trained.read_bytes()
    shipped.write_bytes(data)
    text = card.read_text(encoding="utf-8")
    text = re.sub(r'(?m)^sha256 = ".*"$', f'sha256 = "{hashlib.sha256(data).hexdigest()}"', text)
    card.write_text(_with_figures(text, {}), encoding="utf-8")


def figures(measured: Mapping[str, float], card: Path = motifnet.CARD) -> None:
    """Write figures onto the card, over those of the same name."""
    text = card.read_text(encoding="utf-8")
    known: dict[str, float] = tomllib.loads(text)["figures"]
    card.write_text(_with_figures(text, {**known, **measured}), encoding="utf-8")


def _with_figures(text: str, figures: Mapping[str, float]) -> str:
    """The card with this table of figures, which is its last."""
    head = text[: text.index("[figures]\n") + len("[figures]\n")]
    return head + "".join(f"{name} = {value:.4g}\n" for name, value in sorted(figures.items()))
