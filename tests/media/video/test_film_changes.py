"""Films that change midway: joined recordings, whose clock, size, layout or colours are others from one frame on."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from films import BT601, BT709, COUNT, FULL, TICK, Pixels, render, scene
from written import packets, seen

import dreampipe
from dreampipe.media.video import open_source, target_of

RESTARTED = "Where the film's clock starts anew, it is made to go on (1)."
LOSSLESS = {"bf": "0", "qp": "0"}


def joined(path: Path, *parts: dict[str, Any]) -> Path:
    """Join recordings, byte after byte, as cameras and discs do."""
    data = b""
    for number, changes in enumerate(parts):
        options = {"options": LOSSLESS, "frames": scene(COUNT)} | changes
        data += render(path.with_stem(f"part{number}"), options.pop("frames"), **options).read_bytes()
    path.write_bytes(data)
    return path


def pixels_of(path: Path) -> list[Pixels]:
    return [frame.pixels for frame in dreampipe.read(path)]


def shown_after_start(target: Path, source: Path) -> list[float]:
    """Times of a film's frames from the start of the source's picture, whose sound begins at 0, a little earlier."""
    start = float(seen(source).times[0])
    assert packets(source, "audio")[0][0] == 0 <= start < 0.05
    return [float(time) - start for time in seen(target).times]


@pytest.mark.parametrize(("name", "count"), [("film.mp4", 6), ("film.mkv", 30)])
def test_joined_recordings_keep_sound_and_picture_together(name: str, count: int, tmp_path: Path) -> None:
    part = {"frames": scene(count), "sound": "mp2"}
    source = joined(tmp_path / "film.ts", part, part, part)
    film = dreampipe.read(source)
    target = tmp_path / name
    dreampipe.write(film, target, like=film.info)
    times = [float(time) for time, _ in packets(target, "audio")]
    assert [data for _, data in packets(target, "audio")] == [data for _, data in packets(source, "audio")]
    assert times == sorted(set(times)) and times[-1] < 3 * count / 24
    assert np.allclose(shown_after_start(target, source), np.arange(3 * count) / 24, atol=0.001)
    lone = [time for time, _ in packets(tmp_path / "part0.ts", "audio")]
    first, *rest = (times[at : at + len(lone)] for at in range(0, len(times), len(lone)))
    for number, later in enumerate(rest, 1):  # each recording's sound begins where its picture does
        assert abs(later[-1] - first[-1] - number * count / 24) < 0.05


def test_a_clock_that_jumps_ahead_goes_on(tmp_path: Path) -> None:
    """As that of a receiver which records twice on one evening."""
    part: dict[str, Any] = {"frames": scene(30), "sound": "mp2"}
    source = joined(tmp_path / "film.ts", part, part | {"container": {"output_ts_offset": "5000"}})
    film = dreampipe.read(source)
    dreampipe.write(film, tmp_path / "film.mp4", like=film.info)
    times = [float(time) for time, _ in packets(tmp_path / "film.mp4", "audio")]
    assert np.allclose(shown_after_start(tmp_path / "film.mp4", source), np.arange(60) / 24, atol=0.001)
    assert times == sorted(set(times)) and 2.3 < times[-1] < 2.5


@pytest.mark.parametrize("count", [6, 30])
def test_joined_recordings_without_sound_go_on(count: int, tmp_path: Path) -> None:
    survey = open_source(joined(tmp_path / "film.ts", *[{"frames": scene(count)}] * 2)).survey()
    assert [survey.time(index) for index in range(2 * count)] == [index * TICK for index in range(2 * count)]
    assert (survey.notes, survey.problem, survey.duration(-1)) == ((RESTARTED,), None, TICK)


@pytest.mark.parametrize(("before", "after", "same"), [
    ({"colour": BT709}, {"colour": BT601}, True),
    ({"colour": BT709}, {"colour": FULL}, True),
    ({}, {"pixel_format": "yuv420p10le"}, True),
    ({"pixel_format": "yuv420p10le"}, {}, True),
    ({}, {"pixel_format": "yuv444p"}, False),
])  # fmt: skip
def test_frames_that_are_stored_in_another_way_are_read_as_they_are(
    before: dict[str, Any], after: dict[str, Any], same: bool, tmp_path: Path
) -> None:
    path = joined(tmp_path / "film.ts", before, after)
    frames = pixels_of(path)
    alone = [*pixels_of(tmp_path / "part0.ts"), *pixels_of(tmp_path / "part1.ts")]
    for frame, expected in zip(frames, alone, strict=True):
        assert np.array_equal(frame, expected)
    said = f"Frames that store their colours in another way than the first are brought to its way ({COUNT})."
    assert open_source(path).survey().notes == (RESTARTED, said)
    assert np.abs(frames[0] - frames[COUNT]).max() < 0.03 or not same


def test_a_size_that_changes_is_reported(tmp_path: Path) -> None:
    path = joined(tmp_path / "film.ts", {}, {"frames": scene(COUNT, 96, 64)})
    notes = open_source(path).survey().notes
    assert notes == (RESTARTED, f"Frames of another size than the first are brought to its size ({COUNT}).")
    assert {frame.shape for frame in pixels_of(path)} == {(48, 64, 3)}


@pytest.mark.parametrize("alpha", [0, 255])
def test_the_fourth_byte_of_plain_avi_is_no_transparency(alpha: int, tmp_path: Path) -> None:
    """By the description of BITMAPINFOHEADER, it only fills up."""
    with av.open(str(tmp_path / "film.avi"), "w") as film:
        video: Any = film.add_stream("rawvideo", rate=24)
        video.width, video.height, video.pix_fmt = 64, 48, "bgra"
        for index, picture in enumerate(scene(2)):
            whole = np.dstack([picture[..., ::-1], np.full(picture.shape[:2], alpha, np.uint8)])
            frame = av.VideoFrame.from_ndarray(whole, "bgra")
            frame.pts, frame.time_base = index, TICK
            film.mux(video.encode(frame))
    media = dreampipe.read(tmp_path / "film.avi")
    assert not media.info.alpha
    assert not any("transparency" in note for note in target_of(tmp_path / "film.mp4", media.info).check())
    for frame, picture in zip(media, scene(2), strict=True):
        assert np.array_equal(np.rint(frame.pixels * 255), picture)


@pytest.mark.parametrize(("codec", "options"), [("libvpx", {"auto-alt-ref": "0"}), ("libvpx-vp9", {})])
def test_the_transparency_of_webm_is_read(codec: str, options: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "film.webm"
    with av.open(str(path), "w") as film:
        video: Any = film.add_stream(codec, rate=24, options=options)
        video.width, video.height, video.pix_fmt = 64, 48, "yuva420p"
        frame = av.VideoFrame(64, 48, "yuva420p")
        for plane, level in zip(frame.planes, (120, 128, 128, 0), strict=True):
            rows = np.full((plane.height, plane.line_size), level, np.uint8)
            rows[:, : plane.width // 2] = 255 if level == 0 else level
            plane.update(rows.tobytes())
        frame.pts, frame.time_base = 0, Fraction(1, 24)
        film.mux(video.encode(frame))
        film.mux(video.encode(None))
    (shown,) = dreampipe.read(path)
    assert shown.alpha is not None
    assert shown.alpha[:, :24].min() > 0.95 and shown.alpha[:, 40:].max() < 0.05
