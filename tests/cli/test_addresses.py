"""Addresses of objects at the door: what the command makes of them is what it makes of files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from in_stores import files_of, mirrors, objects, paint, shown, upload, upload_file

Small = tuple[str, ...]
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
    upload_file(small[1], f"{bucket}/models/tiny.keras")
    words = ONE_FILE[command](bucket, ("--model", f"{bucket}/models/tiny.keras", *small[2:]))
    out = next(word for word in words[2:] if word.startswith(bucket) and "photos" not in word)
    made = call(*words)
    assert made.exit_code == 0, made.stderr
    assert out.removeprefix(f"{bucket}/") in shown(bucket)
    assert "dreampipe-stores" not in made.stdout + made.stderr
    if command not in ("explain", "mask"):
        assert call(*words).exit_code == 2  # it exists
    assert not mirrors()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("s3://no-such-bucket/a.png", "out.png"), "s3://no-such-bucket does not exist, but a bucket is expected"),
        (("{bucket}/nothing", "out"), "{bucket}/nothing does not exist, but an object or a folder"),
        (("{bucket}/a.png", "https://example.invalid/a.png"), "can only be read"),
        (("s4://b/a.png", "out.png"), "has the scheme s4, but s3, gs, az, https or another one that fsspec knows is"),
        (("foo://b/a.png", "out.png"), "fsspec knows is expected: correct it."),
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


@pytest.mark.parametrize("address", ["https://SECRET@host/a.jpg", "az://c/a.png?sv=1&sig=SECRET"])
def test_a_secret_in_an_address_is_refused_and_never_shown(call, address, small, tmp_path):
    photo = paint(tmp_path / "photos", ("a.png",)) / "a.png"
    for source, target in ((address, tmp_path / "dream.png"), (photo, address)):
        for more in ((), ("--events",), ("--dry-run",)):
            made = call("dream", source, target, *small, "--sidecar", *more)
            assert made.exit_code == 2 and made.stderr.count("\n") == 1
            assert "credentials come from the environment" in made.stderr
            assert "SECRET" not in made.stdout + made.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_the_address_of_a_cluster_is_no_object(call, small, tmp_path):
    photo = paint(tmp_path / "photos", ("a.png",)) / "a.png"
    made = call("dream", photo, tmp_path / "dream.png", *small, "--address", "ray://127.0.0.1:10001")
    assert made.stderr.startswith("Error: --address came, but only --engine ray takes it")  # and not: no such store


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
