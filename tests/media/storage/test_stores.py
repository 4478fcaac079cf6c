"""The contract of a store, over a store with the interface of S3 and the memory of fsspec; and what can go wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest

from dreampipe.errors import MediaError, StorageError
from dreampipe.media.storage.addresses import Address
from dreampipe.media.storage.faults import Absent
from dreampipe.media.storage.stores import Store


@pytest.fixture(params=["s3", "memory"])
def place(request: pytest.FixtureRequest) -> Iterator[Address]:
    """An empty folder in each kind of store."""
    if request.param == "s3":
        yield Address.parse(request.getfixturevalue("bucket")).below("folder")
    else:
        yield Address.parse(f"memory://m-{uuid4().hex}/folder")


def put(address: Address, data: bytes, tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(data)
    Store.of(address).put(tmp_path / "sent", address)


def fetched(address: Address, tmp_path: Path) -> bytes:
    Store.of(address).fetch(address, tmp_path / "came" / "file")
    return (tmp_path / "came" / "file").read_bytes()


@pytest.mark.parametrize("name", ["a.jpg", "with space.jpg", "größe 日本.png", "a+b&c=%20?#.png", "deep/er/a.png"])
def test_what_was_put_comes_back(place, name, tmp_path):
    address = place.below(name)
    put(address, b"bytes of it", tmp_path)
    assert fetched(address, tmp_path) == b"bytes of it"
    facts = Store.of(place).facts(address)
    assert facts is not None and facts.size == 11 and facts.mark and facts.changed
    assert [key for key, found in Store.of(place).list(place, deep=True) if found] == [name]
    Store.of(place).remove(address)
    assert Store.of(place).facts(address) is None
    Store.of(place).remove(address)  # once more is fine


def test_a_put_replaces_and_changes_the_mark(place, tmp_path):
    store, address = Store.of(place), place.below("a")
    put(address, b"one", tmp_path)
    before = store.facts(address)
    put(address, b"two", tmp_path)
    after = store.facts(address)
    assert before and after and before.mark != after.mark
    assert fetched(address, tmp_path) == b"two"


def test_create_does_not_replace(place):
    store, address = Store.of(place), place.below("lease")
    assert store.create(b"mine", address)
    assert not store.create(b"theirs", address)
    assert store.read(address) == b"mine"


def test_create_makes_the_folder_where_a_store_has_real_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # as `file://host` is that folder here
    address = Address("file", "host", "new/deep/lease")
    assert Store.of(address).create(b"mine", address)
    assert not Store.of(address).create(b"theirs", address)
    assert (tmp_path / "host" / "new" / "deep" / "lease").read_bytes() == b"mine"


def test_a_listing_has_objects_and_folders_apart(place, tmp_path):
    for name in ("b.png", "a.png", "in/c.png"):
        put(place.below(name), b"x", tmp_path)
    listed = dict(Store.of(place).list(place))
    assert {name: facts is None for name, facts in listed.items()} == {"a.png": False, "b.png": False, "in": True}
    assert sorted(dict(Store.of(place).list(place, deep=True))) == ["a.png", "b.png", "in/c.png"]
    assert not list(Store.of(place).list(place.below("a.png")))
    assert not list(Store.of(place).list(place.below("nothing")))
    assert Store.of(place).is_folder(place) and not Store.of(place).is_folder(place.below("nothing"))


def test_what_is_not_there_is_a_sentence(place, tmp_path):
    with pytest.raises(Absent, match=r"nothing\.png does not exist, but .* is expected: check its name\.$"):
        fetched(place.below("nothing.png"), tmp_path)
    assert not list((tmp_path / "came").iterdir())


def test_a_listing_of_more_than_a_thousand_objects_is_whole(bucket):
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    folder = Address.parse(bucket).below("many")
    for at in range(1203):  # without a request for each
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(folder.host, f"many/{at:05d}", b"")
    assert len(list(Store.of(folder).list(folder))) == 1203


LISTED = (
    "<ListBucketResult><IsTruncated>true</IsTruncated>{token}<Contents><Key>folder/a.png</Key><Size>1</Size>"
    "<ETag>1</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>"
)


def test_a_listing_that_says_there_is_more_and_not_where_ends(bucket, server):
    folder = Address.parse(bucket).below("folder")
    server.answer = lambda method, path, query: ("200 OK", LISTED.format(token=""))
    assert list(dict(Store.of(folder).list(folder))) == ["a.png"]


def test_a_listing_whose_bucket_goes_meanwhile_is_not_taken_for_whole(bucket, server):
    folder = Address.parse(bucket).below("folder")
    page = LISTED.format(token="<NextContinuationToken>more</NextContinuationToken>")
    server.answer = lambda method, path, query: ("404 Not Found", "") if "more" in query else ("200 OK", page)
    listing = Store.of(folder).list(folder)
    assert next(listing)[0] == "a.png"
    with pytest.raises(Absent, match=r"/folder does not exist, but "):
        next(listing)


def test_nothing_of_a_failing_upload_is_left(bucket, server, tmp_path):
    """A large file goes up in parts: where they fail for good, no object and no part is left."""
    import s3fs

    address, files = Address.parse(bucket).below("large"), s3fs.S3FileSystem(use_listings_cache=False)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(101 << 20)

    server.refuse = lambda method, path: method == "PUT"  # the parts, once the upload has begun
    with pytest.raises(StorageError, match="is not open to these credentials"):
        Store.of(address).put(tmp_path / "large", address)
    server.reset()
    assert Store.of(address).facts(address) is None
    assert not files.call_s3("list_multipart_uploads", Bucket=address.host).get("Uploads")


def test_five_percent_of_failing_requests_lose_nothing(bucket, server, tmp_path):
    folder = Address.parse(bucket).below("folder")
    server.share = 0.05
    for at in range(30):
        put(folder.below(f"{at}"), os.urandom(9) + str(at).encode(), tmp_path)
        assert fetched(folder.below(f"{at}"), tmp_path)[9:] == str(at).encode()
    assert server.failed > 2
    assert sorted(dict(Store.of(folder).list(folder))) == sorted(map(str, range(30)))


def test_an_object_that_changes_while_it_is_read_is_read_again(bucket, server, tmp_path):
    address, changes = Address.parse(bucket).below("a"), [b"second" * 4]
    put(address, b"first", tmp_path)
    import s3fs

    def change(method: str, path: str) -> None:
        if method == "GET" and path.endswith("/a") and changes:
            new = changes.pop()
            s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True, asynchronous=False).pipe_file(
                f"{address.host}/a", new
            )

    server.watch = change
    assert fetched(address, tmp_path) == b"second" * 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("s3:///a.jpg", "names no bucket"),
        ("s3://", "names no bucket"),
        ("s3://bucket/a//b", "has an empty part"),
        ("s3://bucket/a/../b", "has an empty part"),
        ("sftp://me:secret@host/a", "holds a password"),
        ("https://secret@host/a.jpg", "^https://host/a.jpg holds a password"),
        ("az://c/a.png?sv=1&sig=secret", "^az://c/a.png is followed by a signature"),
        ("s3://bucket/a.png?X-Amz-Signature=secret", "^s3://bucket/a.png is followed by a signature"),
        ("gs://bucket?Signature=secret", "^gs://bucket is followed by a signature"),
        ("s3://bucket/a::zip://b", "is a chain of addresses"),
    ],
)
def test_an_odd_address_is_a_sentence(text, sentence):
    with pytest.raises(MediaError, match=sentence) as found:
        Address.parse(text)
    assert "secret" not in str(found.value)


def test_a_scheme_that_nobody_knows_is_a_sentence():
    with pytest.raises(
        MediaError,
        match=r"^s4://b has the scheme s4, but s3, gs, .* is expected: did you mean s3",
    ):
        Store("s4", "b").facts(Address.parse("s4://b/a"))


def test_what_a_package_of_a_store_logs_is_not_printed():
    """As gcsfs warns where it may not ask what kind of bucket it has."""
    program = (
        "import logging; from dreampipe.media.storage.stores import Store; Store('memory', 'm').check_reachable(); "
        "logging.getLogger('fsspec.implementations').warning('foreign')"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")


@pytest.mark.skipif(find_spec("gcsfs") is not None, reason="that package is installed")
def test_a_missing_package_is_a_sentence_with_the_line_that_installs_it():
    with pytest.raises(MediaError, match=r"gcsfs, which is not installed: pip install 'dreampipe\[gcs\]'\.$"):
        Store("gs", "b").facts(Address.parse("gs://b/a"))


def test_a_bucket_that_is_not_there_or_not_ours_is_a_sentence(bucket, server):
    with pytest.raises(MediaError, match=r"^s3://no-such-bucket does not exist, but a bucket is expected"):
        list(Store.of(gone := Address.parse("s3://no-such-bucket/a")).list(gone))
    server.refuse = lambda method, path: path.startswith(f"/{Address.parse(bucket).host}")
    with pytest.raises(MediaError, match="is not open to these credentials"):
        Store.of(mine := Address.parse(bucket)).facts(mine.below("a"))
