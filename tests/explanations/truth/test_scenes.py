"""A scene is its number; each of its parts can change, and nothing else does."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.explanations.truth.attributes import ATTRIBUTES
from dreampipe.explanations.truth.scenes import Scene, compose, render_attribute
from dreampipe.models.motifnet.renderer import NOTHING

SMALL = (48, 96)
_BLUR = np.ones((17, 17), np.uint8)
"""The touch of blur of the camera reaches at most 8 pixels."""


def changed(one: Scene, other: Scene) -> np.ndarray:
    return np.asarray((one.render().pixels != other.render().pixels).any(axis=2))


def around(*masks: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.dilate(np.max(masks, axis=0), _BLUR) > 0)


@settings(max_examples=12, deadline=None)
@given(number=st.integers(0, 10**9), motifs=st.integers(2, 4), height=st.integers(64, 120), width=st.integers(64, 120))
def test_a_number_is_one_scene_of_any_size(number: int, motifs: int, height: int, width: int) -> None:
    scene = compose(number, (height, width), motifs)
    first, again = scene.render(), compose(number, (height, width), motifs).render()
    assert np.array_equal(first.pixels, again.pixels) and np.array_equal(first.masks, again.masks)
    assert first.pixels.shape == (height, width, 3) and first.masks.shape == (motifs, height, width)
    assert np.array_equal(first.pixels * 255, np.rint(first.pixels * 255))  # as a picture file of 8 bits has it
    assert len({part.label for part in scene.parts}) == motifs and NOTHING not in {p.label for p in scene.parts}
    assert first.masks.sum(axis=0).max() <= 1 + 1e-5
    assert min((first.masks > 0.5).mean(axis=(1, 2))) > 0.008
    assert not np.array_equal(first.pixels, compose(number + 1, (height, width), motifs).render().pixels)


@pytest.mark.parametrize("number", range(4))
def test_only_the_part_changes(number: int) -> None:
    scene = compose(number, SMALL)
    mask = scene.render().masks[1]
    moved = scene.moved(1)
    for variant, seen in (
        (scene.without(1), (mask,)),
        (scene.recoloured(1), (mask,)),
        (moved, (mask, moved.render().masks[1])),
    ):
        found = changed(scene, variant)
        assert found[mask > 0.9].mean() > 0.5
        assert not found[~around(*seen)].any()


@pytest.mark.parametrize("mark", ATTRIBUTES)
@pytest.mark.parametrize("number", range(2))
def test_an_attribute_changes_the_motif_alone(number: int, mark: str) -> None:
    scene = compose(number, SMALL)
    mask, found = scene.render().masks[1], changed(scene, scene.marked(1, mark))
    assert found[mask > 0.9].mean() > 0.9
    assert not found[~around(mask)].any()
    assert not changed(scene, scene.marked(1, mark).marked(1, "")).any()


def test_attributes_are_what_their_names_say() -> None:
    for name in ATTRIBUTES:
        given, without = render_attribute(name, range(6), 64)
        assert given.shape == without.shape == (6, 64, 64, 3)
        change = given - without
        means = change.mean((0, 1, 2))
        if name in ("red", "green", "blue"):
            assert means.argmax() == ("red", "green", "blue").index(name)
        else:  # some of the motif becomes light and some dark, and none of it coloured
            seen = np.abs(change).max(axis=3) > 0.05
            assert (change.mean(axis=3)[seen] > 0).mean() > 0.2 and (change.mean(axis=3)[seen] < 0).mean() > 0.2
            assert np.ptp(means) < 0.05


def test_a_part_keeps_its_look_when_others_go_or_come() -> None:
    scene = compose(3, SMALL).patched()
    assert [part.label == NOTHING for part in scene.parts] == [True, False, False]
    assert not changed(scene.recoloured(2).without(0), compose(3, SMALL).recoloured(1)).any()
    assert not changed(scene.moved(1).without(0).without(1), compose(3, SMALL).moved(0).without(1)).any()


@pytest.mark.parametrize("number", range(4))
def test_a_patch_is_behind_the_motifs_and_is_seen(number: int) -> None:
    scene = compose(number, SMALL)
    before, after = scene.render(), scene.patched().render()
    assert np.array_equal(before.masks, after.masks[1:])
    assert (after.masks[0] > 0.5).mean() > 0.005
    assert not changed(scene, scene.patched())[~around(after.masks[0])].any()


def test_other_scenery_leaves_the_motifs() -> None:
    scene = compose(5, SMALL)
    found = changed(scene, scene.on(1, "sea"))
    masks = scene.render().masks
    assert not found[cv2.erode(masks.max(axis=0), _BLUR) > 0.999].any()
    assert found[~around(*masks)].mean() > 0.9


def test_classes_are_chosen_from_those_given() -> None:
    assert {part.label for n in range(6) for part in compose(n, SMALL, classes=(4, 17)).parts} == {4, 17}


@pytest.mark.parametrize(
    ("size", "motifs", "classes", "said"),
    [((48, 48), 2, range(5), "do not fit"), ((96, 96), 3, (1, 2), "3 motifs"), ((96, 96), 0, (1,), "0 motifs")],
)
def test_what_cannot_be_composed_is_refused(size: tuple[int, int], motifs: int, classes: range, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compose(0, size, motifs, classes)
