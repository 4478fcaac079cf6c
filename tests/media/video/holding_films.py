"""A small film for every thing that a film can hold, made by plain PyAV and by hand."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from boxed import ENTRY, FIRST_SPHERE, HDR10, SIDE_BY_SIDE, SPHERE, TRACK, box, edited, put
from films import render, scene
from messages import ACTIVE_FORMAT, AMBIENT, CAPTIONS, CLOCK, HDR10_PLUS, USER, with_message
from PIL import Image, ImageCms

COUNT = 4


def plain(path: Path, **how: Any) -> Path:
    return render(path, scene(COUNT), **({"options": {"bf": "0"}} | how))


def boxes(extra: bytes, *way: bytes) -> Callable[[Path], Path]:
    return lambda path: put(plain(path), extra, way)


def message(kind: int, payload: bytes, codec: str = "libx264") -> Callable[[Path], Path]:
    return lambda path: with_message(path, kind, payload, codec=codec)


def profiled(path: Path) -> Path:
    """Write a film of one PNG that has a colour profile."""
    picture, path = BytesIO(), path.with_suffix(".mov")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(scene(1)[0]).save(picture, "PNG", icc_profile=profile)
    with av.open(str(path), "w") as film:
        stream: Any = film.add_stream("png", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
        packet = av.Packet(picture.getvalue())
        packet.pts = packet.dts = 0
        packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 24), stream, True
        film.mux(packet)
    return path


def unknown_sound(path: Path) -> Path:
    path = plain(path.with_suffix(".mkv"), sound="aac")
    path.write_bytes(path.read_bytes().replace(b"A_AAC", b"A_XXX"))
    return path


def with_tracks(path: Path, films: int = 1, **more: Any) -> Path:
    """Copy a film, its picture several times, with an attachment, a cover or a track of data."""
    with av.open(str(plain(path.with_stem("plain")))) as source, av.open(str(path), "w") as film:
        template = source.streams.video[0]
        pictures = [film.add_stream_from_template(template, opaque=True) for _ in range(films)]
        if "attachment" in more:
            film.add_attachment("font.ttf", "application/x-truetype-font", more["attachment"])
        if "data" in more:
            film.add_data_stream("klv")
        cover = _add_cover(film) if "cover" in more else []
        film.mux(cover)
        for packet in source.demux():
            for picture in pictures if packet.size else ():
                copy = av.Packet(bytes(packet))
                copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                copy.is_keyframe, copy.stream = packet.is_keyframe, picture
                film.mux(copy)
    return path


def _add_cover(film: Any) -> list[Any]:
    cover = film.add_stream("mjpeg", rate=1)
    cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
    cover.disposition = av.stream.Disposition.attached_pic
    picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 200, np.uint8), "rgb24").reformat(format="yuvj420p")
    picture.pts, picture.time_base = 0, Fraction(1)
    return [*cover.encode(picture), *cover.encode(None)]


MAKERS: Mapping[str, Callable[[Path], Path]] = {
    "sound": lambda path: plain(path, sound="aac"),
    "subtitles": lambda path: plain(path, subtitles=("one",)),
    "attachments": lambda path: with_tracks(path.with_suffix(".mkv"), attachment=b"font"),
    "chapters": lambda path: plain(path, chapters=2),
    "unknown_stream": unknown_sound,
    "data": lambda path: with_tracks(path.with_suffix(".ts"), data=True),
    "cover": lambda path: with_tracks(path, cover=True),
    "other_video": lambda path: with_tracks(path, 2),
    "tags": lambda path: plain(path, metadata={"title": "Sea", "artist": "Nobody"}),
    "edits": lambda path: edited(plain(path), (83, 2 * 512, 1)),
    "times": lambda path: plain(path, time_base=Fraction(1, 90_000), rate=Fraction(24), stamps=(0, 3000, 3001, 9000)),
    "timecode": lambda path: plain(path.with_suffix(".mov"), metadata={"timecode": "01:02:03:04"}),
    "gop": lambda path: plain(
        path.with_suffix(".mpg"), codec="mpeg2video", time_base=Fraction(1, 25), options={"gop_timecode": "01:02:03:04"}
    ),
    "mastering": boxes(HDR10[: HDR10.index(b"clli") - 4], *ENTRY),
    "light": boxes(HDR10[HDR10.index(b"clli") - 4 :], *ENTRY),
    "spherical": boxes(SPHERE, *ENTRY),
    "sphere_1": boxes(FIRST_SPHERE.replace(b"left-right", b"mono"), *TRACK),
    "stereo": boxes(SIDE_BY_SIDE, *ENTRY),
    "captions": message(*CAPTIONS),
    "hdr10plus": message(*HDR10_PLUS, "libx265"),
    "frame_time": message(*CLOCK, "libx265"),
    "profile_film": profiled,
    "dolby": boxes(box(b"dvcC", bytes(24)), *ENTRY),
    "ambient": message(*AMBIENT),
    "afd": message(*ACTIVE_FORMAT),
    "user": message(*USER),
    "encoder": plain,
    "crop": boxes(box(b"clap", struct.pack(">8I", 32, 1, 24, 1, 0, 1, 0, 1)), *ENTRY),
    "turn": lambda path: plain(path, rotation=90),
    "aspect": lambda path: plain(path, aspect=Fraction(4, 3)),
    "film_xmp": boxes(box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), b"<x/>"), b"moov"),
    "unknown": boxes(box(b"Dr3m", bytes(8)), *ENTRY),
}
UNMADE = {
    "grain": "decoders draw it and then say nothing; a test of its own shows that",
    "meaning": "test_film_meaning.py tests them",
    "alpha_film": "test_film_alpha.py tests it",
    "excursions": "the survey finds them in any frame; test_film_meaning.py tests them",
    "chroma": "test_film_chroma.py tests it",
    "depth_film": "test_film_pixels.py tests it",
    "interlaced": "the film's own note says it, whatever the output",
}
"""Things of films that no test file holds, and why."""
