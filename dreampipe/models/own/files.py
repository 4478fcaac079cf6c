"""The user's own `.keras` files, opened without trusting them.

    card(path, scaling) -> Card        load(path, sha256) -> keras.Model

What a file is is found by `inspecting.py`, which builds nothing, and what it does not say by the card beside it
(`own.py`). `load` is for files that `probing.py` has opened in a process of its own before.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dreampipe.errors import ModelError
from dreampipe.models import imagenet
from dreampipe.models.model_card import Card, Layer, Scaling
from dreampipe.models.own import archive, versions
from dreampipe.models.own import cards as own
from dreampipe.models.own.archive import LIMITS, TRUSTED, Limits
from dreampipe.models.own.code import check_code, run_code
from dreampipe.models.own.guessing import Guess, guess
from dreampipe.models.own.inspecting import inspect, inspect_unnamed, name_file
from dreampipe.models.own.scratch import scratch_folder
from dreampipe.models.weights import hdf5

if TYPE_CHECKING:
    from dreampipe.backend import keras


def card(
    path: Path,
    scaling: Scaling | None = None,
    limits: Limits = LIMITS,
    trust: bool = False,
    imports: Path | None = None,
) -> Card:
    """The card of a `.keras` file, with what `my.card.toml` next to `my.keras` says of it.

    Without a scaling here or there, one is guessed, and a note says so.

    Args:
        trust: take the file for a program of the user's own, of which nothing is checked but its form.
        imports: the Python file of the user's own that defines layers of the model; it needs `trust`.

    Raises:
        ModelError: the file is not safe to open, or is not a model of one picture in RGB; or its card is not right.
    """
    if imports and not trust:
        raise ModelError(
            f"--import {imports} came without --trust, but the file is run as a program: give both if you trust it and "
            f"{path}."
        )
    code_sha256 = check_code(imports) if imports else ""
    found = inspect(path, TRUSTED if trust else limits)
    said = own.read(path) or own.OwnCard()
    said, renamed = said.with_names_of_file([layer.name for layer in found.layers], dict(found.earlier))
    with own.name_card(own.beside(path)):
        said.fit(found.layers, found.outputs, found.sha256)
    layers = _recommend(found.layers, said)
    guessed = guess(found.graph, found.config)
    return Card(
        name=path.stem,
        scaling=scaling or said.scaling or guessed.scaling,
        path=path.absolute(),
        classes=said.classes or ((imagenet.class_names() or ()) if found.outputs == imagenet.COUNT else ()),
        least=found.least,
        fixed=found.fixed,
        objective=said.objective or objective(layers),
        sha256=found.sha256,
        layers=layers,
        outputs=found.outputs,
        licence=said.licence,
        trusted=trust,
        code=imports.absolute() if imports else None,
        code_sha256=code_sha256,
        notes=(
            *([_warning(path)] if trust else []),
            *([] if scaling or said.scaling else [note_assumption(path.name, guessed)]),
            *([f"The card {own.beside(path).name} was read, but {renamed}."] if renamed else []),
            *([f"{path.name}: {said.note}"] if said.note else []),
        ),
        earlier=found.earlier,
    )


def _recommend(layers: Sequence[Layer], said: own.OwnCard) -> tuple[Layer, ...]:
    """The layers, those recommended that the card recommends; those that arithmetic does where it says nothing."""
    why = dict(said.recommended)
    return tuple(replace(at, recommended=why.get(at.name, "")) for at in layers) if why else tuple(layers)


def objective(layers: Sequence[Layer]) -> str:
    """The text of an objective for a model of which no more is known: of what is recommended, two thirds deep."""
    advice = [layer.name for layer in layers if layer.recommended] or [layer.name for layer in layers]
    name = advice[len(advice) * 2 // 3]
    return name if name.isascii() and name.isidentifier() else json.dumps(name)


def _warning(path: Path) -> str:
    return f"TRUSTED: {path.name} is opened without checking what it runs, and may run any code as you."


def note_assumption(model: str, guessed: Guess, todo: str = "--scaling or a card says it") -> str:
    """Write the sentence that the scaling of a model was guessed."""
    told = f"{guessed.scaling} is taken, for {guessed.why}" if guessed.why else f"{guessed.scaling} is assumed"
    return f"{model} does not say how it wants its pixels, so {told}: {todo}."


class Safe(Protocol):
    """The findings of an inspection: the configuration to build, the file's SHA-256, and which Keras saved it."""

    @property
    def config(self) -> dict[str, Any]: ...

    @property
    def sha256(self) -> str: ...

    @property
    def saved(self) -> str: ...


def load(
    path: Path,
    sha256: str,
    limits: Limits = LIMITS,
    check: Callable[[Path, Limits], Safe] = inspect_unnamed,
    what: str = "model",
    code: Path | None = None,
    code_sha256: str = "",
) -> keras.Model:
    """The model of a `.keras` file, not compiled.

    Nobody can change the file between check and use: what is checked is a copy in a private folder. And nobody can show
    Keras something else than was checked: what it builds is the very object, not another reading of zip and JSON.

    Args:
        limits: what it may hold; of `TRUSTED` also code.
        check: says what a file must be; the usual one wants a model of one picture.
        what: how errors call it.
        code: the Python file that defines layers of the model, which is run; None for none.
        code_sha256: of that file.

    Raises:
        ModelError: the file is not that of `sha256`, is not safe to open, or Keras cannot build it.
    """
    with name_file(path, what), scratch_folder() as folder:
        copy, weights = folder / "model.keras", folder / archive.WEIGHTS
        with archive.open_archive(path, limits) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        found = check(copy, limits)
        if found.sha256 != sha256:
            raise ModelError("it has changed since its card was made: make the card again.")
        with archive.open_archive(copy, limits) as source:
            archive.extract_weights(source, weights)
        hdf5.arrays(weights, hdf5.Bounds(total=limits.total))
        with versions.blame_version(found.saved):
            return _build(found.config, weights, limits.code, code, code_sha256)


def _build(
    config: dict[str, Any], weights: Path, trusted: bool, code: Path | None = None, code_sha256: str = ""
) -> keras.Model:
    from dreampipe.backend import keras
    from dreampipe.models.motifnet import network  # noqa: F401  registers the one class that is our own

    own = run_code(code, code_sha256) if code else {}
    try:
        model = keras.saving.deserialize_keras_object(config, custom_objects=own, safe_mode=not trusted)
        model.load_weights(weights)
    except Exception as error:  # Keras raises errors of every kind
        if isinstance(error, MemoryError) or "ResourceExhausted" in type(error).__name__:
            raise ModelError("it wants more memory than there is for it: choose a smaller one.") from error
        reason = str(error).strip().partition("\n")[0][:300] or type(error).__name__
        todo = "save it again with Keras 3"
        if code:
            todo = f"define what it lacks in {code.name}"
        elif trusted:
            todo = "only layers of Keras and Lambda can be opened without --import FILE.py, which defines the others"
        raise ModelError(f"Keras cannot build it ({reason}): {todo}.") from error
    return model
