"""The user's own `.keras` files, opened without trusting them.

    card(path, scaling) -> Card        load(path, sha256) -> keras.Model

A model file is a program: Keras builds whatever its configuration names. So only the regular zip file of today's Keras
is read, its members and sizes are bounded, and every class that its configuration names must be on the list of
`allowed.py` before keras is even imported.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dreampipe.errors import ModelError
from dreampipe.models import allowed, archive, fields, graph, heads, imagenet, sizes
from dreampipe.models.archive import LIMITS, Limits
from dreampipe.models.model_card import Card, Layer, Scaling

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Inspected:
    """A file that was found safe.

    Attributes:
        config: of the model, without what is there for training.
        sha256: of the file, hexadecimal.
        layers, least, fixed, outputs: as on a card.
    """

    config: dict[str, Any]
    sha256: str
    layers: tuple[Layer, ...]
    least: int
    fixed: tuple[int, int] | None
    outputs: int | None


def card(path: Path, scaling: Scaling | None = None, limits: Limits = LIMITS) -> Card:
    """The card of a `.keras` file; without a scaling, tf is assumed, and a note says so.

    Raises:
        ModelError: the file is not safe to open, or is not a model of one picture in RGB.
    """
    found = inspect(path, limits)
    advice = [layer.name for layer in found.layers if layer.recommended] or [layer.name for layer in found.layers]
    objective = advice[len(advice) * 2 // 3]
    return Card(
        name=path.stem,
        scaling=scaling or "tf",
        path=path.absolute(),
        classes=(imagenet.class_names() or ()) if found.outputs == imagenet.COUNT else (),
        least=found.least,
        fixed=found.fixed,
        objective=objective if objective.isascii() and objective.isidentifier() else json.dumps(objective),
        sha256=found.sha256,
        layers=found.layers,
        outputs=found.outputs,
        notes=() if scaling else (f"{path.name} does not say how it wants its pixels, so tf ([-1, 1]) is assumed.",),
    )


def inspect(path: Path, limits: Limits = LIMITS) -> Inspected:
    """Check all of a file that Keras would act on, building nothing and importing no keras.

    Raises:
        ModelError: with the reason why the file is refused.
    """
    with named(path):
        return _inspected(path, limits)


class Safe(Protocol):
    """What an inspection of a file finds: the configuration to build, and the file's SHA-256."""

    @property
    def config(self) -> dict[str, Any]: ...

    @property
    def sha256(self) -> str: ...


def load(
    path: Path,
    sha256: str,
    limits: Limits = LIMITS,
    inspected: Callable[[Path, Limits], Safe] | None = None,
    what: str = "model",
) -> keras.Model:
    """The model of a `.keras` file, not compiled.

    Nobody can change the file between check and use: what is checked is a copy in a private folder. And nobody can show
    Keras something else than was checked: what it builds is the very object, not another reading of zip and JSON.
    `inspected` says what a file must be, and `what` how errors call it; None wants a model of one picture.

    Raises:
        ModelError: the file is not that of `sha256`, is not safe to open, or Keras cannot build it.
    """
    with named(path, what), tempfile.TemporaryDirectory(prefix="dreampipe-") as folder:
        copy, weights = Path(folder, "model.keras"), Path(folder, archive.WEIGHTS)
        with archive.opened(path, limits) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        found = (inspected or _inspected)(copy, limits)
        if found.sha256 != sha256:
            raise ModelError("it has changed since its card was made: make the card again.")
        with archive.opened(copy, limits) as source:
            archive.extract_weights(source, weights)
        return _built(found.config, weights)


@contextmanager
def named(path: Path, what: str = "model") -> Iterator[None]:
    """Errors about "it" become errors about the file."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"The {what} {path} is refused: {error}") from error


def checked(path: Path, limits: Limits) -> tuple[dict[str, Any], str]:
    """A file's configuration, of which Keras may build all, without what is there for training; and its SHA-256."""
    with archive.opened(path, limits) as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        config = archive.configuration(file, limits)
    if reason := allowed.refusal(config):
        raise ModelError(f"it holds {reason}: save it again without it.")
    with reading():
        return _untrained(config), sha256


@contextmanager
def reading() -> Iterator[None]:
    """Whatever goes wrong while a configuration is read becomes the fault of the file."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        raise ModelError(f"it is damaged (the configuration of a layer: {error!r}): save it again.") from error


def _inspected(path: Path, limits: Limits) -> Inspected:
    config, sha256 = checked(path, limits)
    with reading():
        read = graph.read(config)
        _refuse_input(read)
        layers = fields.spread(fields.layers(read))
        declared = _declared_size(read)
        fixed = declared if declared and not sizes.takes_all_sizes(read) else None
        least = min(fixed) if fixed else sizes.least_side(read)
        outputs = heads.outputs(read)
    if not layers:
        raise ModelError("it has no layers, so there is nothing in it to climb: choose another model.")
    return Inspected(config, sha256, layers, least, fixed, outputs)


def _untrained(value: Any) -> Any:
    """A configuration without any `compile_config`: optimizer, loss and metrics are nobody's business here."""
    if isinstance(value, dict):
        return {k: _untrained(v) for k, v in value.items() if k != "compile_config"}
    return [_untrained(v) for v in value] if isinstance(value, list) else value


def _refuse_input(read: graph.Graph) -> None:
    shape = read.shapes[read.input]
    dtype = read.nodes[read.input.key].config.get("dtype", "float32")
    first = any(node.config.get("data_format") == "channels_first" for node in read.nodes.values())
    if first or (len(shape) == 4 and shape[1] == 3 != shape[3]):
        raise ModelError("it wants channels first, but (batch, height, width, 3) is expected: save it channels last.")
    if len(shape) != 4 or not all(n is None or (isinstance(n, int) and n > 0) for n in shape):
        raise ModelError(f"it takes an input of shape {shape}, but a picture (batch, height, width, 3) is expected.")
    if shape[3] != 3:
        raise ModelError(f"it takes pictures of {shape[3]} channels, but 3 (red, green, blue) are expected.")
    if isinstance(dtype, str) and "float" not in dtype:
        raise ModelError(f"it takes pictures of {dtype}, which have no gradient, but floating point is expected.")


def _declared_size(read: graph.Graph) -> tuple[int, int] | None:
    _, height, width, _ = read.shapes[read.input]
    return (height, width) if height and width else None


def _built(config: dict[str, Any], weights: Path) -> keras.Model:
    import keras

    from dreampipe.models.motifnet import network  # noqa: F401  registers the one class that is our own

    try:
        model = keras.saving.deserialize_keras_object(config, safe_mode=True)
        model.load_weights(weights)
    except Exception as error:  # Keras raises errors of every kind
        reason = str(error).strip().partition("\n")[0][:300] or type(error).__name__
        raise ModelError(f"Keras cannot build it ({reason}): save it again with Keras 3.") from error
    return model
