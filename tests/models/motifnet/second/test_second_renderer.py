"""A picture of the second edition is its number, and every class is drawn whole and unlike the others."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.models.motifnet.second.bodies import Body, turned
from dreampipe.models.motifnet.second.classes import CLASSES, MOTIFS, NOTHING
from dreampipe.models.motifnet.second.light import draw_light, shade
from dreampipe.models.motifnet.second.parts import look
from dreampipe.models.motifnet.second.places import PLACES
from dreampipe.models.motifnet.second.renderer import SIZE, render, render_many

motifs = pytest.mark.parametrize("name", MOTIFS)


def drawn(name: str, seed: int, pixels: int = 48) -> tuple[Body, np.ndarray, np.ndarray]:
    """One motif alone: its body, its lit picture and its mask."""
    rng, motif = np.random.default_rng(seed), MOTIFS[name]
    axis = np.linspace(-1.1, 1.1, pixels, dtype=np.float32)
    body = Body(axis, axis, look(rng, motif.yaw, motif.pitch, motif.roll))
    motif.draw(rng, body)
    return body, *shade(body, draw_light(rng))


def test_there_are_40_to_60_classes_and_nothing_is_the_last() -> None:
    assert 40 <= len(CLASSES) <= 60
    assert list(CLASSES) == [*MOTIFS, "nothing"]
    assert CLASSES[NOTHING] == "nothing"
    assert all(name.isidentifier() and name.islower() for name in CLASSES)


@settings(max_examples=10, deadline=None)
@given(number=st.integers(0, 10**9), seed=st.integers(0, 10**6))
def test_a_number_and_a_seed_are_one_picture(number: int, seed: int) -> None:
    first, again = render(number, seed, 40), render(number, seed, 40)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.mask, again.mask)
    assert first.label == again.label == number % len(CLASSES)
    assert first.name == CLASSES[first.label]
    assert not np.array_equal(first.pixels, render(number, seed + 1, 40).pixels)
    assert not np.array_equal(first.pixels, render(number + len(CLASSES), seed, 40).pixels)


def test_a_picture_does_not_depend_on_those_rendered_with_it() -> None:
    numbers = [*range(0, len(CLASSES), 5), 300, 301, 20]
    pixels, labels = render_many(numbers, seed=5, size=32)
    back, _ = render_many(numbers[::-1], seed=5, size=32)
    assert np.array_equal(pixels, back[::-1])
    assert np.array_equal(pixels[4], pixels[-1])
    assert labels.tolist() == [n % len(CLASSES) for n in numbers]
    assert labels.dtype == np.int32


def test_a_fresh_process_draws_the_same_pictures() -> None:
    """No draw leaves anything in the textures that a process keeps."""
    program = (
        "import sys, hashlib\n"
        "from dreampipe.models.motifnet.second.renderer import render\n"
        "print(hashlib.sha256(b''.join(render(n, 3, 32).pixels.tobytes() for n in (59, 4, 46))).hexdigest())\n"
        "print(*{'tensorflow', 'keras'} & set(sys.modules))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    here = hashlib.sha256(b"".join(render(n, 3, 32).pixels.tobytes() for n in (59, 4, 46))).hexdigest()
    assert ran.stdout.split("\n")[:2] == [here, ""]


@motifs
def test_every_motif_is_a_lit_body_in_range(name: str) -> None:
    for seed in range(2):
        body, picture, mask = drawn(name, seed)
        for buffer in (body.z, body.normal, body.colour, body.gloss, body.bump, picture):
            assert np.isfinite(buffer).all()
        assert picture.min() >= 0
        assert picture.max() <= 1
        assert set(np.unique(mask)) <= {0.0, 1.0}
        assert 0.08 < mask.mean() <= 1
        assert (mask.mean() == 1) == MOTIFS[name].fills
        light = picture[mask > 0].mean(-1)
        assert light.max() - light.min() > 0.15


@motifs
def test_every_motif_changes_with_chance(name: str) -> None:
    pictures = [drawn(name, seed, 32)[1] for seed in range(2)]
    assert np.abs(pictures[0] - pictures[1]).mean() > 0.01


def test_motifs_differ_from_each_other_under_the_same_chance() -> None:
    pictures = {name: np.stack([drawn(name, seed, 32)[1] for seed in (0, 1)]) for name in MOTIFS}
    for one, other in combinations(MOTIFS, 2):
        assert np.abs(pictures[one] - pictures[other]).mean() > 0.015, (one, other)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_every_place_is_a_picture(place: object) -> None:
    for seed in range(4):
        picture = place(np.random.default_rng(seed), 50)  # type: ignore[operator]
        assert picture.shape == (50, 50, 3)
        assert np.isfinite(picture).all()
        assert picture.std() > 0.005


def test_the_mask_is_where_the_motif_is() -> None:
    for example in (render(n, seed=1, size=32) for n in range(len(CLASSES))):
        share = np.mean(example.mask > 127)
        motif = MOTIFS.get(example.name)
        assert share == 0 if motif is None else share > 0.04
        assert motif is None or not motif.fills or share == 1


@settings(max_examples=8, deadline=None)
@given(size=st.integers(24, 120), number=st.integers(0, 10**6))
def test_any_size_is_rendered(size: int, number: int) -> None:
    for n in (number, NOTHING + number * len(CLASSES)):
        example = render(n, size=size)
        assert example.pixels.shape == (size, size, 3)
        assert example.mask.shape == (size, size)
        assert example.pixels.std() > 0
    assert render(0).pixels.shape[0] == SIZE


@settings(max_examples=30, deadline=None)
@given(angles=st.tuples(*[st.floats(-3, 3)] * 3), radius=st.floats(0.3, 0.8))
def test_a_sphere_is_a_sphere_from_every_side(angles: tuple[float, float, float], radius: float) -> None:
    axis = np.linspace(-1, 1, 41, dtype=np.float32)
    body = Body(axis, axis, turned(*angles))
    body.ellipsoid((0, 0, 0), (radius,) * 3, np.ones(3, np.float32))
    left = radius**2 - axis[None, :] ** 2 - axis[:, None] ** 2
    inside = left > 0.02
    assert np.array_equal(body.mask[np.abs(left) > 1e-4], (left > 0)[np.abs(left) > 1e-4])
    assert body.z[inside] == pytest.approx(np.sqrt(left[inside]), abs=1e-4)
    x, y, z = body.points()
    assert np.hypot(np.hypot(x, y), z)[inside] == pytest.approx(radius, abs=1e-4)
    outward = np.stack([*np.broadcast_arrays(axis[None, :], axis[:, None]), np.sqrt(np.maximum(left, 0))], -1) / radius
    assert body.normal[inside] == pytest.approx(outward[inside], abs=1e-3)


def test_the_nearer_part_hides_the_other_in_either_order() -> None:
    axis = np.linspace(-1, 1, 21, dtype=np.float32)
    red, blue = np.float32([1, 0, 0]), np.float32([0, 0, 1])
    for parts in (((0.0, red), (0.5, blue)), ((0.5, blue), (0.0, red))):
        body = Body(axis, axis, np.eye(3))
        for z, colour in parts:
            body.ellipsoid((0, 0, z), (0.3, 0.3, 0.3), colour)
        assert np.array_equal(body.colour[10, 10], blue)


def test_a_tube_is_as_thick_as_its_radii_and_measures_its_length() -> None:
    axis = np.linspace(-1, 1, 201, dtype=np.float32)
    body = Body(axis, axis, np.eye(3))
    body.tube([(-0.8, 0, 0), (0, 0, 0), (0.8, 0, 0)], [0.2, 0.2, 0.4], np.ones(3, np.float32))
    thick = body.mask.sum(0) * 0.01
    assert thick[40] == pytest.approx(0.4, abs=0.03)
    assert thick[140] == pytest.approx(0.6, abs=0.03)
    assert body.along[100, 40] == pytest.approx(0.2, abs=0.01)
    assert body.along[100, 150] == pytest.approx(1.3, abs=0.01)
    assert body.z[100, 40] == pytest.approx(0.2, abs=1e-3)


def test_a_mirrored_view_mirrors_the_plane_and_turns_nothing_upside_down() -> None:
    axis = np.linspace(-1, 1, 5, dtype=np.float32)
    u, v = Body(axis, axis, np.eye(3)).plane()
    mirrored_u, mirrored_v = Body(axis, axis, np.diag([-1.0, 1, 1])).plane()
    assert np.allclose(mirrored_u, -u)
    assert np.allclose(mirrored_v, v)


def test_the_side_towards_the_light_is_the_bright_one() -> None:
    axis = np.linspace(-1, 1, 61, dtype=np.float32)
    for seed in range(6):
        light = draw_light(np.random.default_rng(seed))
        body = Body(axis, axis, np.eye(3))
        body.ellipsoid((0, 0, 0), (0.8,) * 3, np.full(3, 0.5, np.float32), gloss=0.0)
        picture, mask = shade(body, light)
        facing = body.normal @ light.towards
        bright = picture.mean(-1)
        assert bright[(facing > 0.9) & (mask > 0)].mean() > 1.3 * bright[(facing < 0) & (mask > 0)].mean()
