"""Files of weights alone: whether they fit an architecture, and which array goes where; no keras here.

    fitted(path, name) -> Fit          opened(path, name, sha256) -> the arrays, by layer

Keras writes such files in two ways: `.weights.h5` by the kinds of layers, counted, and the `.h5` of old by the order of
layers, whose names may differ. What a file of a whole model says of its architecture is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreampipe.errors import ModelError
from dreampipe.models.weights import hdf5, store
from dreampipe.models.zoo import described, known
from dreampipe.models.zoo.described import Part
from dreampipe.models.zoo.known import NOTOP

if TYPE_CHECKING:
    import h5py

_Group = tuple[str, Sequence[str]]
"""A layer that has weights: its name, and those of its arrays in the file."""
_DAMAGE = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError)


@dataclass(frozen=True)
class Fit:
    """How a file fits.

    Attributes:
        architecture: its name, with `-notop` behind where the file has no head.
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


def fitted(path: Path, name: str) -> Fit:
    """How a file of weights fits an architecture, with its head or without, whichever the name says.

    Raises:
        ModelError: it is no file of weights, is not safe to read, or is of another architecture.
    """
    base = name.removesuffix(NOTOP)
    with _about(path, base):
        md5, sha256 = _digests(path)
        arrays = hdf5.arrays(path)
        old = _old_layers(path)
        misfits = []
        for end in sorted((base, f"{base}{NOTOP}"), key=lambda end: end != name):
            parts = described.read(end).parts
            groups = old or [(part.layer, [at for at, _ in part.arrays]) for part in parts]
            misfit = _misfit(parts, groups, arrays, has_head=end == base) or (None if old else _rest(groups, arrays))
            if misfit is None:
                outputs = arrays[groups[-1][1][-1]].shape[-1] if end == base else 0
                rescaled = md5 == known.weights(end).md5 or _counts_rescaling(path, old)
                return Fit(end, outputs, sha256, tuple(tuple(names) for _, names in groups), rescaled)
            misfits.append(misfit)
        raise ModelError(misfits[0])


@contextmanager
def opened(path: Path, name: str, sha256: str) -> Iterator[tuple[Fit, Iterator[list[Any]]]]:
    """How a file fits, and its arrays for each layer that has some, in Keras' order.

    Raises:
        ModelError: the file is missing, is not that of `sha256`, or does not fit.
    """
    import h5py

    fit = fitted(path, name)
    with _about(path, name):
        if fit.sha256 != sha256:
            raise ModelError("it has changed since its card was made: make the card again.")
        with h5py.File(path, "r") as file:
            yield fit, ([file[at][()] for at in names] for names in fit.names)


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


def _digests(path: Path) -> tuple[str, str]:
    """MD5 and SHA-256 of a file; the former only tells which file of Keras' it is."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ModelError("it is no regular file, but a file of weights is expected: check the path.")
    try:
        with path.open("rb") as file:
            return store.digests(file)
    except OSError as problem:
        raise ModelError(f"it cannot be read ({problem.strerror or problem}): check the path.") from None


def _old_layers(path: Path) -> Sequence[_Group]:
    """What a file of the old form says of its layers, in order; nothing in one of the new form."""
    import h5py

    with h5py.File(path, "r") as file:
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
            inside = "nothing" if None in given else _listed(given)
            return f"layer {part.layer} wants {_listed(wanted)}, but it holds {inside} for {name[:80]}: choose another."
    if len(parts) != len(groups):
        return f"it holds {len(groups)} layers with weights, but {len(parts)} are expected: choose another."
    return None


def _listed(shapes: Sequence[tuple[int, ...] | None]) -> str:
    return " + ".join("x".join(map(str, shape)) or "1" for shape in shapes if shape is not None)


def _rest(groups: Sequence[_Group], arrays: Mapping[str, hdf5.Array]) -> str | None:
    """What a file of the new form holds beside, as a clause; states of training and of chance count for nothing."""
    used = {at for _, names in groups for at in names}
    rest = [at for at in arrays if at.startswith("layers/") and "/seed_generator/" not in at and at not in used]
    return f"it holds {rest[0][:80]}, which has no place there: choose another." if rest else None


def _counts_rescaling(path: Path, old: Sequence[_Group]) -> bool:
    """Whether a file was saved of a model with a second layer of the kind Rescaling, which has no weights itself."""
    import h5py

    with h5py.File(path, "r") as file:
        root = file.get("model_weights", file)
        kinds = _texts(root, "layer_names") if old else list(root.get("layers", ()))
    return len([name for name in kinds if name.startswith("rescaling")]) > 1
