"""`dreampipe models`, `models fetch`, and runs that fetch their weights first, from a mirror on this machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from test_interruptions import pty, read_until, started
from weights_server import Answer, Server, serving

import dreampipe
from dreampipe.media import read_record
from dreampipe.models import imagenet, zoo
from dreampipe.models.weights import store
from dreampipe.models.weights.fetching import MIRROR

NAME = "mobilenet-notop"
QUICK = ("--model", NAME, "--objective", "conv_pw_3_relu", "--octaves", "1", "--steps", "1")


@pytest.fixture(scope="session")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of weights for it, as Keras writes them; no hash of it is published, so any numbers will do."""
    import keras

    path = tmp_path_factory.mktemp("numbers") / "mobilenet.weights.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.applications.MobileNet(weights=None, include_top=False).save_weights(path)
    return path.read_bytes()


@pytest.fixture
def mirror(numbers: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of the weights that every download goes to, and an empty store."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    with serving(Server({zoo.weights_of(NAME).file: numbers})) as server:
        monkeypatch.setenv(MIRROR, server.address)
        yield server


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No network any more."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv(MIRROR, f"http://127.0.0.1:{closed.getsockname()[1]}")
        yield


def row(call, name: str) -> str:
    (line,) = [line for line in call("models").stdout.splitlines() if line.split()[:1] == [name]]
    return line


def test_the_list_says_what_would_be_downloaded(call, mirror):
    header, *lines = call("models").stdout.splitlines()
    assert header.split() == ["name", "scaling", "classes", "weights", "check", "licence", "objective"]
    names = [line.split()[0] for line in lines[: lines.index("")]]
    assert names == ["motifnet", *zoo.NAMES]
    assert "built in" in row(call, "motifnet")
    for name, check in (("vgg16", "MD5 of Keras"), ("mobilenet", "none published; h5 checked")):
        assert f"to download, about {zoo.weights_of(name).bytes / 1e6:,.1f} MB" in row(call, name)
        assert check in row(call, name) and zoo.card(name).licence in row(call, name)
    assert mirror.asked == []


def test_the_list_says_what_is_there_and_whether_it_is_whole(call, mirror, numbers):
    file = store.folder() / zoo.weights_of(NAME).file
    call("models", "fetch", NAME)
    assert f"on disk, {len(numbers) / 1e6:,.1f} MB" in row(call, NAME)
    file.write_bytes(numbers[:-100])
    assert "on disk, but it is no whole HDF5 file of weights: fetch it" in row(call, NAME)
    (store.folder() / zoo.weights_of("vgg16").file).write_bytes(numbers)
    assert "on disk, but it has not the MD5 of Keras: fetch it" in row(call, "vgg16")
    call("models", "fetch", NAME)
    assert file.read_bytes() == numbers


def test_fetch_says_what_it_does_and_how_it_was_checked(call, mirror, numbers):
    file = zoo.weights_of(NAME).file
    result = call("models", "fetch", NAME)
    assert result.exit_code == 0
    assert result.stdout == f"{store.folder() / file}\n"
    first, last = result.stderr.splitlines()
    assert first == f"Fetching {file}, about {zoo.weights_of(NAME).bytes / 1e6:,.1f} MB from {mirror.address}/{file}"
    assert last == f"Fetched {file}; check: none published; h5 checked"
    assert (store.folder() / file).read_bytes() == numbers
    again = call("models", "fetch", NAME)
    assert (again.stdout, again.stderr) == (
        result.stdout,
        f"{file} is there already; check: {zoo.weights_of(NAME).check}\n",
    )


def test_a_stick_carries_weights_to_a_machine_without_network(call, mirror, numbers, tmp_path, monkeypatch, request):
    stick, file = tmp_path / "stick", zoo.weights_of(NAME).file
    assert call("models", "fetch", NAME, "--to", stick).stdout == f"{stick / file}\n"
    assert not store.folder().exists()
    request.getfixturevalue("alone")
    assert call("models", "fetch", NAME, "--from", stick).exit_code == 0
    assert (store.folder() / file).read_bytes() == numbers
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "another"))
    assert call("models", "fetch", NAME, "--from", stick / file).exit_code == 0
    # What is in the store need not be downloaded to be carried on.
    assert call("models", "fetch", NAME, "--to", tmp_path / "next").exit_code == 0
    assert (tmp_path / "next" / file).read_bytes() == numbers


def test_a_model_with_a_head_brings_the_names_of_its_classes(call, mirror, numbers):
    mirror.files[zoo.weights_of("mobilenet").file] = numbers
    mirror.files[imagenet.INDEX.file] = b"{}"
    result = call("models", "fetch", "mobilenet")
    assert [name for name, _ in mirror.asked] == [zoo.weights_of("mobilenet").file, imagenet.INDEX.file]
    assert result.exit_code == 1  # these are not the names that Keras has
    assert "imagenet_class_index.json was not downloaded (what came is something else" in result.stderr


def test_what_cannot_be_fetched_is_one_sentence(call, mirror, tmp_path):
    assert "nothing to fetch" in call("models", "fetch", "motifnet").stderr
    result = call("models", "fetch", "mobilnet")
    assert result.exit_code == 2 and "did you mean mobilenet" in result.stderr
    (tmp_path / "wrong.h5").write_bytes(b"something")
    result = call("models", "fetch", NAME, "--from", tmp_path / "wrong.h5")
    assert result.exit_code == 1 and "are refused for mobilenet: its weights are damaged" in result.stderr
    assert call("models", "fetch", NAME, "--from", tmp_path / "none.h5").exit_code == 1
    assert not list(store.folder().glob("*.h5"))


def test_a_dream_fetches_what_it_needs_once(call, mirror, pictures, tmp_path):
    result = call("dream", pictures / "a.png", tmp_path / "out.png", *QUICK)
    assert result.exit_code == 0
    assert result.stderr.count("Fetching") == 1
    assert dreampipe.read(tmp_path / "out.png").info.width == 64
    again = call("dream", pictures / "b.png", tmp_path / "two.png", *QUICK, "--quiet")
    assert (again.exit_code, again.stderr) == (0, "")
    assert len(mirror.asked) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("sheet", "a.png", "out.png", "--model", NAME, "--octaves", "1", "--steps", "0", "--size", "32"),
        ("visualize", "conv_pw_3_relu[2]", "out.png", "--model", NAME, "--size", "48", "--steps", "0"),
        ("atlas", "conv1_relu", "out.png", "--model", NAME, "--size", "48", "--steps", "0", "--channels", "0-1"),
        ("zoom", "a.png", "out.gif", *QUICK, "--steps", "0", "--seconds", "0.1"),
    ],
)
def test_every_command_fetches(call, mirror, pictures, monkeypatch, words):
    monkeypatch.chdir(pictures)
    result = call(*words, "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (pictures / words[2]).exists()
    assert len(mirror.asked) == 1


def test_the_library_fetches_silently(mirror, capfd):
    picture = np.random.default_rng(1).random((48, 48, 3), np.float32)
    dreamed = dreampipe.dream(picture, model=NAME, objective="conv_pw_3_relu", octaves=1, steps=1)
    assert dreamed.shape == picture.shape and not np.array_equal(dreamed, picture)
    assert len(mirror.asked) == 1
    assert "Fetch" not in "".join(capfd.readouterr())


def test_nothing_is_downloaded_for_what_is_wrong_anyhow(call, mirror, pictures, tmp_path):
    taken = tmp_path / "taken.png"
    taken.write_bytes(b"")
    for words in (
        ("dream", pictures / "a.png", tmp_path / "out.png", *QUICK, "--objective", "conv_pw_99"),
        ("dream", pictures / "none.png", tmp_path / "out.png", *QUICK),
        ("visualize", "conv_pw_99", tmp_path / "out.png", "--model", NAME),
        ("sheet", pictures / "a.png", taken, "--model", NAME),
        ("atlas", "conv_pw_99", tmp_path / "out.png", "--model", NAME),
    ):
        assert call(*words).exit_code == 2
    assert mirror.asked == []


def test_a_dream_without_network_says_which_file_to_put_where(call, mirror, alone, pictures, tmp_path):
    result = call("dream", pictures / "a.png", tmp_path / "out.png", *QUICK)
    assert result.exit_code == 1
    sentence = result.stderr.splitlines()[-1]
    assert "the server cannot be reached: Connection refused" in sentence
    assert f"as {store.folder() / zoo.weights_of(NAME).file}" in sentence
    assert f"`dreampipe models fetch {NAME} --from FILE`" in sentence
    assert not (tmp_path / "out.png").exists()


def test_ctrl_c_keeps_what_has_come(call, mirror, numbers, pictures, tmp_path):
    mirror.answers = [Answer(stop=1_000_000, hold=True)]
    terminal, end = pty.openpty()
    words = ("dream", pictures / "a.png", tmp_path / "out.png", *QUICK)
    with started(*words, stderr=end, stdout=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "200"}) as process:
        os.close(end)
        shown = read_until(terminal, f"/{len(numbers) / 1e6:.1f} MB".encode())  # the bar
        process.send_signal(signal.SIGINT)
        shown += read_until(terminal, None)
    os.close(terminal)
    assert process.returncode == 130
    file = zoo.weights_of(NAME).file
    assert f"Stopped. The part of {file} that has arrived is kept. To continue, run: dreampipe dream" in shown.decode()
    assert "Traceback" not in shown.decode()
    assert not (store.folder() / file).exists()
    come = (store.folder() / f".{file}.part").stat().st_size
    assert come > 0
    mirror.go.set()
    assert call(*words).exit_code == 0
    assert mirror.asked[-1] == (file, f"bytes={come}-")


def test_weights_without_a_head_are_not_taken_for_those_with_one(call, numbers, tmp_path):
    file = tmp_path / "numbers.h5"
    file.write_bytes(numbers)
    result = call("models", "fetch", "mobilenet", "--from", file)
    assert result.exit_code == 1
    assert "are those of mobilenet-notop, but those of mobilenet are expected" in result.stderr
    assert not (store.folder() / zoo.weights_of("mobilenet").file).exists()


@pytest.fixture
def stranger(call, mirror, pictures, tmp_path):
    """A picture dreamed by somebody whose model's weights are not on this machine."""
    made = tmp_path / "made.png"
    assert call("dream", pictures / "a.png", made, *QUICK).exit_code == 0
    shutil.copy(pictures / "a.png", tmp_path)
    shutil.rmtree(store.folder())
    mirror.asked.clear()
    return made


def test_a_stranger_s_picture_downloads_nothing_unless_told_so(call, mirror, stranger, tmp_path):
    out = tmp_path / "again.png"
    for words in ((), ("--quiet",), ("--set", "steps=2"), ("--input", tmp_path / "a.png"), ("--set", f"model={NAME}")):
        result = call("rerun", stranger, out, *words)
        who = "--set" if f"model={NAME}" in words else f"The record in {stranger}"
        assert (result.exit_code, result.stdout, result.stderr) == (
            2,
            "",
            f"Error: {who} asks for the model {NAME}, whose weights {zoo.weights_of(NAME).file} "
            "(about 12.9 MB) are not on this machine: add --fetch to download them, or run `dreampipe models fetch "
            f"{NAME}`.\n",
        )
    assert (mirror.asked, out.exists(), store.folder().exists()) == ([], False, False)
    result = call("rerun", stranger, out, "--fetch")
    assert (result.exit_code, result.stdout) == (0, "the pixels are the same\n")
    assert f"Fetching {zoo.weights_of(NAME).file}, about 12.9 MB from " in result.stderr
    assert len(mirror.asked) == 1
    assert call("rerun", stranger, tmp_path / "third.png").exit_code == 0
    assert len(mirror.asked) == 1


def test_the_names_of_classes_are_not_downloaded_for_a_stranger_either(call, mirror, stranger, tmp_path):
    sidecar = tmp_path / "made.png.dream.json"
    held = json.loads(read_record(stranger))
    held["recipe"] |= {"model": "vgg16", "objective": "logit(goldfish)"}
    sidecar.write_text(json.dumps(held))
    result = call("rerun", sidecar, tmp_path / "again.png")
    assert (result.exit_code, mirror.asked) == (2, [])
    assert "asks for the model vgg16, whose weights " in result.stderr and " (about 553.4 MB) " in result.stderr
    changed = ("--set", "model=vgg16", "--set", "objective=logit(goldfish)")
    asked = call("rerun", stranger, tmp_path / "again.png", *changed)
    assert (asked.exit_code, mirror.asked) == (2, [])
    assert asked.stderr.startswith("Error: --set asks for the model vgg16, whose weights ")


@pytest.mark.parametrize(
    "words", [("dream", "a.png", "o.png"), ("zoom", "a.png", "o.mp4"), ("sheet", "a.png", "o.png")]
)
def test_a_recipe_s_file_downloads_nothing_unless_told_so(call, mirror, pictures, monkeypatch, words):
    monkeypatch.chdir(pictures)
    (pictures / "r.toml").write_text(f'model = "{NAME}"\nobjective = "conv_pw_3_relu"\noctaves = 1\nsteps = 0\n')
    result = call(*words, "--recipe", "r.toml")
    assert (result.exit_code, result.stderr.count("\n"), mirror.asked) == (2, 1, [])
    assert result.stderr.startswith(f"Error: The recipe r.toml asks for the model {NAME}, whose weights ")
    more = ("--size", "32") if words[0] == "sheet" else ("--seconds", "0.1") if words[0] == "zoom" else ()
    assert call(*words, "--recipe", "r.toml", "--fetch", *more).exit_code == 0
    assert len(mirror.asked) == 1


def test_a_model_that_the_user_names_is_downloaded_whatever_the_recipe(call, mirror, pictures, tmp_path):
    recipe = tmp_path / "r.toml"
    recipe.write_text('model = "vgg16"\noctaves = 1\nsteps = 0\n')
    words = ("--recipe", recipe, "--model", NAME, "--objective", "conv_pw_3_relu")
    assert call("dream", pictures / "a.png", tmp_path / "o.png", *words).exit_code == 0
    assert len(mirror.asked) == 1
