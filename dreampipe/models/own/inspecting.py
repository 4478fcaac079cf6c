"""Inspection of a `.keras` file without building any of it.

    inspect(path, limits) -> Inspected

A model file is a program: Keras builds whatever its configuration names. So only the regular zip file of today's Keras
is read, its members and sizes are bounded, every class that its configuration names must be on the list of
`allowed.py`, and it may ask for no more than `caps.py` allows, before keras is even imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from dreampipe.errors import ModelError
from dreampipe.models.graphs import fields, graph, heads, sizes
from dreampipe.models.graphs.graph import Graph
from dreampipe.models.model_card import Layer
from dreampipe.models.own import allowed, archive, caps, changing, versions
from dreampipe.models.own.archive import LIMITS, Limits
from dreampipe.models.own.earlier import earlier_names

_LARGEST = 8192
"""Pixels on a side of the largest picture that a model may need: beyond it, no memory holds what it computes."""


@dataclass(frozen=True, eq=False)
class Inspected:
    """A file that was found safe.

    Attributes:
        config: of the model, without what is there for training.
        sha256: of the file, hexadecimal.
        saved: the version of the Keras that saved the file; empty where it is not known.
        graph: of the configuration.
        layers, least, fixed, outputs, earlier: as on a card.
    """

    config: dict[str, Any]
    sha256: str
    saved: str
    graph: Graph
    layers: tuple[Layer, ...]
    least: int
    fixed: tuple[int, int] | None
    outputs: int | None
    earlier: tuple[tuple[str, str], ...] = ()


def inspect(path: Path, limits: Limits = LIMITS) -> Inspected:
    """Check all of a file that Keras would act on, building nothing and importing no keras.

    A file that was inspected before in this process, and has not changed since, is not read again. One of the same
    bytes is not checked again.

    Raises:
        ModelError: with the reason why the file is refused.
    """
    with name_file(path):
        with archive.open_archive(path, limits) as file:
            sha256 = _hash_once(path, limits, changing.state(file))
        found = _inspect_once(path, sha256, limits)
        return found if found.sha256 == sha256 else inspect_unnamed(path, limits)  # it changed between the two readings


# A command asks for the card of its model about six times, and to check a large model takes a second.
@lru_cache(maxsize=4)
def _hash_once(path: Path, limits: Limits, state: tuple[int, ...]) -> str:
    """Hash a file that was in this state a moment ago; `load` hashes what it opens anyway."""
    with archive.open_archive(path, limits) as file:
        return _hash(file)


@lru_cache(maxsize=4)
def _inspect_once(path: Path, sha256: str, limits: Limits) -> Inspected:
    return inspect_unnamed(path, limits)


def _hash(file: IO[bytes]) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


@contextmanager
def name_file(path: Path, what: str = "model") -> Iterator[None]:
    """Errors about "it" become errors about the file."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"The {what} {path} is refused: {error}") from error


class Checked(NamedTuple):
    """The configuration of a file, of which Keras may build all.

    Attributes:
        config: of the model, without what is there for training.
        sha256: of the file, hexadecimal.
        saved: the version of the Keras that saved the file; empty where it is not known.
    """

    config: dict[str, Any]
    sha256: str
    saved: str


def check_config(path: Path, limits: Limits) -> Checked:
    """Check the configuration of a file; raises ModelError, with a clause about "it", where Keras may not build it."""
    with archive.open_archive(path, limits) as file:
        sha256 = _hash(file)
        config, saved = archive.configuration(file, limits)
    versions.refuse(saved)
    with reading():
        if not limits.code and (reason := allowed.refusal(config)):
            with nullcontext() if allowed.is_code(reason) else versions.blame_version(saved):
                raise ModelError(f"it holds {reason}: {allowed.advise(reason)}.")
    with versions.blame_version(saved), reading():
        if not limits.code:
            caps.refuse(config)
        return Checked(_without_training(config), sha256, saved)


@contextmanager
def reading() -> Iterator[None]:
    """Turn every error of reading a configuration into a fault of the file."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        raise ModelError(f"it is damaged (the configuration of a layer: {error!r}): save it again.") from error


def inspect_unnamed(path: Path, limits: Limits) -> Inspected:
    """Inspect as `inspect` does, with errors about "it"."""
    config, sha256, saved = check_config(path, limits)
    with reading():
        return describe_config(config, sha256, saved)


def describe_config(config: dict[str, Any], sha256: str, saved: str = "") -> Inspected:
    """Describe a model by its configuration alone; raises ModelError, with a clause about "it", as `inspect` does.

    Args:
        config: {"class_name": ..., "config": ...}, as Keras writes it.
        sha256: of the model, hexadecimal.
        saved: the version of the Keras that saved it; empty where it is not known.
    """
    with versions.blame_version(saved), reading():
        read = graph.read(config)
    with reading():
        _refuse_input(read)
        layers = fields.spread(fields.layers(read))
        declared = _declared_size(read)
        fixed = declared if declared and not sizes.takes_all_sizes(read) else None
        least = min(fixed) if fixed else sizes.least_side(read)
        outputs = heads.outputs(read)
        earlier = earlier_names(config, read)
    if not layers:
        raise ModelError("it has no layers, so there is nothing in it to climb: choose another model.")
    if least > _LARGEST or max(fixed or (0,)) > _LARGEST:
        raise ModelError(f"it takes only pictures larger than {_LARGEST} pixels on a side: choose another model.")
    return Inspected(config, sha256, saved, read, layers, least, fixed, outputs, earlier)


def _without_training(value: Any) -> Any:
    """A configuration without any `compile_config`: optimizer, loss and metrics are nobody's business here."""
    if isinstance(value, dict):
        return {k: _without_training(v) for k, v in value.items() if k != "compile_config"}
    return [_without_training(v) for v in value] if isinstance(value, list) else value


def _refuse_input(read: Graph) -> None:
    shape = read.shapes[read.input]
    dtype = read.nodes[read.input.key].config.get("dtype", "float32")
    first = any(node.config.get("data_format") == "channels_first" for node in read.nodes.values())
    if first or (len(shape) == 4 and shape[1] == 3 != shape[3]):
        raise ModelError("it wants channels first, but (batch, height, width, 3) is expected: save it channels last.")
    if len(shape) != 4 or not all(n is None or (isinstance(n, int) and n > 0) for n in shape):
        raise ModelError(
            f"it takes an input of shape {shape}, but a picture (batch, height, width, 3) is expected: choose a model "
            "of pictures."
        )
    if shape[3] != 3:
        raise ModelError(
            f"it takes pictures of {shape[3]} channel{'' if shape[3] == 1 else 's'}, but 3 (red, green, blue) are "
            "expected: put a layer in front that makes its input of three channels, and save that."
        )
    if isinstance(dtype, str) and "float" not in dtype:
        raise ModelError(f"it takes pictures of {dtype}, which have no gradient, but floating point is expected.")


def _declared_size(read: Graph) -> tuple[int, int] | None:
    _, height, width, _ = read.shapes[read.input]
    return (height, width) if height and width else None
