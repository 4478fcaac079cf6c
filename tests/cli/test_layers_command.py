"""`dreampipe layers`: the tree of a model, plain text that pipes well, and the same as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers

import dreampipe

COLUMNS = ["name", "layers", "channels", "size", "stride", "receptive field", "GFLOP", "recommended"]
Cells = dict[str, list[str]]


def rows(call: Any, *words: object) -> Cells:
    """The cells of each line by its name, from the second column on."""
    header, *lines = call("layers", *words).stdout.splitlines()
    assert header.replace("receptive field", "receptive_field").split() == [c.replace(" ", "_") for c in COLUMNS]
    return {cells[0]: cells[1:] for cells in (line.split(maxsplit=7) for line in lines)}


def test_the_ends_of_blocks_are_shown_with_their_numbers(call: Any) -> None:
    tree = rows(call, "motifnet")
    reason = "* sees 183 pixels: whole motifs"
    assert tree["mixed5"] == ["9", "304", "32x32", "16", "183", "11.2", reason]
    assert tree["logits"][1:5] == ["25", "-", "-", "-"]
    assert "mixed5_3x3" not in tree


def test_the_cost_of_a_step_is_four_operations_for_each_multiply_add(call: Any) -> None:
    """InceptionV3 to mixed5 at 512x512: 11.0 thousand million multiply-adds, so 44 GFLOP."""
    assert rows(call, "inception_v3")["mixed5"][5] == "44.0"


@pytest.mark.parametrize("model", ["motifnet", "vgg16", "mobilenet"])
def test_all_lists_each_layer_in_order_whatever_the_width(
    call: Any, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    tree = rows(call, model, "--all")
    card = dreampipe.card(model)
    assert [name for name in tree if not name.endswith(":")] == [layer.name for layer in card.layers]
    for layer in card.layers:
        _, channels, size, stride, field, _, *reason = tree[layer.name]
        assert [channels, stride, field] == [
            "-" if n is None else str(n) for n in (layer.channels, layer.stride, layer.receptive_field)
        ]
        assert size == ("x".join(map(str, layer.size)) if layer.size else "-")
        assert reason == [f"* {layer.recommended}" if layer.recommended else "-"]


@pytest.mark.parametrize("model", ["motifnet", "inception_v3", "mobilenet", "resnet50", "nasnet_mobile", "vgg16"])
def test_all_that_is_recommended_is_always_shown(call: Any, model: str) -> None:
    tree = rows(call, model)
    recommended = {layer.name: f"* {layer.recommended}" for layer in dreampipe.card(model).layers if layer.recommended}
    assert {name: cells[-1] for name, cells in tree.items() if cells[-1].startswith("*")} == recommended
    assert len(tree) < 50


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # keras reads its own variables in a way that numpy warns of
def test_people_are_told_for_which_picture_and_how_to_see_the_rest(call: Any, tmp_path: Path) -> None:
    told = call("layers", "motifnet").stderr
    assert "picture of 512x512." in told and "All 58 layers: dreampipe layers MODEL --all." in told
    model = keras.Sequential(
        [keras.Input((40, 48, 3)), layers.Conv2D(2, 3, name="conv2d"), layers.Flatten(), layers.Dense(5, name="dense")]
    )
    model.save(tmp_path / "own.keras")
    result = call("layers", tmp_path / "own.keras")
    assert "picture of 40x48, the only size that it takes." in result.stderr
    assert "--all" not in result.stderr
    tree = rows(call, tmp_path / "own.keras")
    assert tree["conv2d"][2] == "38x46"
    assert tree["dense"][5] == f"{4 * (38 * 46 * 2 * (27 + 5)) / 1e9:.2f}"


def test_layers_of_a_file(call: Any, tiny_model: Path) -> None:
    tree = rows(call, tiny_model)
    assert tree["first"][1:5] == ["8", "512x512", "1", "3"]
    assert tree["second"][1:5] == ["12", "256x256", "2", "5"]
    assert tree["third"][1:5] == ["16", "256x256", "2", "9"]
    assert tree["probabilities"][1:5] == ["5", "-", "-", "-"]


def test_json_is_a_line_for_each_layer(call: Any) -> None:
    known = [json.loads(line) for line in call("layers", "motifnet", "--json").stdout.splitlines()]
    card = dreampipe.card("motifnet")
    assert [each["name"] for each in known] == [layer.name for layer in card.layers]
    assert [each["cost"] for each in known] == [layer.cost for layer in card.layers]
    assert known[-1]["size"] is None
