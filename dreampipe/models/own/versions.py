"""Which Keras saved a file, and what to do where that is not the Keras that opens it.

    refuse(config, metadata)        with blamed(saved_by): ...

No keras here: the version of the installed one is that of its package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dreampipe.errors import ModelError, brief, printable

_MAJOR = 3
"""The Keras whose files are opened."""


def find_saver(config: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """Return the version of the Keras that saved a file, by its metadata or its form; empty where neither tells."""
    said = metadata.get("keras_version")
    if isinstance(said, str) and _numbers(said):
        return brief(printable(said), 30)
    module = config.get("module")
    return (
        "2"
        if isinstance(module, str) and re.match(r"(keras(\.src)?|tensorflow\.python\.keras)\.engine\b", module)
        else ""
    )


def refuse(saved: str) -> None:
    """Raise ModelError, with a clause about "it", for a file of another Keras than Keras 3.

    Args:
        saved: the version of the Keras that saved it; empty where it is not known.
    """
    major = next(iter(_numbers(saved)), _MAJOR)
    if major < _MAJOR:
        raise ModelError(
            f"it was saved by Keras {saved}, but a .keras file of Keras {_MAJOR} is expected: open it with Keras 2, "
            'save it there by `model.save("model.h5")`, and convert that with Keras 3 by `python -c \'import keras; '
            'keras.saving.load_model("model.h5", compile=False).save("model.keras")\'`.'
        )
    if major > _MAJOR:
        raise ModelError(
            f"it was saved by Keras {saved}, but files of Keras {_MAJOR} are expected: save it again with Keras "
            f"{_here() or _MAJOR}, or update dreampipe."
        )


@contextmanager
def blame_version(saved: str) -> Iterator[None]:
    """Errors about "it" name the Keras that saved the file, where that is newer than the installed one."""
    try:
        yield
    except ModelError as error:
        here = _here()
        if not here or _numbers(saved) <= _numbers(here):
            raise
        clause = str(error).rpartition(": ")[0] or str(error)
        raise ModelError(
            f"it was saved by Keras {saved}, which is newer than the installed {here}, and {clause}: save it again "
            f"with Keras {here}, or update keras and dreampipe."
        ) from error


def _here() -> str:
    """Return the version of the installed Keras; empty where it is not known."""
    try:
        return version("keras")
    except PackageNotFoundError:  # a build of another name
        return ""


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with; none where it is no version."""
    match = re.match(r"\d{1,9}(\.\d{1,9}){0,3}", text)
    return tuple(map(int, match[0].split("."))) if match else ()
