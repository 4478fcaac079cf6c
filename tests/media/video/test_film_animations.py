"""Films as animated pictures and numbered ones, and frames to a film at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from films import COUNT, HEIGHT, WIDTH, render
from PIL import Image
from written import TIME_BASE, frames_of, info_of, packets, seen, survey_of, write_film, write_segments

import dreampipe
from dreampipe import Frame
from dreampipe.errors import MediaError
from dreampipe.media import write_animation
from dreampipe.media.video import Encoding, open_source, target_of
from dreampipe.media.video.codecs import CONTAINERS
from dreampipe.media.writing import check_room

STAMPS = (100, 102, 107, 110, 113, 120, 124, 130, 131, 140, 150, 160)
SIXTIETH = Fraction(1, 60)


def shown(path: Path) -> tuple[list[np.ndarray], list[float]]:
    with Image.open(path) as image:
        pictures, durations = [], []
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            durations.append(image.info["duration"])
            pictures.append(np.asarray(image.convert("RGB")))
        assert image.info["loop"] == 0
    return pictures, durations


@pytest.mark.parametrize(("name", "tick", "loss"), [
    ("film.gif", 10, 12), ("film.webp", 1, 6), ("film.png", 1, 0.3), ("film.apng", 1, 0.3), ("FILM.PNG", 1, 0.3),
])  # fmt: skip
def test_an_animation_shows_every_frame_for_its_time(name: str, tick: int, loss: float, tmp_path: Path) -> None:
    frames, survey = frames_of(), survey_of(STAMPS, 30, SIXTIETH)
    target = target_of(tmp_path / name, info_of(rotation=90, time_base=SIXTIETH))
    write_film(target, frames, survey, tmp_path / "work")
    pictures, durations = shown(target.path)
    start = 0.0
    for index, (picture, frame) in enumerate(zip(pictures, frames, strict=True)):
        assert abs(start - (survey.time(index) - survey.time(0)) * 1000) <= tick / 2
        assert np.abs(picture / 255 - frame.pixels).mean() * 255 <= loss
        start += durations[index]
    assert abs(durations[-1] - 500) <= tick


STILLS = {
    "all": (0,) * 6,
    "at the beginning": (0, 0, 0, 1, 2, 3),
    "at the end": (0, 1, 2, 3, 3, 3),
    "between": (0, 1, 1, 1, 2, 2, 3),
    "again": (0, 0, 1, 1, 0, 0),
    "two": (0, 0),
}


@pytest.mark.parametrize(("name", "which", "alpha"), [
    *(("film.webp", which, False) for which in STILLS),
    ("film.webp", "all", True), ("film.webp", "again", True), ("film.gif", "all", False), ("film.png", "all", True),
    ("film.gif", "all", True), ("film.gif", "again", True),
])  # fmt: skip
def test_frames_that_are_equal_stay_frames(name: str, which: str, alpha: bool, tmp_path: Path) -> None:
    pictures, clear = frames_of(4), np.ones((HEIGHT, WIDTH), np.float32)
    clear[:, :20] = 0
    frames = [
        replace(pictures[place], index=i, alpha=clear if alpha else None) for i, place in enumerate(STILLS[which])
    ]
    survey = survey_of(STAMPS[: len(frames)], 30, SIXTIETH)
    target = target_of(tmp_path / name, info_of(time_base=SIXTIETH, alpha=alpha), record='{"made": "by a test"}')
    target.join(write_segments(target, frames, survey, tmp_path / "work", (0,)), survey)
    again = open_source(target.path)
    found = again.survey()
    assert (len(found), again.info.plays, again.info.alpha) == (len(frames), 0, alpha)
    for index, frame in enumerate(again.frames(found)):
        assert abs(found.duration(index) - survey.duration(index)) <= Fraction(2, 100 if name == "film.gif" else 1000)
        assert np.abs(frame.pixels - frames[index].pixels)[:, 24:].mean() * 255 < 14
        assert not alpha or np.array_equal(frame.alpha, clear)


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.png"])
def test_a_hole_shows_no_earlier_frame(name: str, tmp_path: Path) -> None:
    """Encoders keep what is solid for the next frame, and decoders keep a picture that began solid so."""
    alphas = [np.ones((HEIGHT, WIDTH), np.float32) for _ in range(5)]
    alphas[1][8:24, 8:24], alphas[3][16:40, 24:48], alphas[4][16:40, 32:56] = 0, 0, 0
    frames = [replace(frame, alpha=alpha) for frame, alpha in zip(frames_of(5), alphas, strict=True)]
    survey = survey_of(STAMPS[:5], 30, SIXTIETH)
    target = target_of(tmp_path / name, info_of(time_base=SIXTIETH, alpha=True))
    target.join(write_segments(target, frames, survey, tmp_path / "work", (0,)), survey)
    again = open_source(target.path)
    for frame, source in zip(again.frames(again.survey()), frames, strict=True):
        assert frame.alpha is not None and source.alpha is not None
        assert np.array_equal(frame.alpha, source.alpha)
        assert np.abs(frame.pixels - source.pixels)[source.alpha > 0].mean() * 255 < 14
    if not name.endswith("webp"):
        with av.open(str(target.path)) as film:
            for picture, alpha in zip(film.decode(video=0), alphas, strict=True):
                assert np.array_equal(picture.to_ndarray(format="rgba")[..., 3], alpha * 255)


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.png"])
def test_no_frame_is_too_long(name: str, tmp_path: Path) -> None:
    """PNG counts to 65 seconds, and GIF to 655: a frame that stays for longer comes several times."""
    stamps, last = (0, 100_000, 800_000), 700_123
    survey = survey_of(stamps, last, Fraction(1, 1000))
    target = target_of(tmp_path / name, info_of(time_base=Fraction(1, 1000), rate=Fraction(1, 100)))
    target.join(write_segments(target, frames_of(3), survey, tmp_path / "work", (0,)), survey)
    found = open_source(target.path).survey()
    end = found.time(len(found) - 1) + found.duration(-1)
    assert abs(end - Fraction(stamps[-1] + last, 1000)) <= Fraction(1, 100)
    assert all(any(abs(found.time(at) * 1000 - stamp) <= 10 for at in range(len(found))) for stamp in stamps)


def test_frames_too_short_for_the_format_make_room_for_the_next(tmp_path: Path) -> None:
    survey = survey_of((0, 1, 2, 300, 301), 1, Fraction(1, 1000))
    target = target_of(tmp_path / "film.gif", info_of(time_base=Fraction(1, 1000)))
    target.join(write_segments(target, frames_of(5), survey, tmp_path / "work", (0,)), survey)
    pictures, durations = shown(target.path)
    assert durations == [300, 10]
    assert np.abs(pictures[0] / 255 - frames_of(5)[2].pixels).mean() < 0.05


def test_what_an_animation_loses_is_said(tmp_path: Path) -> None:
    info = info_of(sound=("aac",), bits=10, aspect=Fraction(4, 3), rate=Fraction(60))
    notes = " ".join(target_of(tmp_path / "film.gif", info).check())
    for part in ("sound (aac) is left out", "10 bits become 8", "4/3", "hundredths"):
        assert part in notes
    assert target_of(tmp_path / "film.png", info_of()).check() == ()


@pytest.mark.parametrize("name", ["frames", "frames/", "frames/%06d.png"])
def test_a_folder_takes_numbered_pictures(name: str, tmp_path: Path) -> None:
    target = target_of(f"{tmp_path}/{name}", info_of())
    frames = frames_of()
    write_film(target, frames, survey_of(), tmp_path / "work")
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names == [f"{number:06d}.png" for number in range(1, COUNT + 1)]
    for path, frame in zip(sorted((tmp_path / "frames").iterdir()), frames, strict=True):
        assert np.array_equal(np.asarray(Image.open(path)), np.rint(frame.pixels * 255))


def test_a_deep_film_becomes_deep_pictures(tmp_path: Path) -> None:
    target = target_of(tmp_path / "%d.tif", info_of(bits=10))
    frames = frames_of(2, bits=16)
    target.join(write_segments(target, frames, survey_of((0, 1)), tmp_path / "work", (0,)), survey_of((0, 1)))
    stored = cv2.imread(str(tmp_path / "2.tif"), cv2.IMREAD_UNCHANGED)
    assert stored is not None
    assert np.array_equal(stored[..., ::-1], np.rint(frames[1].pixels * 65_535))


def test_pictures_that_went_missing_or_changed_are_noticed(tmp_path: Path) -> None:
    target, survey = target_of(tmp_path / "frames", info_of()), survey_of()
    segments = write_segments(target, frames_of(), survey, tmp_path / "work")
    with pytest.raises(MediaError, match="12 are expected"):
        target.join(segments[1:], survey)
    (tmp_path / "work" / "000007.png").write_bytes(b"")
    with pytest.raises(MediaError, match=r"000007\.png is missing or has been changed"):
        target.join(segments, survey)
    segments[0].write_bytes(b"{")
    with pytest.raises(MediaError, match="no whole list"):
        target.join(segments, survey)


def test_pictures_are_not_written_over_a_file_or_their_source(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(MediaError, match="it is a file"):
        target_of(tmp_path / "file", info_of()).check()
    with pytest.raises(MediaError, match="input folder itself"):
        target_of(tmp_path, info_of(tmp_path)).check()


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_frames_alone_become_a_film(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"film{suffix}"
    dreampipe.write(iter(frames_of()), path)
    times = seen(path).times
    assert len(times) == COUNT
    assert max(abs(time - Fraction(index, 24)) for index, time in enumerate(times)) <= Fraction(1, 2000)
    assert [child.name for child in tmp_path.iterdir()] == [path.name]


def test_a_film_like_another_has_its_sound_and_times(tmp_path: Path) -> None:
    source = render(tmp_path / "source.mp4", time_base=TIME_BASE, rate=Fraction(24), sound="aac", rotation=90,
                    stamps=[3750 * number + number % 3 for number in range(COUNT)])  # fmt: skip
    media = dreampipe.read(source)
    dreampipe.write((frame for frame in media), tmp_path / "copy.mp4", like=media.info)
    copy = seen(tmp_path / "copy.mp4")
    assert copy.times == seen(source).times
    assert copy.first.rotation == 90
    assert packets(tmp_path / "copy.mp4", "audio") == packets(source, "audio")
    dreampipe.write(media, tmp_path / "copy.gif", like=media.info)
    assert len(shown(tmp_path / "copy.gif")[0]) == COUNT
    dreampipe.write(media, tmp_path / "frames", like=media.info)
    assert len(list((tmp_path / "frames").glob("*.png"))) == COUNT
    dreampipe.write(next(iter(media)), tmp_path / "still.png", like=media.info)
    with Image.open(tmp_path / "still.png") as still:
        assert still.size == (48, 64)


def test_numbered_pictures_come_all_or_none(tmp_path: Path) -> None:
    like = dreampipe.read(render(tmp_path / "like.mp4")).info

    def failing() -> Iterator[Frame]:
        yield from frames_of(5)
        raise RuntimeError("stopped")

    for name in ("frames/%04d.png", "frames"):
        with pytest.raises(RuntimeError, match="stopped"):
            dreampipe.write(failing(), tmp_path / name, like=like)
        assert not [*tmp_path.glob("frames/*"), *tmp_path.glob("*.part")]
        dreampipe.write(frames_of(5), tmp_path / name, like=like)
        taken = sorted((tmp_path / "frames").iterdir())
        assert len(taken) == 5
        for path in taken:
            path.unlink()


def test_frames_that_make_no_film_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="No frame came"):
        dreampipe.write([], tmp_path / "film.mp4")
    still = frames_of(2)
    backwards = [Frame(frame.pixels, time=Fraction(-index)) for index, frame in enumerate(still)]
    with pytest.raises(MediaError, match="do not rise"):
        dreampipe.write(backwards, tmp_path / "film.mp4")
    with pytest.raises(MediaError, match="has a CRF"):
        dreampipe.write(still, tmp_path / "film.mp4", quality=90)
    with pytest.raises(MediaError, match="prores came for"):
        dreampipe.write(still, tmp_path / "film.mp4", encoding=Encoding("prores"))
    assert list(tmp_path.iterdir()) == []


def test_an_animation_of_a_visualization_may_be_a_film(tmp_path: Path) -> None:
    def frames() -> Iterator[Frame]:
        yield from frames_of(5)

    write_animation(frames(), tmp_path / "forming.mp4", fps=12.5, hold=1.5)
    film = seen(tmp_path / "forming.mp4")
    assert film.times == [Fraction(2 * index, 25) for index in range(5)]
    assert film.duration == Fraction(8, 25) + Fraction(3, 2)


@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv", "film.webm", "film.gif", "film.png", "frames"])
def test_the_need_of_room_covers_what_is_written(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    grain = [rng.normal(0, 0.02, (144, 192, 3)).astype(np.float32) for _ in range(COUNT)]
    smooth = [frame.pixels for frame in frames_of(COUNT, 192, 144)]
    frames = [Frame(np.clip(one + other, 0, 1)) for one, other in zip(smooth, grain, strict=True)]
    target = target_of(tmp_path / name, info_of(width=192, height=144))
    segments = write_film(target, frames, survey_of(), tmp_path / "work")
    written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert len(segments) == 5
    assert written / 4 < target.need(survey_of()) < written * 8


def test_too_little_room_is_said_in_gigabytes(tmp_path: Path) -> None:
    check_room(tmp_path, 1)
    with pytest.raises(MediaError, match=r"About 1,000,000\.0 GB are needed in .* which has .* free"):
        check_room(tmp_path, 10**15)
