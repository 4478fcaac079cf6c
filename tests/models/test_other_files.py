"""Files of other Keras, and models in other forms: the answer names the cause, and what to do."""

from __future__ import annotations

import json
import pickle
import shlex
import warnings
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from known import known
from model_files import Json, conv, functional, image, layer, pack, plain
from networks import saved

from dreampipe import models
from dreampipe.errors import ModelError
from dreampipe.models.own import foreign, versions
from dreampipe.models.tap import tap


def refused(path: Path, *words: str, trust: bool = False, **more: Any) -> str:
    """The one sentence of a refusal."""
    with pytest.raises(ModelError) as caught:
        models.card(path, trust=trust) if not more else models.card(**more)
    text = str(caught.value)
    assert "\n" not in text and str(path) in text
    for word in words:
        assert word in text
    return text


def of_keras_2() -> Json:
    """The configuration of a model as Keras 2.15 writes it into a `.keras` file."""
    settings = {"filters": 4, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid", "activation": "relu"}
    settings |= {"data_format": "channels_last", "dilation_rate": [1, 1], "groups": 1, "use_bias": True}
    initializers = {
        f"{name}_initializer": {
            "module": "keras.initializers",
            "class_name": kind,
            "config": {},
            "registered_name": None,
        }
        for name, kind in (("kernel", "GlorotUniform"), ("bias", "Zeros"))
    }
    shape = {"batch_input_shape": [None, 32, 32, 3], "dtype": "float32", "sparse": False, "ragged": False}
    taking = [
        ("InputLayer", "input_1", shape, []),
        ("Conv2D", "conv2d_7", settings | initializers, [[["input_1", 0, 0, {}]]]),
    ]
    return {
        "module": "keras.src.engine.functional",
        "class_name": "Functional",
        "config": {
            "name": "model",
            "trainable": True,
            "layers": [
                {
                    "module": "keras.layers",
                    "class_name": kind,
                    "config": {"name": name, **config},
                    "registered_name": None,
                    "name": name,
                    "inbound_nodes": nodes,
                }
                for kind, name, config, nodes in taking
            ],
            "input_layers": [["input_1", 0, 0]],
            "output_layers": [["conv2d_7", 0, 0]],
        },
        "registered_name": "Functional",
    }


def without(value: Any, *keys: str) -> Any:
    if isinstance(value, dict):
        return {k: without(v, *keys) for k, v in value.items() if k not in keys}
    return [without(part, *keys) for part in value] if isinstance(value, list) else value


def h5_of_keras_2(path: Path, whole: bool = True) -> Path:
    """An `.h5` file as Keras 2.15 writes it: the configuration in an attribute, the weights by the names of layers."""
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole else file
        if whole:
            file.attrs["model_config"] = json.dumps(without(of_keras_2(), "module", "registered_name"))
            file.attrs["keras_version"], file.attrs["backend"] = "2.15.0", "tensorflow"
        root.attrs["keras_version"], root.attrs["layer_names"] = "2.15.0", [b"input_1", b"conv2d_7"]
        root.create_group("input_1").attrs["weight_names"] = np.array([], dtype="S1")
        arrays = {"conv2d_7/kernel:0": np.ones((3, 3, 3, 4), "f4"), "conv2d_7/bias:0": np.zeros(4, "f4")}
        group = root.create_group("conv2d_7")
        group.attrs["weight_names"] = [name.encode() for name in arrays]
        for name, array in arrays.items():
            group[name] = array
    return path


@pytest.mark.parametrize("trust", [False, True])
def test_a_file_of_keras_2_is_told_so(trust: bool, tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", of_keras_2(), metadata={"keras_version": "2.15.0", "date_saved": "2023"})
    text = refused(path, "saved by Keras 2.15.0", "open it with Keras 2", 'model.save("model.h5")', trust=trust)
    assert "without it" not in text
    path = pack(tmp_path / "silent.keras", of_keras_2(), metadata={"date_saved": "2023"})
    refused(path, "saved by Keras 2, but", trust=trust)


def test_an_h5_file_of_keras_2_is_told_how_to_become_one_that_opens(tmp_path: Path) -> None:
    text = refused(h5_of_keras_2(tmp_path / "my old.h5"), "a whole model, saved by Keras 2.15.0", "where you trust it")
    command = shlex.split(text.partition("convert it by `")[2].partition("`")[0])
    assert command[:2] == ["python", "-c"] and len(command) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        exec(command[2], {})
    card = models.card(known(tmp_path / "my old.keras"))
    assert [at.name for at in card.layers] == ["conv2d_7"]
    picture = np.full((1, 32, 32, 3), 0.5, np.float32)
    values = tap(models.open_model(card), ["conv2d_7"])(picture)
    np.testing.assert_allclose(values["conv2d_7"], 13.5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # keras reads its own variables in a way that numpy warns of
def test_h5_files_of_weights_alone_are_told_so(tmp_path: Path) -> None:
    text = refused(h5_of_keras_2(tmp_path / "old.h5", whole=False), "weights alone, saved by Keras 2.15.0", "--weights")
    assert "convert" not in text
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)])
    model.save_weights(tmp_path / "new.weights.h5")
    refused(tmp_path / "new.weights.h5", "weights alone, but", "--model", "--weights")
    (tmp_path / "new.weights.h5").rename(tmp_path / "named.keras")
    refused(tmp_path / "named.keras", "weights alone")


def test_an_hdf5_file_without_a_model_or_with_odd_attributes_is_still_one_sentence(tmp_path: Path) -> None:
    for number, said in enumerate(["2.15.0\nevil", np.arange(3), b"\xff\xfe", h5py.Empty("f4"), "9" * 9000]):
        with h5py.File(tmp_path / f"{number}.h5", "w") as file:
            file.attrs["keras_version"] = said
        assert "saved by" not in refused(tmp_path / f"{number}.h5", "HDF5")


NEWER: dict[str, Json] = {
    "an unknown layer": functional(image(None, None, 3), layer("Swirl2D", "x", "image")),
    "another form of calls": functional(image(None, None, 3), {**conv("x", "image"), "inbound_nodes": [{"calls": []}]}),
}


@pytest.mark.parametrize("name", NEWER)
def test_a_file_of_a_newer_keras_that_cannot_be_read_is_told_so(name: str, tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", NEWER[name], metadata={"keras_version": "3.99.0"})
    refused(path, "saved by Keras 3.99.0", f"newer than the installed {version('keras')}", "save it again with Keras 3")
    pack(path, NEWER[name])
    assert "newer than" not in refused(path)


def test_a_file_of_a_newer_keras_that_keras_cannot_build_is_told_so(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(2, 3, name="c")])
    path = saved(model, tmp_path / "m.keras")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1]["config"]["swirl"] = 3  # a setting that this Keras does not know
    pack(path, config, metadata={"keras_version": "3.99.0"}, weights=members["model.weights.h5"])
    with pytest.raises(ModelError, match=r"saved by Keras 3\.99\.0, which is newer .* Keras cannot build it"):
        models.open_model(models.card(known(path), "unit"))


def test_a_file_of_a_newer_keras_that_can_be_read_is_read(tmp_path: Path) -> None:
    card = models.card(pack(tmp_path / "m.keras", plain(), metadata={"keras_version": "3.99.0.dev1"}))
    assert [at.name for at in card.layers] == ["conv"]


def test_a_file_of_keras_4_is_told_so(tmp_path: Path) -> None:
    refused(
        pack(tmp_path / "m.keras", plain(), metadata={"keras_version": "4.1.0"}), "by Keras 4.1.0", "update dreampipe"
    )


def test_code_is_the_cause_whatever_keras_saved_the_file(tmp_path: Path) -> None:
    config = functional(image(None, None, 3), layer("Lambda", "x", "image"))
    path = pack(tmp_path / "m.keras", config, metadata={"keras_version": "3.99.0"})
    assert "3.99" not in refused(path, "a Lambda layer, which runs code")


@pytest.mark.parametrize("said", [None, 3, [], {}, "", "three", "9" * 100, "3.15.1\n\x1b[31m", "-2"])
def test_odd_versions_are_no_fault(said: Any, tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", plain(), metadata={"keras_version": said})
    try:
        assert models.card(path).name == "m"
    except ModelError as error:
        assert "\n" not in str(error) and "\x1b" not in str(error)
    assert versions.find_saver({"module": 3}, {}) == ""


FOREIGN: dict[str, tuple[str, bytes, str]] = {
    "TensorFlow Lite": ("m.tflite", b"\x1c\0\0\0TFL3" + bytes(32), "a TensorFlow Lite model"),
    "ONNX": ("m.onnx", b"\x08\x07\x12\x07pytorch" + bytes(32), "an ONNX model"),
    "safetensors": ("m.safetensors", (60).to_bytes(8, "little") + b'{"a":{"dtype":"F32"}}' + bytes(60), "safetensors"),
    "pickled PyTorch": ("m.pth", pickle.dumps({}), "a PyTorch model"),
    "a pickle": ("m.pkl", pickle.dumps({}), "a Python pickle, which runs code"),
    "GGUF": ("m.gguf", b"GGUF\3\0\0\0" + bytes(32), "a GGUF model"),
    "a frozen graph": ("m.pb", b"\x0a\x20" + bytes(32), "a frozen TensorFlow graph"),
    "a checkpoint": ("m.ckpt.index", bytes(48), "a part of a TensorFlow checkpoint"),
    "numpy": ("m.npy", b"\x93NUMPY\1\0" + bytes(64), "a file of numpy arrays"),
    "a configuration": ("m.json", b'{"class_name": "Functional"}', "JSON or YAML, which holds no weights"),
    "Git LFS": ("m.keras", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
    "a web page": ("m.keras", b"\n<!DOCTYPE html>\n<html>", "a web page"),
    "packed": ("m.keras.gz", b"\x1f\x8b\x08" + bytes(32), "it is packed"),
    "no HDF5": ("m.h5", b"what", "no HDF5 file, though its name says so"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_model_in_another_form_is_named(name: str, tmp_path: Path) -> None:
    file, data, words = FOREIGN[name]
    (tmp_path / file).write_bytes(data)
    text = refused(tmp_path / file, words, "but a .keras file is expected: ")
    assert refused(tmp_path / file, trust=True) == text
    if foreign.in_file(Path("m"), data):  # which its content tells, whatever its name
        (tmp_path / "renamed.keras").write_bytes(data)
        refused(tmp_path / "renamed.keras", "but a .keras file is expected: ")


def test_zip_files_of_other_tools_are_named(tmp_path: Path) -> None:
    for name in ("m.pt", "m.keras"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps({}))
        refused(tmp_path / name, "a PyTorch model")
    np.savez(tmp_path / "m.npz", np.zeros(3))
    refused(tmp_path / "m.npz", "a file of numpy arrays")


def test_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    refused(tmp_path / "saved", "it is a folder")
    (tmp_path / "saved" / "saved_model.pb").touch()
    refused(tmp_path / "saved", "a SavedModel folder of TensorFlow", 'model.save("model.keras")')
    (tmp_path / "parts.keras").mkdir()
    for name in ("config.json", "metadata.json", "model.weights.h5"):
        (tmp_path / "parts.keras" / name).touch()
    refused(tmp_path / "parts.keras", "a folder with the parts of a .keras file")


def test_other_files_given_as_weights_are_named(tmp_path: Path) -> None:
    def weights(path: Path, words: str) -> None:
        refused(path, words, name_or_path="vgg16", weights=path)

    weights(pack(tmp_path / "m.keras", plain()), "name a whole .keras file with --model, without --weights")
    (tmp_path / "m.safetensors").write_bytes(FOREIGN["safetensors"][1])
    weights(tmp_path / "m.safetensors", "it is a file of safetensors")


def test_two_inputs_and_channels_first_are_the_cause_though_keras_is_newer(tmp_path: Path) -> None:
    two = functional(image(None, None, 3), image(None, None, 3, name="b"), layer("Add", "x", "image", "b"))
    refused(pack(tmp_path / "two.keras", two), "several inputs")
    first = functional(image(3, None, None), conv("x", "image", data_format="channels_first"))
    path = pack(tmp_path / "first.keras", first, metadata={"keras_version": "3.99.0"})
    assert "3.99" not in refused(path, "channels first")


def test_a_quantized_file_is_told_so(tmp_path: Path) -> None:
    policy = {"module": "keras.dtype_policies", "class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}
    path = pack(tmp_path / "m.keras", functional(image(None, None, 3), conv("x", "image", dtype=policy)))
    refused(path, "layers that are quantized (QuantizedDTypePolicy)", "save it again without it")


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_is_read_and_dreamed_in_float32_outside(policy: str, tmp_path: Path) -> None:
    picture = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 255, dtype=policy)(picture)
    path = saved(keras.Model(picture, keras.layers.Conv2D(2, 3, dtype=policy, name="deep")(x)), tmp_path / "m.keras")
    card = models.card(path)
    assert (card.scaling, card.fixed) == ("bytes", None)
    values = tap(models.open_model(card), ["deep"])(np.full((1, 9, 9, 3), 100, np.float32))["deep"]
    assert values.dtype == "float32"
    expected = keras.saving.load_model(path)(np.full((1, 9, 9, 3), 100, np.float32))
    np.testing.assert_array_equal(values, np.asarray(keras.ops.cast(expected, "float32")))
