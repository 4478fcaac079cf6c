"""Names of layers that Keras made by counting; no keras here.

Keras counts `conv2d`, `conv2d_1`, ... through a whole process. A file keeps the names that its layers had, and so does
dreampipe. An architecture of keras.applications is built anew in each process, so its layers get the names that they
have when they are the first layers of a process: `recount` finds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator


def recount(layers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map the name of each layer to the name that it has when Keras counts from the start.

    A name is automatic when it is the class in snake case, alone or with a number. Automatic names are counted in the
    order of their numbers, which is the order in which the layers were made. Other names stay, and counting skips them.

    Args:
        layers: class name and name of each layer of one model.
    """
    automatic: dict[str, set[tuple[int, str]]] = {}
    names: dict[str, str] = {}
    for kind, name in layers:
        snake = in_snake_case(kind)
        match = re.fullmatch(re.escape(snake) + r"(?:_(\d+))?", name)
        if match:
            automatic.setdefault(snake, set()).add((int(match[1] or 0), name))
        else:
            names[name] = name
    taken = set(names)
    for snake, found in automatic.items():
        free = (name for name in _count_on(snake) if name not in taken)
        names |= {name: next(free) for _, name in sorted(found)}
    return names


def in_snake_case(kind: str) -> str:
    """Write a class name in the snake case of Keras: Conv2D as conv2d, ReLU as re_lu."""
    kind = re.sub(r"\W+", "", kind)
    kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()


def _count_on(snake: str) -> Iterator[str]:
    yield snake
    number = 1
    while True:
        yield f"{snake}_{number}"
        number += 1
