"""What an output carries fits it: hashes are those of the pixels read back, and no kill leaves a record of another."""

from __future__ import annotations

import json
import os
from pathlib import Path

import clip
import numpy as np
import pytest

import dreampipe
from dreampipe.engines import run
from dreampipe.engines.drawings import VisualizationTask
from dreampipe.engines.events import Done, Event, Failed, Skipped
from dreampipe.engines.films import FilmOrder
from dreampipe.engines.keeping import settle_sidecar
from dreampipe.engines.local import Order
from dreampipe.engines.task import Place
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import FramesHash, Manifest, plan, read_record, samples_sha256, sidecar_of
from dreampipe.media.formats import format_of
from dreampipe.recipes import FilmRecipe, Visualization
from dreampipe.records.making import Carrying
from dreampipe.records.record import Record


@pytest.fixture(scope="module")
def quick(tiny_model: Path) -> dict[str, object]:
    return {"model": str(tiny_model), "scaling": "unit", "octaves": 1, "steps": 1}


def dreamed(
    source: Path, target: Path, quick: dict[str, object], carrying: Carrying, overwrite: bool = False
) -> list[Event]:
    planned = plan(source, target)
    recipe = FilmRecipe(**quick)
    order = Order(recipe.still, film=FilmOrder(recipe, carrying=carrying), carrying=carrying, overwrite=overwrite)
    told: list[Event] = []
    run(planned.jobs, Manifest(planned.folder), order, told.append)
    return [event for event in told if isinstance(event, Done | Skipped | Failed)]


def record(path: Path) -> Record:
    text = read_record(path)
    assert text is not None
    return Record.read(text, path.name)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    rng = np.random.default_rng(11)
    frame = Frame(rng.random((20, 28, 3), np.float32), alpha=rng.random((20, 28), np.float32))
    dreampipe.write(frame, tmp_path / "photo.png", MediaInfo(28, 20, bits=16, alpha=True))
    return tmp_path / "photo.png"


@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp"])
def test_the_hash_is_that_of_the_picture_as_it_is_read_back(
    photo: Path, tmp_path: Path, quick: dict[str, object], suffix: str
) -> None:
    out = tmp_path / f"out.{suffix}"
    dreamed(photo, out, quick, Carrying())
    found = dreampipe.read(out)
    assert record(out).output.pixels == samples_sha256(found.frames[0], format_of(out), found.info)
    assert record(out).output.bits == found.info.bits


@pytest.mark.parametrize("suffix", ["png", "apng"])
def test_the_hash_is_that_of_all_frames_of_a_film(tmp_path: Path, quick: dict[str, object], suffix: str) -> None:
    clip.write(tmp_path / "clip.mp4", 30, (32, 24))  # two segments
    out = tmp_path / f"out.{suffix}"
    dreamed(tmp_path / "clip.mp4", out, quick, Carrying())
    assert_hashed(out, 30)


def assert_hashed(path: Path, frames: int) -> None:
    from dreampipe.media.video import open_source

    source, hashing = open_source(path), FramesHash(8)
    for frame in source.frames(source.survey()):
        hashing.add(frame)
    assert (record(path).output.pixels, record(path).output.frames) == (hashing.hexdigest(), frames)


def test_the_hash_is_that_of_all_frames_of_an_animation(tmp_path: Path, quick: dict[str, object]) -> None:
    recipe = Visualization(**{**quick, "steps": 5}, objective="third[2]", size=32)
    VisualizationTask(recipe, None, Place(tmp_path / "a.png")).run()
    assert_hashed(tmp_path / "a.png", 6)


def test_a_sidecar_that_a_kill_has_left_before_its_picture_is_mended(
    photo: Path, tmp_path: Path, quick: dict[str, object]
) -> None:
    out = tmp_path / "out.bmp"
    dreamed(photo, out, quick, Carrying())
    before = sidecar_of(out).read_bytes()
    settle_sidecar(out, Carrying(), record(out).model_copy(update={"recipe": {"steps": 9}}), "0" * 64)
    stray = sidecar_of(out).read_bytes()
    (failed,) = dreamed(photo, out, quick, Carrying())
    assert isinstance(failed, Failed) and "carries no record that dreampipe made it" in failed.reason
    assert sidecar_of(out).read_bytes() == stray
    (done,) = dreamed(photo, out, quick, Carrying(), overwrite=True)
    assert isinstance(done, Done)
    assert sidecar_of(out).read_bytes() == before
    (skipped,) = dreamed(photo, out, quick, Carrying())
    assert isinstance(skipped, Skipped)


def test_a_sidecar_names_its_file_and_one_of_pictures_all_of_them(tmp_path: Path, quick: dict[str, object]) -> None:
    from dreampipe.media import sha256
    from dreampipe.media.video.numbering import digest, standing

    clip.write(tmp_path / "clip.mp4", 3, (32, 24))
    gif, frames = tmp_path / "out.gif", tmp_path / "%02d.png"
    for out in (gif, frames):
        dreamed(tmp_path / "clip.mp4", out, quick, Carrying())
    assert record(gif).output.file == sha256(gif)
    assert record(sidecar_of(frames)).output.file == digest(standing(frames))
    (skipped,) = dreamed(tmp_path / "clip.mp4", frames, quick, Carrying())
    assert isinstance(skipped, Skipped)
    (tmp_path / "02.png").unlink()
    (done,) = dreamed(tmp_path / "clip.mp4", frames, quick, Carrying())
    assert isinstance(done, Done)


def test_the_size_to_dream_at_is_said_where_it_is_not_the_whole(
    photo: Path, tmp_path: Path, quick: dict[str, object]
) -> None:
    dreamed(photo, tmp_path / "whole.png", quick, Carrying())
    dreamed(photo, tmp_path / "small.png", {**quick, "max_size": 16}, Carrying())
    assert "max_size" not in record(tmp_path / "whole.png").recipe
    assert record(tmp_path / "small.png").recipe["max_size"] == 16


def test_a_foreign_file_at_a_sidecar_s_place_fails_that_picture_alone(
    photo: Path, tmp_path: Path, quick: dict[str, object]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.bmp", "b.bmp"):
        dreampipe.write(Frame(np.zeros((8, 8, 3), np.float32)), folder / name)
    (tmp_path / "out").mkdir()
    sidecar_of(tmp_path / "out" / "a.bmp").write_text(json.dumps(["somebody's"]))
    failed, done = dreamed(folder, tmp_path / "out", quick, Carrying())
    assert isinstance(failed, Failed) and isinstance(done, Done)
    assert "a.bmp.dream.json exists and is no record" in failed.reason


@pytest.mark.parametrize("kind", ["dangling", "link to a record", "pipe"])
@pytest.mark.parametrize("suffix", ["bmp", "png"])
def test_what_is_no_plain_file_at_a_sidecar_s_place_stays(
    photo: Path, tmp_path: Path, quick: dict[str, object], kind: str, suffix: str
) -> None:
    """A PNG needs no sidecar, and the one of a run before would be removed."""
    out, elsewhere = tmp_path / "out" / f"a.{suffix}", tmp_path / "elsewhere.bmp"
    out.parent.mkdir()
    dreamed(photo, elsewhere, quick, Carrying())
    before = sidecar_of(elsewhere).read_bytes()
    if kind == "pipe":
        os.mkfifo(sidecar_of(out))
    else:
        sidecar_of(out).symlink_to(tmp_path / "nowhere" if kind == "dangling" else sidecar_of(elsewhere))
    (event,) = dreamed(photo, out, quick, Carrying())
    assert isinstance(event, Failed if suffix == "bmp" else Done)
    assert sidecar_of(out).is_fifo() if kind == "pipe" else sidecar_of(out).is_symlink()
    assert sidecar_of(elsewhere).read_bytes() == before
