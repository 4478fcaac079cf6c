"""What a picture's file holds beside the picture is named, and nothing is named that is not there."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from boxes_by_hand import with_item, with_property
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
PROPERTIES = {
    "a gain map": ("http://ns.google.com/photos/1.0/container/item/", "Semantic", "GainMap"),
    "a film (motion photo)": ("http://ns.google.com/photos/1.0/camera/", "MotionPhoto", "1"),
    "a depth map": ("http://ns.google.com/photos/1.0/container/item/", "Semantic", "Depth"),
}
FORMS: dict[str, str] = {
    "an attribute": '<r:Description xmlns:{prefix}="{space}" {prefix}:{name}="{value}"/>',
    "in single quotes": "<r:Description xmlns:{prefix}='{space}' {prefix}:{name} = '{value}' />",
    "an element": '<r:Description xmlns:{prefix}="{space}"><{prefix}:{name}>\n {value}\n</{prefix}:{name}></r:D>',
    "in the default namespace": '<r:Description><{name} xmlns="{space}" >{value}</{name}></r:Description>',
}
OTHER_VALUES = [
    '<r:Description xmlns:c="http://ns.google.com/photos/1.0/camera/" c:MotionPhoto="0"/>',
    '<r:Description xmlns:c="http://ns.google.com/photos/1.0/camera/" c:MotionPhotoVersion="1" c:Semantic="Primary"/>',
]


def packet(description: str) -> bytes:
    return f'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{description}</r:RDF>'.encode()


def extended(text: bytes, parts: int) -> bytes:
    """Segments of extended XMP (XMP part 3, 1.1.3.1), each with its share of the text."""
    size = -(-len(text) // parts)
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32
    return b"".join(
        segment(0xE1, head + struct.pack(">II", len(text), at) + text[at : at + size])
        for at in range(0, len(text), size)
    )


@pytest.mark.parametrize("prefix", ["GCamera", "Item", "ns1"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("held", PROPERTIES)
def test_what_xmp_tells_is_named_however_it_is_written(tmp_path: Path, held: str, form: str, prefix: str) -> None:
    space, name, value = PROPERTIES[held]
    text = packet(FORMS[form].format(prefix=prefix, space=space, name=name, value=value))
    said = (f"What it also holds is left out: {held} and XMP.",)
    head = b"http://ns.adobe.com/xap/1.0/\0"
    assert notes(tmp_path / "x.jpg", with_segments(jpeg(), segment(0xE1, head + text))) == said
    wide = text.decode().encode("utf-16")
    assert notes(tmp_path / "x.jpg", with_segments(jpeg(), segment(0xE1, head + wide))) == said
    for suffix in ("webp", "avif"):
        Image.fromarray(scene()).save(tmp_path / f"x.{suffix}", xmp=text)
        assert read(tmp_path / f"x.{suffix}").info.notes == said
    for parts in (1, 3):
        more = with_segments(jpeg(), segment(0xE1, head + b"<x/>"), extended(text, parts))
        assert notes(tmp_path / "x.jpg", more) == (f"What it also holds is left out: XMP and {held}.",)
    Image.fromarray(scene()).save(tmp_path / "x.png")
    plain = (tmp_path / "x.png").read_bytes()
    keyword = b"XML:com.adobe.xmp\0"
    for body in (b"\0\0\0\0" + text, b"\1\0\0\0" + zlib.compress(text)):
        assert notes(tmp_path / "x.png", plain[:33] + png_chunk(b"iTXt", keyword + body) + plain[33:]) == said


@pytest.mark.parametrize("description", OTHER_VALUES)
def test_what_xmp_does_not_tell_is_not_named(tmp_path: Path, description: str) -> None:
    text = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet(description))
    assert notes(tmp_path / "x.jpg", with_segments(jpeg(), text)) == ("What it also holds is left out: XMP.",)


def samsung(*blocks: tuple[bytes, bytes]) -> bytes:
    """The blocks that a phone of Samsung appends, each with a name and data, and their directory."""
    data, places = b"", []
    for name, body in blocks:
        places.append(len(data))
        data += struct.pack("<HHI", 0, 0x0A30, len(name)) + name + body
    table = b"SEFH" + struct.pack("<II", 106, len(blocks))
    for place, (name, body) in zip(places, blocks, strict=True):
        table += struct.pack("<HHII", 0, 0x0A30, len(data) - place, 8 + len(name) + len(body))
    return data + table + struct.pack("<I", len(table)) + b"SEFT"


SAMSUNG = {
    "data of Samsung": [(b"Image_UTC_Data", b"1604152800000")],
    "data of Samsung and a depth map": [(b"Image_UTC_Data", b"1"), (b"DualShot_DepthMap_1", bytes(200_000))],
    "a film (motion photo) and data of Samsung": [(b"MotionPhoto_Data", MP4), (b"Image_UTC_Data", b"1")],
    "sound": [(b"SoundShot_000", bytes(99))],
}


@pytest.mark.parametrize("held", SAMSUNG)
def test_blocks_of_samsung_are_named_by_kind(tmp_path: Path, held: str) -> None:
    trailer = samsung(*SAMSUNG[held])
    said = (f"What it also holds is left out: {held}.",)
    assert notes(tmp_path / "x.jpg", jpeg() + trailer) == said
    assert notes(tmp_path / "x.jpg", with_pictures(jpeg(), (0x010001, SMALL)) + trailer) == said
    assert notes(tmp_path / "x.heic", heic() + box(b"sefd", trailer)) == said
    for end in range(1, 40, 3):
        assert all(note.endswith(".") for note in notes(tmp_path / "x.jpg", jpeg() + trailer[:-end]))
        assert all(note.endswith(".") for note in notes(tmp_path / "x.jpg", jpeg() + trailer[end:]))


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("suffix", ["avif", "heic"])
def test_the_gain_map_of_a_heif_is_named(tmp_path: Path, suffix: str, version: int) -> None:
    Image.fromarray(scene()).save(tmp_path / "x.avif")
    plain = heic() if suffix == "heic" else (tmp_path / "x.avif").read_bytes()
    assert notes(tmp_path / f"x.{suffix}", with_item(plain, b"free", version)) == ()
    assert notes(tmp_path / f"x.{suffix}", with_item(plain, b"tmap", version)) == (LEFT_OUT.format("a gain map"),)


@pytest.mark.parametrize("suffix", ["avif", "heic"])
def test_pixels_of_a_heif_that_are_not_square_are_noted(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(scene()).save(tmp_path / "x.avif")
    plain = heic() if suffix == "heic" else (tmp_path / "x.avif").read_bytes()
    assert notes(tmp_path / f"x.{suffix}", with_property(plain, b"pasp", struct.pack(">II", 3, 3))) == ()
    assert notes(tmp_path / f"x.{suffix}", with_property(plain, b"pasp", struct.pack(">II", 2, 1))) == (
        LEFT_OUT.format("the shape of its pixels (2:1)"),
    )


def test_pixels_of_a_jpeg_and_a_png_that_are_not_square_are_noted(tmp_path: Path) -> None:
    said = (LEFT_OUT.format("the shape of its pixels (4:3)"),)
    for unit, across, down, expected in (
        (0, 3, 4, said),
        (0, 1, 1, ()),
        (0, 0, 0, ()),
        (1, 300, 300, ()),
        (1, 75, 100, said),
    ):
        whole = bytearray(jpeg())
        whole[13:18] = struct.pack(">BHH", unit, across, down)
        assert notes(tmp_path / "x.jpg", bytes(whole)) == expected
        Image.fromarray(scene()).save(tmp_path / "x.png")
        plain = (tmp_path / "x.png").read_bytes()
        size = png_chunk(b"pHYs", struct.pack(">IIB", across, down, unit))
        assert notes(tmp_path / "x.png", plain[:33] + size + plain[33:]) == expected


def test_what_a_still_gif_holds_is_named(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 6), (60, 90, 120))
    image.save(tmp_path / "x.gif", comment=b"hello")
    assert read(tmp_path / "x.gif").info.notes == ("What it also holds is left out: a comment.",)
    image.save(tmp_path / "x.gif")
    plain = (tmp_path / "x.gif").read_bytes()
    at = 13 + 3 * 2 ** ((plain[10] & 7) + 1)
    text = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + b'<a MotionPhoto="1"/>'
    magic = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    for name, data, held in (
        (b"XMP DataXMP", text + magic, "a film (motion photo) and XMP"),
        (b"NETSCAPE2.0", b"\3\1\0\0\0", ""),
        (b"MAKERNOTE01", b"\3abc\0", "extension MAKERNOT"),
    ):
        (tmp_path / "x.gif").write_bytes(plain[:at] + b"!\xff\x0b" + name + data + plain[at:])
        said = read(tmp_path / "x.gif").info.notes
        assert said == ((f"What it also holds is left out: {held}.",) if held else ())


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
        (b"urn:mpeg:hevc:2015:auxid:7", "further pictures"),
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
