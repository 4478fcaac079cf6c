"""Keras models of the user's own program, in memory: `hold(model) -> name`, and by that name their cards.

A recipe is text, so it has the name of such a model, which ends in the SHA-256 of its layers and weights. A model is
found by its name as long as the program has it; the last few are kept for it. It is used as it is, and never changed.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from dreampipe.errors import ModelError, shown
from dreampipe.models.model_card import Card, Scaling

if TYPE_CHECKING:
    from dreampipe.backend import keras

PREFIX = "memory:"
"""The beginning of the name of each model in memory."""
_DIGITS = 16
_SAMPLED = 4096
"""Values of a weight that are looked at for a change."""


class _Held(NamedTuple):
    """A model as it was under one of its names.

    Attributes:
        number: of the model in this process.
        sha256: of its layers and weights, hexadecimal.
        sample: a checksum of some of its weights.
    """

    number: int
    sha256: str
    sample: int


# Held for the process as models of files are, for a recipe is text and travels: no object could own them. A model that
# the program has dropped is gone from here, too, once it is none of the last few.
_models: WeakValueDictionary[int, Any] = WeakValueDictionary()
_numbers: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
_named: dict[str, _Held] = {}
_last: deque[Any] = deque(maxlen=4)
_count = count(1)


def is_name(model: str) -> bool:
    """Say whether a recipe's model is the name of one in memory."""
    return model.startswith(PREFIX)


def hold(model: Any) -> str:
    """Hold a Keras model of this program under a name.

    Returns:
        the name, which the setting `model` takes; it is another one as soon as the weights have changed.

    Raises:
        ModelError: it is no built model of layers, with one picture in and one tensor out.
    """
    _check_kind(model)
    sha256 = _hash(model, _config(model))
    text = f"{PREFIX}{re.sub(r'[^A-Za-z0-9_-]', '_', str(model.name))[:40]}:{sha256[:_DIGITS]}"
    held = _named.get(text)
    same = _models.get(held.number) if held else None
    if held and same is not None and _sample(same) == held.sample:
        return text  # this very model, or an equal one
    number = _numbers.get(model) or next(_count)
    for gone in [name for name, held in _named.items() if held.number not in _models]:
        del _named[gone]
    _numbers[model], _models[number], _named[text] = number, model, _Held(number, sha256, _sample(model))
    if not any(kept is model for kept in _last):
        _last.append(model)
    return text


def card(name: str, scaling: Scaling | None = None) -> Card:
    """The card of a model in memory, by its name.

    Raises:
        ModelError: this program does not hold it, it has changed, or it is not a model of one picture in RGB.
    """
    from dreampipe.models import imagenet
    from dreampipe.models.own.files import note_assumption, objective
    from dreampipe.models.own.guessing import guess
    from dreampipe.models.own.inspecting import describe_config, reading

    held = _named.get(name)
    model = _models.get(held.number) if held else None
    if held is None or model is None:
        raise ModelError(_gone(name))
    if _sample(model) != held.sample:
        raise _changed(model)
    try:
        with reading():
            found = describe_config(_config(model), held.sha256)
            guessed = guess(found.graph, found.config)
    except ModelError as error:
        raise _refuse(model, str(error)) from error
    return Card(
        name=str(model.name),
        scaling=scaling or guessed.scaling,
        classes=(imagenet.class_names() or ()) if found.outputs == imagenet.COUNT else (),
        least=found.least,
        fixed=found.fixed,
        objective=objective(found.layers),
        sha256=held.sha256,
        layers=found.layers,
        outputs=found.outputs,
        notes=() if scaling else (note_assumption(f"The model {str(model.name)!r}", guessed, 'scaling="..." says it'),),
        memory=held.number,
    )


def open_held(card: Card) -> keras.Model:
    """The model of a card in memory, as a Functional or Sequential model of the same layers; raises ModelError."""
    model = _models.get(card.memory)
    held = next((one for one in _named.values() if (one.number, one.sha256) == (card.memory, card.sha256)), None)
    if held is None or model is None:
        raise ModelError(
            f"The Keras model {card.name!r} is not in the memory of this process: save it as .keras, and give its path."
        )
    if _sample(model) != held.sample:
        raise _changed(model)
    return _plain(model)


def _changed(model: Any) -> ModelError:
    return ModelError(f"The weights of the Keras model {str(model.name)!r} have changed since: hand it over again.")


def _gone(name: str) -> str:
    return (
        f"The model {shown(name)} was a Keras model in the memory of a program, and is not here: save it there by "
        'model.save("my.keras"), and give --set model=my.keras, or model="my.keras" in Python.'
    )


def _refuse(model: Any, reason: str) -> ModelError:
    return ModelError(f"The Keras model {str(getattr(model, 'name', type(model).__name__))!r} is refused: {reason}")


def _check_kind(model: Any) -> None:
    roots = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    if "keras" not in roots or not hasattr(model, "layers"):
        what = "a model of Keras 2" if "tf_keras" in roots else f"{type(model).__name__}"
        raise ModelError(
            f"The model came as {what}, but a name, a path or a model of Keras 3 is expected: see `dreampipe models`."
        )
    from dreampipe.backend import keras  # says which backend is expected, where it is another

    if not isinstance(model, keras.Model):
        raise ModelError(f"The model came as {type(model).__name__}, but a name, a path or a keras.Model is expected.")
    if not isinstance(model, keras.Sequential) and not _is_functional(model):
        raise _refuse(
            model,
            f"it is of the class {type(model).__name__}, which computes in code of its own, but a Functional or "
            "Sequential model is expected: build it of layers as keras.Model(inputs, outputs).",
        )
    if not model.built or not _ends(model, "inputs"):
        raise _refuse(
            model,
            "it is not built, so it has no weights yet: begin it with keras.Input((None, None, 3)), or call it on a "
            "picture first.",
        )
    for what in ("inputs", "outputs"):
        if (found := _ends(model, what)) != 1:
            raise _refuse(
                model,
                f"it has {found} {what}, but one picture in and one tensor out are expected: choose them by "
                "keras.Model(input, output).",
            )


def _ends(model: Any, what: str) -> int:
    """Count the inputs or outputs of a model; 0 for one that is not built."""
    try:
        return len(getattr(model, what) or ())
    except (AttributeError, ValueError):
        return 0


def _is_functional(model: Any) -> bool:
    """Say whether a model computes what its graph of layers says, and not something else in a `call` of its own."""
    graphs = [kind for kind in type(model).__mro__ if kind.__name__ == "Functional" and kind.__module__[:6] == "keras."]
    return bool(graphs) and getattr(type(model), "call", None) is getattr(graphs[0], "call", None)


def _plain(model: Any) -> Any:
    """The same layers as a model of Keras' own class; a class made of Functional may have another configuration."""
    from dreampipe.backend import keras

    if type(model).__name__ in ("Functional", "Sequential") and type(model).__module__.startswith("keras."):
        return model
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def _config(model: Any) -> dict[str, Any]:
    """The configuration of a model, as a file of it would have it; raises ModelError."""
    plain = _plain(model)
    try:
        return {"class_name": type(plain).__name__, "config": plain.get_config()}
    except Exception as error:  # a layer of the user's own may raise anything
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise _refuse(
            model, f"a layer has no configuration ({reason}): give each layer of your own a get_config."
        ) from error


def _hash(model: Any, config: dict[str, Any]) -> str:
    """Hash the configuration of a model and its weights."""
    # Of what JSON does not know only the type counts: its text may hold an address in memory.
    found = hashlib.sha256(json.dumps(config, sort_keys=True, default=lambda held: type(held).__qualname__).encode())
    for weight in model.weights:
        values = np.ascontiguousarray(weight.numpy())
        found.update(f"{values.dtype} {values.shape}".encode())
        found.update(values.reshape(-1).view(np.uint8).data if values.size else b"")
    return found.hexdigest()


def _sample(model: Any) -> int:
    """Compute a checksum of some values of each weight: training changes it, and it costs next to nothing."""
    found = 0
    for weight in model.weights:
        values = np.asarray(weight.numpy()).reshape(-1)
        found = zlib.crc32(np.ascontiguousarray(values[:: 1 + values.size // _SAMPLED]).tobytes(), found)
    return found
