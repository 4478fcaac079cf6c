"""Tiles: every pixel in one core, and every score and step as if the model had seen the whole picture."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from small import Make, deep, how, root

import dreampipe
from dreampipe.ascent import Ascent, Octaves
from dreampipe.ascent.fitting import LEAST, SPARE, choose, halve, is_shelved
from dreampipe.ascent.optimizers import Momentum
from dreampipe.ascent.parameterizations import Fourier, Luminance, Parameterization, Pixels
from dreampipe.ascent.shaping import (
    Deviation,
    Laplacian,
    Local,
    MeanAbsolute,
    Shaping,
    Smooth,
    Standard,
)
from dreampipe.ascent.tiles import Grid, sight
from dreampipe.ascent.transforms import Crop, Flip, Jitter, Pad
from dreampipe.errors import ModelError, RecipeError
from dreampipe.frames import Frame
from dreampipe.models import Card, card
from dreampipe.objectives import Objective
from dreampipe.objectives.forms import FORMS

Array = np.ndarray[Any, Any]
SIDE = 120
"""Of tiles in the small network, whose places see 9 pixels around each."""
CLOSE = 1e-4
"""The largest difference from the untiled gradient, over its largest value."""


@given(
    height=some.integers(1, 700),
    width=some.integers(1, 700),
    side=some.integers(64, 300),
    stride=some.sampled_from([1, 2, 8, 16]),
    halo=some.integers(0, 3),
    least=some.integers(1, 128),
    seed=some.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_every_pixel_is_in_one_core_with_its_halo_around_it(
    height: int, width: int, side: int, stride: int, halo: int, least: int, seed: int
) -> None:
    grid = Grid(side, halo * stride, stride, halo * stride, least)
    cores = np.zeros((height, width), int)
    tiles = grid.tiles((height, width), np.random.default_rng(seed))
    assert len(tiles) <= grid.count((height, width))
    for tile in tiles:
        cores[tile.core] += 1
        rows, columns = tile.window
        assert (rows.stop - rows.start) * (columns.stop - columns.start) <= grid.largest((height, width))
        for span, length in ((tile.rows, height), (tile.columns, width)):
            assert span.first % stride == (length - span.stop) % stride == 0
            assert span.first <= max(0, span.begin - grid.halo) and min(length, span.end + grid.halo) <= span.stop
            assert min(least, length) <= span.stop - span.first
            assert span.stop - span.first <= max(grid.side, grid.core + 2 * grid.halo + stride, least + 2 * stride)
    assert (cores == 1).all()


@given(height=some.integers(1, 3000), width=some.integers(1, 3000), side=some.integers(150, 700))
@settings(max_examples=60, deadline=None)
def test_a_picture_is_cut_into_as_few_tiles_as_can_cover_it(height: int, width: int, side: int) -> None:
    """Neighbouring tiles have two halos in common; a tile keeps two strides for its place, and one to move by."""
    grid = Grid(side, 24, 8, reach=24)
    fewest = 1
    for length in (height, width):
        fewest *= next(n for n in range(1, 99) if length <= (side if n == 1 else n * (side - 24) - (n - 1) * 48))
    assert grid.count((height, width)) <= fewest
    # A picture that is longer along one axis only is cut along that one.
    assert grid.count((side, 2 * side - 96)) == 2


def test_the_tiles_move_from_step_to_step_and_are_the_same_for_the_same_seed() -> None:
    grid = Grid(128, 16, 8, reach=16)
    first, other, again = (grid.tiles((500, 400), np.random.default_rng(seed)) for seed in (1, 2, 1))
    assert first == again != other


def test_tiles_that_stay_have_few_sizes_because_each_is_compiled() -> None:
    grid = Grid(128, 16, 8, reach=16, moves=False)
    first, other = (grid.tiles((1000, 900), np.random.default_rng(seed)) for seed in (1, 2))
    sizes = {tuple(part.stop - part.first for part in (tile.rows, tile.columns)) for tile in first}
    assert first == other and len(first) > 50 and len(sizes) <= 9


def photo(height: int = 203, width: int = 330) -> Array:
    rows, columns = np.mgrid[:height, :width]
    waves = np.stack([np.sin(rows / 9), np.cos(columns / 13), np.sin((rows + columns) / 31)], axis=-1)
    noise = np.random.default_rng(5).random((height, width, 3))
    return (0.5 + 0.2 * waves + 0.2 * (noise - 0.5)).astype(np.float32)


def both(card: Card, objective: str, image: Array, side: int, **settings: Any) -> tuple[Array, Array]:
    """What a step moves, untiled and in tiles."""
    given = {"jitter": 7, "steps": 1, "step_size": 0.01, **settings}
    ascent = Ascent(card, Objective.parse(objective), Octaves(1), **how(**given))
    tiled = replace(ascent, tile=side)
    assert tiled.tiles(image.shape[-3:-1]) > 1
    found = [one.run(image, seed=4) for one in (ascent, tiled)]
    np.testing.assert_allclose(found[0].scores, found[1].scores, rtol=1e-4, atol=1e-6)
    whole, parts = (one.image - image for one in found)
    return whole, parts


def assert_close(whole: Array, parts: Array) -> None:
    assert np.abs(whole).max() > 0
    assert np.abs(whole - parts).max() <= CLOSE * np.abs(whole).max() + 2e-7  # of the rounding of pictures


EXAMPLES = {
    "neuron": "late[3]@center + late[2]@(5,7)",
    "inner": "inner(late, 2)",
    "norm": "norm(joined)",
    "max": "max(late)",
    "each": "each(late) + each(joined)",
    "layers": 'layers("*d")',
    "guide": 'guide("guide.png", late) + guide("guide.png", joined, dot) + guide("guide.png", late, mean)',
    "direction": 'direction("v.npy", late)',
    "concept": 'concept("examples/", late)',
    "diversity": "diversity(late) + mean(late)",
    "caricature": "caricature(late)",
    "mean": "mean(joined) + late[2] + early",
    "abs": "abs(late)",
}
PENALTIES = ("tv", "l1", "l2", "alpha", "blur", "frequency", "distance")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").mkdir()
    for name in ("guide.png", "examples/a.png", "examples/b.png"):
        dreampipe.write(Frame(np.random.default_rng(len(name)).random((40, 48, 3)).astype(np.float32)), tmp_path / name)
    np.save(tmp_path / "v.npy", np.arange(8, dtype=np.float32))


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("objective", EXAMPLES.values(), ids=EXAMPLES)
def test_a_step_in_tiles_is_the_step_of_the_whole(make: Make, objective: str) -> None:
    assert_close(*both(make(deep), objective, photo(), SIDE))


def test_every_form_of_objectives_was_tried_in_tiles() -> None:
    heads = {"logit", "prob"}  # which see the whole picture, so they are no objectives of tiles
    tried = " ".join(EXAMPLES.values())
    assert all(f"{name}(" in tried for name in {form.name for form in FORMS} - heads - set(PENALTIES) - {""})


@pytest.mark.parametrize("penalty", PENALTIES)
def test_penalties_count_once(make: Make, penalty: str) -> None:
    image = photo()
    source = np.clip(image + 0.1, 0, 1)
    ascent = Ascent(make(deep), Objective.parse(f"late - 3*{penalty}()"), Octaves(1), steps=1, step_size=0.01)
    whole, parts = (one.run(image, seed=1, source=source).image - image for one in (ascent, replace(ascent, tile=SIDE)))
    assert_close(whole, parts)


SHAPINGS: dict[str, Shaping] = {
    "mean": MeanAbsolute(),
    "deviation": Deviation(),
    "standard": Standard(),
    "local": Local(),
    "laplacian": Laplacian(),
    "smooth": Smooth(),
}


@pytest.mark.parametrize("shaping", SHAPINGS.values(), ids=SHAPINGS)
def test_every_normalization_looks_at_the_whole_gradient(make: Make, shaping: Shaping) -> None:
    assert_close(*both(make(deep), "late", photo(), SIDE, shaping=(shaping,)))


@pytest.mark.parametrize(
    "settings",
    [
        {"parameterization": Luminance()},
        {"parameterization": Pixels("bytes", bounded=False), "step_size": 1.0},
        {"parameterization": Fourier()},
        {"transforms": (Pad(9, "grey"), Jitter(20), Flip(1.0))},
        {"transforms": (Crop(16), Flip(1.0))},
        {"margin": 0},
        {"optimizer": Momentum(), "steps": 2},
        {"shaping": (Smooth(), Standard())},
    ],
    ids=["luminance", "bytes", "fourier", "pad", "crop", "no margin", "momentum", "shapings"],
)
def test_every_way_to_climb_goes_in_tiles(make: Make, settings: dict[str, Any]) -> None:
    whole, parts = both(make(deep), "late + each(joined)", photo(), SIDE, **settings)
    assert np.abs(whole - parts).max() <= 5 * CLOSE * np.abs(whole).max()


@pytest.mark.parametrize("parameterization", [Pixels(), Fourier()], ids=["in parts", "at once"])
def test_tiles_are_seen_in_the_precision_that_was_asked_for(make: Make, parameterization: Parameterization) -> None:
    settings = {"parameterization": parameterization, "shaping": (Standard(),)}
    exact, _ = both(make(deep), "late", photo(), SIDE, **settings)
    rounded, parts = both(make(deep), "late", photo(), SIDE, **settings, precision="bfloat16")
    apart = np.linalg.norm(rounded - exact)
    # Where tiles overlap, each share of a gradient is rounded by itself, so not all is rounded alike.
    assert np.linalg.norm(rounded - parts) < apart / 2 < np.linalg.norm(exact - parts)


def test_pictures_of_a_batch_keep_apart_and_masks_hold(make: Make) -> None:
    ascent = Ascent(make(deep), Objective.parse("each(late) + norm(joined)"), Octaves(1), steps=1, step_size=0.01)
    tiled, images = replace(ascent, tile=SIDE), np.stack([photo(), photo()[::-1]])
    mask = np.zeros(images.shape[1:3], np.float32)
    mask[40:90] = 1
    whole, parts = (one.run(images, seed=1, mask=mask).image - images for one in (ascent, tiled))
    assert_close(whole, parts)
    assert not parts[:, :40].any() and not parts[:, 90:].any()


@pytest.mark.parametrize("size", [(1728, 2304), (3000, 4000), (8400, 12000), (700, 20000)], ids=str)
def test_the_chosen_tile_is_within_the_memory_and_more_of_it_never_makes_more_tiles(size: tuple[int, int]) -> None:
    ascent = dreampipe.Recipe.of().ascent()
    choose(ascent, (64, 64))  # opens the model
    shelved, counts = size[0] * size[1] > 3e7, []
    for extra in (10**9, 2 * 10**9, 4 * 10**9):
        given = round((held() + extra) / SPARE)
        chosen = choose(ascent, size, given, shelves=shelved)
        if not chosen:
            assert ascent.memory(size) <= 1.05 * extra  # what the process holds changes
            continue
        tiled = replace(ascent, tile=chosen["tile"])
        in_file = shelved and is_shelved(ascent, size, given)
        source = 12 * size[0] * size[1] if in_file else 0  # which lies in the file, too
        assert tiled.memory(size, in_file) - source <= 1.05 * extra
        counts.append(tiled.tiles(size))
    assert counts == sorted(counts, reverse=True) and counts


def test_motifnet_is_close_in_tiles_and_shows_no_seam() -> None:
    """At a layer whose field a small tile covers; across the borders of cores the energy is that of the whole."""
    whole, parts = both(card("motifnet"), "each(mixed2) + mixed1", photo(300, 402), 256, jitter=0, margin=0)
    assert_close(whole, parts)
    ascent = Ascent(card("motifnet"), Objective.parse("mixed2"), tile=256)
    assert ascent.grid is not None and ascent.grid.is_exact
    rng = np.random.default_rng([4, 1, 1])
    ascent.grid.tiles((300, 402), rng)  # of the first pass, which draws before
    tiles = ascent.grid.tiles((300, 402), rng)
    borders = sorted({tile.columns.begin for tile in tiles} - {0})
    across, before = (
        sum(float(np.square(step[:, at] - step[:, at - 1]).sum()) for at in borders) for step in (parts, whole)
    )
    assert borders and across == pytest.approx(before, rel=0.02)


def test_a_panorama_of_one_row_goes_in_tiles(make: Make) -> None:
    ascent = Ascent(make(deep), Objective.parse("late"), Octaves(1), steps=2, tile=64)
    image = photo(1, 900)
    assert ascent.tiles((1, 900)) > 10
    assert ascent.run(image, seed=0).image.shape == image.shape


def test_a_picture_that_fits_is_seen_whole_to_the_bit(make: Make) -> None:
    ascent = Ascent(make(deep), Objective.parse("each(late) - tv()"), steps=2)
    image = photo(90, 100)
    np.testing.assert_array_equal(ascent.run(image, seed=2).image, replace(ascent, tile=600).run(image, seed=2).image)


def test_nan_in_one_tile_is_named_as_in_the_whole(make: Make) -> None:
    image = np.full((200, 300, 3), 0.5, np.float32)
    image[150, 250] = 0
    ascent = Ascent(make(root), Objective.parse("2*sqrt[0]"), Octaves(1), steps=1, tile=64)
    with pytest.raises(ModelError, match=r"is not finite|gave nan"):
        ascent.run(image, seed=0)


def test_a_tile_smaller_than_the_field_is_told_with_what_is_lost() -> None:
    ascent = Ascent(card("motifnet"), Objective.parse("mixed5"), tile=192)
    assert ascent.grid is not None and not ascent.grid.is_exact
    (note,) = ascent._tiled(((500, 400),))
    assert "approximate" in note and str(ascent.grid.exact_side) in note
    assert not replace(ascent, tile=ascent.grid.exact_side)._tiled(((2000, 2000),))


def test_tiles_are_as_large_as_the_model_needs() -> None:
    """A core at the border of the picture may be a few pixels wide, of which motifnet cannot see a tile."""
    ascent = Ascent(card("motifnet"), Objective.parse("each(mixed5) + each(places)"), Octaves(1), steps=1, tile=64)
    assert ascent.grid is not None
    tiles = ascent.grid.tiles((150, 170), np.random.default_rng(0))
    assert min(tile.rows.stop - tile.rows.first for tile in tiles) >= ascent.card.least > 1
    assert ascent.run(photo(150, 170), seed=0).image.shape == (150, 170, 3)


def test_a_head_sees_the_whole_picture(tiny_model: Path) -> None:
    ascent = Ascent(card(tiny_model, "unit"), Objective.parse("logit(1)"), Octaves(1), steps=1, tile=64)
    result = ascent.run(photo(), seed=0)
    assert any("was left out" in note and "whole picture" in note for note in result.notes)
    np.testing.assert_array_equal(result.image, replace(ascent, tile=None).run(photo(), seed=0).image)


def test_the_reach_of_motifnet() -> None:
    assert sight(card("motifnet"), ("mixed2",)) == (22, 4)  # half of 43
    assert sight(card("motifnet"), ("mixed1", "places")) == (93, 16)  # three quarters of half of 247


LARGE = (9000, 12000)


def held() -> int:
    return int(psutil.Process().memory_info().rss)


def test_more_memory_makes_larger_tiles(make: Make) -> None:
    ascent = Ascent(make(deep), Objective.parse("late"))
    choose(ascent, (64, 64))  # opens the model
    sides = [choose(ascent, LARGE, held() + extra * 10**9)["tile"] for extra in (9, 11, 14)]
    assert sides == sorted(sides) and LEAST <= sides[0] < sides[-1]
    assert choose(ascent, (64, 64), held() + 10**9) == {}


@pytest.mark.skipif(psutil.virtual_memory().available < 8e9, reason="half of it has no room for the whole")
def test_what_was_whole_is_seen_whole_again_where_half_of_the_free_memory_has_room() -> None:
    ascent = dreampipe.Recipe.of(octaves=1, steps=1).ascent()
    assert "tile" in choose(ascent, (1800, 2000)) and choose(ascent, (1800, 2000), whole=True) == {}
    assert choose(ascent, (10**5, 10**5), whole=True)  # less, and no error on memory that nobody gave


def test_only_what_is_carried_as_detail_lies_in_a_file(make: Make) -> None:
    ascent = Ascent(make(deep), Objective.parse("late"), Octaves(2))
    others = [Octaves(2, carry="picture"), Octaves(2, carry="lost"), Octaves(2, bits=8)]
    found = [is_shelved(replace(ascent, octaves=one), LARGE, held() + 9 * 10**9) for one in (ascent.octaves, *others)]
    assert found == [True, False, False, False]


def test_too_little_memory_is_told_with_what_is_needed(make: Make) -> None:
    ascent = Ascent(make(deep), Objective.parse("late"))
    for size in (LARGE, (100, 120)):  # in the least tile, and whole, which needs less
        with pytest.raises(RecipeError, match=r"^memory came as 100MB, but dreampipe itself needs") as refused:
            choose(ascent, size, 10**8)
        needed = re.search(r"([\d.]+)GB(?: with \d+x\d+ pixels)?: give more\.$", str(refused.value))
        assert needed
        chosen = choose(ascent, size, int((float(needed[1]) + 0.1) * 1e9))
        assert LEAST <= chosen.get("tile", LEAST) < max(size) or not chosen


def test_memory_that_the_picture_alone_exceeds_is_told_with_its_size(make: Make) -> None:
    ascent = Ascent(make(deep), Objective.parse("late"))
    choose(ascent, (64, 64))  # opens the model, so that its weights are held
    with pytest.raises(RecipeError, match=r"but 12000x9000 pixels need [0-9.]+GB: give more, or a smaller max-size"):
        choose(ascent, LARGE, int(held() / 0.9 + 10**8))


def test_what_tiles_cannot_compute_is_made_smaller(tiny_model: Path) -> None:
    ascent = Ascent(card(tiny_model, "unit"), Objective.parse("logit(1)"))
    choose(ascent, (64, 64))
    chosen = choose(ascent, LARGE, held() + 10**9)
    assert 64 < chosen["max_size"] < 12000
    assert choose(ascent, LARGE, held() + 10**9, shrinks=False) == {}
    assert halve(ascent, LARGE, None) is None


def test_halving_ends_at_the_least_tile(make: Make) -> None:
    ascent = Ascent(make(deep), Objective.parse("late"))
    assert halve(ascent, (3000, 4000), None) == 2000
    assert halve(ascent, (3000, 4000), 512) == 256
    assert halve(ascent, (3000, 4000), 256) is None
