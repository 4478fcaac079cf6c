"""Recipes and records that name layers as dreampipe once did, when it counted automatic names again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dreampipe.media import sidecar_of

SAME = "the pixels are the same\n"


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose two convolutions Keras named after it had built another: once they were conv2d and conv2d_1."""
    import keras
    from known import known

    keras.utils.set_random_seed(3)
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="tanh", name="conv2d_1")(image)
    path = tmp_path / "counted.keras"
    keras.Model(image, keras.layers.Conv2D(4, 3, padding="same", name="conv2d_2")(x)).save(path)
    monkeypatch.chdir(tmp_path)
    return known(path)


@pytest.fixture
def dreamed(call: Any, counted: Path, pictures: Path, tmp_path: Path) -> Path:
    out = tmp_path / "out.bmp"
    words = ("--model", counted, "--scaling", "unit", "--octaves", "1", "--steps", "2", "--objective", "conv2d_2")
    result = call("dream", pictures / "a.png", out, *words)
    assert (result.exit_code, "once called" in result.stderr) == (0, False)
    return out


def rewrite(out: Path, objective: str, names: str | None) -> None:
    """Change what the record says of layers."""
    sidecar = sidecar_of(out)
    held = json.loads(sidecar.read_text())
    assert held["model"].pop("names") == "file"
    held["recipe"]["objective"] = objective
    held["model"] |= {"names": names} if names else {}
    sidecar.write_text(json.dumps(held))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # keras reads its own variables in a way that numpy warns of
def test_a_record_of_an_earlier_version_climbs_the_layer_that_it_meant(call, dreamed, tmp_path):
    rewrite(dreamed, "conv2d_1", None)
    result = call("rerun", dreamed, tmp_path / "again.bmp")
    assert (result.exit_code, SAME in result.stdout + result.stderr) == (0, True)
    note = "The record names layers as dreampipe once did; in the file, conv2d_1 is conv2d_2."
    assert note in " ".join(result.stderr.split())
    held = json.loads(sidecar_of(tmp_path / "again.bmp").read_text())
    assert (held["recipe"]["objective"], held["model"]["names"]) == ("conv2d_2", "file")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_record_of_today_climbs_the_layer_of_that_name(call, dreamed, tmp_path):
    result = call("rerun", dreamed, tmp_path / "again.bmp")
    assert (result.exit_code, SAME in result.stdout + result.stderr) == (0, True)
    assert "once did" not in result.stderr
    rewrite(dreamed, "conv2d_1", "file")
    result = call("rerun", dreamed, tmp_path / "other.bmp")
    assert SAME not in result.stdout + result.stderr and "once did" not in result.stderr


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_recipe_with_a_name_that_once_meant_another_layer_is_told_so(call, counted, pictures, tmp_path):
    words = ("--model", counted, "--scaling", "unit", "--octaves", "1", "--steps", "1", "--objective")
    result = call("dream", pictures / "a.png", tmp_path / "a.png", *words, "conv2d_1")
    told = " ".join(result.stderr.split())
    assert result.exit_code == 0 and "dreampipe once called its layer conv2d_2 so" in told
    result = call("dream", pictures / "a.png", tmp_path / "b.png", *words, "conv2d")
    told = " ".join(result.stderr.split())
    assert result.exit_code == 2 and "once called layer 'conv2d_1' so: write conv2d_1." in told
