"""A model file is opened in a process of its own the first time: honest ones once, and bad ones take nothing down."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import psutil
import pytest
from keras import layers
from networks import saved as saved_and_known

from dreampipe import models
from dreampipe.errors import ModelError
from dreampipe.models.own import probing, seen

AT_ONCE = probing.Allowance(seconds=0.01)
"""Less than any process takes: whoever passes with this has not begun one."""


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store of weights."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


@pytest.fixture
def saved(tmp_path: Path, store: Path) -> Callable[..., Path]:
    """`saved(layers, {old: new})`: a file of these layers that nobody has seen, text of its configuration replaced."""

    def made(*chain: Any, changes: Mapping[str, str] | None = None) -> Path:
        path = saved_and_known(keras.Sequential([keras.Input((None, None, 3)), *chain]), tmp_path / "m.keras")
        seen.file().unlink()
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        for old, new in (changes or {}).items():
            assert old.encode() in members["config.json"]
            members["config.json"] = members["config.json"].replace(old.encode(), new.encode())
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return path

    return made


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refused(path: Path, reason: str, allowance: probing.Allowance = probing.ALLOWANCE) -> None:
    before = psutil.Process().children()  # of other tests
    with pytest.raises(ModelError, match=reason) as caught:
        probing.prove(path, sha256(path), allowance=allowance)
    assert str(caught.value).startswith(f"The model {path} is refused: ")
    assert "\n" not in str(caught.value)
    assert not seen.knows(sha256(path))
    assert set(psutil.Process().children()) <= set(before)


def test_a_new_file_is_opened_apart_once(saved: Callable[..., Path]) -> None:
    path = saved(layers.Conv2D(2, 3))
    refused(path, "in a process of its own, it did not end within 0.01 seconds", AT_ONCE)
    model = models.open_model(models.card(path))
    assert model.count_params() == 56
    probing.prove(path, sha256(path), allowance=AT_ONCE)
    refused(saved(layers.Conv2D(3, 3)), "did not end", AT_ONCE)


def test_a_file_that_was_written_again_in_place_is_read_again(saved: Callable[..., Path]) -> None:
    path = saved(layers.Conv2D(2, 3, name="first"))
    first, before = models.card(path), path.stat()
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name).replace(b'"first"', b'"other"') for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_ino, path.stat().st_size) == (before.st_ino, before.st_size)
    second = models.card(path)
    assert second.sha256 == sha256(path) != first.sha256
    assert [card.layers[-1].name for card in (first, second)] == ["first", "other"]


def test_a_decoder_is_opened_apart_as_a_decoder(saved: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / "decoder.keras"
    drawing = [layers.Dense(48), layers.Reshape((4, 4, 3))]
    saved_and_known(keras.Sequential([keras.Input((6,)), *drawing]), path)
    seen.file().unlink()
    models.open_decoder(models.decoder(path))
    assert seen.knows(sha256(path), "decoder") and not seen.knows(sha256(path), "model")


@pytest.mark.slow
def test_a_model_that_wants_more_memory_than_it_may_have_is_refused(saved: Callable[..., Path]) -> None:
    """Forty gigabytes of weights, of which the file holds next to none. TensorFlow waits ten seconds for them."""
    wide = {'"units": 2': '"units": 100000', "[null, null, null, 2]": "[null, null, null, 100000]"}
    refused(saved(layers.Dense(2), layers.Dense(2), changes=wide), "it wants more memory than there is for it")


@pytest.mark.slow
def test_a_picture_that_grows_beyond_all_memory_is_refused(saved: Callable[..., Path]) -> None:
    """TensorFlow waits a while for memory to come free before it gives up."""
    path = saved(layers.Conv2D(4, 1), layers.UpSampling2D(1024), layers.UpSampling2D(1024))
    refused(path, r"it wanted more than 6\.4 GB of memory")


@pytest.mark.slow
def test_a_model_that_computes_for_ever_is_ended(saved: Callable[..., Path]) -> None:
    wide = [layers.Conv2D(64, 9, padding="same") for _ in range(40)]
    path = saved(layers.Conv2D(4, 1), layers.UpSampling2D(1024), *wide)
    refused(path, "it did not end within 20 seconds", probing.Allowance(seconds=20))


def test_what_the_process_finds_is_told_in_its_words(saved: Callable[..., Path]) -> None:
    refused(saved(layers.Conv2D(2, 3), changes={'"filters": 2': '"filters": 3'}), "Keras cannot build it")


def test_a_fixed_size_is_tried_at_that_size(tmp_path: Path, store: Path) -> None:
    flat = [layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)]
    path = saved_and_known(keras.Sequential([keras.Input((21, 34, 3)), *flat]), tmp_path / "m.keras")
    seen.file().unlink()
    probing.prove(path, sha256(path))
    assert seen.knows(sha256(path))


def test_a_declared_size_that_no_layer_needs_is_not_held_against_a_model(tmp_path: Path, store: Path) -> None:
    """As of EfficientNetV2L, which declares 480x480 and takes all sizes."""
    pooled = [layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    path = saved_and_known(keras.Sequential([keras.Input((480, 470, 3)), *pooled]), tmp_path / "m.keras")
    seen.file().unlink()
    assert models.card(path).fixed is None
    probing.prove(path, sha256(path))
    assert seen.knows(sha256(path))


def test_what_is_built_in_is_not_opened_apart(store: Path) -> None:
    models.open_model(models.card("motifnet"))
    assert not seen.file().exists()


class TestSeen:
    def test_it_lies_beside_the_weights(self, store: Path) -> None:
        seen.note("a" * 64)
        assert seen.file() == store / ".dreampipe-seen.jsonl"
        assert seen.knows("a" * 64)
        assert not seen.knows("b" * 64) and not seen.knows("a" * 64, "decoder") and not seen.knows("")

    def test_another_version_has_seen_nothing(self, store: Path) -> None:
        seen.note("a" * 64)
        line = json.loads(seen.file().read_text())
        assert set(line) == {"sha256", "as", "keras", "tensorflow"}
        seen.file().write_text(json.dumps({**line, "keras": "3.0.0"}) + "\n")
        assert not seen.knows("a" * 64)

    def test_a_damaged_file_has_seen_what_is_left(self, store: Path) -> None:
        seen.note("a" * 64)
        seen.file().write_bytes(b"\xff{\n" + seen.file().read_bytes() + b'{"sha256": "bbb')
        assert seen.knows("a" * 64) and not seen.knows("bbb")

    def test_a_long_list_keeps_its_newest(self, store: Path) -> None:
        seen.note("a" * 64)
        line = seen.file().read_bytes()
        names = [f"{number:064x}" for number in range(1000)]
        seen.file().write_bytes(b"".join(line.replace(b"a" * 64, name.encode()) for name in names))
        assert seen.knows(names[-1])
        seen.note("b" * 64)
        assert seen.file().stat().st_size < 1 << 16
        known = [seen.knows(name) for name in names]
        assert known[-1] and not known[0] and known == sorted(known)
        assert seen.knows("b" * 64)
        left = [json.loads(line) for line in seen.file().read_text().splitlines()]
        assert all(set(line) == {"sha256", "as", "keras", "tensorflow"} for line in left)

    def test_processes_that_note_at_once_leave_whole_lines(self, store: Path) -> None:
        seen.note("a" * 64)
        seen.file().write_bytes(seen.file().read_bytes() * 450)  # the list gets too long meanwhile
        program = (
            "import sys; from dreampipe.models.own.seen import note; [note(sys.argv[1] * 63 + d) for d in '01234567']"
        )
        running = [subprocess.Popen([sys.executable, "-c", program, digit]) for digit in "bcd"]
        assert [process.wait() for process in running] == [0, 0, 0]
        lines = [json.loads(line) for line in seen.file().read_text().splitlines()]
        assert {line["as"] for line in lines} == {"model"}
        assert seen.knows(lines[-1]["sha256"])

    def test_a_store_that_cannot_be_written_remembers_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
        seen.note("a" * 64)
        assert not seen.knows("a" * 64)


def test_what_has_been_seen_is_not_noted_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    victim = tmp_path / "precious.txt"
    victim.write_bytes(b"precious")
    seen.file().parent.mkdir(parents=True)
    seen.file().symlink_to(victim)
    seen.note("a" * 64)
    assert victim.read_bytes() == b"precious"
    seen.file().unlink()
    seen.note("a" * 64)
    assert seen.knows("a" * 64)
