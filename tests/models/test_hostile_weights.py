"""Weights that must not be read, and configurations that ask for too much: refused before Keras sees them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from model_files import Json, conv, functional, image, layer, pack, plain
from networks import NETWORKS, saved

from dreampipe import models
from dreampipe.errors import ModelError
from dreampipe.models.own import files
from dreampipe.models.own.archive import WEIGHTS
from dreampipe.models.own.caps import CAPS, Caps, refuse
from dreampipe.models.weights import hdf5


def written(path: Path, fill: Callable[[h5py.File], Any]) -> Path:
    with h5py.File(path, "w") as file:
        file["layers/conv/vars/0"] = np.ones((3, 3, 3, 4), np.float32)
        fill(file)
    return path


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), np.float32)
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset("x", layout)


HOSTILE: dict[str, tuple[Callable[[h5py.File], Any], str]] = {
    "a link to another file": (
        lambda f: f.update(x=h5py.ExternalLink("/etc/passwd", "/")),
        "elsewhere .ExternalLink 'x'",
    ),
    "a link by name": (lambda f: f.update(x=h5py.SoftLink("/layers")), "elsewhere .SoftLink 'x'"),
    "a cycle": (lambda f: f["layers/conv"].__setitem__("again", f["layers"]), "'layers/conv/again' under two names"),
    "an array twice": (lambda f: f.__setitem__("x", f["layers/conv/vars/0"]), "under two names"),
    "an array in another file": (
        lambda f: f.create_dataset("x", (4,), np.float32, external=[("secret.bin", 0, 16)]),
        "keep 'x' in another file",
    ),
    "an array made of others": (virtual, "keep 'x' in another file"),
    "a huge array that is not there": (
        lambda f: f.create_dataset("x", (10**6, 10**6), np.float32, chunks=(64, 64)),
        "declare 4000000000000 bytes for 'x' and store 0",
    ),
    "a compressed array": (
        lambda f: f.create_dataset("x", data=np.zeros(10**6, np.float32), compression="gzip"),
        "declare 4000000 bytes for 'x' and store",
    ),
    "objects": (lambda f: f.create_dataset("x", (2,), h5py.string_dtype()), "'x', which is no array of numbers"),
    "records": (lambda f: f.create_dataset("x", (2,), [("a", "f4")]), "'x', which is no array of numbers"),
    "references": (lambda f: f.create_dataset("x", (2,), h5py.ref_dtype), "'x', which is no array of numbers"),
    "nothing": (lambda f: f.create_dataset("x", data=h5py.Empty("f4")), "'x', which is no array of numbers"),
    "a type": (lambda f: f.__setitem__("x", np.dtype("f4")), "'x', which is no array of numbers"),
    "deep groups": (lambda f: f.create_group("/".join("a" * 201)), "more than 200 within each other"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_weights_that_are_more_than_numbers_are_refused(name: str, tmp_path: Path) -> None:
    fill, reason = HOSTILE[name]
    path = written(tmp_path / "w.h5", fill)
    with pytest.raises(ModelError, match=reason) as caught:
        hdf5.arrays(path)
    assert "\n" not in str(caught.value) and str(caught.value).startswith("its weights ")
    model = pack(tmp_path / "m.keras", plain(), weights=path.read_bytes())
    with pytest.raises(ModelError, match=reason) as caught:
        files.load(model, models.card(model).sha256)
    assert str(caught.value).startswith(f"The model {model} is refused: its weights ")


def test_honest_weights_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "w.h5", lambda file: file.create_dataset("seed", data=np.zeros(2, np.uint32)))
    assert hdf5.arrays(path) == {
        "layers/conv/vars/0": hdf5.Array((3, 3, 3, 4), "float32", 432),
        "seed": hdf5.Array((2,), "uint32", 8),
    }
    with pytest.raises(ModelError, match="its weights take 440 bytes, but 439 are the most"):
        hdf5.arrays(path, hdf5.Bounds(total=439))
    with pytest.raises(ModelError, match="more than 3 parts"):
        hdf5.arrays(path, hdf5.Bounds(objects=3))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_bfloat16", "float64"])
def test_weights_of_every_precision_are_read(dtype: str, tmp_path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(2, 3, dtype=dtype)])
    path = saved(model, tmp_path / "m.keras")
    opened = models.open_model(models.card(path))
    for ours, theirs in zip(opened.weights, model.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(ours, np.float32), np.asarray(theirs, np.float32))


@pytest.mark.parametrize("cut", [0, 1, 100, 2000, -1])
def test_weights_that_were_cut_are_refused(cut: int, tmp_path: Path) -> None:
    path = written(tmp_path / WEIGHTS, lambda file: None)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelError, match="its weights are damaged"):
        hdf5.arrays(path)


def nested(depth: int) -> Json:
    """A model in a model in a model, each called twice: 2 ** depth calls of the innermost layer."""
    inner = functional(image(None, None, 3, name="in"), conv("x", "in"))
    for level in range(depth):
        name = f"m{level}"
        twice = {**layer("Functional", name, "in"), **inner, "config": {**inner["config"], "name": name}}
        twice["inbound_nodes"] += layer("Functional", name, name)["inbound_nodes"]
        inner = functional(image(None, None, 3, name="in"), twice)
        inner["config"]["output_layers"] = [name, 1, 0]
    return inner


def chained(count: int, **settings: Any) -> Json:
    names = ["image", *(f"c{number}" for number in range(count))]
    return functional(image(None, None, 3), *(conv(b, a, **settings) for a, b in pairwise(names)))


TOO_MUCH: dict[str, tuple[Json, str]] = {
    "models that double": (nested(25), "it calls layers 100,663,295 times, but 5000 are the most"),
    "models in models": (nested(40), "models in models more than 32 deep"),
    "many layers": (chained(5000), "it calls layers 5,001 times"),
    "strides beyond any picture": (chained(14, strides=[2, 2]), "only pictures larger than 8192 pixels on a side"),
    "a size beyond any picture": (
        functional(image(8, 10**9, 3), layer("Flatten", "x", "image")),
        "only pictures larger than 8192 pixels on a side",
    ),
    "many strides": (chained(600, strides=[2, 2]), "600 of its layers change the size of their grid"),
    "a wide kernel": (chained(1, kernel_size=[3, 5000]), "its Conv2D has a kernel_size of 5,000, but 1024"),
    "a wide dilation": (chained(1, dilation_rate=10**30), "a dilation_rate of more than 1,000,000,000,000,000"),
    "many filters": (chained(1, filters=10**9), "its Conv2D has a filters of 1,000,000,000, but 1048576"),
    "a wide margin": (
        functional(image(None, None, 3), layer("ZeroPadding2D", "x", "image", padding=[[0, 10**6], [0, 0]])),
        "its ZeroPadding2D has a padding of 1,000,000, but 4096",
    ),
    "a large picture": (
        functional(image(None, None, 3), layer("Resizing", "x", "image", height=2**30, width=2**30)),
        "its Resizing has a height of 1,073,741,824",
    ),
    "an infinite size": (
        functional(image(None, None, 3), layer("UpSampling2D", "x", "image", size=float("inf"))),
        "its UpSampling2D has a size of more than",
    ),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_configuration_that_asks_for_too_much_is_refused(name: str, tmp_path: Path) -> None:
    config, reason = TOO_MUCH[name]
    path = pack(tmp_path / "m.keras", config)
    with pytest.raises(ModelError, match=reason) as caught:
        models.card(path)
    assert str(caught.value).startswith(f"The model {path} is refused: ")


def test_calls_are_counted_as_often_as_they_are_made() -> None:
    """An honest model passes at exactly its own count, and at no less."""
    for config, calls in ((chained(7), 8), (nested(0), 2), (nested(1), 5), (nested(3), 23)):
        refuse(config, Caps(calls=calls))
        with pytest.raises(ModelError, match=f"it calls layers {calls} times"):
            refuse(config, Caps(calls=calls - 1))


def test_the_largest_honest_models_are_far_below_the_caps(tmp_path: Path) -> None:
    for name, build in NETWORKS.items():
        assert models.card(saved(build(64), tmp_path / f"{name}.keras")).layers
    assert CAPS.calls > 4 * 1041  # NASNetLarge, of which Keras has no larger
