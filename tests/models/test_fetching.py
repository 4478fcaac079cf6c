"""Weights from a server that is good, bad or gone: whole in the store once, or one sentence and nothing there."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import h5py
import numpy as np
import pytest
import trustme
from full_disk import full_at
from weights_server import Answer, Server, serving

from dreampipe.errors import ModelError
from dreampipe.models import imagenet
from dreampipe.models.weights import store
from dreampipe.models.weights.downloading import Patience
from dreampipe.models.weights.fetching import MIRROR, adopt, fetch
from dreampipe.models.weights.store import Weights

AT_ONCE = Patience(tries=3, pause=0, timeout=30)
DATA = np.random.default_rng(3).bytes(1_000_000)
HALF = 500_000
NOBODY = 65534


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def hdf5(tmp_path: Path) -> bytes:
    """A file of weights, as Keras writes them."""
    path = tmp_path / "made.h5"
    with h5py.File(path, "w") as file:
        file["conv/kernel"] = np.arange(100_000, dtype=np.float32)
    return path.read_bytes()


def refused(weights: Weights, folder: Path, patience: Patience = AT_ONCE) -> str:
    """The sentence that a download ends in; nothing stands under the name then."""
    with pytest.raises(ModelError) as raised:
        fetch(weights, folder, patience=patience, name="tiny")
    assert not (folder / weights.file).exists()
    sentence = str(raised.value)
    assert sentence.endswith(".") and "\n" not in sentence and ". " not in sentence
    return sentence


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.part*")) if folder.exists() else []


def test_a_file_is_downloaded_once(server: Server, folder: Path) -> None:
    weights, told = server.weights(content=DATA), []
    path = fetch(weights, folder, lambda done, total: told.append((done, total)), patience=AT_ONCE)
    assert path == folder / "tiny.h5"
    assert path.read_bytes() == DATA
    assert told == sorted(told) and told[-1] == (len(DATA), len(DATA))
    assert fetch(weights, folder) == path
    assert server.asked == [("tiny.h5", "")]
    assert parts(folder) == []


def test_what_is_in_the_store_is_found_there(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    weights = server.weights(content=DATA)
    assert store.find_whole(weights) is None and store.look(weights) is None
    path = fetch(weights, patience=AT_ONCE)
    assert path == tmp_path / "keras" / "models" / "tiny.h5" == store.folder() / "tiny.h5"
    held = store.look(weights)
    assert held and store.find_whole(weights) == (path, held.sha256)
    assert (held.bytes, held.fault) == (len(DATA), "")


def test_a_file_that_somebody_else_put_there_is_used(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    folder.mkdir()
    (folder / "tiny.h5").write_bytes(DATA)
    assert fetch(weights, folder) == folder / "tiny.h5"
    assert server.asked == []


def test_a_broken_file_in_the_store_is_told_and_replaced(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    fetch(weights, folder, patience=AT_ONCE)
    (folder / "tiny.h5").write_bytes(DATA[:HALF])
    held = store.look(weights, folder)
    assert held and held.fault == "it has not the MD5 of Keras"
    assert store.find_whole(weights, folder) is None
    assert fetch(weights, folder, patience=AT_ONCE).read_bytes() == DATA
    assert store.find_whole(weights, folder)


def test_hashes_are_read_again_only_when_the_file_has_changed(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    path = fetch(weights, folder, patience=AT_ONCE)
    whole, status = store.find_whole(weights, folder), path.stat()
    path.write_bytes(DATA[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as if it had not: it is not read
    assert store.find_whole(weights, folder) == whole
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert store.find_whole(weights, folder) is None


def test_only_the_rest_is_sent_after_a_cut(server: Server, folder: Path) -> None:
    server.answers = [Answer(stop=HALF)]
    assert fetch(server.weights(content=DATA), folder, patience=AT_ONCE).read_bytes() == DATA
    assert server.asked == [("tiny.h5", ""), ("tiny.h5", f"bytes={HALF}-")]
    assert server.sent == len(DATA)


def test_a_later_call_goes_on_from_a_cut(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    server.answers = [Answer(stop=HALF), *[Answer(503)] * 3]
    sentence = refused(weights, folder)
    assert "the server answers 503 Service Unavailable" in sentence and "what has come is kept" in sentence
    assert (folder / ".tiny.h5.part").stat().st_size == HALF
    assert fetch(weights, folder, patience=AT_ONCE).read_bytes() == DATA
    assert server.sent == len(DATA)


def test_a_connection_that_is_cut_ever_again_is_given_up_only_when_nothing_comes(server: Server, folder: Path) -> None:
    server.answers = [Answer(stop=100_000)] * 8
    assert fetch(server.weights(content=DATA), folder, patience=AT_ONCE).read_bytes() == DATA
    assert len(server.asked) == 9
    server.answers = [Answer(stop=0)] * 3
    assert "the connection was cut after 0 of 1,000,000 bytes" in refused(
        server.weights("other.h5", DATA), folder, AT_ONCE
    )


@pytest.mark.parametrize("name", [".tiny.h5.part", ".tiny.h5.part.json"])
def test_a_pipe_in_the_place_of_a_part_is_not_waited_for(server: Server, folder: Path, name: str) -> None:
    folder.mkdir()
    os.mkfifo(folder / name)
    assert f"{name} is no regular file" in refused(server.weights(content=DATA), folder)


@pytest.mark.parametrize("name", [".tiny.h5.part", ".tiny.h5.part.json"])
@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_nothing_is_written_through_a_link(server: Server, folder: Path, name: str, link: str) -> None:
    victim = folder.with_name("precious.txt")
    victim.write_bytes(b"precious")
    folder.mkdir()
    getattr(folder / name, link)(victim)
    said = refused(server.weights(content=DATA), folder)
    assert name in said and "move it, or choose another folder" in said
    assert victim.read_bytes() == b"precious" and (folder / name).stat().st_ino == victim.stat().st_ino


def test_a_silent_server_is_a_cut(server: Server, folder: Path) -> None:
    server.answers = [Answer(stop=HALF, hold=True)] + [Answer(stop=0, hold=True)] * 2
    sentence = refused(server.weights(content=DATA), folder, Patience(tries=2, pause=0, timeout=0.05))
    assert "timed out" in sentence and "what has come is kept" in sentence


def test_a_server_without_ranges_begins_anew(server: Server, folder: Path) -> None:
    server.ranges = False
    server.answers = [Answer(stop=HALF)]
    assert fetch(server.weights(content=DATA), folder, patience=AT_ONCE).read_bytes() == DATA
    assert server.sent == HALF + len(DATA)


def test_a_server_that_marks_nothing_is_not_asked_for_a_rest(server: Server, folder: Path) -> None:
    server.etag = None
    server.answers = [Answer(stop=HALF)]
    assert fetch(server.weights(content=DATA), folder, patience=AT_ONCE).read_bytes() == DATA
    assert server.asked == [("tiny.h5", "")] * 2


@pytest.mark.parametrize("believes", [True, False])
def test_another_file_on_the_server_is_not_glued_on(server: Server, folder: Path, believes: bool) -> None:
    server.believes = believes
    server.answers = [Answer(stop=HALF), *[Answer(500)] * 3]
    refused(server.weights(content=DATA), folder)
    server.etag = '"two"'
    newer = server.weights(content=DATA[::-1])
    assert fetch(newer, folder, patience=AT_ONCE).read_bytes() == DATA[::-1]
    assert parts(folder) == []


def test_a_part_longer_than_the_file_begins_anew(server: Server, folder: Path) -> None:
    server.answers = [Answer(stop=HALF), *[Answer(500)] * 3]
    refused(server.weights(content=DATA), folder)
    assert fetch(server.weights(content=DATA[:1000]), folder, patience=AT_ONCE).read_bytes() == DATA[:1000]


def test_a_part_that_was_spoilt_is_brought_anew(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    server.answers = [Answer(stop=HALF), *[Answer(500)] * 3]
    refused(weights, folder)
    (folder / ".tiny.h5.part").write_bytes(bytes(HALF))
    assert fetch(weights, folder, patience=AT_ONCE).read_bytes() == DATA


def test_a_wrong_checksum_leaves_nothing(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    server.files["tiny.h5"] = DATA[::-1]
    assert "what came is something else (it has not the MD5 of Keras) and was removed" in refused(weights, folder)
    assert parts(folder) == []


def test_where_keras_has_a_sha256_that_is_what_counts(server: Server, folder: Path) -> None:
    weights = replace(server.weights(content=DATA), sha256=sha256(DATA).hexdigest())
    assert weights.check == "SHA-256 of Keras"
    assert fetch(weights, folder, patience=AT_ONCE).read_bytes() == DATA
    other = replace(server.weights("other.h5", DATA), sha256=sha256(b"").hexdigest())
    assert "it has not the SHA-256 of Keras" in refused(other, folder)


def test_where_no_md5_is_published_the_file_must_be_hdf5(server: Server, folder: Path, hdf5: bytes) -> None:
    weights = server.weights(content=hdf5, known=False)
    assert weights.check == "none published; h5 checked"
    assert fetch(weights, folder, patience=AT_ONCE).read_bytes() == hdf5
    page = server.weights("page.h5", b"<html>Please log in</html>", known=False)
    assert "no whole HDF5 file" in refused(page, folder)


def test_where_no_md5_is_published_a_change_is_noticed(server: Server, folder: Path, hdf5: bytes) -> None:
    weights = server.weights(content=hdf5, known=False)
    path = fetch(weights, folder, patience=AT_ONCE)
    with h5py.File(path, "r+") as file:
        file["conv/kernel"][0] = 7
    held = store.look(weights, folder)
    assert held and held.fault == "it has changed since it was first seen"
    assert fetch(weights, folder, patience=AT_ONCE).read_bytes() == hdf5
    assert store.find_whole(weights, folder)


def test_a_length_that_is_not_told_is_counted(server: Server, folder: Path) -> None:
    server.answers = [Answer(announce="chunked")]
    assert fetch(server.weights(content=DATA), folder, patience=AT_ONCE).read_bytes() == DATA


def test_a_server_that_announces_more_than_it_has(server: Server, folder: Path) -> None:
    server.answers = [Answer(announce=len(DATA) + 5)] * 99
    refused(server.weights(content=DATA), folder)
    assert len(server.asked) < 9


def test_a_server_that_announces_less_than_it_has(server: Server, folder: Path) -> None:
    server.answers = [Answer(announce=HALF)]
    assert "something else" in refused(server.weights(content=DATA), folder)


@pytest.mark.parametrize("announce", [None, "chunked"])
def test_far_more_than_expected_is_stopped(server: Server, folder: Path, announce: str | None) -> None:
    weights = replace(server.weights(content=bytes(40 << 20)), bytes=1000)
    server.answers = [Answer(announce=announce)]
    assert "bytes, but about 1,000 are expected" in refused(weights, folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 17 << 20


@pytest.mark.parametrize(("status", "words"), [(404, "404 Not Found"), (403, "403 Forbidden"), (500, "500 Internal")])
def test_a_refusal_says_what_to_do_by_hand(server: Server, folder: Path, status: int, words: str) -> None:
    weights = server.weights(content=DATA)
    server.answers = [Answer(status)] * 3
    sentence = refused(weights, folder)
    assert words in sentence
    assert f"save {weights.address} as {folder / 'tiny.h5'}" in sentence
    assert "`dreampipe models fetch tiny --from FILE`" in sentence
    assert len(server.asked) == (3 if status == 500 else 1)


def test_no_network(folder: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/tiny.h5"
        sentence = refused(Weights("tiny.h5", address), folder, Patience())
    assert "the server cannot be reached: Connection refused" in sentence
    assert f"save {address} as {folder / 'tiny.h5'}" in sentence


def test_only_the_web_is_asked(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.h5").write_bytes(DATA)
    assert "https:// is expected" in refused(Weights("tiny.h5", f"file://{tmp_path}/tiny.h5"), folder)


def test_a_disk_without_room_is_told_before_anything_comes(server: Server, folder: Path) -> None:
    weights = replace(server.weights(content=DATA), bytes=1 << 60)
    server.answers = [Answer(announce=1 << 60)]
    assert f"{1 << 60:,} are needed there" in refused(weights, folder)
    assert parts(folder) == []


def test_a_disk_that_is_full_on_the_way(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    with full_at(300_000):
        assert "cannot be written (File too large)" in refused(weights, folder)
    sent = server.sent
    assert fetch(weights, folder, patience=AT_ONCE).read_bytes() == DATA
    assert server.asked[-1] == ("tiny.h5", "bytes=300000-")
    assert server.sent - sent == 700_000


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder with tiny.h5 that may not be written, seen without the rights of root."""
    with tempfile.TemporaryDirectory() as name:
        folder, root = Path(name), os.geteuid() == 0
        (folder / "tiny.h5").write_bytes(DATA)
        folder.chmod(0o555)
        if root:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_a_folder_that_may_only_be_read(server: Server, locked: Path) -> None:
    sentence = refused(server.weights("other.h5", DATA), locked)
    assert "cannot be written (Permission denied)" in sentence and "KERAS_HOME" in sentence
    assert fetch(server.weights(content=DATA), locked).read_bytes() == DATA  # what is there is used
    assert server.asked == []


def test_a_file_stands_where_the_folder_should(server: Server, folder: Path) -> None:
    folder.write_bytes(b"")
    with pytest.raises(ModelError, match="cannot be written"):
        fetch(server.weights(content=DATA), folder, patience=AT_ONCE)


FETCHING = """
import json, sys
from dreampipe.models.weights.fetching import fetch
from dreampipe.models.weights.store import Weights
from pathlib import Path
weights, folder = json.loads(sys.argv[1])
fetch(Weights(**weights), Path(folder), lambda done, total: print(done, flush=True))
print("there", flush=True)
"""


def started(weights: Weights, folder: Path) -> subprocess.Popen[str]:
    words = json.dumps([vars(weights), str(folder)])
    return subprocess.Popen([sys.executable, "-c", FETCHING, words], stdout=subprocess.PIPE, text=True)


def read_until(process: subprocess.Popen[str], wanted: int) -> None:
    assert process.stdout
    assert any(int(line) >= wanted for line in process.stdout)


def test_killed_in_the_middle_then_gone_on(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    server.answers = [Answer(stop=HALF, hold=True)]
    with started(weights, folder) as process:
        read_until(process, HALF)
        process.send_signal(signal.SIGKILL)
    assert not (folder / "tiny.h5").exists()
    assert (folder / ".tiny.h5.part").stat().st_size == HALF
    assert fetch(weights, folder, patience=AT_ONCE).read_bytes() == DATA
    assert server.asked[-1] == ("tiny.h5", f"bytes={HALF}-")


def test_two_processes_download_once(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    server.answers = [Answer(stop=HALF, hold=True)]
    with started(weights, folder) as first:
        read_until(first, HALF)
        with started(weights, folder) as second:
            read_until(second, HALF)  # how far the first has come, while it waits
            server.go.set()
            assert [process.communicate()[0].split()[-1] for process in (first, second)] == ["there", "there"]
    assert server.asked == [("tiny.h5", "")]
    assert (folder / "tiny.h5").read_bytes() == DATA


def test_who_waits_for_one_that_is_killed_goes_on_from_it(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    server.answers = [Answer(stop=HALF, hold=True)]
    with started(weights, folder) as first:
        read_until(first, HALF)
        with started(weights, folder) as second:
            read_until(second, HALF)
            first.kill()
            assert second.communicate()[0].split()[-1] == "there"
    assert server.asked == [("tiny.h5", ""), ("tiny.h5", f"bytes={HALF}-")]
    assert (folder / "tiny.h5").read_bytes() == DATA


def test_two_models_do_not_wait_for_each_other(server: Server, folder: Path) -> None:
    slow, quick = server.weights("slow.h5", DATA), server.weights("quick.h5", DATA[::-1])
    server.answers = [Answer(stop=HALF, hold=True)]
    with started(slow, folder) as process:
        read_until(process, HALF)
        assert fetch(quick, folder, patience=AT_ONCE).read_bytes() == DATA[::-1]
        server.go.set()
        process.communicate()
    assert (folder / "slow.h5").read_bytes() == DATA


def test_a_file_from_another_machine_is_taken(server: Server, folder: Path, tmp_path: Path) -> None:
    weights, stick = server.weights(content=DATA), tmp_path / "stick"
    path = fetch(weights, stick, patience=AT_ONCE)
    assert adopt(weights, path, folder).read_bytes() == DATA
    assert adopt(weights, stick, tmp_path / "other").read_bytes() == DATA  # its folder will do
    assert store.find_whole(weights, folder) and store.find_whole(weights, tmp_path / "other")
    assert path.read_bytes() == DATA


def test_what_is_taken_is_what_was_checked(server: Server, folder: Path, tmp_path: Path, hdf5: bytes) -> None:
    """A file that is exchanged while it is checked: the copy that was checked is the one that stays."""
    weights, stick = server.weights("a.h5", hdf5, known=False), tmp_path / "stick.h5"
    stick.write_bytes(hdf5)

    def exchange(copy: Path, source: Path) -> None:
        assert (source, copy.read_bytes()) == (stick, hdf5)
        source.write_bytes(b"another")

    adopted = adopt(weights, stick, folder, exchange)
    assert (adopted.read_bytes(), stick.read_bytes()) == (hdf5, b"another")

    def refuse(copy: Path, source: Path) -> None:
        raise ModelError("It does not fit.")

    adopted.unlink()
    stick.write_bytes(hdf5)
    with pytest.raises(ModelError, match="It does not fit"):
        adopt(weights, stick, folder, refuse)
    assert not adopted.exists()


def test_a_wrong_file_is_not_taken(server: Server, folder: Path, tmp_path: Path) -> None:
    weights, wrong = server.weights(content=DATA), tmp_path / "wrong.h5"
    wrong.write_bytes(DATA[:HALF])
    with pytest.raises(ModelError, match=r"wrong.h5 came, but it is not tiny.h5 \(it has not the MD5 of Keras\)"):
        adopt(weights, wrong, folder)
    with pytest.raises(ModelError, match=r"none.h5 is no file, but tiny.h5 is expected there"):
        adopt(weights, tmp_path / "none.h5", folder)
    with full_at(300_000), pytest.raises(ModelError, match="File too large"):
        adopt(replace(weights, md5=None), wrong, folder)
    assert not (folder / "tiny.h5").exists()
    assert not list(folder.glob("*.part"))


def test_a_mirror_is_asked_in_place_of_the_address(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = replace(server.weights(content=DATA), address="https://nowhere.invalid/weights/v1/tiny.h5")
    monkeypatch.setenv(MIRROR, f"{server.address}/mirror/")
    assert fetch(weights, folder, patience=AT_ONCE).read_bytes() == DATA


def test_what_leads_to_anything_but_http_is_not_followed(server: Server, folder: Path) -> None:
    weights = server.weights(content=DATA)
    server.answers = [Answer(302, to="ftp://127.0.0.1:1/tiny.h5")]
    assert "the server answers 302 and leads from HTTP to ftp://127.0.0.1:1/tiny.h5" in refused(weights, folder)


def test_certificates_are_verified(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(Server(), context) as secure, serving(Server()) as plain:
        weights = secure.weights(content=DATA)
        assert "certificate cannot be verified" in refused(weights, folder)
        authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        secure.answers = [Answer(302, to=plain.weights(content=DATA).address)]
        assert "the server answers 302 and leads from HTTPS to http://" in refused(weights, folder)
        assert fetch(weights, folder, patience=AT_ONCE).read_bytes() == DATA
        assert plain.asked == []


def test_the_class_names_are_a_file_like_any_other() -> None:
    assert imagenet.file().name == imagenet.INDEX.file
    assert imagenet.INDEX.check == "MD5 of Keras"
