"""Records go into every format and come out as they were; damaged ones become one sentence."""

from __future__ import annotations

import json
import os
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from suffixes import RECORDING, WRITTEN

from dreampipe import Frame, MediaInfo, read, write
from dreampipe.errors import MediaError
from dreampipe.media import carries, decode, read_record, sidecar_of, write_sidecar
from dreampipe.media.formats import ANIMATED
from dreampipe.media.video.codecs import CONTAINERS
from dreampipe.media.video.whole import write_film

STILLS = [f"x.{suffix}" for suffix in RECORDING]
FILMS = [f"x{suffix}" for suffix in CONTAINERS]
ANIMATIONS = [f"moving{suffix}" for suffix, row in ANIMATED.items() if row.records]
CARRYING = [*STILLS, *FILMS, *ANIMATIONS]
WITHOUT = [
    *(f"x.{suffix}" for suffix in WRITTEN if suffix not in RECORDING),
    *(f"moving{suffix}" for suffix, row in ANIMATED.items() if not row.records),
]
RECORD = json.dumps(
    {"command": "dream", "objective": "each(mixed5) & <b>", "source": "Jørn's 猫.jpg"}, ensure_ascii=False
)
LONG = json.dumps({"numbers": np.random.default_rng(0).random(9000).tolist(), "text": "&<é" * 9000})  # over 64 KB


def frames() -> list[Frame]:
    values = np.random.default_rng(1).random((3, 24, 32, 3), np.float32)
    return [Frame(one * np.float32(0.1) + np.float32(index / 4)) for index, one in enumerate(values)]


def make(path: Path, record: str | None = None) -> Path:
    if path.suffix.lower() not in CONTAINERS and not path.name.startswith("moving"):
        write(frames()[0], path, record=record)
    else:
        write_film(frames(), path, record=record)
    return path


def refused(path: Path, *words: str) -> None:
    with pytest.raises(MediaError) as caught:
        read_record(path)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence
    for word in (str(path.name), *words):
        assert word in sentence


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(st.characters(exclude_categories=())), JSON)


@pytest.mark.parametrize("name", [*STILLS, "x.mp4", "x.mkv"])
@settings(max_examples=25, deadline=None)
@given(held=OBJECTS, ascii=st.booleans(), indent=st.sampled_from([None, 1, "\t", "\r\n"]))
def test_whatever_a_record_says_it_comes_back(name: str, held: Any, ascii: bool, indent: Any) -> None:
    record = json.dumps(held, ensure_ascii=ascii, indent=indent)
    with tempfile.TemporaryDirectory() as folder:
        found = read_record(make(Path(folder, name), record))
    assert found is not None and json.loads(found) == held
    assert found == record or not record.isprintable()


@pytest.mark.parametrize("record", [RECORD, LONG])
@pytest.mark.parametrize("name", CARRYING)
def test_a_record_lies_in_the_file_and_the_file_stays_what_it_is(tmp_path: Path, name: str, record: str) -> None:
    (tmp_path / "with").mkdir()
    path, plain = make(tmp_path / "with" / name, record), make(tmp_path / name)
    assert carries(path)
    assert read_record(path) == record
    assert read_record(plain) is None
    assert os.listdir(tmp_path / "with") == [name]
    kept, bare = read(path), read(plain)
    for one, other in zip(kept, bare, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    if path.suffix not in (".mkv", ".webm"):  # each file of Matroska has a number of its own
        assert path.read_bytes() == make(tmp_path / "with" / name, record).read_bytes()


@pytest.mark.parametrize("name", WITHOUT)
def test_what_holds_none_has_a_sidecar(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / name)
    assert not carries(path)
    assert read_record(path) is None
    write_sidecar(path, RECORD)
    assert sorted(os.listdir(tmp_path)) == [name, f"{name}.dream.json"]
    assert json.loads((tmp_path / f"{name}.dream.json").read_bytes()) == json.loads(RECORD)
    assert read_record(path) == read_record(sidecar_of(path)) == RECORD


def test_write_makes_the_sidecar_itself(tmp_path: Path) -> None:
    write(frames()[0], tmp_path / "x.bmp", record=RECORD)
    assert read_record(tmp_path / "x.bmp") == RECORD
    write(frames(), tmp_path / "x.mp4", record=RECORD)
    assert sorted(os.listdir(tmp_path)) == ["x.bmp", "x.bmp.dream.json", "x.mp4"]


def test_numbered_pictures_have_theirs_among_them(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    pattern = tmp_path / "f" / "%03d.jpg"
    assert not carries(pattern)
    write_sidecar(pattern, RECORD)
    assert os.listdir(tmp_path / "f") == ["%03d.jpg.dream.json"]
    assert read_record(tmp_path / "f") == RECORD
    write_sidecar(tmp_path / "f", RECORD)  # "%06d.png"
    refused(tmp_path / "f", "2 records", "name it")
    (tmp_path / "empty").mkdir()
    assert read_record(tmp_path / "empty") is None


def test_a_file_s_own_record_comes_before_its_sidecar(tmp_path: Path) -> None:
    path = make(tmp_path / "x.png", RECORD)
    write_sidecar(path, '{"stale": true}')
    assert read_record(path) == RECORD
    bare = make(tmp_path / "x.jpg")
    write_sidecar(bare, RECORD)
    assert read_record(bare) == RECORD


@pytest.mark.parametrize("name", STILLS)
def test_profile_and_exif_stay_beside_a_record(tmp_path: Path, name: str, profile: bytes, exif: bytes) -> None:
    like = MediaInfo(32, 24, icc=profile, exif=exif)
    write(frames()[0], tmp_path / name, like, record=LONG)
    with Image.open(tmp_path / name) as image:  # by a reader that is not ours
        assert image.info["icc_profile"] == profile
        assert (image.getexif()[271], image.getexif().get_ifd(34853)[1]) == ("Kamera", "N")
        image.load()
    assert read_record(tmp_path / name) == LONG
    assert decode(tmp_path / name)[1].icc == profile


def test_others_find_it_where_the_standards_say(tmp_path: Path) -> None:
    with Image.open(make(tmp_path / "x.png", RECORD)) as image:
        assert image.info["dreampipe"] == RECORD
    for name in ("x.jpg", "x.webp", "x.avif", "moving.webp"):
        with Image.open(make(tmp_path / name, RECORD)) as image:
            assert b"each(mixed5) &amp; &lt;b&gt;" in image.info["xmp"]
            told = ElementTree.fromstring(image.info["xmp"].decode().lstrip("\ufeff"))
            assert told.findtext(".//{http://ns.dreampipe/1.0/}record") == RECORD
    with tifffile.TiffFile(make(tmp_path / "x.tif", RECORD)) as file:
        assert "Jørn".encode() in file.pages.first.tags[700].value
    for name in ("x.mp4", "x.mov"):
        with av.open(str(make(tmp_path / name, RECORD)), options={"export_xmp": "1"}) as film:
            assert "Jørn" in film.metadata["xmp"]
    for name in ("x.mkv", "x.webm"):
        with av.open(str(make(tmp_path / name, RECORD))) as film:
            assert film.metadata["DREAMPIPE"] == RECORD


def test_a_long_one_lies_in_the_extension_that_adobe_has_for_it(tmp_path: Path) -> None:
    data = make(tmp_path / "x.jpg", LONG).read_bytes()
    parts = data.split(b"http://ns.adobe.com/xmp/extension/\0")[1:]
    digest = parts[0][:32]
    assert len(parts) > 1 and f'HasExtendedXMP="{digest.decode()}"'.encode() in data
    places = [struct.unpack(">II", part[32:40]) for part in parts]
    assert len({length for length, _ in places}) == 1 and places[0][1] == 0


def test_an_extension_of_very_many_parts_is_read_in_little_time(tmp_path: Path) -> None:
    data = make(tmp_path / "x.jpg", LONG).read_bytes()
    head = b"http://ns.adobe.com/xmp/extension/\0"
    at = data.index(head) - 4
    digest = data[at + 4 + len(head) :][:32]
    empty = b"".join(
        b"\xff\xe1" + struct.pack(">H", len(head) + 42) + head + digest + struct.pack(">II", 1, place)
        for place in range(2, 300_000, 2)  # an hour, if each were held against all before it
    )
    (tmp_path / "x.jpg").write_bytes(data[:at] + empty + data[at:])
    assert read_record(tmp_path / "x.jpg") == LONG


def test_a_packet_that_another_program_has_laid_down_anew(tmp_path: Path) -> None:
    name = "http://ns.dreampipe/1.0/"
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:q="{name}" q:record="{{&quot;a&quot;: 1}}"/></rdf:RDF></x:xmpmeta>'
    )
    for file in ("x.jpg", "x.webp", "x.avif"):
        Image.new("RGB", (8, 8)).save(tmp_path / file, xmp=packet.encode())
        assert read_record(tmp_path / file) == '{"a": 1}'


@pytest.mark.parametrize("xmp", [b"<x/>", b"<broken", b"\xff\xfe\0", b"", b"<a>" * 99])
def test_what_is_not_ours_is_not_looked_at(tmp_path: Path, xmp: bytes) -> None:
    for file in ("x.jpg", "x.webp", "x.avif"):
        Image.new("RGB", (8, 8)).save(tmp_path / file, xmp=xmp)
        assert read_record(tmp_path / file) is None
    tags = [(700, "B", len(xmp), xmp, True)] if xmp else []
    tifffile.imwrite(tmp_path / "x.tif", np.zeros((8, 8), np.uint8), extratags=tags)
    assert read_record(tmp_path / "x.tif") is None


BROKEN_PACKETS = {
    "no XML": '<a xmlns="http://ns.dreampipe/1.0/"><record>{}</a>',
    "document type": '<!DOCTYPE a [<!ENTITY b "c">]><a xmlns="http://ns.dreampipe/1.0/"><record>{}</record></a>',
    "is no JSON": '<a xmlns="http://ns.dreampipe/1.0/"><record>{"a": </record></a>',
    "is no JSON object": '<a xmlns="http://ns.dreampipe/1.0/"><record>[1]</record></a>',
}


@pytest.mark.parametrize("reason", BROKEN_PACKETS)
def test_a_broken_packet(tmp_path: Path, reason: str) -> None:
    packet = BROKEN_PACKETS[reason].encode()
    for file in ("x.jpg", "x.webp", "x.avif"):
        Image.new("RGB", (8, 8)).save(tmp_path / file, xmp=packet)
        refused(tmp_path / file, "damaged", reason)
    tifffile.imwrite(tmp_path / "x.tif", np.zeros((8, 8), np.uint8), extratags=[(700, "B", len(packet), packet, True)])
    refused(tmp_path / "x.tif", "damaged", reason)


def with_chunk(path: Path, body: bytes, crc: int | None = None) -> Path:
    """A PNG with a chunk that PNG's standard allows, or not."""
    data = make(path).read_bytes()
    checksum = zlib.crc32(b"iTXt" + body) if crc is None else crc
    path.write_bytes(
        data[:33] + struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", checksum) + data[33:]
    )
    return path


def test_a_broken_chunk(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    refused(with_chunk(path, b"dreampipe\0\0\0\0\0{}", crc=7), "checksum")
    refused(with_chunk(path, b"dreampipe\0\0\0\0\0{"), "is no JSON")
    refused(with_chunk(path, b"dreampipe\0\0\0\0\0\xff"), "damaged")
    refused(with_chunk(path, b"dreampipe\0"), "damaged")
    refused(with_chunk(path, b"dreampipe\0\1\0\0\0no zlib"), "inflated")
    refused(with_chunk(path, b"dreampipe\0\1\0\0\0" + zlib.compress(RECORD.encode())[:-6]), "inflated")
    refused(with_chunk(path, b"dreampipe\0\1\0\0\0" + zlib.compress(b" " * 10**8)), "longer than 1,048,576 bytes")
    refused(with_chunk(path, b"dreampipe\0\0\0\0\0{}" + b" " * 2**21), "longer than 1,048,576 bytes")
    refused(with_chunk(path, b"dreampipe\0\0\0\0\0" + b'{"a":' * 99_999), "is no JSON")
    assert read_record(with_chunk(path, b"dreampipes\0\0\0\0\0nothing of ours")) is None


@pytest.mark.parametrize("name", [*STILLS, "x.mp4", "x.mkv", "moving.webp"])
@pytest.mark.parametrize("record", [None, RECORD])
def test_a_file_that_is_cut_short_is_no_crash(tmp_path: Path, name: str, record: str | None) -> None:
    path = make(tmp_path / name, record)
    data = path.read_bytes()
    for length in {0, 1, 8, 20, 33, 60, 150, len(data) // 3, len(data) // 2, len(data) - 1}:
        path.write_bytes(data[:length])
        try:
            assert read_record(path) in (None, record)
        except MediaError as problem:
            assert str(path) in str(problem) and str(problem).endswith(".")


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from([*STILLS, "x.mp4"]), place=st.floats(0, 1), value=st.integers(0, 255))
def test_a_changed_byte_is_no_crash(name: str, place: float, value: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder, name), RECORD)
        data = bytearray(path.read_bytes())
        data[int(place * (len(data) - 1))] = value
        path.write_bytes(data)
        try:
            read_record(path)
        except MediaError as problem:
            assert str(problem).endswith(".")


def test_a_broken_sidecar(tmp_path: Path) -> None:
    path = make(tmp_path / "x.bmp")
    for text, reason in ((b"{", "is no JSON"), (b"\xff", "damaged"), (b"[]", "object"), (b"1" * 2**21, "longer")):
        sidecar_of(path).write_bytes(text)
        with pytest.raises(MediaError, match=reason):
            read_record(path)


@pytest.mark.parametrize("record", ["", "no json", "[]", "3", "{" * 99_999, json.dumps({"a": "x" * 2**20})])
def test_what_is_no_record_is_not_written(tmp_path: Path, record: str) -> None:
    for name in ("x.png", "x.mp4", "moving.webp"):
        with pytest.raises(MediaError, match="one JSON object is expected"):
            make(tmp_path / name, record)
    with pytest.raises(MediaError, match="one JSON object is expected"):
        write_sidecar(tmp_path / "x.bmp", record)
    assert os.listdir(tmp_path) == []


def test_a_file_that_may_not_be_read(locked: Path) -> None:
    refused(locked / "secret.png", "cannot be read", "Permission denied")
    refused(locked / "closed" / "x.png.dream.json", "cannot be read", "Permission denied")
    refused(locked / "closed" / "x.png", "cannot be read", "Permission denied")


def test_what_is_no_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.png", "does not exist")
    refused(tmp_path / "none.png.dream.json", "does not exist")
    refused(tmp_path / f"{'x' * 300}.dream.json", "too long")
    write(frames()[0], tmp_path / f"{'x' * 245}.jpg")
    assert read_record(tmp_path / f"{'x' * 245}.jpg") is None  # its sidecar's name would be too long
    os.mkfifo(tmp_path / "pipe.png")
    refused(tmp_path / "pipe.png", "no regular file")
    (tmp_path / "text.png").write_text("Dear diary")
    assert read_record(tmp_path / "text.png") is None


def test_an_older_film_s_record_is_not_handed_on(tmp_path: Path) -> None:
    for name in ("x.mkv", "x.mp4"):
        older = make(tmp_path / name, RECORD)
        media = read(older)
        write(media, tmp_path / f"new-{name}", like=media.info)
        assert read_record(tmp_path / f"new-{name}") is None
        write(media, tmp_path / f"new-{name}", like=media.info, record='{"new": 1}')
        assert read_record(tmp_path / f"new-{name}") == '{"new": 1}'
