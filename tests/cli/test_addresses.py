"""Addresses of objects at the door: what the command makes of them is what it makes of files."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image

from dreampipe.media.storage.addresses import Address
from dreampipe.media.storage.leases import Lease

Small = tuple[str, ...]


@pytest.fixture
def small(tiny_model: Path) -> Small:
    return ("--model", str(tiny_model), "--scaling", "unit", "--octaves", "1", "--steps", "1")


@pytest.fixture(params=["s3", "memory"])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("bucket")) if request.param == "s3" else f"memory://m-{uuid4().hex}"


def files_of(place: str) -> Any:
    import fsspec

    return fsspec.filesystem(place.partition(":")[0], **({"use_listings_cache": False} if place[0] == "s" else {}))


def objects(place: str) -> dict[str, bytes]:
    """The bytes of all objects at a place, by their names from there."""
    files, base = files_of(place), place.partition("://")[2]
    found = files.find(base)
    return {name.strip("/").removeprefix(f"{base}/"): files.cat_file(name) for name in found}


def shown(place: str) -> set[str]:
    """The names of all objects at a place that are not hidden."""
    return {name for name in objects(place) if not name.rpartition("/")[2].startswith(".")}


def paint(folder: Path, names: tuple[str, ...], size: int = 32) -> Path:
    folder.mkdir(exist_ok=True)
    for at, name in enumerate(names):
        pixels = np.random.default_rng(at).integers(0, 256, (size, size, 3), np.uint8)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    return folder


def upload(folder: Path, address: str) -> None:
    files = files_of(address)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            files.pipe_file(f"{address.partition('://')[2]}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def mirrors() -> list[Path]:
    """What is left of copies on this disk."""
    return sorted(Path(os.environ["KERAS_HOME"], "dreampipe-stores").glob("*"))


NAMES = ("a.png", "b c.png", "größe.jpg")


def test_a_folder_becomes_what_it_becomes_on_disk(call, place, small, tmp_path):
    upload(paint(tmp_path / "photos", NAMES), f"{place}/photos")
    assert call("dream", tmp_path / "photos", tmp_path / "dreams", *small).exit_code == 0
    made = call("dream", f"{place}/photos", f"{place}/dreams", *small)
    assert made.exit_code == 0, made.stderr
    assert made.stdout.split("\n")[0] == f"{place}/dreams/a.png"
    assert "3 done, 0 skipped, 0 failed" in made.stderr
    assert shown(f"{place}/dreams") == set(NAMES)
    for name in NAMES:
        assert objects(f"{place}/dreams")[name] == (tmp_path / "dreams" / name).read_bytes()
    assert not mirrors()


def test_a_second_run_skips_what_is_finished_and_fetches_nothing(call, bucket, server, small, tmp_path):
    upload(paint(tmp_path / "photos", ("a.jpg", "b c.jpg", "c.jpg")), f"{bucket}/photos")
    asked: list[str] = []
    assert call("dream", f"{bucket}/photos", f"{bucket}/dreams", *small).exit_code == 0
    before = objects(f"{bucket}/dreams")
    paint(tmp_path / "more", ("new.jpg",))
    upload(tmp_path / "more", f"{bucket}/photos")
    server.watch = lambda method, path: asked.append(path) if method == "GET" else None
    again = call("dream", f"{bucket}/photos", f"{bucket}/dreams", *small)
    assert "1 done, 3 skipped, 0 failed" in again.stderr
    assert [path for path in asked if path.endswith((".jpg", ".png"))] == [path for path in asked if "new.jpg" in path]
    server.watch = lambda method, path: None
    after = objects(f"{bucket}/dreams")
    assert all(after[name] == data for name, data in before.items() if not name.startswith("."))


def test_without_the_notes_of_the_manifest_the_bytes_prove_it(call, place, small, tmp_path):
    """The manifest of a folder that was copied to a store has no marks: the same proof as on disk decides."""
    photos = paint(tmp_path / "photos", NAMES)
    assert call("dream", photos, tmp_path / "dreams", *small).exit_code == 0
    upload(photos, f"{place}/photos")
    upload(tmp_path / "dreams", f"{place}/dreams")
    again = call("dream", f"{place}/photos", f"{place}/dreams", *small)
    assert "0 done, 3 skipped, 0 failed" in again.stderr, again.stderr


def test_what_others_made_is_not_replaced(call, place, small, tmp_path):
    upload(paint(tmp_path / "photos", ("a.png", "b.png")), f"{place}/photos")
    upload(paint(tmp_path / "theirs", ("a.png",), 8), f"{place}/dreams")
    theirs = objects(f"{place}/dreams")["a.png"]
    made = call("dream", f"{place}/photos", f"{place}/dreams", *small)
    assert made.exit_code == 1
    assert f"{place}/dreams/a.png exists and was not written by dreampipe" in made.stderr
    assert objects(f"{place}/dreams")["a.png"] == theirs and "b.png" in shown(f"{place}/dreams")
    assert call("dream", f"{place}/photos", f"{place}/dreams", *small, "--overwrite").exit_code == 0
    assert objects(f"{place}/dreams")["a.png"] != theirs


def test_only_one_side_is_in_a_store(call, place, small, tmp_path):
    photos = paint(tmp_path / "photos", ("a.png", "in/b.png"))
    upload(photos, f"{place}/photos")
    assert call("dream", photos, f"{place}/dreams/", *small, "--recursive").exit_code == 0
    assert shown(f"{place}/dreams") == {"a.png", "in/b.png"}
    assert call("dream", f"{place}/photos", tmp_path / "dreams", *small, "--recursive").exit_code == 0
    assert (tmp_path / "dreams" / "in" / "b.png").read_bytes() == objects(f"{place}/dreams")["in/b.png"]
    assert call("dream", f"{place}/photos/a.png", tmp_path / "one.png", *small).exit_code == 0


def test_folders_that_are_left_out_are_counted(call, place, small, tmp_path):
    upload(paint(tmp_path / "photos", ("a.png", "in/b.png")), f"{place}/photos")
    made = call("dream", f"{place}/photos", tmp_path / "dreams", *small)
    assert made.exit_code == 1 and "Left out: 1 folder (--recursive)" in made.stderr


def test_a_dry_run_writes_nothing(call, place, small, tmp_path):
    upload(paint(tmp_path / "photos", ("a.png",)), f"{place}/photos")
    before = objects(place)
    told = call("dream", f"{place}/photos", f"{place}/dreams", *small, "--dry-run")
    assert told.exit_code == 0 and f"{place}/dreams/a.png" in told.stdout, told.stderr
    assert objects(place) == before and not mirrors()


def test_records_and_events_have_addresses_and_no_path_of_a_copy(call, place, small, tmp_path):
    upload(paint(tmp_path / "photos", ("a.png",)), f"{place}/photos")
    words = (*small, "--sidecar", "--events", "--keep-paths")
    made = call("dream", f"{place}/photos", f"{place}/dreams", *words)
    assert "dreampipe-stores" not in made.stdout + made.stderr
    done = next(event for event in map(json.loads, made.stdout.splitlines()) if event["event"] == "done")
    assert done["target"] == f"{place}/dreams/a.png"
    assert json.loads(objects(f"{place}/dreams")["a.png.dream.json"])["source"]["path"] == "../photos/a.png"
    assert call("dream", f"{place}/photos", tmp_path / "here", *words).exit_code == 0
    record = json.loads((tmp_path / "here" / "a.png.dream.json").read_text("utf-8"))
    assert record["source"]["path"] == f"{place}/photos/a.png"
    everything = b"".join(objects(place).values()) + (tmp_path / "here" / "a.png").read_bytes()
    assert b"secret-of-a-test" not in everything and b"dreampipe-stores" not in everything


ONE_FILE: dict[str, Callable[[str, Small], list[str]]] = {
    "visualize": lambda at, small: [
        "visualize",
        "first[1]",
        f"{at}/unit.png",
        *small[:4],
        "--size",
        "32",
        "--steps",
        "1",
    ],
    "explain": lambda at, small: ["explain", f"{at}/photos/a.png", f"{at}/why.png", *small[:4]],
    "sheet": lambda at, small: ["sheet", f"{at}/photos/a.png", f"{at}/sheet.png", *small[:4], "--steps", "1"],
    "mask": lambda at, small: ["dream", f"{at}/photos/a.png", f"{at}/m.png", *small, "--mask", f"{at}/photos/mask.png"],
    "zoom": lambda at, small: [
        "zoom",
        f"{at}/photos/a.png",
        f"{at}/dive.mp4",
        *small[:4],
        "--seconds",
        "0.1",
        "--steps",
        "1",
    ],
}


SLOW = ("sheet", "mask", "zoom")


@pytest.mark.parametrize(
    "command", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in ONE_FILE]
)
def test_other_commands_take_addresses(call, command, bucket, small, tmp_path):
    upload(paint(tmp_path / "photos", ("a.png", "mask.png")), f"{bucket}/photos")
    upload_model(small[1], f"{bucket}/models/tiny.keras")
    words = ONE_FILE[command](bucket, ("--model", f"{bucket}/models/tiny.keras", *small[2:]))
    out = next(word for word in words[2:] if word.startswith(bucket) and "photos" not in word)
    made = call(*words)
    assert made.exit_code == 0, made.stderr
    assert out.removeprefix(f"{bucket}/") in shown(bucket)
    assert "dreampipe-stores" not in made.stdout + made.stderr
    if command not in ("explain", "mask"):
        assert call(*words).exit_code == 2  # it exists
    assert not mirrors()


def upload_model(path: str, address: str) -> None:
    files_of(address).pipe_file(address.partition("://")[2], Path(path).read_bytes())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("s3://no-such-bucket/a.png", "out.png"), "s3://no-such-bucket does not exist, but a bucket is expected"),
        (("{bucket}/nothing", "out"), "{bucket}/nothing does not exist, but an object or a folder"),
        (("{bucket}/a.png", "https://example.invalid/a.png"), "can only be read"),
        (("s4://b/a.png", "out.png"), "has a scheme that fsspec does not know"),
        (("{bucket}/photos/", "out.png"), "is a folder: name a folder"),
        (("{bucket}/a.png", "{bucket}/dreams"), "{bucket}/dreams"),
        (("{bucket}/photos", "{bucket}/photos"), "{bucket}/photos is the input folder itself"),
    ],
)
def test_a_bad_address_is_one_sentence(call, words, sentence, bucket, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    upload(paint(tmp_path / "photos", ("a.png",)), f"{bucket}/photos")
    upload(tmp_path / "photos", bucket)
    made = call("dream", *(word.format(bucket=bucket) for word in words), *small)
    assert made.exit_code == 2, made.stderr
    assert made.stderr.startswith("Error: ") and made.stderr.count("\n") == 1
    assert sentence.format(bucket=bucket) in made.stderr
    assert not mirrors()


def test_keys_that_are_no_paths_are_left_out_and_named(call, bucket, small, tmp_path):
    upload(paint(tmp_path / "photos", ("a.png",)), f"{bucket}/photos")
    name = bucket.partition("://")[2]
    files_of(bucket).call_s3("put_object", Bucket=name, Key="photos//odd.png", Body=b"x")
    made = call("dream", f"{bucket}/photos", tmp_path / "dreams", *small, "--recursive")
    assert made.exit_code == 0, made.stderr
    assert [path.name for path in (tmp_path / "dreams").glob("*.png")] == ["a.png"]


def run(*words: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dreampipe", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_killed_in_the_middle_and_started_again(call, bucket, server, small, tmp_path):
    """Nothing half-made is visible; the next run takes the lease over at once, and makes what is missing."""
    names = tuple(f"{at}.png" for at in range(6))
    upload(paint(tmp_path / "photos", names), f"{bucket}/photos")
    puts: list[str] = []
    process = run("dream", f"{bucket}/photos", f"{bucket}/dreams", *small)

    def kill(method: str, path: str) -> None:
        if method == "PUT" and path.endswith(".png"):
            puts.append(path)
            if len(puts) == 3:
                process.send_signal(signal.SIGKILL)
                process.wait()

    server.watch = kill
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    server.watch = lambda method, path: None
    there = objects(f"{bucket}/dreams")
    assert any(name.endswith(".lease") for name in there)
    whole = {name: data for name, data in there.items() if name.endswith(".png")}
    assert 2 <= len(whole) <= 3
    again = call("dream", f"{bucket}/photos", f"{bucket}/dreams", *small)
    assert again.exit_code == 0, again.stderr
    counted = re.search(r"(\d) done, (\d) skipped, 0 failed", again.stderr)
    # The one that was on its way is sent, and not made again.
    assert counted and int(counted[1]) <= 6 - len(whole) and int(counted[1]) + int(counted[2]) == 6
    assert call("dream", tmp_path / "photos", tmp_path / "dreams", *small).exit_code == 0
    for name in names:
        assert objects(f"{bucket}/dreams")[name] == (tmp_path / "dreams" / name).read_bytes()
    assert not any(name.endswith(".lease") for name in objects(f"{bucket}/dreams")) and not mirrors()


def test_a_second_driver_is_refused(call, bucket, server, small, tmp_path, monkeypatch):
    upload(paint(tmp_path / "photos", ("a.png", "b.png")), f"{bucket}/photos")
    first = [True]
    process: list[subprocess.Popen[str]] = []

    def start(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("a.png") and first:
            first.clear()  # while this output is on its way, on another machine
            home = tmp_path / "elsewhere"
            words = ("dream", f"{bucket}/photos", f"{bucket}/dreams", *small)
            process.append(run(*words, env={**os.environ, "KERAS_HOME": str(home)}))
            process[0].wait()

    server.watch = start
    assert call("dream", f"{bucket}/photos", f"{bucket}/dreams", *small).exit_code == 0
    assert process[0].returncode == 2
    said = process[0].communicate()[1]
    assert said.startswith(f"Error: {bucket}/dreams is being made by another run") and said.count("\n") == 1


def test_a_refused_run_loses_nothing_of_an_earlier_one(call, bucket, server, small, tmp_path):
    """A picture waits to be sent; a run that is refused meanwhile, or cannot read its input, leaves it."""
    photos = paint(tmp_path / "photos", ("a.png",))
    words = ("dream", photos / "a.png", f"{bucket}/dream.png", *small)
    server.refuse = lambda method, path: method == "PUT" and path.endswith(".png")
    assert call(*words).exit_code == 1
    server.reset()
    place = Address.parse(f"{bucket}/dream.png")
    other = Lease(place, "other")
    other.take()
    assert "is being made by another run" in call(*words).stderr
    other.release()
    assert call("dream", f"{bucket}/nothing.png", f"{bucket}/dream.png", *small).exit_code == 2
    assert shown(bucket) == set()
    assert "0 done, 1 skipped" in call(*words).stderr
    assert shown(bucket) == {"dream.png"} and not mirrors()


def test_five_percent_of_failing_requests_lose_nothing(call, bucket, server, small, tmp_path):
    names = tuple(f"{at}.png" for at in range(8))
    upload(paint(tmp_path / "photos", names), f"{bucket}/photos")
    server.share = 0.05
    made = call("dream", f"{bucket}/photos", f"{bucket}/dreams", *small)
    assert "8 done, 0 skipped, 0 failed" in made.stderr and made.exit_code == 0
    assert server.failed
    server.share = 0.0
    assert shown(f"{bucket}/dreams") == set(names)


def test_a_film_and_numbered_pictures(call, bucket, small, tmp_path):
    import clip

    clip.write(tmp_path / "clip.mp4", 3, (48, 32))
    upload_model(str(tmp_path / "clip.mp4"), f"{bucket}/clip.mp4")
    film = (*small, "--refresh-steps", "1")
    assert call("dream", f"{bucket}/clip.mp4", f"{bucket}/dream.mp4", *film).exit_code == 0
    again = call("dream", f"{bucket}/clip.mp4", f"{bucket}/dream.mp4", *film)
    assert "0 done, 1 skipped, 0 failed" in again.stderr
    assert call("dream", tmp_path / "clip.mp4", tmp_path / "dream.mp4", *film).exit_code == 0
    assert objects(bucket)["dream.mp4"] == (tmp_path / "dream.mp4").read_bytes()
    assert call("dream", f"{bucket}/clip.mp4", f"{bucket}/frames/%03d.png", *film).exit_code == 0
    assert len([name for name in shown(bucket) if name.startswith("frames/") and name.endswith(".png")]) == 3
    back = call("dream", f"{bucket}/frames/", f"{bucket}/back.mp4", *film)
    assert back.exit_code == 0, back.stderr
    assert "back.mp4" in shown(bucket) and not mirrors()


def test_a_film_of_others_is_refused_each_time(call, bucket, small, tmp_path):
    import clip

    clip.write(tmp_path / "clip.mp4", 3, (48, 32))
    upload_model(str(tmp_path / "clip.mp4"), f"{bucket}/dream.mp4")
    for _ in range(2):
        made = call("dream", tmp_path / "clip.mp4", f"{bucket}/dream.mp4", *small)
        assert made.exit_code == 1
        assert f"{bucket}/dream.mp4 exists and was not written by dreampipe" in made.stderr
    assert objects(bucket)["dream.mp4"] == (tmp_path / "clip.mp4").read_bytes()


@pytest.mark.slow
def test_a_killed_film_continues_from_its_segments(call, bucket, small, tmp_path):
    import clip

    clip.write(tmp_path / "clip.mp4", 72, (48, 32))
    upload_model(str(tmp_path / "clip.mp4"), f"{bucket}/clip.mp4")
    words = ("dream", f"{bucket}/clip.mp4", f"{bucket}/dream.mp4", *small, "--refresh-steps", "1", "--events")
    process = run(*words)
    assert process.stdout
    for line in process.stdout:
        if (event := json.loads(line))["event"] == "framed" and event["done"] == 60:
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    assert shown(bucket) == {"clip.mp4"}
    again = call(*words)
    assert again.exit_code == 0, again.stderr
    framed = [event["done"] for event in map(json.loads, again.stdout.splitlines()) if event["event"] == "framed"]
    assert framed[0] > 24 and framed[-1] == 72
    assert shown(bucket) == {"clip.mp4", "dream.mp4"} and not mirrors()


@pytest.mark.slow
def test_killed_at_each_request_in_turn(call, bucket, server, small, tmp_path):
    """After a kill at any request every output that is there is whole; the runs together make each."""
    names = tuple(f"{at}.jpg" for at in range(12))
    photos = paint(tmp_path / "photos", names)
    upload(photos, f"{bucket}/photos")
    assert call("dream", photos, tmp_path / "dreams", *small).exit_code == 0
    whole = {name: (tmp_path / "dreams" / name).read_bytes() for name in names}
    for limit in range(1, 13):
        puts: list[str] = []
        process = run("dream", f"{bucket}/photos", f"{bucket}/dreams", *small)

        def kill(method: str, path: str, process=process, puts=puts, limit=limit) -> None:
            if method in ("PUT", "DELETE"):
                puts.append(path)
                if len(puts) == limit:
                    process.send_signal(signal.SIGKILL)
                    process.wait()

        server.watch = kill
        process.communicate()
        server.watch = lambda method, path: None
        there = objects(f"{bucket}/dreams")
        assert all(whole[name] == data for name, data in there.items() if not name.startswith("."))
    assert call("dream", f"{bucket}/photos", f"{bucket}/dreams", *small).exit_code == 0
    there = objects(f"{bucket}/dreams")
    assert {name: data for name, data in there.items() if not name.startswith(".")} == whole
    assert not mirrors() and not any(name.endswith((".lease", ".probe")) for name in there)


def test_a_film_that_could_not_be_sent_is_not_made_again(call, bucket, server, small, tmp_path):
    import clip

    clip.write(tmp_path / "clip.mp4", 3, (48, 32))
    words = ("dream", tmp_path / "clip.mp4", f"{bucket}/dream.mp4", *small, "--refresh-steps", "1")
    server.refuse = lambda method, path: method == "PUT" and path.endswith(".mp4")
    made = call(*words)
    assert made.exit_code == 1
    assert f"Failed dream.mp4: {bucket}/dream.mp4 is not open to these credentials" in made.stderr
    assert shown(bucket) == set() and mirrors()
    server.reset()
    again = call(*words)
    assert "0 done, 1 skipped, 0 failed" in again.stderr
    assert shown(bucket) == {"dream.mp4"} and not mirrors()


def test_a_folder_of_markers_and_hidden_objects(call, bucket, small, tmp_path):
    """Tools mark an empty folder by an object whose key ends in a slash."""
    upload(paint(tmp_path / "photos", ("a.png", "in/b.png", ".hidden.png")), f"{bucket}/photos")
    for key in ("photos/", "photos/in/", "photos/empty/"):
        files_of(bucket).call_s3("put_object", Bucket=bucket.partition("://")[2], Key=key, Body=b"")
    made = call("dream", f"{bucket}/photos/", f"{bucket}/dreams/", *small, "--recursive")
    assert made.exit_code == 0, made.stderr
    assert shown(f"{bucket}/dreams") == {"a.png", "in/b.png"}


def test_a_mask_in_a_store_is_known_by_its_bytes(call, bucket, small, tmp_path):
    photos = paint(tmp_path / "photos", ("a.png", "mask.png"))
    upload(photos, f"{bucket}/photos")
    for count in ("1 done, 0 skipped", "0 done, 1 skipped"):
        made = call("dream", photos / "a.png", tmp_path / "dream.png", *small, "--mask", f"{bucket}/photos/mask.png")
        assert count in made.stderr


def test_info_and_rerun_read_a_dream_with_its_sidecar(call, bucket, small, tmp_path):
    photos = paint(tmp_path / "photos", ("a.png",))
    assert call("dream", photos / "a.png", f"{bucket}/dreams/a.bmp", *small).exit_code == 0
    assert shown(bucket) == {"dreams/a.bmp", "dreams/a.bmp.dream.json"}
    told = call("info", f"{bucket}/dreams/a.bmp")
    assert told.exit_code == 0 and "tiny" in told.stdout, told.stderr
    words = ("--input", photos / "a.png", "--set", f"model={small[1]}")
    again = call("rerun", f"{bucket}/dreams/a.bmp", f"{bucket}/again.bmp", *words)
    assert again.exit_code == 0, again.stderr
    assert objects(bucket)["again.bmp"] == objects(bucket)["dreams/a.bmp"] and not mirrors()


def test_a_folder_of_one_file_commands_replaces_nothing(call, bucket, small, tmp_path):
    """The sheets of several photos go into a folder, each as soon as it is drawn, where nothing of others is lost."""
    upload(paint(tmp_path / "photos", ("a.png", "b.png")), f"{bucket}/photos")
    words = ("attack", f"{bucket}/photos", f"{bucket}/made/", *small[:4], "--method", "fgsm")
    assert call(*words).exit_code == 0
    made = objects(f"{bucket}/made")
    assert made.keys() == {"a.png", "b.png"}
    again = call(*words)
    assert again.exit_code and f"{bucket}/made/a.png exists" in again.stderr
    assert objects(f"{bucket}/made") == made
    assert call(*words, "--overwrite").exit_code == 0
    assert objects(f"{bucket}/made") == made and not mirrors()


def test_an_address_of_the_web_is_read_and_its_signature_is_never_shown(call, bucket, small, tmp_path):
    upload(paint(tmp_path / "photos", ("a.png",)), bucket)
    signed = files_of(bucket).url(f"{bucket}/a.png")
    signature = signed.rpartition("Signature=")[2].partition("&")[0]
    assert signed.startswith("http://") and len(signature) > 9
    words = (*small, "--sidecar", "--keep-paths", "--events")
    made = call("dream", signed, tmp_path / "dream.png", *words)
    assert made.exit_code == 0, made.stderr
    record = (tmp_path / "dream.png.dream.json").read_text("utf-8")
    assert json.loads(record)["source"]["path"] == signed.partition("?")[0]
    assert signature not in made.stdout + made.stderr + record
    gone = call("dream", signed.replace("/a.png", "/none.png"), tmp_path / "none.png", *small)
    assert gone.exit_code == 2 and signature not in gone.stderr and gone.stderr.count("\n") == 1


def test_file_addresses_are_paths(call, small, tmp_path):
    photos = paint(tmp_path / "photos", ("a.png",))
    assert call("dream", f"file://{photos}", f"file://{tmp_path}/dreams", *small).exit_code == 0
    assert (tmp_path / "dreams" / "a.png").is_file()
    assert "memory" not in call("dream", "file://photos", tmp_path / "x", *small).stderr


def test_files_on_this_disk_and_help_load_no_fsspec(tmp_path):
    words = [str(paint(tmp_path / "photos", ("a.png",))), str(tmp_path / "dreams"), "--objective", "no such"]
    code = (
        "import sys; from typer.testing import CliRunner; from dreampipe.cli.app import app; "
        "import dreampipe.engines.local; CliRunner().invoke(app, ['dream', '--help']); "
        f"CliRunner().invoke(app, ['dream', *{words}]); print([name for name in sys.modules if 'fsspec' in name])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
