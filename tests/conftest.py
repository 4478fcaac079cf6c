"""What tests of several rooms share."""

from __future__ import annotations

import atexit
import os
import shutil
import struct
import tempfile
import warnings
from pathlib import Path

import pytest

# Keras' folder holds what this machine has downloaded and seen: tests have an empty one. Keras looks once, at import.
os.environ["KERAS_HOME"] = tempfile.mkdtemp(prefix="dreampipe-tests-")
atexit.register(shutil.rmtree, os.environ["KERAS_HOME"], ignore_errors=True)

# Before any test module imports keras, and tensorflow with it: whoever comes first decides how tensorflow computes, and
# what this process makes is compared to the bit with what other processes make.
from known import known  # noqa: E402

import dreampipe.backend  # noqa: E402, F401


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `.keras` file of a small classifier, the same in every run.

    Convolutions `first`, `second` (stride 2) and `third` of 8, 12 and 16 channels, each with a `_relu` behind it, of
    which `second_relu` and `third_relu` are recommended; then the mean over all places, a softmax `probabilities` of 5.
    """
    import keras

    image = x = keras.Input((None, None, 3), name="image")
    for seed, (name, filters, strides) in enumerate([("first", 8, 1), ("second", 12, 2), ("third", 16, 1)]):
        weights = keras.initializers.HeNormal(seed)
        x = keras.layers.Conv2D(filters, 3, strides, "same", kernel_initializer=weights, name=name)(x)
        x = keras.layers.ReLU(name=f"{name}_relu")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    head = keras.initializers.GlorotUniform(9)
    x = keras.layers.Dense(5, activation="softmax", kernel_initializer=head, name="probabilities")(x)
    path = tmp_path_factory.mktemp("models") / "tiny.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Model(image, x, name="tiny").save(path)
    return known(path)


@pytest.fixture(scope="session")
def wide_profile() -> bytes:
    """An ICC profile of wide colours (the primaries of Display P3 under D50, a plain gamma of 2.2)."""
    columns = {
        "rXYZ": (0.51512, 0.24120, -0.00105),
        "gXYZ": (0.29198, 0.69225, 0.04189),
        "bXYZ": (0.1571, 0.06657, 0.78407),
    }
    text = b"text\0\0\0\0wide\0"
    tags = {name.encode(): b"XYZ \0\0\0\0" + _fixed(*column) for name, column in columns.items()}
    tags |= {name + b"TRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, 563) for name in (b"r", b"g", b"b")}
    tags |= {b"desc": b"desc\0\0\0\0\0\0\0\5wide\0".ljust(92, b"\0"), b"cprt": text}
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + _fixed(0.9642, 1.0, 0.8249)
    table, body, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data.ljust(-(-len(data) // 4) * 4, b"\0")
    head = struct.pack(">I4xI", start + len(body), 0x02400000) + b"mntrRGB XYZ ".ljust(24, b"\0") + b"acsp"
    return head.ljust(68, b"\0") + _fixed(0.9642, 1.0, 0.8249).ljust(60, b"\0") + table + body


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65_536)) for value in values)
