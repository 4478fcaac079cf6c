"""What a picture's file holds beside the picture is named, and nothing is named that is not there."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hostile import box, png_chunk
from hypothesis import given, settings
from hypothesis import strategies as st
from phone import (
    CAMERA,
    HDRGM,
    MP4,
    gain_map_jpeg,
    heic,
    jpeg,
    motion_photo,
    scene,
    segment,
    with_pictures,
    with_segments,
    xmp,
)
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from suffixes import RECORDING

from dreampipe import Frame, read, write
from dreampipe.errors import MediaError
from dreampipe.media.video import open_source

GPANO = 'xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" GPano:ProjectionType="equirectangular"'
GDEPTH = 'xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" GDepth:Format="RangeInverse"'
APPLE = 'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/" HDRGainMap:HDRGainMapVersion="65536"'
SMALL = jpeg(scene(12, 16))

JPEGS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a gain map of Android": (gain_map_jpeg, "a gain map and XMP"),
    "a gain map of Apple": (lambda: with_pictures(jpeg(), (0, with_segments(SMALL, xmp(APPLE)))), "a gain map"),
    "a gain map of ISO": (
        lambda: with_pictures(
            with_segments(jpeg(), segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4))), (0, SMALL)
        ),
        "further pictures and a gain map",
    ),
    "a gain map without an index": (lambda: jpeg() + with_segments(SMALL, xmp(HDRGM)), "a gain map"),
    "a motion photo": (motion_photo, "a film (motion photo) and XMP"),
    "an older motion photo": (
        lambda: with_segments(jpeg(), xmp(CAMERA, 'GCamera:MicroVideo="1"')) + MP4,
        "a film (motion photo) and XMP",
    ),
    "a motion photo of Samsung": (
        lambda: jpeg() + b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + MP4,
        "a film (motion photo)",
    ),
    "a film without a word": (lambda: jpeg() + MP4, "a film (motion photo)"),
    "a depth map": (lambda: with_segments(jpeg(), xmp(GDEPTH)), "a depth map and XMP"),
    "a stereo pair": (
        lambda: with_pictures(jpeg(), (0x020002, SMALL), (0x020003, SMALL)),
        "a depth map and further pictures",
    ),
    "a panorama": (lambda: with_segments(jpeg(), xmp(GPANO)), "the angles of a panorama and XMP"),
    "another picture": (lambda: jpeg() + SMALL, "further pictures"),
    "other bytes": (lambda: jpeg() + b"?" * 999, "999 bytes after its end"),
    "IPTC": (lambda: with_segments(jpeg(), segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\0")), "IPTC"),
    "a comment": (lambda: jpeg(comment=b"hello"), "a comment"),
    "data of a maker": (lambda: with_segments(jpeg(), segment(0xE4, b"CAMERA data")), "segment APP4"),
    "credentials": (lambda: with_segments(jpeg(), segment(0xEB, b"JP" + bytes(30))), "content credentials"),
}
PLAIN = {
    "a photo": jpeg,
    "a photo with previews": lambda: with_pictures(jpeg(), (0x010001, SMALL), (0x010002, SMALL)),
    "a photo that is filled up": lambda: jpeg() + bytes(64),
    "of Photoshop": lambda: with_segments(
        jpeg(dpi=(300, 300)), segment(0xEC, b"Ducky\0\1"), segment(0xEE, b"Adobe" + bytes(7))
    ),
    "progressive": lambda: jpeg(progressive=True),
}


def notes(path: Path, data: bytes) -> tuple[str, ...]:
    path.write_bytes(data)
    media = read(path)
    assert (media.info.width, media.info.height) == (64, 48)
    return media.info.notes


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_with_more_in_it_is_read_and_the_rest_is_named(tmp_path: Path, name: str) -> None:
    make, held = JPEGS[name]
    assert notes(tmp_path / "x.jpg", make()) == (f"What it also holds is left out: {held}.",)


@pytest.mark.parametrize("name", PLAIN)
def test_a_jpeg_with_no_more_in_it_needs_no_note(tmp_path: Path, name: str) -> None:
    assert notes(tmp_path / "x.jpg", PLAIN[name]()) == ()


@pytest.mark.parametrize("suffix", RECORDING)
def test_a_record_of_our_own_is_nothing_that_is_left_out(tmp_path: Path, suffix: str) -> None:
    write(Frame(scene().astype(np.float32) / 255), tmp_path / f"x.{suffix}", record='{"a": 1}')
    assert read(tmp_path / f"x.{suffix}").info.notes == ()


def test_text_of_a_png_is_named_wherever_it_stands(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "x.png")
    plain = (tmp_path / "x.png").read_bytes()
    text, packet = png_chunk(b"tEXt", b"Title\0x"), png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>")
    assert notes(tmp_path / "x.png", plain) == ()
    assert notes(tmp_path / "x.png", plain[:33] + text + plain[33:]) == ("What it also holds is left out: text.",)
    both = plain[:33] + text + plain[33:-12] + packet + plain[-12:]
    assert notes(tmp_path / "x.png", both) == ("What it also holds is left out: text and XMP.",)


LEFT_OUT = "What it also holds is left out: {}."


def test_chunks_of_a_png_that_are_dropped_are_named(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "x.png", dpi=(300, 300))
    plain = (tmp_path / "x.png").read_bytes()
    assert b"pHYs" in plain and notes(tmp_path / "x.png", plain) == ()
    for chunks, after, held in (
        (png_chunk(b"caBX", b"x"), b"", "content credentials"),
        (png_chunk(b"prVt", b"x"), b"", "chunk prVt"),
        (png_chunk(b"gdAT", b"x"), b"", "a gain map"),
        (b"", b"?" * 999, "999 bytes after its end"),
        (b"", MP4, "a film (motion photo)"),
    ):
        assert notes(tmp_path / "x.png", plain[:33] + chunks + plain[33:] + after) == (LEFT_OUT.format(held),)
    assert notes(tmp_path / "x.png", plain + bytes(64)) == ()


def test_chunks_of_a_webp_that_are_dropped_are_named(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "x.webp", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    plain = (tmp_path / "x.webp").read_bytes()
    assert notes(tmp_path / "x.webp", plain) == ()
    for kind, held in ((b"C2PA", "content credentials"), (b"ABCD", "chunk ABCD")):
        body = plain[8:] + kind + struct.pack("<I", 4) + b"1234"
        data = b"RIFF" + struct.pack("<I", len(body)) + body
        assert notes(tmp_path / "x.webp", data) == (LEFT_OUT.format(held),)
    assert notes(tmp_path / "x.webp", plain + MP4) == (LEFT_OUT.format("a film (motion photo)"),)


@pytest.mark.parametrize("suffix", ["avif", "heic"])
def test_boxes_of_a_picture_that_are_dropped_are_named(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(scene()).save(tmp_path / "x.avif")
    plain = heic() if suffix == "heic" else (tmp_path / "x.avif").read_bytes()
    credentials = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
    assert notes(tmp_path / f"x.{suffix}", plain + box(b"free", bytes(9))) == ()
    for more, held in (
        (box(b"uuid", credentials + b"x"), "content credentials"),
        (box(b"uuid", bytes(20)), "box uuid"),
        (box(b"sefd", bytes(20)), "box sefd"),
        (b"MotionPhoto_Data" + MP4, "a film (motion photo)"),
    ):
        assert notes(tmp_path / f"x.{suffix}", plain + more) == (LEFT_OUT.format(held),)


def test_what_else_an_animation_holds_is_named(tmp_path: Path) -> None:
    first, second = (Image.new("RGB", (8, 6), (level,) * 3) for level in (60, 90))
    more = {"save_all": True, "append_images": [second], "duration": 100}
    text = PngInfo()
    text.add_text("Title", "x")
    exif = Image.Exif()
    exif[271] = "Nobody"
    for name, held, said in (
        ("x.gif", {"comment": b"hello"}, "a comment"),
        ("x.webp", {"exif": exif, "xmp": b"<x/>"}, "XMP and EXIF"),
        ("x.png", {"pnginfo": text}, "text"),
    ):
        first.save(tmp_path / name, **more)
        assert open_source(tmp_path / name).info.notes == ()
        first.save(tmp_path / name, **more, **held)
        assert open_source(tmp_path / name).info.notes == (LEFT_OUT.format(said),)


def test_xmp_of_a_webp_and_an_avif_is_named(tmp_path: Path) -> None:
    for suffix in ("webp", "avif"):
        Image.fromarray(scene()).save(tmp_path / f"x.{suffix}", xmp=b'<rdf MotionPhoto="1"/>')
        assert read(tmp_path / f"x.{suffix}").info.notes == (
            "What it also holds is left out: a film (motion photo) and XMP.",
        )


def test_the_film_of_a_heic_is_named(tmp_path: Path) -> None:
    assert notes(tmp_path / "x.heic", heic()) == ()
    assert notes(tmp_path / "x.heic", heic() + box(b"mpvd", MP4)) == (
        "What it also holds is left out: a film (motion photo).",
    )


def test_further_pictures_of_a_heic_are_counted(tmp_path: Path) -> None:
    several = heic(None, Image.fromarray(scene(32, 40)), Image.fromarray(scene(20, 24)))
    assert notes(tmp_path / "x.heic", several) == ("It has 3 pictures, and only the main one was read.",)


def auxiliary(kind: bytes) -> bytes:
    """A HEIC with alpha whose auxiliary picture says that it is something else."""
    alpha = b"urn:mpeg:hevc:2015:auxid:1"
    data = heic(Image.fromarray(np.dstack((scene(), scene()[..., :1]))))
    found = next(one for one in (alpha, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha") if one in data)
    return data.replace(found, kind.ljust(len(found), b"\0")[: len(found)])


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        (b"urn:mpeg:hevc:2015:auxid:2", "a depth map"),
        (b"x:hdrgainmap", "a gain map"),
        (b"x:semanticskinmatte", "a matte"),
    ],
)
def test_auxiliary_pictures_of_a_heic_are_named(tmp_path: Path, kind: bytes, held: str) -> None:
    assert notes(tmp_path / "x.heic", auxiliary(kind)) == (f"What it also holds is left out: {held}.",)


def test_what_else_a_tiff_holds_is_named(tmp_path: Path) -> None:
    tags = [
        (33723, "B", 8, b"IPTCIPTC", True),
        (700, "B", 8, b"<x></x> ", True),
        (33550, "d", 3, (1.0, 1.0, 0.0), True),
    ]
    tifffile.imwrite(tmp_path / "x.tif", scene(), photometric="rgb", extratags=tags)
    assert read(tmp_path / "x.tif").info.notes == ("What it also holds is left out: XMP, map coordinates and IPTC.",)


def test_the_smaller_copies_in_a_tiff_are_named(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "x.tif") as out:
        out.write(scene(), photometric="rgb", subifds=1)
        out.write(scene(24, 32), photometric="rgb", subfiletype=1)
    assert read(tmp_path / "x.tif").info.notes == ("What it also holds is left out: further pictures.",)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 1200), st.binary(min_size=1, max_size=6))
def test_damage_to_what_is_beside_a_picture_harms_nothing(
    tmp_path_factory: pytest.TempPathFactory, at: int, by: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.jpg"
    whole = gain_map_jpeg()
    path.write_bytes(whole[:at] + by + whole[at + len(by) :])
    try:
        assert all(note.endswith(".") for note in read(path).info.notes)
    except MediaError as problem:
        assert "\n" not in str(problem)


def test_an_index_that_points_anywhere_is_followed_nowhere(tmp_path: Path) -> None:
    for directory in (b"\xff\xff" + b"\xff" * 30, struct.pack(">HHHII", 1, 0xB002, 7, 1 << 31, 8)):
        index = segment(0xE2, b"MPF\0MM\0*\0\0\0\x08" + directory)
        assert notes(tmp_path / "x.jpg", with_segments(jpeg(), index)) in (
            (),
            ("What it also holds is left out: further pictures.",),
        )
