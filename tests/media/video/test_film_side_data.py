"""What a film says about its picture besides pixels goes along in every container, or is reported once."""

from __future__ import annotations

import gc
import struct
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type
from boxed import (
    ENTRY,
    FIRST_SPHERE,
    HDR10,
    LIGHT,
    MASTERING,
    POSE,
    SIDE_BY_SIDE,
    SPHERE,
    TOP_BOTTOM,
    TRACK,
    box,
    put,
)
from films import Colour, render, scene
from messages import ACTIVE_FORMAT, AMBIENT, CAPTIONS, USER, with_message
from PIL import Image, ImageCms
from written import seen

import dreampipe
from dreampipe.media.video import Encoding, open_source, target_of

COUNT = 3
PQ = Colour(1, 9, 16, 9)
KEPT = [
    ("film.mp4", "h264"), ("film.mov", "h265"), ("film.mkv", "h264"), ("film.mkv", "ffv1"), ("film.mov", "prores"),
    ("film.webm", "vp9"), ("film.mp4", "vp9"), ("film.webm", "av1"), ("film.mp4", "av1"),
]  # fmt: skip


def copied(source: Path, target: Path, codec: str | None = None) -> Path:
    """The film as nothing but the two ends of the pipeline make it."""
    media = dreampipe.read(source)
    dreampipe.write(media, target, like=media.info, encoding=Encoding(codec, drop=True))
    return target


def side_data(path: Path) -> dict[Type, bytes]:
    with av.open(str(path)) as film:
        frame = next(film.decode(video=0))
        return {data.type: bytes(data) for data in frame.side_data}


def notes(source: Path, name: str) -> tuple[str, ...]:
    film = open_source(source)
    return (*film.info.notes, *target_of(source.parent / name, film.info).check(), *film.survey().notes)


def mastering(data: bytes) -> list[Fraction]:
    numbers = struct.unpack("<20i", data[:80])
    return [Fraction(*numbers[at : at + 2]) for at in range(0, 20, 2)]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film in PQ that says HDR10's levels, and that it is a sphere, the left eye's half over the right eye's."""
    path = tmp_path_factory.mktemp("source") / "source.mp4"
    render(path, scene(COUNT, bits=16), codec="libx265", pixel_format="yuv420p10le", colour=PQ, sound="aac",
           options={"x265-params": "log-level=none"})  # fmt: skip
    return put(path, HDR10 + SPHERE + TOP_BOTTOM, ENTRY)


def check_levels(came: dict[Type, bytes]) -> None:
    green, blue, red, white = (MASTERING[at : at + 2] for at in (0, 2, 4, 6))
    places = [Fraction(number, 50_000) for number in (*red, *green, *blue, *white)]
    levels = [Fraction(number, 10_000) for number in (MASTERING[9], MASTERING[8])]
    assert mastering(came[Type.MASTERING_DISPLAY_METADATA]) == [*places, *levels]
    assert struct.unpack("<2I", came[Type.CONTENT_LIGHT_LEVEL]) == LIGHT


@pytest.mark.parametrize(("name", "codec"), KEPT)
def test_labels_of_the_picture_go_along(labelled: Path, name: str, codec: str, tmp_path: Path) -> None:
    came = side_data(copied(labelled, tmp_path / name, codec))
    if codec == "vp9":  # in 8 bits, where HDR becomes SDR
        said = target_of(tmp_path / name, open_source(labelled).info, Encoding(codec, drop=True)).check()
        assert [note for note in said if "HDR10" in note] == [
            "Its HDR10 mastering display is left out.",
            "Its HDR10 light levels are left out.",
        ]
        assert not {Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL} & came.keys()
    else:
        check_levels(came)
    assert struct.unpack("<I3i", came[Type.SPHERICAL][:16]) == (0, *POSE)
    assert struct.unpack("<2I", came[Type.STEREO3D][:8]) == (2, 0)  # top and bottom


@pytest.mark.parametrize(("name", "codec"), KEPT)
def test_a_film_with_labels_is_otherwise_the_same(labelled: Path, name: str, codec: str, tmp_path: Path) -> None:
    media = dreampipe.read(labelled)
    encoding = Encoding(codec, drop=True)
    films = []
    for labels in (media.info.labels, ()):
        path = tmp_path / f"{len(films)}{Path(name).suffix}"
        dreampipe.write(media, path, like=replace(media.info, labels=labels), encoding=encoding)
        films.append(seen(path))
    with_labels, without = films
    assert with_labels.times == without.times and with_labels.durations == without.durations
    for one, other in zip(with_labels.pixels, without.pixels, strict=True):
        assert (one == other).all()
    for said in ("color_range", "colorspace", "color_primaries", "color_trc", "rotation"):
        assert getattr(with_labels.first, said) == getattr(without.first, said)
    assert (with_labels.aspect or 1, with_labels.tag) == (without.aspect or 1, without.tag)
    assert with_labels.duration == without.duration


def test_the_first_version_of_spherical_films_becomes_the_second(tmp_path: Path) -> None:
    source = put(render(tmp_path / "source.mp4", scene(COUNT)), FIRST_SPHERE, TRACK)
    came = side_data(copied(source, tmp_path / "film.mp4"))
    assert struct.unpack("<I", came[Type.SPHERICAL][:4]) == (0,)
    assert struct.unpack("<I", came[Type.STEREO3D][:4]) == (1,)  # side by side
    assert not notes(source, "film.mp4")


def test_a_projection_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    broken = FIRST_SPHERE.replace(b"equirectangular", b"something-else!")
    source = put(render(tmp_path / "source.mp4", scene(COUNT)), broken, TRACK)
    assert [note for note in notes(source, "film.mp4") if "360 degree projection that cannot be read" in note]


def test_levels_that_only_the_packets_say_go_along(tmp_path: Path) -> None:
    said = "log-level=none:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    source = render(tmp_path / "source.mp4", scene(COUNT, bits=16), codec="libx265", pixel_format="yuv420p10le",
                    colour=PQ, options={"x265-params": f"{said}:max-cll=1000,400"})  # fmt: skip
    came = side_data(copied(source, tmp_path / "film.mkv"))
    assert mastering(came[Type.MASTERING_DISPLAY_METADATA]) == mastering(
        side_data(source)[Type.MASTERING_DISPLAY_METADATA]
    )
    assert struct.unpack("<2I", came[Type.CONTENT_LIGHT_LEVEL]) == LIGHT


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.png", "frames/%03d.png"])
def test_what_pictures_cannot_say_is_reported_once(labelled: Path, name: str) -> None:
    said = notes(labelled, name)
    for part in ("sound (aac)", "mastering display", "light levels", "360 degree", "stereo 3D"):
        assert len([note for note in said if part in note]) == 1, part


@pytest.mark.parametrize(("extra", "way", "part"), [
    (box(b"dvcC", bytes(24)), ENTRY, "Dolby Vision"),
    (box(b"amve", bytes(8)), ENTRY, "ambient viewing"),
    (box(b"Dr3m", bytes(8)), ENTRY, "'Dr3m'"),
    (box(b"camA", bytes(8)), (b"moov", b"udta"), "'camA'"),
    (box(b"uuid", bytes(16), b"secret"), (b"moov",), "another program"),
    (box(b"XMP_", b"<x/>"), (b"moov", b"udta"), "XMP"),
])  # fmt: skip
def test_what_only_boxes_say_is_reported_once(extra: bytes, way: Any, part: str, tmp_path: Path) -> None:
    source = put(render(tmp_path / "source.mp4", scene(COUNT)), extra, way)
    for name in ("film.mp4", "film.mkv", "film.gif"):
        assert len([note for note in notes(source, name) if part in note]) == 1


def test_dolby_vision_is_never_passed_on(tmp_path: Path) -> None:
    source = put(render(tmp_path / "source.mp4", scene(COUNT)), box(b"dvcC", bytes(24)) + SIDE_BY_SIDE, ENTRY)
    assert b"dvcC" not in copied(source, tmp_path / "film.mp4").read_bytes()


def test_a_plain_film_has_nothing_to_report(tmp_path: Path) -> None:
    source = render(tmp_path / "source.mp4", scene(COUNT), sound="aac", chapters=1)
    for name in ("film.mp4", "film.mov", "film.mkv"):
        assert notes(source, name) == ()


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize(("message", "part"), [
    (CAPTIONS, "closed captions"), (ACTIVE_FORMAT, "active format"), (USER, "User data of another program"),
    (AMBIENT, "ambient viewing"),
])  # fmt: skip
def test_what_frames_say_is_reported_once(message: tuple[int, bytes], part: str, first: int, tmp_path: Path) -> None:
    source = with_message(tmp_path / "source.mp4", *message, first)
    for name in ("film.mp4", "film.gif"):
        said = notes(source, name)
        assert [part in note for note in said] == [True], said


def test_a_stereo_layout_that_the_packets_say_goes_along(tmp_path: Path) -> None:
    source = render(tmp_path / "source.mp4", scene(COUNT), options={"x264-params": "frame-packing=3"})
    assert Type.STEREO3D in side_data(source)
    assert notes(source, "film.mkv") == ()
    came = side_data(copied(source, tmp_path / "film.mkv"))
    assert struct.unpack("<2I", came[Type.STEREO3D][:8]) == (1, 0)


def test_the_grain_of_av1_is_drawn_into_the_picture(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(128, 12, (128, 128, 1)).clip(0, 255).astype(np.uint8)
    still = [np.repeat(noise, 3, axis=2)] * 4
    moved = []
    for grain in (0, 50):
        options = {"preset": "8", "svtav1-params": f"film-grain={grain}:film-grain-denoise=1:lp=1"}
        source = render(tmp_path / "source.mp4", still, codec="libsvtav1", options=options)
        frames = [frame.pixels for frame in dreampipe.read(source)]
        moved.append(np.abs(frames[2] - frames[1]).mean())
        assert notes(source, "film.mp4") == ()
    assert moved[1] > 3 * moved[0]


def test_what_matroska_cannot_say_together_is_reported(labelled: Path, tmp_path: Path) -> None:
    info = open_source(labelled).info
    turned = target_of(tmp_path / "film.mkv", replace(info, rotation=90), Encoding(drop=True)).check()
    assert len([note for note in turned if "360 degree" in note]) == 1
    wide = target_of(tmp_path / "film.mkv", replace(info, aspect=Fraction(4, 3)), Encoding(drop=True)).check()
    assert len([note for note in wide if "stereo 3D" in note]) == 1
    for turned_or_wide in (replace(info, rotation=90), replace(info, aspect=Fraction(4, 3))):
        assert target_of(tmp_path / "film.mp4", turned_or_wide).check() == ()


def test_the_profile_and_the_orientation_of_jpegs_in_a_film_are_read_and_said(tmp_path: Path) -> None:
    """PyAV ends the process when the side data of a frame with a profile has been looked at."""
    profile, exif, written = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), Image.Exif(), BytesIO()
    exif[274] = 6
    Image.fromarray(scene(1)[0]).save(written, "JPEG", quality=95, exif=exif, icc_profile=profile)
    with av.open(str(tmp_path / "film.mov"), "w") as film:
        video: Any = film.add_stream("mjpeg", rate=24)
        video.width, video.height, video.pix_fmt = 64, 48, "yuvj420p"
        for index in range(4):
            packet = av.Packet(written.getvalue())
            packet.pts = packet.dts = index
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 24), video, True
            film.mux(packet)
    source = open_source(tmp_path / "film.mov")
    survey = source.survey()
    assert [frame.pixels.shape for frame in source.frames(survey)] == [(64, 48, 3)] * 4
    assert [survey.duration(index) for index in range(4)] == [Fraction(1, 24)] * 4
    gc.collect()
    for name in ("out.mp4", "out.gif"):
        said = (*source.info.notes, *target_of(tmp_path / name, source.info).check(), *survey.notes)
        assert len([note for note in said if "colour profile of its frames is left out" in note]) == 1
