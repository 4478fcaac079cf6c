"""Blocks of layers, told by their names: the trees of known models, and that no layer is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreampipe import models
from dreampipe.models.graphs.blocks import Block, Line, blocks, outline
from dreampipe.models.model_card import Layer

KINDS = ("Conv2D", "Activation", "Add", "Concatenate", "MaxPooling2D")
NAMES = st.from_regex(r"[ab](_?[0-9c]){0,3}", fullmatch=True)
COUNTED = st.sampled_from(["conv2d", "conv2d_1", "activation_7", "add_2", "concatenate", "max_pooling2d_3"])
WITHIN = st.sampled_from([(), ("m",), ("m", "n"), ("k",)])
LAYERS = st.builds(
    Layer,
    name=NAMES | COUNTED,
    kind=st.sampled_from(KINDS),
    channels=st.just(3),
    stride=st.sampled_from([None, 1, 2, 4]),
    receptive_field=st.just(9),
    recommended=st.sampled_from(["", "", "good"]),
    within=WITHIN,
)


def flat(parts: tuple[Block | Layer, ...]) -> list[Layer]:
    return [layer for part in parts for layer in (part.layers if isinstance(part, Block) else (part,))]


@given(st.lists(LAYERS, max_size=80))
def test_no_layer_is_lost_doubled_or_moved(layers: list[Layer]) -> None:
    assert flat(blocks(layers)) == layers
    assert [line.layer for line in outline(layers, whole=True) if line.layer] == layers


@given(st.lists(LAYERS, max_size=80, unique_by=lambda layer: layer.name))
def test_what_is_recommended_is_shown_and_all_are_counted(layers: list[Layer]) -> None:
    lines = list(outline(layers))
    shown = [line.layer for line in lines if line.layer]
    assert len(set(shown)) == len(shown)
    assert {layer for layer in layers if layer.recommended} <= set(shown)
    top = [line for line in lines if line.depth == 0]
    assert sum(line.count for line in top) == len(layers)


def lines(model: str) -> list[tuple[int, str, int]]:
    return [(line.depth, line.name, line.count) for line in outline(models.card(model).layers)]


def test_branches_are_joined_by_the_layer_with_a_name() -> None:
    shown = lines("inception_v3")
    assert shown[0] == (0, "max_pooling2d", 10)  # the stem, up to where the whole grid is pooled
    assert (0, "mixed3", 14) in shown  # with a pooling of one branch
    assert (0, "mixed5", 32) in shown


def test_blocks_stand_in_their_stages() -> None:
    shown = lines("resnet50")
    start = shown.index((0, "conv2:", 32))
    assert shown[start + 1 : start + 4] == [(1, f"conv2_block{n}_out", 10 + 2 * (n == 1)) for n in (1, 2, 3)]
    assert (0, "conv1_relu", 4) in shown


def test_a_block_ends_where_its_branches_meet_or_with_its_last_layer() -> None:
    assert (0, "mixed5", 9) in lines("motifnet")
    assert (0, "conv_pw_3_relu", 3) in lines("mobilenet")
    assert (0, "normal_concat_1", 45) in lines("nasnet_mobile")  # whose names do not begin with their block's


def test_an_addition_without_a_name_ends_the_block_before_it() -> None:
    assert lines("xception")[1] == (0, "add", 9)


def test_a_model_within_is_a_block() -> None:
    def layer(name: str, *within: str) -> Layer:
        return Layer(name, "Conv2D", 4, 1, 3, within=within)

    found = outline([layer("a"), layer("b1_x", "base"), layer("b1_y", "base"), layer("c")])
    assert [(line.depth, line.name) for line in found] == [(0, "a"), (0, "base:"), (1, "b1_x"), (1, "b1_y"), (0, "c")]


def test_a_small_model_is_shown_whole() -> None:
    found = list(outline(models.card("vgg16").layers))
    assert [line.layer for line in found if line.layer] == list(models.card("vgg16").layers)
    assert Line(0, "block1:", 3) in found


@pytest.mark.parametrize("name", ["densenet201", "efficientnet_v2_l", "nasnet_large", "resnet152", "convnext_xlarge"])
def test_the_largest_models_are_still_readable(name: str) -> None:
    assert len(lines(name)) <= 112
