"""`dreampipe visualize` in this process: the picture, several, the animation, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import dreampipe
from dreampipe.drawings.visualization import lay_out, prepare
from dreampipe.frames import Frame
from dreampipe.recipes import Visualization


@pytest.fixture
def settings(tiny_model):
    """Those of a visualization that takes no time, for the library."""
    return {"model": str(tiny_model), "scaling": "unit", "size": 32, "steps": 4}


@pytest.fixture
def words(settings):
    """The same as options."""
    return tuple(word for name, value in settings.items() for word in (f"--{name}", value))


def read(path):
    (frame,) = dreampipe.read(path)
    return np.rint(frame.pixels * 255)


def test_what_is_written_is_the_library_s_picture(call, words, settings, tmp_path):
    result = call("visualize", "third[3]", tmp_path / "new" / "out.png", *words)
    assert (result.exit_code, result.stderr) == (0, "1/1 third[3]: drawn\n")
    assert result.stdout == f"{tmp_path / 'new' / 'out.png'}\n"
    assert np.array_equal(read(tmp_path / "new" / "out.png"), dreampipe.visualize("third[3]", **settings))


def test_a_per_cent_sign_is_one_in_folders_and_before_letters_but_no_number(call, words, tmp_path):
    for name in ("100% dreams/50%dark.png", "50%d dreams/out.png"):
        assert call("visualize", "third[3]", tmp_path / name, *words).stdout == f"{tmp_path / name}\n"
        assert call("info", tmp_path / name).exit_code == 0
    for option, name in (("", "out%d.png"), ("--animate", "out%03d.webp")):
        given = (tmp_path / name,) if not option else (tmp_path / "out.png", option, tmp_path / name)
        result = call("visualize", "third[3]", *given, *words)
        assert result.exit_code == 2 and not (tmp_path / "out.png").exists()
        assert result.stderr == (
            f"Error: {tmp_path / name} has a {name[3:-4].rstrip('.')}, as numbered pictures have, but the name of one "
            "file is expected: leave it out.\n"
        )


def test_every_setting_arrives(call, words, settings, tmp_path):
    dreampipe.write(Frame(np.random.default_rng(3).random((40, 20, 3), np.float32)), tmp_path / "photo.png")
    for number, more in enumerate(
        [
            {"param": "maco", "jitter": "4 -> 1", "optimizer": "adam", "step_size": 0.1, "seed": 5},
            {"init_falloff": 0.0, "init_deviation": 0.2, "init_colour": "#204060", "normalization": "sign"},
            {"param": "pixels", "init": str(tmp_path / "photo.png")},
        ]
    ):
        options = [word for name, value in more.items() for word in (f"--{name.replace('_', '-')}", value)]
        assert call("visualize", "third[3]", tmp_path / f"{number}.png", *words, *options).exit_code == 0
        expected = dreampipe.visualize("third[3]", **settings, **more)
        assert np.array_equal(read(tmp_path / f"{number}.png"), expected)
    assert expected.shape == (32, 16, 3)


def test_several_stand_side_by_side_over_words(call, words, settings, tmp_path):
    assert call("visualize", "third[3]", tmp_path / "out.png", *words, "--count", "3", "--caption").exit_code == 0
    recipe = Visualization.of(objective="third[3]", **settings, count=3, caption=True)
    result = prepare(recipe).climb()
    assert np.array_equal(read(tmp_path / "out.png"), np.rint(lay_out(recipe, result.image).pixels * 255))
    plain = lay_out(recipe.model_copy(update={"caption": False}), result.image)
    written = read(tmp_path / "out.png")
    assert np.array_equal(written[: plain.height], np.rint(plain.pixels * 255))
    assert written[plain.height :].max() == 255


@pytest.mark.parametrize("suffix, tolerance", [("gif", 8), ("webp", 12), ("png", 0)])
def test_the_animation_ends_with_the_picture(call, words, tmp_path, suffix, tolerance):
    film = tmp_path / "films" / f"film.{suffix}"
    assert call("visualize", "third[3]", tmp_path / "out.png", *words, "--animate", film).exit_code == 0
    with Image.open(film) as frames:
        assert (frames.n_frames in (4, 5), frames.size) == (True, (32, 32))  # of four steps, and the picture itself
        frames.seek(0)
        first = np.asarray(frames.convert("RGB"), float)
        frames.seek(frames.n_frames - 1)
        last = np.asarray(frames.convert("RGB"), float)
    picture = read(tmp_path / "out.png")
    assert np.abs(last - picture).mean() <= tolerance
    assert not np.array_equal(first, last)


def test_a_picture_of_no_steps_still_has_a_film(call, words, tmp_path):
    film = tmp_path / "film.gif"
    assert call("visualize", "third[3]", tmp_path / "o.png", *words, "--steps", "0", "--animate", film).exit_code == 0
    with Image.open(film) as frames:
        assert frames.n_frames == 1


def test_what_is_there_is_replaced_only_when_told_so(call, words, tmp_path):
    out, film = tmp_path / "out.png", tmp_path / "film.gif"
    film.write_bytes(b"somebody's")
    refused = call("visualize", "third[3]", out, *words, "--animate", film)
    assert (refused.exit_code, refused.stderr) == (2, f"Error: {film} exists: give another name, or --overwrite.\n")
    assert film.read_bytes() == b"somebody's" and not out.exists()
    assert call("visualize", "third[3]", out, *words).exit_code == 0
    assert call("visualize", "third[3]", out, *words).exit_code == 2
    assert call("visualize", "third[3]", out, *words, "--animate", film, "--overwrite").exit_code == 0
    assert film.read_bytes().startswith(b"GIF89a")


def test_one_name_for_picture_and_film_is_refused(call, words, tmp_path):
    out = tmp_path / "out.png"
    result = call("visualize", "third[3]", out, *words, "--animate", tmp_path / "x" / ".." / "out.png")
    assert result.exit_code == 2
    assert result.stderr == f"Error: {out} came as OUT and for --animate: give the animation another name.\n"


def test_notes_are_told_and_kept_quiet(call, tiny_model, tmp_path):
    words = ("--model", tiny_model, "--size", "32", "--steps", "1", "--octaves", "9")
    first, _, second = call("visualize", "third[3]", tmp_path / "a.png", *words).stderr.splitlines()
    assert first.endswith("so tf is assumed: --scaling or a card says it.")
    assert "of 9 octaves left out" in second
    assert call("visualize", "third[3]", tmp_path / "b.png", *words, "--quiet").stderr == ""


def test_in_a_process_of_its_own_it_says_only_what_is_done_and_makes_the_same_bytes(call, words, tmp_path):
    shown = subprocess.run(
        [sys.executable, "-m", "dreampipe", "visualize", "third[3]", str(tmp_path / "a.png"), *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (shown.stdout, shown.stderr) == (f"{tmp_path / 'a.png'}\n", "1/1 third[3]: drawn\n")
    call("visualize", "third[3]", tmp_path / "b.png", *words)
    assert np.abs(read(tmp_path / "a.png") - read(tmp_path / "b.png")).max() <= 1
