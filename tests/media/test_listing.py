"""What a file is, by its bytes before its name; what of a folder is read, and what is counted as left out."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest
import tifffile
from phone import DNG, JP2, JXL, MP4, heic, jpeg, scene
from PIL import Image

from dreampipe import Frame, read, write
from dreampipe.errors import MediaError
from dreampipe.media import plan
from dreampipe.media.kinds import UNREAD, Kind, kind_of
from dreampipe.media.video import open_source
from dreampipe.media.video.forms import FILM_SUFFIXES

TRANSPORT = (b"\x47" + bytes(187)) * 4


def saved(path: Path, data: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


KINDS: dict[Kind, dict[str, bytes]] = {
    Kind.PICTURE: {
        "photo": jpeg(),
        "photo.HEIC": jpeg(),
        "photo.mp4": jpeg(),
        "photo.dng": jpeg(),
        "photo.txt": jpeg(),
        "heic": heic(),
        "damaged.png": b"nonsense",
        "empty.jpg": b"",
        "jxl.jpg": JXL,  # which fails by its name
    },
    Kind.FILM: {
        "film": MP4,
        "film.jpg": MP4,
        "film.mov": b"",
        "camera.mxf": b"\6\x0e\x2b\x34\2\5\1\1\x0d\1\2\1\1\2\4\0",
        "old": b"\0\0\0\x20moov" + bytes(99),
        "matroska": b"\x1a\x45\xdf\xa3" + bytes(99),
        "windows": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(99),
        "avi": b"RIFF\0\0\0\0AVI LIST",
        "stream": TRANSPORT,
        "disc": b"\0\0\0\0".join([b""] + [b"\x47" + bytes(187)] * 4),
        "theora": b"OggS" + bytes(24) + b"\x80theora",
    },
    Kind.UNREAD: {
        "a.dng": DNG,
        "a.NEF": b"II*\0\x08\0\0\0\0\0",
        "dng.tif.bak": DNG,
        "canon": b"II*\0\x10\0\0\0CR\2\0",
        "canon3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
        "a.jxl": JXL,
        "jxl": b"\0\0\0\x0cJXL \r\n\x87\n",
        "a.jp2": JP2,
        "a.psd": b"8BPS\0\1",
        "exr": b"\x76\x2f\x31\x01",
        "a.cr3": b"",
        "a.svg": b"<svg/>",
        "drawing": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "drawing with a head": b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a\nb -->\n<!DOCTYPE svg PUBLIC "a">\n<svg\n/>',
        **{f"netpbm{kind}": b"P%d\n# comment\n2 2\n255\n" % kind + bytes(12) for kind in range(1, 7)},
        "netpbm7": b"P7\nWIDTH 2\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nENDHDR\n",
        "netpbm floats": b"PF\n2 2\n-1.0\n",
        "a.ppm": b"P6 2 2 255 ",
        "a.cur": b"\0\0\2\0\1\0",
        "xpm": b"/* XPM */",
        "a.xpm": b"",
        "mng": b"\x8aMNG\r\n\x1a\n",
        "jng": b"\x8bJNG\r\n\x1a\n",
        **{f"a{suffix}": b"?" for suffix in (".xbm", ".wbmp", ".mng", ".jng", ".ptx", ".bay", ".dcs")},
    },
    Kind.OTHER: {
        "text": b"The wide world",
        "plan": b"P1 is urgent",
        "page": b"<html><svg></svg></html>",
        "comments": b"<!---->" * 70 + b"<",
        "a.txt": b"x",
        "a.json": b"{}",
        "a.xml": b"<x/>",
        "a.aae": b"<plist/>",
        "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "a.zip": b"PK\3\4",
        "a.mp3": b"ID3",
        "a.m4a": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42",
        "sound": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42",
        "a.wav": b"RIFF\0\0\0\0WAVEfmt ",
        "a.mka": b"\x1a\x45\xdf\xa3" + bytes(99),
        "vorbis": b"OggS" + bytes(24) + b"\1vorbis",
        "empty": b"",
        "a.png.dream.json": b"{}",
    },
}


@pytest.mark.parametrize("kind", Kind)
def test_the_bytes_of_a_file_say_what_it_is_and_its_name_where_they_do_not(tmp_path: Path, kind: Kind) -> None:
    for name, data in KINDS[kind].items():
        assert kind_of(saved(tmp_path / name, data)) is kind, name


def test_what_cannot_be_opened_is_told_by_its_name(tmp_path: Path) -> None:
    for name, kind in {"a.jpg": Kind.PICTURE, "a.mp4": Kind.FILM, "a.dng": Kind.UNREAD, "a": Kind.OTHER}.items():
        assert kind_of(tmp_path / name) is kind


def test_no_suffix_means_two_things() -> None:
    suffixes = [suffix for row in UNREAD for suffix in row.suffixes]
    assert len(suffixes) == len({*suffixes, *FILM_SUFFIXES}) - len(FILM_SUFFIXES)


def test_a_small_tiff_of_any_byte_order_is_no_raw_photo(tmp_path: Path) -> None:
    for order in "<>":
        tifffile.imwrite(tmp_path / "x.tif", scene(), photometric="rgb", byteorder=order)
        assert kind_of(tmp_path / "x.tif") is Kind.PICTURE
        tifffile.imwrite(tmp_path / "x.tif", scene(), byteorder=order, extratags=[(50706, "B", 4, b"\1\4\0\0", True)])
        assert kind_of(tmp_path / "x.tif") is Kind.UNREAD
        with pytest.raises(MediaError, match=r"x\.tif is a raw photo, but a developed picture is expected"):
            read(tmp_path / "x.tif")


@pytest.mark.parametrize("below", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_preview_before_the_values_of_a_sensor_is_no_picture(tmp_path: Path, order: str, below: bool) -> None:
    for photometric, preview, kind in [("cfa", 1, Kind.UNREAD), ("minisblack", 1, Kind.PICTURE)]:
        with tifffile.TiffWriter(tmp_path / "x.tif", byteorder=order) as file:
            file.write(scene(), photometric="rgb", subfiletype=preview, subifds=2 * below, metadata=None)
            file.write(scene(), photometric="rgb", subfiletype=1, metadata=None)
            file.write(scene()[..., 0].astype(np.uint16), photometric=photometric, metadata=None)
        assert kind_of(tmp_path / "x.tif") is kind
    assert read(tmp_path / "x.tif").info.bits == 8


def test_directories_that_lead_around_in_a_circle_are_left(tmp_path: Path) -> None:
    entries = struct.pack("<HHII", 254, 4, 1, 1) + struct.pack("<HHII", 330, 4, 1, 8)
    path = saved(tmp_path / "x.tif", b"II*\0\x08\0\0\0\2\0" + entries + struct.pack("<I", 8))
    assert kind_of(path) is Kind.PICTURE


def test_a_raw_photo_is_not_read_as_its_preview(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "x.NEF", scene(12, 16), photometric="rgb")
    with pytest.raises(MediaError, match=r"x\.NEF is a raw photo, but a developed picture is expected"):
        read(tmp_path / "x.NEF")


@pytest.mark.parametrize(("data", "name"), [(JXL, "JPEG XL"), (JP2, "JPEG 2000"), (b"8BPS\0\1", "Photoshop")])
def test_a_picture_that_is_not_read_is_called_what_it_is(tmp_path: Path, data: bytes, name: str) -> None:
    with pytest.raises(MediaError, match=rf"holds a picture that is not read \({name}\), but one of"):
        read(saved(tmp_path / "x.png", data))


def test_what_a_folder_leaves_out_is_counted_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name, data in {**KINDS[Kind.OTHER], "a.jpg": jpeg(), ".hidden.dng": DNG, ".trash/b.jpg": jpeg()}.items():
        saved(folder / name, data)
    assert plan(folder, tmp_path / "out").left_out == ""
    for name, data in {"1.dng": DNG, "2.DNG": DNG, "3.jxl": JXL, "bare": JP2}.items():
        saved(folder / name, data)
    assert plan(folder, tmp_path / "out").left_out == "2 .dng, 1 .jxl, 1 JPEG 2000"
    saved(folder / "notes" / "a.txt")
    saved(folder / "deep" / "er" / "b.jpg", jpeg())
    saved(folder / "raw" / "c.dng", DNG)
    assert plan(folder, tmp_path / "out").left_out == "2 .dng, 1 .jxl, 1 JPEG 2000, 2 folders (--recursive)"
    planned = plan(folder, tmp_path / "out", recursive=True)
    assert [job.name for job in planned.jobs] == ["a.jpg", "deep/er/b.jpg"]
    assert planned.left_out == "3 .dng, 1 .jxl, 1 JPEG 2000"


def test_the_folder_of_the_output_is_not_left_out(tmp_path: Path) -> None:
    saved(tmp_path / "in" / "a.jpg", jpeg())
    saved(tmp_path / "in" / "out" / "a.jpg", jpeg())
    for recursive in (False, True):
        assert plan(tmp_path / "in", tmp_path / "in" / "out", recursive=recursive).left_out == ""


def test_links_to_folders_are_left_out_unless_their_pictures_are_there_anyway(tmp_path: Path) -> None:
    saved(tmp_path / "in" / "a.jpg", jpeg())
    saved(tmp_path / "in" / "deep" / "b.jpg", jpeg())
    saved(tmp_path / "elsewhere" / "c.jpg", jpeg())
    (tmp_path / "in" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in" / "deep")
    assert plan(tmp_path / "in", tmp_path / "out", recursive=True).left_out == ""
    (tmp_path / "in" / "away").symlink_to(tmp_path / "elsewhere")
    assert plan(tmp_path / "in", tmp_path / "out", recursive=True).left_out == "1 link to a folder"


def test_a_folder_that_cannot_be_listed_is_left_out(locked: Path) -> None:
    assert plan(locked, locked / "out", recursive=True).left_out == "1 folder that cannot be listed"


def test_a_folder_of_nothing_that_can_be_read_says_what_it_holds(tmp_path: Path) -> None:
    saved(tmp_path / "in" / "a.dng", DNG)
    with pytest.raises(MediaError, match=r"holds no pictures \(left out: 1 \.dng\), but files with one of"):
        plan(tmp_path / "in", tmp_path / "out")


def test_films_and_pictures_are_named_by_what_they_hold(tmp_path: Path) -> None:
    for name, data in {"a": jpeg(), "b": MP4, "c.jpg": MP4, "d.mp4": jpeg(), "e.MXF": b"", "f": heic()}.items():
        saved(tmp_path / "in" / name, data)
    jobs = plan(tmp_path / "in", tmp_path / "out").jobs
    assert {job.source.name: (job.name, job.film) for job in jobs} == {
        **{"a": ("a.jpg", False), "b": ("b.mp4", True), "c.jpg": ("c.mp4", True), "d.mp4": ("d.jpg", False)},
        **{"e.MXF": ("e.mp4", True), "f": ("f.png", False)},
    }


def test_a_film_without_a_suffix_or_in_mxf_is_read(tmp_path: Path) -> None:
    frames = [Frame(np.full((48, 64, 3), level, np.float32), index) for index, level in enumerate((0.2, 0.8))]
    write(frames, tmp_path / "x.mp4")
    (tmp_path / "x.mp4").rename(tmp_path / "x")
    assert len(read(tmp_path / "x").frames) == 2
    with av.open(str(tmp_path / "x.mxf"), "w") as film:
        stream = film.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in (40, 200):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), "rgb24")
            film.mux(stream.encode(picture))
        film.mux(stream.encode(None))
    levels = [frame.pixels.mean() * 255 for frame in read(tmp_path / "x.mxf")]
    assert levels == pytest.approx([40, 200], abs=3)


@pytest.mark.parametrize(("name", "codec", "known"), [
    ("x.y4m", "wrapped_avframe", True), ("x.ivf", "libvpx-vp9", True), ("x.nut", "ffv1", True),
    ("x.h264", "libx264", False), ("x.obu", "libsvtav1", False),
])  # fmt: skip
def test_films_as_encoders_write_them_are_read(name: str, codec: str, known: bool, tmp_path: Path) -> None:
    """FFmpeg reads them all; the bytes of the first three also tell what they are."""
    with av.open(str(tmp_path / name), "w") as film:
        stream = film.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in (40, 120, 200):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), "rgb24")
            film.mux(stream.encode(picture.reformat(format="yuv420p")))
        film.mux(stream.encode(None))
    assert kind_of(tmp_path / name) is Kind.FILM
    assert [frame.pixels.mean() * 255 for frame in read(tmp_path / name)] == pytest.approx([40, 120, 200], abs=3)
    (tmp_path / name).rename(tmp_path / "bare")
    assert (kind_of(tmp_path / "bare") is Kind.FILM) == known


def test_frames_of_a_film_are_known_by_their_bytes(tmp_path: Path) -> None:
    for name, data in {
        "0001": jpeg(),
        "0002.heic": heic(),
        "0003.txt": jpeg(),
        "notes.txt": b"x",
        "4.dng": DNG,
    }.items():
        saved(tmp_path / name, data)
    Image.fromarray(scene()).save(tmp_path / "0004.png")
    source = open_source(tmp_path)
    assert len(source.survey()) == 4
    assert source.info.notes == ("Left out of it, as they cannot be read: 1 .dng.",)
