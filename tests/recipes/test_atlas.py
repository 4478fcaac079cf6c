"""The recipe of an atlas: which units, in which batches, what is kept, and what stands in a tile."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from known import known

import dreampipe
from dreampipe import Atlas, Frame, Visualization
from dreampipe.drawings.batches import TOGETHER
from dreampipe.drawings.contact import Tile, contact_sheet
from dreampipe.errors import MediaError, ObjectiveError, RecipeError
from dreampipe.recipes.atlas import numbers

Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two branches of 20 and 4 channels side by side in `both`, and `lit`, whose channel 1 never fires."""
    import dreampipe.backend  # noqa: F401  chooses the backend before keras is first imported

    # isort: split
    import keras

    keras.utils.set_random_seed(7)
    layers = keras.layers
    image = keras.Input((None, None, 3))
    branches = [layers.Conv2D(n, 3, padding="same", name=name)(image) for n, name in ((20, "many"), (4, "few"))]
    x = layers.Concatenate(name="both")(branches)
    bias = keras.initializers.Constant(np.float32([0, -1000, 0]))
    x = layers.Conv2D(3, 1, activation="relu", bias_initializer=bias, name="lit")(x)
    path = tmp_path_factory.mktemp("wide") / "wide.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Model(image, layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(x))).save(path)
    known(path)
    return path


@pytest.fixture
def make(wide: Path) -> Callable[..., Atlas]:
    return lambda **settings: Atlas.of(
        **{"layer": "both", "model": wide, "scaling": "unit", "size": 24, "steps": 3, "jitter": 2, **settings}
    )


def test_fewer_climb_together_where_memory_is_short(
    make: Callable[..., Atlas], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make(layer="many", channels="0-7", exemplars=0, size=64)

    def leave(available: float) -> None:
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available))

    started: list[int] = []
    whole = recipe.drawn(on_start=started.append)
    leave(1e12)
    leave(3.5e12 / recipe.ascent().together((64, 64)))
    parts = recipe.drawn(on_start=started.append)
    assert started == [1, 3]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one.pixels, other.pixels, atol=0.01)
    padded = recipe.model_copy(update={"pad": 64})
    with pytest.raises(RecipeError, match=r"^Pictures of 64x64 pixels came, but the ascent of one does not fit"):
        padded.drawn()


@pytest.mark.parametrize(
    "text, found",
    [("7", (7,)), ("0-3,7", (0, 1, 2, 3, 7)), (" 9 - 9 , 3", (9, 3)), ("3,1-4,3", (3, 1, 2, 4)), ("5,4", (5, 4))],
)
def test_lists_of_channels(text: str, found: tuple[int, ...]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize("text", ["", ",", "3-", "-3", "5-2", "1..3", "a", "1,,2", "1;2", "0x3", "1.5", "9" * 7])
def test_what_is_no_list_of_channels(text: str) -> None:
    with pytest.raises(RecipeError, match=r"^channels came as .*, but numbers and ranges such as 0-63,80 are expected"):
        numbers(text)


def test_all_units_or_those_asked_for(make: Callable[..., Atlas]) -> None:
    assert make().indices() == tuple(range(24))
    assert make(channels="22,3-5").indices() == (22, 3, 4, 5)
    assert make(layer="logit(*)").indices() == (0, 1, 2, 3)
    assert make(layer="dense").indices() == (0, 1, 2, 3)


def test_units_that_are_not_there(make: Callable[..., Atlas]) -> None:
    with pytest.raises(RecipeError, match="Channel 24 was asked for, but both has 24: give some from 0 to 23"):
        make(channels="3,24").indices()
    with pytest.raises(RecipeError, match=r"Channel 4 was asked for, but logit\(\*\) has 4"):
        make(layer="logit(*)", channels="4").indices()
    with pytest.raises(ObjectiveError, match=r"no layer 'bath': .*\bboth\b"):
        make(layer="bath").indices()
    with pytest.raises(ObjectiveError):
        make(layer="2*both").indices()
    with pytest.raises(ObjectiveError):
        make(layer="").indices()


def test_each_channel_is_the_picture_of_its_own_visualization(make: Callable[..., Atlas], wide: Path) -> None:
    """Also where another layer makes it, one of the branches: what is climbed is the same."""
    tiles = make(channels="2,21").drawn()
    for unit, tile in zip((2, 21), tiles, strict=True):
        recipe = Visualization.of(
            **{"objective": f"both[{unit}]", "model": wide, "scaling": "unit", "size": 24, "steps": 3, "jitter": 2}
        )
        assert np.abs(tile.pixels - recipe.run().image[0]).max() < 1.5 / 255
        assert (tile.label, tile.anchor, tile.beside) == (str(unit), f"channel-{unit}", ())


def test_the_library_s_sheet_is_these_tiles(make: Callable[..., Atlas], wide: Path) -> None:
    recipe = make(channels="1-3")
    drawn = dreampipe.atlas("both", channels="1-3", model=wide, scaling="unit", size=24, steps=3, jitter=2)
    assert drawn.dtype == np.uint8
    assert np.array_equal(drawn, np.rint(contact_sheet(recipe.drawn(), 24).pixels * 255))
    again = dreampipe.atlas("both", channels="1-3", model=wide, scaling="unit", size=24, steps=3, jitter=2)
    assert np.array_equal(again, drawn)


def climbed(recipe: Atlas, work: Path | None = None) -> tuple[list[Tile], int, list[str]]:
    """Its tiles, how many batches it said there were, and the batches whose steps were told."""
    batches: list[int] = []
    names: list[str] = []
    tiles = recipe.drawn(work, batches.append, lambda name, step: names.append(name))
    return tiles, sum(batches), list(dict.fromkeys(names))


def test_channels_climb_in_batches_each_of_one_branch(make: Callable[..., Atlas]) -> None:
    _, count, names = climbed(make())
    assert (TOGETHER, count) == (16, 3)
    assert names == ["both 0 to 15", "both 16 to 19", "both 20 to 23"]


def test_what_is_stored_is_not_climbed_again(make: Callable[..., Atlas], tmp_path: Path) -> None:
    first, count, _ = climbed(make(channels="0-4,21"), tmp_path / "work")
    assert count == 2
    whole, count, names = climbed(make(channels="0-6,21"), tmp_path / "work")
    assert (count, names) == (1, ["both 5 to 6"])
    for before, after in zip(first, [*whole[:5], whole[7]], strict=True):
        assert np.array_equal(before.pixels, after.pixels)
    assert climbed(make(channels="21,6"), tmp_path / "work")[1] == 0


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "other arrays", "a letter"])
def test_a_damaged_part_is_drawn_again(make: Callable[..., Atlas], tmp_path: Path, damage: str) -> None:
    first, _, _ = climbed(make(channels="0-1,21"), tmp_path)
    part = min(tmp_path.glob("*.npz"))
    data = bytearray(part.read_bytes())
    if damage == "other arrays":
        np.savez(part, units=np.array([0, 1]), pixels=np.zeros((2, 3)), silent=np.zeros(2, bool))
    elif damage == "noise":
        data[100:2000] = np.random.default_rng(1).bytes(1900)
        part.write_bytes(data)
    else:
        part.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "a letter": b"Dear diary"}[damage])
    again, count, _ = climbed(make(channels="0-1,21"), tmp_path)
    assert count == 1
    for before, after in zip(first, again, strict=True):
        assert np.array_equal(before.pixels, after.pixels)
    assert climbed(make(channels="0-1,21"), tmp_path)[1] == 0


def test_a_changed_recipe_starts_anew_and_removes_only_what_is_its_own(
    make: Callable[..., Atlas], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    climbed(make(channels="0-1"), work)
    (work / "letter.txt").write_text("somebody's")
    (work / "mine.npz").write_bytes(b"somebody's, too")
    assert climbed(make(channels="0-1", exemplars=1), work)[1] == 0
    assert climbed(make(channels="0-1", seed=1), work)[1] == 1
    assert climbed(make(channels="0-1", seed=1), work)[1] == 0
    assert climbed(make(channels="0-1"), work)[1] == 1
    assert (work / "letter.txt").read_text() == "somebody's"
    assert (work / "mine.npz").read_bytes() == b"somebody's, too"


def test_a_channel_that_never_fires_is_labelled_and_noted(make: Callable[..., Atlas], tmp_path: Path) -> None:
    notes: list[str] = []
    recipe = make(layer="lit", steps=6)
    labels = [tile.label for tile in recipe.drawn(tmp_path / "work", on_note=notes.append)]
    assert labels[1] == "1 never fires"
    assert "never fires" not in labels[0] + labels[2]
    assert notes == ["1 of lit never fired, so there is nothing of them to see."]
    again = [tile.label for tile in recipe.drawn(tmp_path / "work", on_note=notes.append)]
    assert again == labels and notes[1:] == notes[:1]


def test_beside_each_channel_stand_the_pictures_of_a_folder(make: Callable[..., Atlas], tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name in "abcd":
        dreampipe.write(Frame(rng.random((24, 24, 3), np.float32)), tmp_path / f"{name}.png")
    tiles = make(channels="0-1", pictures=tmp_path, exemplars=2).drawn()
    for tile in tiles:
        assert len(tile.beside) == len(set(tile.names)) == 2
        assert {Path(name).stem for name in tile.names} < set("abcd")
    assert make(channels="0", pictures=tmp_path, exemplars=0).drawn()[0].beside == ()
    with pytest.raises(MediaError, match="does not exist"):
        make(channels="0", pictures=tmp_path / "gone").drawn()


def test_a_class_stands_over_its_name() -> None:
    recipe = Atlas.of(layer="logit(*)", channels="0,3", size=32, steps=1, exemplars=0)
    assert [tile.label for tile in recipe.drawn()] == [f"{unit} {recipe.card().classes[unit]}" for unit in (0, 3)]


def test_the_hash_is_of_what_a_channel_s_picture_follows(make: Callable[..., Atlas], tmp_path: Path) -> None:
    same = [make(), make(channels="3"), make(exemplars=1), make(pictures=tmp_path)]
    assert len({recipe.sha256() for recipe in same}) == 1
    others = [
        make(layer="lit"),
        make(size=32),
        make(steps=4),
        make(seed=1),
        make(param="pixels"),
        make(jitter="2 -> 1"),
    ]
    assert len({recipe.sha256() for recipe in [make(), *others]}) == 7
