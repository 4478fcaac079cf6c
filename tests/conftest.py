"""What tests of several rooms share."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import hypothesis
import pytest
import typer.testing
from typer.main import get_command
from wide import GAMMA, wide_profile_of

if TYPE_CHECKING:
    from object_store import Server

# A shell that starts the tests in the background makes them ignore Ctrl-C, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No clock fails a test: the machine may be busy with other work.
hypothesis.settings.register_profile(
    "patient",
    parent=hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")

# Keras' folder holds what this machine has downloaded and seen: tests have an empty one. Keras looks once, at import.
os.environ["KERAS_HOME"] = tempfile.mkdtemp(prefix="dreampipe-tests-")
atexit.register(shutil.rmtree, os.environ["KERAS_HOME"], ignore_errors=True)
# Nor is a cluster of whoever runs the tests asked.
os.environ.pop("RAY_ADDRESS", None)
# Nor do the defaults of whoever runs the tests decide anything.
os.environ["XDG_CONFIG_HOME"] = os.path.join(os.environ["KERAS_HOME"], "settings")

# typer's runner builds all commands anew for each call, which takes as long as many a command.
typer.testing._get_command = cache(get_command)

# Before any test module imports keras, and tensorflow with it: whoever comes first decides how tensorflow computes, and
# what this process makes is compared to the bit with what other processes make.
from known import known  # noqa: E402

from dreampipe.backend import keras  # noqa: E402

# What is loaded by now stays: a search for garbage need not go through all of it each time.
gc.freeze()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `.keras` file of a small classifier, the same in every run.

    Convolutions `first`, `second` (stride 2) and `third` of 8, 12 and 16 channels, each with a `_relu` behind it, of
    which `second_relu` and `third_relu` are recommended; then the mean over all places, a softmax `probabilities` of 5.
    """
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
    """An ICC profile of wide colours, with a plain gamma of 2.2."""
    return wide_profile_of(GAMMA)


@pytest.fixture(scope="session")
def headless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `.keras` file of two convolutions, `first` of 8 channels and `second` of 12, without a head."""
    image = x = keras.Input((None, None, 3), name="image")
    for seed, (name, filters) in enumerate([("first", 8), ("second", 12)]):
        weights = keras.initializers.HeNormal(seed)
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer=weights, name=name)(x)
    path = tmp_path_factory.mktemp("headless") / "headless.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Model(image, x).save(path)
    return known(path)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A store of objects on loopback; the environment of this process has its address and credentials."""
    from object_store import Server  # loads moto, which takes a second

    running = Server()
    names = {"AWS_ENDPOINT_URL_S3": running.address, "AWS_DEFAULT_REGION": "us-east-1"}
    names |= {"AWS_ACCESS_KEY_ID": "key-of-a-test", "AWS_SECRET_ACCESS_KEY": "secret-of-a-test"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in names.items():
            patch.setenv(name, value)
        yield running
    running.close()


@pytest.fixture
def bucket(server: Server) -> Iterator[str]:
    """The address of an empty bucket, `s3://...`."""
    import s3fs

    server.reset()
    files = s3fs.S3FileSystem(use_listings_cache=False)
    name = f"bucket-{uuid4().hex[:12]}"
    files.mkdir(name)
    yield f"s3://{name}"
    server.reset()


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of somebody else's, in a folder of theirs, which no test may change."""
    (tmp_path / "theirs").mkdir()
    path = tmp_path / "theirs" / "precious.txt"
    path.write_bytes(b"precious\n" * 9)
    return path
