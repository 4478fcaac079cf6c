"""Choose the backend of keras, before keras is imported. Nothing here loads keras or a backend."""

from __future__ import annotations

import os
import sys

from dreampipe.errors import ModelError


def choose() -> str:
    """Choose the backend, and tell keras by the variable KERAS_BACKEND.

    A caller may have imported keras first, which then has the backend of its own configuration file.

    Returns:
        the name of the module of `dreampipe.backend` that computes.

    Raises:
        ModelError: the backend that is asked for is none of ours.
    """
    loaded = sys.modules.get("keras")
    name = loaded.config.backend() if loaded else os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if name != "tensorflow":
        raise ModelError(
            f"KERAS_BACKEND is {name!r}, but dreampipe computes with tensorflow for now: unset it, or set it to that."
        )
    return name
