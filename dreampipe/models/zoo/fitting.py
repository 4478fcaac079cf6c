"""Files of weights alone: whether they fit an architecture, and which array goes where; no keras here.

    fitted(path, name) -> Fit          opened(path, name, sha256) -> the arrays, by layer

Keras writes such files in two ways: `.weights.h5` by the kinds of layers, counted, and the `.h5` of old by the order of
layers, whose names may differ. What a file of a whole model says of its architecture is not looked at.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dreampipe.errors import ModelError
from dreampipe.models.own import changing, foreign
from dreampipe.models.own.scratch import scratch_folder
from dreampipe.models.weights import hdf5, store
from dreampipe.models.zoo import described, known
from dreampipe.models.zoo.described import Part
from dreampipe.models.zoo.known import NOTOP

if TYPE_CHECKING:
    import h5py

_Group = tuple[str, Sequence[str]]
"""A layer that has weights: its name, and those of its arrays in the file."""
_NO_FILE = "it is no regular file, but a file of weights is expected: check the path."
_MOST = hdf5.BOUNDS.total + (256 << 20)
"""Bytes of a file: those of its arrays, and what is around them."""
_DAMAGE = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError)


@dataclass(frozen=True)
class Fit:
    """The way in which a file fits.

    Attributes:
        architecture: its name, followed by `-notop` if the file has no head.
        outputs: classes of the head; 0 where there is none.
        sha256: of the file, hexadecimal.
        names: of the arrays in the file, for each layer with weights.
        rescaled: whether the weights are of the EfficientNet that Keras builds for its own weights alone: there the
            deviation of ImageNet's colours divides once more.
    """

    architecture: str
    outputs: int
    sha256: str
    names: tuple[tuple[str, ...], ...]
    rescaled: bool = False


def find_fit(path: Path, name: str, source: Path | None = None) -> Fit:
    """Find how a file of weights fits an architecture, with or without its head, as the name says.

    The file is opened once: what is hashed is what is looked at, whatever takes its name meanwhile. A file that was
    looked at before in this process, and has not changed since, is not read again.

    Args:
        source: the file that `path` is a copy of, to be named in its place.

    Raises:
        ModelError: it is no file of weights, is not safe to read, or is of another architecture.
    """
    with _about(source or path, name.removesuffix(NOTOP)):
        with _regular(path) as file:
            state = changing.state(file)
        return _find_once(path, name, state)


# A command asks for the card of its model about six times, and to hash large weights takes a third of a second.
@lru_cache(maxsize=4)
def _find_once(path: Path, name: str, state: tuple[int, ...]) -> Fit:
    """Find how a file fits that was in this state a moment ago; `open_fitting` hashes what it opens anyway."""
    with _regular(path) as file:
        return _fit_open_file(file, name)


@contextmanager
def open_fitting(path: Path, name: str, sha256: str) -> Iterator[tuple[Fit, Iterator[list[Any]]]]:
    """Open a file, find how it fits, and yield its arrays for each layer, in Keras' order.

    Nobody can change the file between check and use: what is checked and read is one copy in a private folder.

    Raises:
        ModelError: the file is missing, is not that of `sha256`, or does not fit.
    """
    with _about(path, name.removesuffix(NOTOP)), scratch_folder() as folder:
        copy = folder / "weights.h5"
        with _regular(path) as source:
            _copy(source, copy)
        with copy.open("rb") as file:
            fit = _fit_open_file(file, name, sha256)
            with hdf5.open_hdf5(file) as weights:
                yield fit, ([weights[at][()] for at in names] for names in fit.names)


def _fit_open_file(file: BinaryIO, name: str, expected: str | None = None) -> Fit:
    """Find how an open file with this SHA-256 fits; with errors about "it"."""
    base = name.removesuffix(NOTOP)
    md5, sha256 = store.digests(file)
    if expected not in (None, sha256):
        raise ModelError("it has changed since its card was made: make the card again.")
    if said := foreign.in_place_of_weights(_head(file)):
        raise ModelError(said)
    arrays = hdf5.arrays(file)
    with hdf5.open_hdf5(file) as weights:
        old, rescaling = _old_layers(weights), _counts_rescaling(weights)
    misfits = []
    for end in sorted((base, f"{base}{NOTOP}"), key=lambda end: end != name):
        parts = described.read(end).parts
        groups = old or [(part.layer, [at for at, _ in part.arrays]) for part in parts]
        misfit = _misfit(parts, groups, arrays, has_head=end == base) or (None if old else _rest(groups, arrays))
        if misfit is None:
            outputs = arrays[groups[-1][1][-1]].shape[-1] if end == base else 0
            rescaled = md5 == known.weights(end).md5 or rescaling
            return Fit(end, outputs, sha256, tuple(tuple(names) for _, names in groups), rescaled)
        misfits.append(misfit)
    raise ModelError(misfits[0])


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(foreign.HEAD)


@contextmanager
def _about(path: Path, name: str) -> Iterator[None]:
    """Errors about "it" become errors about the file."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"The weights {path} are refused for {name}: {error}") from error
    except _DAMAGE as error:
        reason = str(error).partition("\n")[0].partition(" (")[0][:200]
        raise ModelError(
            f"The weights {path} are refused for {name}: it is damaged ({reason}): save it again."
        ) from error


def _copy(source: BinaryIO, target: Path) -> None:
    try:
        with target.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
    except OSError as problem:
        raise ModelError(
            f"it cannot be copied to {target.parent.parent} ({problem.strerror or problem}), to be checked there: make "
            "room there, or set TMPDIR."
        ) from None


@contextmanager
def _regular(path: Path) -> Iterator[BinaryIO]:
    """A regular file of a size that weights may have, open for reading; a pipe would be waited for."""
    if path.is_dir():  # which some systems do not open
        raise ModelError(_NO_FILE)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        file = open(path, "rb", opener=lambda name, _: os.open(name, flags))  # noqa: SIM115  closed below
    except OSError as problem:
        raise ModelError(f"it cannot be read ({problem.strerror or problem}): check the path.") from None
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ModelError(_NO_FILE)
        if (size := os.fstat(file.fileno()).st_size) > _MOST:
            raise ModelError(f"it has {size:,} bytes, but {_MOST:,} are the most: choose a smaller one.")
        yield file


def _old_layers(file: h5py.File) -> Sequence[_Group]:
    """List the layers that a file of the old form names, in order; none in one of the new form."""
    whole = "model_weights" in file and "layer_names" not in file.attrs
    root = file["model_weights"] if whole else file
    found: list[_Group] = []
    for name in _texts(root, "layer_names"):
        group = root[name]
        if names := [f"{group.name}/{array}".lstrip("/") for array in _texts(group, "weight_names")]:
            found.append((name, names))
    return found


def _texts(group: h5py.Group, name: str) -> list[str]:
    """A list of texts among the attributes, which Keras breaks into name0, name1, ... where it is long."""
    numbered = [f"{name}{i}" for i in range(len(group.attrs)) if f"{name}{i}" in group.attrs]
    found = [text for part in ([name] if name in group.attrs else numbered) for text in group.attrs[part]]
    return [text.decode() if isinstance(text, bytes) else str(text) for text in found]


def _misfit(
    parts: Sequence[Part], groups: Sequence[_Group], arrays: Mapping[str, hdf5.Array], has_head: bool
) -> str | None:
    """The first layer that does not fit, as a clause; the last layer of a head may have any number of classes."""
    for part, (name, names) in zip(parts, groups, strict=False):
        wanted = [shape for _, shape in part.arrays]
        given = [arrays[at].shape if at in arrays else None for at in names]
        if has_head and part is parts[-1] and given[-1]:
            wanted = [(*shape[:-1], given[-1][-1]) for shape in wanted]
        if wanted != given:
            inside = "nothing" if None in given else _list_shapes(given)
            layer = f"layer {part.layer} wants {_list_shapes(wanted)}"
            return f"{layer}, but it holds {inside} for {name[:80]}: choose another."
    if len(parts) != len(groups):
        return f"it holds {len(groups)} layers with weights, but {len(parts)} are expected: choose another."
    return None


def _list_shapes(shapes: Sequence[tuple[int, ...] | None]) -> str:
    return " + ".join("x".join(map(str, shape)) or "1" for shape in shapes if shape is not None)


def _rest(groups: Sequence[_Group], arrays: Mapping[str, hdf5.Array]) -> str | None:
    """Name an array of a file of the new form that belongs to no layer, as a clause; None for none.

    States of training and of random generators do not count.
    """
    used = {at for _, names in groups for at in names}
    rest = [at for at in arrays if at.startswith("layers/") and "/seed_generator/" not in at and at not in used]
    return f"it holds {rest[0][:80]}, which has no place there: choose another." if rest else None


def _counts_rescaling(file: h5py.File) -> bool:
    """Say whether a file was saved from a model with a second Rescaling layer, which has no weights itself."""
    root = file.get("model_weights", file)
    kinds = _texts(root, "layer_names") or list(root.get("layers", ()))
    return len([name for name in kinds if name.startswith("rescaling")]) > 1
