"""The choice of the backend: who decides, and what is answered to a choice that cannot be made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dreampipe
from dreampipe.backend import choosing
from dreampipe.backend.choosing import BACKENDS, installed

ROOT = str(Path(dreampipe.__file__).parents[1])
LAST = """
from dreampipe.errors import DreampipeError
try:
    print(choosing.choose())
except DreampipeError as error:
    print(error)
print(*(name for name in ("keras", "tensorflow", "jax", "torch") if sys.modules.get(name)))
"""


def choose(before: str = "", folder: Path | None = None, **variables: str) -> list[str]:
    """What is chosen or answered, and which libraries that loads; in `folder` are stand-ins of packages.

    No settings of keras count but those in `KERAS_HOME`, if that is among the variables.
    """
    path = os.pathsep.join([*([str(folder)] if folder else []), ROOT])
    settings = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys\nfrom dreampipe.backend import choosing\n{before}\n{LAST}"],
        env={**settings, "PYTHONPATH": path, "KERAS_HOME": os.path.join(ROOT, "nowhere"), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.splitlines()


def stand_in(folder: Path, *names: str) -> Path:
    """A folder with empty packages of these names, which are installed as far as anyone can see."""
    for name in names:
        (folder / f"{name}.py").touch()
    return folder


@pytest.mark.parametrize("name", BACKENDS)
def test_the_module_of_a_backend_takes_less_than_150_lines(name: str) -> None:
    module = Path(choosing.__file__).with_name(f"{name}.py")
    assert len(module.read_text("utf-8").splitlines()) < 150


def test_tensorflow_is_the_default_and_choosing_loads_nothing() -> None:
    first = next(iter(installed()))
    assert choose() == choose(KERAS_BACKEND="") == [first, ""]


def test_the_variable_decides(tmp_path: Path) -> None:
    folder = stand_in(tmp_path, "jax", "torch")
    for name in ("jax", "torch"):
        assert choose(folder=folder, KERAS_BACKEND=name) == [name, ""]


def test_one_that_is_asked_for_comes_before_the_variable(tmp_path: Path) -> None:
    folder = stand_in(tmp_path, "jax", "torch")
    assert choose("choosing.ask_for('torch')", folder, KERAS_BACKEND="jax") == ["torch", ""]


def test_without_tensorflow_the_next_one_is_the_default(tmp_path: Path) -> None:
    without = "sys.modules.update(tensorflow=None, jax=None)"  # as if they were not installed
    assert choose(without, stand_in(tmp_path, "torch")) == ["torch", ""]


def settings_of_keras(folder: Path, text: str) -> str:
    """A folder of keras whose `keras.json` has this text."""
    (folder / "keras.json").write_text(text)
    return str(folder)


def test_the_settings_of_keras_decide_after_the_variable_and_before_what_is_installed(tmp_path: Path) -> None:
    folder = stand_in(tmp_path, "jax", "torch")
    home = settings_of_keras(tmp_path, '{"floatx": "float32", "backend": "torch"}')
    assert choose(folder=folder, KERAS_HOME=home) == ["torch", ""]
    assert choose(folder=folder, KERAS_HOME=home, KERAS_BACKEND="jax") == ["jax", ""]
    assert choose("choosing.ask_for('jax')", folder, KERAS_HOME=home) == ["jax", ""]


@pytest.mark.parametrize(
    "text",
    [
        '{"backend": "tensorflow"}',
        '{"backend": "numpy"}',
        '{"backend": ["jax"]}',
        "{}",
        "[]",
        "{",
        "",
        "\x00",
        "[" * 9999,
    ],
    ids=lambda text: repr(text[:24]),
)
def test_settings_of_keras_that_name_nothing_installed_are_passed_over(tmp_path: Path, text: str) -> None:
    without = "sys.modules.update(tensorflow=None, jax=None)"  # keras has written tensorflow, which is not installed
    home = settings_of_keras(tmp_path, text)
    assert choose(without, stand_in(tmp_path, "torch"), KERAS_HOME=home) == ["torch", ""]


@pytest.mark.parametrize("name", ["numpy", "openvino", "Tensorflow", "nonsense", "x" * 500])
def test_another_backend_is_refused_in_one_sentence(name: str) -> None:
    (sentence, loaded) = choose(KERAS_BACKEND=name)
    assert sentence.startswith(f"KERAS_BACKEND is '{name[:50]}") and len(sentence) < 200
    assert sentence.endswith("but tensorflow, jax or torch is expected: set one of them.") and loaded == ""


@pytest.mark.parametrize("name", BACKENDS)
def test_one_that_is_not_installed_names_the_line_that_installs_it(name: str) -> None:
    without = "sys.modules.update(tensorflow=None, jax=None, torch=None)"
    label, install = BACKENDS[name].label, BACKENDS[name].install
    expected = f"KERAS_BACKEND is '{name}', but {label} is not installed here: run `{install}`."
    assert choose(without, KERAS_BACKEND=name) == [expected, ""]
    assert (
        choose(without)[0]
        == "No backend is asked for, but TensorFlow is not installed here: run `pip install tensorflow`."
    )


def test_a_program_that_has_imported_keras_decides(tmp_path: Path) -> None:
    folder = stand_in(tmp_path, "jax")
    (tmp_path / "keras.py").write_text("class config:\n    backend = staticmethod(lambda: 'jax')")
    assert choose("import keras", folder, KERAS_BACKEND="tensorflow") == ["jax", "keras"]
    (tmp_path / "keras.py").write_text("class config:\n    backend = staticmethod(lambda: 'openvino')")
    assert choose("import keras", folder)[0] == (
        "This program has imported keras with the backend 'openvino', but tensorflow, jax or torch is expected: "
        "set one of them."
    )


def test_two_backends_in_one_program_are_refused(tmp_path: Path) -> None:
    folder = stand_in(tmp_path, "jax", "torch")
    (tmp_path / "keras.py").write_text("class config:\n    backend = staticmethod(lambda: 'jax')")
    asked = "import keras\ntry:\n    choosing.ask_for('torch')\nexcept Exception as error:\n    print(error)"
    assert choose(asked, folder)[0] == (
        "The backend torch came, but this program has loaded keras with jax: leave it out."
    )


@pytest.mark.parametrize("module", ["checkpoints", "producing"])
def test_what_one_backend_has_begun_another_does_not_finish(module: str, tmp_path: Path) -> None:
    """Whether its package has a version or not, as builds of other names have none."""
    before = f"from dreampipe.engines.{module} import key_of; print(key_of('one')); print(key_of('other'))"
    folder = stand_in(tmp_path, "jax", "torch")
    keys = [key for name in BACKENDS for key in choose(before, folder, KERAS_BACKEND=name)[:2]]
    assert len(set(keys)) == 2 * len(BACKENDS)
