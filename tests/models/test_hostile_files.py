"""Files that must not be opened: each is refused with its reason before anything of it is built."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import Json, conv, functional, image, layer, pack, plain, with_odd_values

from dreampipe import models
from dreampipe.errors import ModelError
from dreampipe.models.own import files, inspecting
from dreampipe.models.own.archive import Limits


def refused(path: Path, reason: str) -> None:
    for door in (models.card, lambda p: files.load(p, "")):
        with pytest.raises(ModelError, match=reason) as caught:
            door(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_the_plain_file_of_these_tests_is_accepted(tmp_path: Path) -> None:
    assert [layer.name for layer in models.card(pack(tmp_path / "m.keras", plain())).layers] == ["conv"]


def test_code_in_a_lambda_layer_never_runs(tmp_path: Path) -> None:
    """The same file does write when Keras opens it unsafely, so the test would see it if it ran."""
    import keras

    trace = tmp_path / "trace"
    picture = keras.Input((None, None, 3))
    write = eval(f"lambda x: (open({str(trace)!r}, 'w').close(), x)[1]")
    path = tmp_path / "lambda.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras.Model(picture, keras.layers.Lambda(write)(picture)).save(path)
    trace.unlink()
    refused(path, "a Lambda layer, which runs code")
    assert not trace.exists()
    keras.saving.load_model(path, safe_mode=False)
    assert trace.exists()


CODE: Json = {"class_name": "__lambda__", "config": {"value": ["4wAAAA", None, None]}}
HOSTILE: dict[str, tuple[Json, str]] = {
    "lambda layer": (layer("Lambda", "x", "image", function=CODE), "a Lambda layer|a lambda"),
    "lambda as activation": (conv("x", "image", activation=CODE), "a lambda"),
    "lambda deep in a list": (conv("x", "image", odd=[[{"k": [CODE]}]]), "a lambda"),
    "saved model": (layer("TFSMLayer", "x", "image", filepath="/tmp"), "a TFSMLayer"),
    "pickled torch": (layer("TorchModuleWrapper", "x", "image", module="keras.layers"), "unpickles"),
    "jax": (layer("JaxLayer", "x", "image"), "a JaxLayer"),
    "type specification": (conv("x", "image", spec={"class_name": "__typespec__", "config": []}), "type specification"),
    "function": (
        conv("x", "image", activation={"module": "os", "class_name": "function", "config": "system"}),
        "the function 'system'",
    ),
    "function of builtins": (
        conv("x", "image", activation={"module": "builtins", "class_name": "function", "config": "exec"}),
        "the function 'exec'",
    ),
    "class of os": (layer("system", "x", "image", module="os"), "'os.system'"),
    "class of builtins": (layer("eval", "x", "image", module="builtins"), "'builtins.eval'"),
    "no module": ({**conv("x", "image"), "module": None}, "'None.Conv2D'"),
    "keras, but not a layer": (layer("get_file", "x", "image", module="keras.utils"), "'keras.utils.get_file'"),
    "keras, but hidden": (layer("Popen", "x", "image", module="keras.src.utils.x"), "'keras.src.utils.x.Popen'"),
    "a layer that reads files": (layer("StringLookup", "x", "image", vocabulary="/etc/passwd"), "StringLookup"),
    "operation with a function": (layer("Map", "x", "image", module="keras.src.ops.core"), "core.Map"),
    "registered class": ({**conv("x", "image"), "registered_name": "evil>Layer"}, "'evil>Layer'"),
    "own name, other class": (
        {**layer("X", "x", "image"), "registered_name": "dreampipe>ReflectPadding2D"},
        "'dreampipe>ReflectPadding2D'",
    ),
    "class name that is no text": ({**conv("x", "image"), "class_name": ["Conv2D"]}, "not text"),
    "array of objects": (
        conv("x", "image", bias={"class_name": "__numpy__", "config": {"value": [1], "dtype": "S999999999"}}),
        "something other than numbers",
    ),
    "in build_config": ({**conv("x", "image"), "build_config": {"input_shape": CODE}}, "a lambda"),
    "in compile_config": ({**conv("x", "image"), "compile_config": {"loss": CODE}}, "a lambda"),
    "in the arguments of a call": (
        {**conv("x", "image"), "inbound_nodes": [{"args": [CODE], "kwargs": {}}]},
        "a lambda",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_class_that_is_not_on_the_list_is_refused(name: str, tmp_path: Path) -> None:
    node, reason = HOSTILE[name]
    inner = functional(image(None, None, 3, name="inner_image"), {**node, "name": "x"})
    refused(pack(tmp_path / "flat.keras", functional(image(None, None, 3), node)), reason)
    nested = {**layer("Functional", "inner", "image"), **inner, "name": "inner"}
    refused(pack(tmp_path / "nested.keras", functional(image(None, None, 3), nested)), reason)


def test_only_a_regular_keras_zip_file_is_read(tmp_path: Path) -> None:
    good = pack(tmp_path / "good.keras", plain())
    folder = tmp_path / "folder.keras"
    folder.mkdir()
    link = tmp_path / "link.keras"
    link.symlink_to(folder)
    contents = {"h5": b"\x89HDF\r\n\x1a\n" + b"0" * 99, "pickle": pickle.dumps({}), "text": b"a model", "empty": b""}
    for name, data in contents.items():
        (tmp_path / f"{name}.keras").write_bytes(data)
    refused(folder, "it is a folder")
    refused(link, "it is a folder")
    refused(tmp_path / "h5.keras", "HDF5")
    refused(tmp_path / "pickle.keras", "pickle")
    refused(tmp_path / "text.keras", "no zip file")
    refused(tmp_path / "empty.keras", "no zip file")
    refused(tmp_path / "missing.keras", "No such file")
    for name in ("model.pkl", "model.zip", "model"):
        (tmp_path / name).write_bytes(good.read_bytes())
        refused(tmp_path / name, r"does not end in \.keras")
    (tmp_path / "prefixed.keras").write_bytes(pickle.dumps(0) + good.read_bytes())
    refused(tmp_path / "prefixed.keras", "pickle")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.keras")
    refused(tmp_path / "pipe.keras", "not a regular file")


@pytest.mark.parametrize(
    "member", ["../escaped.py", "/etc/escaped", "assets/vocabulary.txt", "model.weights.npz", "config.json/", "x.py"]
)
def test_a_member_that_keras_does_not_need_is_refused(member: str, tmp_path: Path) -> None:
    refused(pack(tmp_path / "m.keras", plain(), (member, b"x")), "exactly config.json")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_missing_and_doubled_members_are_refused(tmp_path: Path) -> None:
    refused(pack(tmp_path / "twice.keras", plain(), ("config.json", b"{}")), "'config.json' 2 times")
    with zipfile.ZipFile(tmp_path / "none.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    refused(tmp_path / "none.keras", "'metadata.json' 0 times")


def test_sizes_are_bound_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", b" " * 100_000 + b"{}")
        archive.writestr("model.weights.h5", b"\0" * 1_000_000)
    assert path.stat().st_size < 5000
    with pytest.raises(ModelError, match="in all, but 1000000 are the most"):
        inspecting.inspect(path, Limits(total=1_000_000))
    with pytest.raises(ModelError, match=r"100002 bytes in config\.json, but 50000"):
        inspecting.inspect(path, Limits(config=50_000))
    with pytest.raises(ModelError, match="in all, but 100 are the most"):
        inspecting.inspect(path, Limits(total=100))


@pytest.mark.parametrize("config", [b"", b"[]", b"{", b"[" * 100_000, b"\xff\xfe", b'{"class_name": "Functional"}'])
def test_a_configuration_that_is_none_is_refused(config: bytes, tmp_path: Path) -> None:
    refused(pack(tmp_path / "m.keras", config), "refused: it")


MALFORMED: dict[str, Any] = {
    "a cycle": functional(image(None, None, 3), conv("a", "b"), conv("b", "a")),
    "an unknown layer": functional(image(None, None, 3), conv("a", "nobody")),
    "no step": functional(image(None, None, 3), conv("a", "image", strides=[0, 0])),
    "text for a kernel": functional(image(None, None, 3), conv("a", "image", kernel_size="wide")),
    "no layers": functional(image(None, None, 3)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_graph_that_makes_no_sense_is_refused(name: str, tmp_path: Path) -> None:
    refused(pack(tmp_path / "m.keras", MALFORMED[name]), "refused: it")


NO_PICTURE: dict[str, tuple[Json, str]] = {
    "a vector": (functional(image(10), layer("Dense", "x", "image", units=3)), "input of shape"),
    "grey": (functional(image(None, None, 1), conv("x", "image")), "pictures of 1 channel, but 3"),
    "alpha": (functional(image(None, None, 4), conv("x", "image")), "pictures of 4 channels"),
    "channels first": (functional(image(3, None, None), conv("x", "image")), "channels first"),
    "convolves first": (
        functional(image(None, None, 3), conv("x", "image", data_format="channels_first")),
        "channels first",
    ),
    "whole numbers": (functional(image(None, None, 3, dtype="uint8"), conv("x", "image")), "of uint8"),
    "two inputs": (
        functional(image(None, None, 3), image(None, None, 3, name="b"), layer("Add", "x", "image", "b")),
        "several inputs",
    ),
}


@pytest.mark.parametrize("name", NO_PICTURE)
def test_a_model_of_anything_but_one_rgb_picture_is_refused(name: str, tmp_path: Path) -> None:
    config, reason = NO_PICTURE[name]
    refused(pack(tmp_path / "m.keras", config), reason)


def test_two_outputs_are_refused(tmp_path: Path) -> None:
    config = functional(image(None, None, 3), conv("a", "image"), conv("b", "a"))
    config["config"]["output_layers"] = [["a", 0, 0], ["b", 0, 0]]
    refused(pack(tmp_path / "m.keras", config), "2 outputs")


def test_a_file_that_changed_after_its_card_is_not_opened(tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", plain())
    card = models.card(path)
    pack(path, functional(image(None, None, 3), conv("other", "image")))
    with pytest.raises(ModelError, match="changed since its card"):
        models.open_model(card)


def test_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"its weights are damaged \(Unable to synchronously open file\)"):
        models.open_model(models.card(pack(tmp_path / "m.keras", plain())))


def test_damage_anywhere_is_a_model_error_or_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    good = pack(folder / "good.keras", plain()).read_bytes()

    @settings(max_examples=150, deadline=None)
    @given(st.integers(0, len(good) - 1), st.binary(min_size=1, max_size=4), st.integers(0, len(good)))
    def check(at: int, data: bytes, end: int) -> None:
        path = folder / "bad.keras"
        path.write_bytes((good[:at] + data + good[at + len(data) :])[: max(end, at)])
        try:
            inspecting.inspect(path)
        except ModelError as error:
            assert str(path) in str(error)

    check()


def test_odd_values_anywhere_are_a_model_error_or_none(tmp_path: Path) -> None:
    """Every value of an honest configuration, replaced by each of some odd ones."""
    path, outcomes = tmp_path / "m.keras", set()
    for config in with_odd_values(
        functional(image(None, None, 3), conv("a", "image"), layer("Add", "b", "a", "image"))
    ):
        try:
            inspecting.inspect(pack(path, config))
            outcomes.add("accepted")
        except ModelError:
            outcomes.add("refused")
    assert outcomes == {"accepted", "refused"}


def test_a_refusal_loads_neither_keras_nor_tensorflow(tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", functional(image(None, None, 3), HOSTILE["lambda layer"][0]))
    program = """
        import sys
        from dreampipe import models
        from dreampipe.errors import ModelError
        models.card("motifnet").layers
        try:
            models.card(sys.argv[1])
        except ModelError:
            print(sorted({"keras", "tensorflow", "cv2", "h5py"} & set(sys.modules)))
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
