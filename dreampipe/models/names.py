"""Names of layers that last: automatic Keras names counted anew for each model; no keras here.

Keras counts `conv2d`, `conv2d_1`, ... on through a process. Here they are counted in the order in which the model's
layers were made, so `conv2d_3` is the same layer whatever was built before, and in a fresh process it is the layer
that Keras itself calls so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator


def canonical_names(layers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Own name to canonical name, from (class name, own name) of each layer of one model.

    A name is automatic when it is the class in snake case, alone or with a number. Automatic names are counted anew in
    the order of their numbers, which is that of making; other names stay, and a number that they hold is passed over.
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
        free = (name for name in _counted(snake) if name not in taken)
        names |= {name: next(free) for _, name in sorted(found)}
    return names


def in_snake_case(kind: str) -> str:
    """The class name in the snake case of Keras: Conv2D to conv2d, ReLU to re_lu."""
    kind = re.sub(r"\W+", "", kind)
    kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()


def _counted(snake: str) -> Iterator[str]:
    yield snake
    number = 1
    while True:
        yield f"{snake}_{number}"
        number += 1
