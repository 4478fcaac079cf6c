"""Models in other forms than `.keras`: what a file or folder is, and what to do with it.

    in_file(path, head) -> clause        in_folder(path) -> clause        in_archive(names) -> clause

The content decides before the name does. Clauses are about "it", and empty where nothing is known.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_KERAS = "save the Keras model that it was made from as .keras"
_OTHER = "only models that Keras saved as .keras are opened: choose one"
HEAD = 512
"""Bytes at the beginning of a file that tell what it is."""
HDF5 = b"\x89HDF\r\n\x1a\n"
"""The first bytes of HDF5: Keras once saved whole models in it, and still saves weights."""
_DAMAGE = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError)


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        what: it is, as a noun phrase.
        todo: what its owner can do.
        begins: a pattern for its first bytes; None where the name alone tells.
        suffixes: of its names.
    """

    what: str
    todo: str
    begins: bytes | None = None
    suffixes: tuple[str, ...] = ()


KINDS = (
    Kind("a TensorFlow Lite model, which has no gradients", _KERAS, rb".{4}TFL3", (".tflite", ".lite")),
    Kind("a file of safetensors, which holds weights alone", _OTHER, rb".{5}\0\0\0\s*\{", (".safetensors",)),
    Kind("a GGUF model of text", _OTHER, rb"GGUF", (".gguf",)),
    Kind("a PyTorch model", _OTHER, None, (".pt", ".pth", ".pt2", ".ckpt", ".torchscript")),
    Kind("a Python pickle, which runs code", _OTHER, rb"\x80[\x00-\x08]", (".pkl", ".pickle", ".joblib")),
    Kind("an ONNX model", _OTHER, None, (".onnx", ".ort")),
    Kind("a Core ML model", _KERAS, None, (".mlmodel",)),
    Kind("a frozen TensorFlow graph, which has no Keras layers", _KERAS, None, (".pb", ".pbtxt")),
    Kind("a part of a TensorFlow checkpoint, which holds weights alone",
         "load it into its Keras model, and save that as .keras", None, (".index", ".data-00000-of-00001")),
    Kind("a file of numpy arrays, which holds no model",
         "load them into their Keras model, and save that as .keras", rb"\x93NUMPY", (".npy", ".npz")),
    Kind("JSON or YAML, which holds no weights",
         "load its weights into the Keras model that it describes, and save that as .keras",
         rb"\s*\{\s*\"", (".json", ".yaml", ".yml")),
    Kind("a pointer of Git LFS, not the model itself", "get the file by `git lfs pull`", rb"version https://git-lfs"),
    Kind("a web page, not a model", "download the file itself", rb"\s*<(!doctype html|html)", (".html", ".htm")),
    Kind("no HDF5 file, though its name says so", "get the whole file again", None, (".h5", ".hdf5", ".hdf", ".he5")),
    Kind("packed", "unpack it first", rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!", (".gz", ".tgz", ".tar", ".7z")),
)  # fmt: skip
"""The closed list of kinds; the first whose content or, after that, whose name is like the file's is taken."""


def in_file(path: Path, head: bytes) -> str:
    """Say what a file is that is no `.keras` file, by its first bytes, or else by its name."""
    by_name = (kind for kind in KINDS if path.name.lower().endswith(kind.suffixes or ("\0",)))
    found = _by_content(head) or next(by_name, None)
    if found and "pickle" in found.what and path.suffix.lower() in (".pt", ".pth", ".ckpt"):
        found = next(kind for kind in KINDS if path.suffix.lower() in kind.suffixes)
    return f"it is {found.what}, but a .keras file is expected: {found.todo}." if found else ""


def _by_content(head: bytes) -> Kind | None:
    return next((kind for kind in KINDS if kind.begins and re.match(kind.begins, head, re.DOTALL | re.I)), None)


def in_folder(path: Path) -> str:
    """Say what a folder is."""
    if any((path / name).exists() for name in ("saved_model.pb", "saved_model.pbtxt")):
        return (
            "it is a SavedModel folder of TensorFlow, but a regular .keras file is expected: open it with the Keras "
            'that saved it, and save it there, by `model.save("model.keras")` with Keras 3 or '
            '`model.save("model.h5")` with Keras 2.'
        )
    if all((path / name).exists() for name in ("config.json", "metadata.json", "model.weights.h5")):
        return (
            "it is a folder with the parts of a .keras file, but these are expected in one zip file: save it as one "
            "file, or zip the parts."
        )
    if path.suffix.lower() == ".mlpackage":
        return f"it is a Core ML model, but a .keras file is expected: {_KERAS}."
    return "it is a folder, but a regular .keras file is expected: save it as one file."


def in_archive(names: Collection[str]) -> str:
    """Say what a zip file is that has these members; empty where it may be a `.keras` file."""
    if any(name.rpartition("/")[2] in ("data.pkl", "constants.pkl") for name in names):
        return f"it is a PyTorch model, but a .keras file is expected: {_OTHER}."
    if names and all(name.endswith(".npy") for name in names):
        return (
            "it is a file of numpy arrays, which holds no model, but a .keras file is expected: load them into their "
            "Keras model, and save that as .keras."
        )
    return ""


def in_hdf5(path: Path, file: IO[bytes]) -> str:
    """Say what an HDF5 file holds, which Keras saved it, and what to do with it."""
    holds, saved = _identify(file)
    by = f", saved by Keras {saved}" if saved else ""
    weights = "name their architecture with --model and the file with --weights"
    if holds == "weights":
        return f"it is an HDF5 file of weights alone{by}, but a whole model is expected: {weights}."
    if holds == "model":
        return (
            f"it is an HDF5 file of a whole model{by}, but the zip file that Keras 3 saves as .keras is expected: "
            f"where you trust it, {_conversion(path)}."
        )
    return (
        "it is an HDF5 file (the old h5 format), but the zip file that Keras 3 saves as .keras is expected: where it "
        f"holds a whole model that you trust, {_conversion(path)}; where it holds weights alone, {weights}."
    )


def _identify(file: IO[bytes]) -> tuple[str, str]:
    """Tell what an HDF5 file holds, "model", "weights" or unknown, and which version of Keras saved it."""
    import h5py

    try:
        file.seek(0)
        with h5py.File(file, "r") as opened:
            roots = [opened, *([opened["model_weights"]] if "model_weights" in opened else [])]
            said = next((root.attrs["keras_version"] for root in roots if "keras_version" in root.attrs), "")
            text = said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)
            version = text if re.fullmatch(r"[0-9A-Za-z.+-]{1,30}", text) else ""
            if "model_config" in opened.attrs:
                return "model", version
            return "weights" if "layer_names" in opened.attrs or {"layers", "_layer_checkpoint_dependencies"} & set(
                opened
            ) else "", version
    except _DAMAGE:
        return "", ""


def in_place_of_weights(head: bytes) -> str:
    """Say what a file is that came as weights and is no HDF5 file, by its first bytes; empty where nothing is known."""
    expected = "but the HDF5 file of weights that Keras saves is expected"
    if head.startswith(b"PK"):
        return f"it is a zip file, {expected}: name a whole .keras file with --model, without --weights."
    kind = _by_content(head)
    return f"it is {kind.what}, {expected}: save the weights by Keras' `model.save_weights`." if kind else ""


def _conversion(path: Path) -> str:
    """Say how to convert a file that Keras 3 can open, though its name ends otherwise."""
    renamed = "" if path.suffix.lower() in (".h5", ".hdf5") else "rename it to end in .h5 and "
    source = path.with_suffix(".h5") if renamed else path
    target = path.with_name(f"{path.stem}_new.keras") if path.suffix == ".keras" else path.with_suffix(".keras")
    line = (
        f"import keras; keras.saving.load_model({json.dumps(str(source))}, compile=False)"
        f".save({json.dumps(str(target))})"
    )
    return f"{renamed}convert it by `python -c {shlex.quote(line)}`"
