"""What `truth.py` asks of a network, and where the maps of a peer go; needs numpy alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Way = Callable[[Any, int], Any]
"""From a picture, (height, width, 3) float32, and the number of the answer to the map, (height, width[, 3])."""


@dataclass(frozen=True)
class Asked:
    """The folder of `truth.py` and one network in it."""

    work: Path
    network: str
    pictures: int

    def questions(self) -> Iterator[tuple[str, Any, int]]:
        """The key, the picture and the number of the answer of each case, the pairs first."""
        with np.load(self.work / f"{self.network}.npz") as stored:
            keys = [key for key in stored.files if not key.endswith(".answer")]
            seen: list[str] = []
            for key in sorted(keys, key=lambda key: (not key.startswith("pair"), *map(int, re.findall(r"\d+", key)))):
                kind, number = re.match(r"([a-z]+)(\d+)", key).groups()  # type: ignore[union-attr]
                if kind != "pair":
                    continue
                if number not in seen:
                    seen.append(number)
                if len(seen) <= self.pictures:
                    yield key, stored[key].astype(np.float32), int(stored[f"{key}.answer"])

    def answer(self, peer: str, ways: dict[str, Way]) -> None:
        """Write the maps that are not there."""
        for name, way in ways.items():
            started = time.perf_counter()
            for key, picture, number in self.questions():
                file = self.work / "peers" / f"{peer} {name}" / self.network / f"{key}.npy"
                if not file.exists():
                    file.parent.mkdir(parents=True, exist_ok=True)
                    part = file.with_suffix(".part")
                    with part.open("wb") as opened:
                        np.save(opened, np.asarray(way(picture, number), np.float32))
                    part.replace(file)
            print(f"{self.network}, {peer} {name}: {time.perf_counter() - started:.0f} s", flush=True)


def chain(layers: list[Any]) -> list[tuple[str, Any]]:
    """The layers of `plain` by kind, in order, with their weights as arrays."""
    return [(type(layer).__name__, [np.asarray(weight) for weight in layer.get_weights()]) for layer in layers]


def grid(height: int, width: int, cell: int = 8) -> Any:
    """Numbers of square segments, (height, width) int64."""
    rows, columns = np.arange(height) // cell, np.arange(width) // cell
    return rows[:, None] * (columns[-1] + 1) + columns
