"""ImageNet's 1000 class names: a file that Keras downloads, and that is read here where it already lies."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from dreampipe.errors import ModelError
from dreampipe.models.weights import store

COUNT = 1000
ADDRESS = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
"""Where Keras downloads it."""
MD5 = "c2c37ea517e94d9795004a39431a14cb"  # as keras.applications checks it; it only tells that the file is whole
INDEX = store.Weights("imagenet_class_index.json", ADDRESS, 35_363, MD5)


def file() -> Path:
    """Return Keras' place for it; raises ModelError without a home."""
    return store.folder() / INDEX.file


def class_names() -> tuple[str, ...] | None:
    """The names in the order of the logits, such as grey_whale; None where the file is not there, or is broken."""
    try:
        data = file().read_bytes()
    except (OSError, ModelError):  # the latter where there is no home
        return None
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != MD5:
        return None
    index = json.loads(data)
    return tuple(index[str(number)][1] for number in range(COUNT))
