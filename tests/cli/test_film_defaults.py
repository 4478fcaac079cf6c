"""What films take from the preset `film`, and what switches it off."""

from __future__ import annotations

import pytest
from films import render, scene
from PIL import Image

from dreampipe.records.again import again

FILM = {"max_size": 640, "carry": 0.95, "refresh_steps": 1, "every": 3}
PLAIN = {"max_size": None, "carry": None, "refresh_steps": 3, "every": 1}
"""What a film takes from the preset `film`, and the defaults of a recipe."""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), FILM),
        (("--every", "2", "--carry", "0.5"), {**FILM, "every": 2, "carry": 0.5}),
        (("--max-size", "24"), {**FILM, "max_size": 24}),
        (("--recipe", "film"), FILM),
        (("--recipe", "default"), PLAIN),
        (("--motion", "none"), PLAIN),
        (("--motion", "blend", "--refresh-steps", "2"), {**PLAIN, "refresh_steps": 2}),
    ],
    ids=" ".join,
)
def test_a_film_takes_the_preset_film_unless_a_recipe_is_named_or_nothing_flows(
    call, tiny_model, tmp_path, options, expected
):
    clip = render(tmp_path / "clip.mp4", scene(2))
    model = ("--model", tiny_model, "--scaling", "unit", "--objective", "second", "--octaves", "1", "--steps", "1")
    assert call("dream", clip, tmp_path / "out.mp4", *model, *options).exit_code == 0
    made = again(tmp_path / "out.mp4", [f"model={tiny_model}"]).recipe
    assert {name: getattr(made, name) for name in FILM} == expected
    assert (made.octaves, made.smallest, made.steps) == (1, 300 if options == ("--recipe", "film") else None, 1)


def test_pictures_next_to_a_film_take_the_defaults_of_pictures(call, tiny_model, tmp_path):
    (tmp_path / "in").mkdir()
    render(tmp_path / "in" / "clip.mp4", scene(2))
    Image.fromarray(scene(1)[0]).save(tmp_path / "in" / "photo.png")
    model = ("--model", tiny_model, "--scaling", "unit", "--objective", "second", "--octaves", "1", "--steps", "1")
    assert call("dream", tmp_path / "in", tmp_path / "out", *model).exit_code == 0
    film, photo = (
        again(tmp_path / "out" / name, [f"model={tiny_model}"], source=tmp_path / "in" / name).recipe
        for name in ("clip.mp4", "photo.png")
    )
    assert (film.max_size, film.every, photo.max_size) == (640, 3, None)


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ((), (2, 300)),
        (("--octaves-above", "1"), (None, None)),
        (("--octave-scale", "2"), (None, None)),
        (("--at", "0s:octaves=1", "--at", "4s: octaves = 7"), (None, None)),
        (("--at", "1s:octave-scale=2"), (None, None)),
        (("--at", "1s:objective=first"), (2, 300)),
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_sizes_of_ones_own_leave_out_those_of_the_preset(call, tiny_model, tmp_path, options, sizes):
    clip = render(tmp_path / "clip.mp4", scene(2))
    model = ("--model", tiny_model, "--scaling", "unit", "--objective", "second", "--steps", "1")
    assert call("dream", clip, tmp_path / "out.mp4", *model, *options).exit_code == 0
    made = again(tmp_path / "out.mp4", [f"model={tiny_model}"]).recipe
    assert (made.octaves, made.smallest, made.every) == (*sizes, 3)
