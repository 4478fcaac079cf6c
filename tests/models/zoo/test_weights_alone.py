"""Files of weights alone: both forms of them, heads of any size, and what is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from networks_of_keras import built, old, quietly, saved, whole

from dreampipe import models
from dreampipe.errors import ModelError
from dreampipe.models import imagenet, zoo
from dreampipe.models.zoo import fitting

SMALL = "mobilenet_v3_small"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    return saved(SMALL, tmp_path_factory.mktemp("small"))


@pytest.fixture
def path(small: tuple[Any, Path], tmp_path: Path) -> Path:
    """A copy of the weights, to be spoilt."""
    return Path(shutil.copy(small[1], tmp_path / "my.weights.h5"))


def same(card: models.Card, model: Any) -> None:
    for ours, theirs in zip(models.open_model(card).weights, model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def refusal(path: Path, name: str = SMALL) -> str:
    with pytest.raises(ModelError) as caught:
        models.card(name, weights=path)
    sentence = str(caught.value)
    assert sentence.startswith(f"The weights {path} are refused for ") and sentence.endswith(".")
    assert "\n" not in sentence and "Traceback" not in sentence
    return sentence


@pytest.mark.parametrize("form, name", [(whole, SMALL), (old, SMALL), (old, "convnext_tiny-notop")])
def test_the_old_form_is_read(form: Callable[..., Path], name: str, small: tuple[Any, Path], tmp_path: Path) -> None:
    model = small[0] if name == SMALL else built(name)
    same(models.card(name, weights=form(model, tmp_path)), model)


def test_the_file_says_whether_there_is_a_head(tmp_path: Path, path: Path) -> None:
    headless, other = saved(f"{SMALL}-notop", tmp_path)
    for asked in (SMALL, f"{SMALL}-notop"):
        card = models.card(asked, weights=other)
        assert (card.name, card.outputs, card.classes) == (f"{SMALL}-notop", 0, ())
        assert models.card(asked, weights=path).outputs == imagenet.COUNT
    same(card, headless)


def test_a_head_has_any_number_of_classes(tmp_path: Path) -> None:
    model, path = saved(SMALL, tmp_path, classes=7)
    card = models.card(SMALL, weights=path)
    assert (card.outputs, card.classes, card.layers[-1].channels) == (7, (), 7)
    assert models.open_model(card).output_shape == (None, 7)
    same(card, model)


def test_the_card_says_what_the_file_is(path: Path) -> None:
    card, published = models.card(SMALL, weights=str(path)), zoo.card(SMALL)
    assert (card.path, card.layers, card.least) == (path, published.layers, published.least)
    assert (card.download, card.licence) == (None, "")
    assert models.card(SMALL, "tf", weights=path).scaling == "tf" != published.scaling


def test_a_division_that_keras_builds_for_its_own_weights_alone_is_made(tmp_path: Path) -> None:
    """Keras' EfficientNet of ImageNet has one layer more, without weights: what it does is in ours, too."""
    base = built("efficientnet_b0-notop")
    base.layers[2].adapt_variance.assign([0.3, 0.5, 0.7])
    base.layers[2].finalize_state()

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        x = layer(*args, **kwargs)
        if isinstance(layer, keras.layers.Normalization):
            x = keras.layers.Rescaling([1 / d**0.5 for d in (0.229, 0.224, 0.225)], name="rescaling_1")(x)
        return x

    theirs = keras.models.clone_model(base, call_function=call)
    theirs.set_weights(base.get_weights())
    theirs.layers[2].finalize_state()
    image = np.random.default_rng(0).random((1, 64, 64, 3), np.float32) * 255

    def stem(model: Any) -> Any:
        return keras.Model(model.inputs[0], model.get_layer("stem_conv").output)(image)

    assert np.abs(stem(theirs) - stem(base)).max() > 0.1
    new = tmp_path / "b0.weights.h5"
    with quietly():
        theirs.save_weights(new)
    ours = models.open_model(models.card("efficientnet_b0-notop", weights=new))
    np.testing.assert_allclose(stem(ours), stem(theirs), atol=1e-4)
    told = [fitting.find_fit(path, "efficientnet_b0").rescaled for path in (new, old(theirs, tmp_path))]
    assert told == [True, True] and not fitting.find_fit(old(base, tmp_path), "efficientnet_b0").rescaled


def test_weights_of_another_architecture_are_refused_with_the_layer(small: tuple[Any, Path], tmp_path: Path) -> None:
    sentence = refusal(small[1], "mobilenet")
    assert "layer conv1 wants 3x3x3x32, but it holds 3x3x3x16 for conv1" in sentence
    assert "layer conv wants 3x3x3x16, but it holds" in refusal(old(built("mobilenet"), tmp_path))
    narrow = keras.applications.MobileNetV3Small(weights=None, alpha=0.75)
    with quietly():
        narrow.save_weights(tmp_path / "narrow.weights.h5")
    assert "wants 1x1x" in refusal(tmp_path / "narrow.weights.h5")


def linked(file: h5py.File) -> None:
    del file["layers/conv2d/vars/0"]
    file["layers/conv2d/vars/0"] = h5py.ExternalLink("other.h5", "/x")


def soft(file: h5py.File) -> None:
    del file["layers/conv2d/vars/0"]
    file["layers/conv2d/vars/0"] = h5py.SoftLink("/layers/conv2d_1/vars/0")


def elsewhere(file: h5py.File) -> None:
    del file["layers/conv2d/vars/0"]
    file.create_dataset("layers/conv2d/vars/0", (3, 3, 3, 16), "f4", external=[("/etc/hostname", 0, 1728)])


def texts(file: h5py.File) -> None:
    del file["layers/conv2d/vars/0"]
    file.create_dataset("layers/conv2d/vars/0", data=[b"os.system"], dtype=h5py.string_dtype())


def vast(file: h5py.File) -> None:
    del file["layers/conv2d/vars/0"]
    file.create_dataset("layers/conv2d/vars/0", (1 << 20, 1 << 20), "f4", chunks=(64, 64), compression="gzip")


def missing(file: h5py.File) -> None:
    del file["layers/conv2d/vars/0"]


def more(file: h5py.File) -> None:
    file["layers/dense/vars/0"] = np.zeros((3, 3), np.float32)


HOSTILE: dict[Callable[[h5py.File], None], str] = {
    linked: "point elsewhere (ExternalLink 'layers/conv2d/vars/0')",
    soft: "point elsewhere (SoftLink",
    elsewhere: "in another file",
    texts: "no array of numbers",
    vast: "declare 4398046511104 bytes",
    missing: "layer conv wants 3x3x3x16, but it holds nothing for conv",
    more: "it holds layers/dense/vars/0, which has no place there",
}


@pytest.mark.parametrize("spoil", HOSTILE, ids=lambda spoil: spoil.__name__)
def test_files_that_are_not_what_keras_writes_are_refused(spoil: Callable[[h5py.File], None], path: Path) -> None:
    with h5py.File(path, "r+") as file:
        spoil(file)
    assert HOSTILE[spoil] in refusal(path)


def test_files_that_are_no_weights_are_refused(path: Path, tmp_path: Path) -> None:
    assert "it cannot be read (No such file or directory): check the path" in refusal(tmp_path / "gone.h5")
    assert "it is no regular file" in refusal(tmp_path)
    path.write_bytes(path.read_bytes()[:50_000])
    assert "damaged" in refusal(path)
    path.write_bytes(b"PK\x03\x04" * 100)
    assert "it is a zip file" in refusal(path)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"conv", b"gone"]
        file.create_group("conv").attrs["weight_names"] = [b"kernel:0"]
    assert "damaged" in refusal(path) or "wants" in refusal(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.h5")
    assert "it is no regular file" in refusal(tmp_path / "pipe.h5")


def test_a_file_that_changes_after_its_card_is_refused(path: Path) -> None:
    card = models.card(SMALL, weights=path)
    with h5py.File(path, "r+") as file:
        file["layers/conv2d/vars/0"][0] = 1
    with pytest.raises(ModelError, match="it has changed since its card was made"):
        models.open_model(card)


def test_weights_go_into_named_architectures_alone(path: Path) -> None:
    for model in ("motifnet", "my.keras", "mobilenet_v3_smal"):
        with pytest.raises(ModelError, match=r"they go into one of keras.applications \(.*\): name its architecture"):
            models.card(model, weights=path)


def test_a_file_that_is_exchanged_between_check_and_use_changes_nothing(path: Path, tmp_path: Path) -> None:
    card = models.card(SMALL, weights=path)
    with h5py.File(path, "r") as file:
        expected = file["layers/conv2d/vars/0"][()]
    for exchange in (Path.unlink, lambda path: path.write_bytes(b"another file"), _filled_with_ones):
        original = path.read_bytes()
        with fitting.open_fitting(path, SMALL, card.sha256) as (fit, arrays):
            exchange(path)
            np.testing.assert_array_equal(next(arrays)[0], expected)
            assert (fit.sha256, sum(1 for _ in arrays)) == (card.sha256, len(fit.names) - 1)
        path.write_bytes(original)


def _filled_with_ones(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["layers/conv2d/vars/0"][...] = 1


def test_no_copy_of_weights_stays(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "private"))
    (tmp_path / "private").mkdir()
    models.open_model(models.card(SMALL, weights=path))
    with pytest.raises(ModelError, match="it has changed"), fitting.open_fitting(path, SMALL, "0" * 64):
        pass
    assert list((tmp_path / "private").iterdir()) == []


HOLDING = """
import sys
from pathlib import Path
from dreampipe.models.zoo import fitting
with fitting.open_fitting(Path(sys.argv[1]), sys.argv[2], sys.argv[3]):
    print("open", flush=True)
    input()
"""


def test_a_copy_of_weights_that_a_killed_process_left_is_swept(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(private))
    sha256 = models.card(SMALL, weights=path).sha256
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path), SMALL, sha256],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(private)},
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"open\n"
        process.kill()
    assert len(list(private.iterdir())) == 1
    with fitting.open_fitting(path, SMALL, sha256):
        assert len(list(private.iterdir())) == 1
    assert list(private.iterdir()) == []


def test_a_file_of_more_bytes_than_weights_have_is_refused_at_once(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(3 << 30)  # of which the system stores nothing
    assert "it has 3,221,225,472 bytes, but " in refusal(path)
