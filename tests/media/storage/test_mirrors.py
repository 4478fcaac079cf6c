"""Addresses and their paths in a mirror say the same; a text shows no path of a mirror, and no signature."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreampipe.errors import MediaError
from dreampipe.media.storage import Address, address_of, is_address, show_addresses
from dreampipe.media.storage.addresses import disk_path, is_mirrored, mirrors
from dreampipe.media.storage.stubs import Odd
from dreampipe.records.places import write_path

PARTS = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda part: part not in (".", "..")
)
MIRROR = mirrors() / "0123456789abcdef"
KEYS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@given(KEYS)
def test_the_path_of_an_address_says_the_address(key):
    address = Address.parse(f"s3://bucket/{key}") if "://" not in key and "::" not in key else Address("s3", "b", key)
    path = address.path(MIRROR)
    assert address_of(path) == address
    assert show_addresses(f"{path} came.") == f"{address} came."
    assert is_address(str(address))
    assert address_of(MIRROR / "s3") is None and address_of(mirrors() / "mine" / "s3" / "b" / key) is None


@given(st.sets(st.text("ab-./", min_size=1, max_size=6)))
def test_objects_within_objects_are_odd(names):
    """However many names lie between an object and those that would be in a folder of its name."""
    odd, others = Odd(), [name.strip("/") for name in names]
    found = [name for name in sorted({*others} - {""}) if odd.has(name)]
    above = {name: [part for part in others if part and name.startswith(f"{part}/")] for name in others}
    assert found == sorted({name for name in others if name and (above[name] or not is_mirrored(name))})
    assert odd.count == len(found) and odd.first == (found[0] if found else "")


@pytest.mark.parametrize(
    "text", ["C:/photos/a.jpg", "photos/a.jpg", "s3:/bucket", "a//b", "x://y", "", "//server/share"]
)
def test_a_path_is_no_address(text):
    assert not is_address(text)
    assert address_of(Path(text)) is None


def test_no_signature_is_shown():
    address = Address.parse("https://host/a.jpg?X-Amz-Signature=secret#part")
    assert address.query == "X-Amz-Signature=secret"
    assert "secret" not in f"{address} {address!r} {address.folder} {address.below('b')}"


def test_addresses_of_this_disk_are_paths():
    assert disk_path("file:///a b/c.jpg") == "/a b/c.jpg"
    assert disk_path("FILE://localhost/a/") == "/a/"
    assert disk_path("s3://a/b") is None
    with pytest.raises(MediaError, match=r"file:///FOLDER/NAME is expected"):
        disk_path("file://a/b.jpg")


@pytest.mark.parametrize(
    ("file", "record", "written"),
    [
        ("s3://b/photos/a.jpg", "s3://b/dreams", "../photos/a.jpg"),
        ("s3://b/photos/a.jpg", "s3://other/dreams", "s3://b/photos/a.jpg"),
        ("s3://b/photos/a.jpg", "/home/me/dreams", "s3://b/photos/a.jpg"),
        ("/home/me/photos/a.jpg", "s3://b/dreams", "a.jpg"),
    ],
)
def test_a_record_names_a_file_by_its_address_or_from_its_own_place(file, record, written):
    def path(text: str) -> Path:
        return Address.parse(text).path(MIRROR) if is_address(text) else Path(text)

    assert write_path(path(file), path(record)) == written
