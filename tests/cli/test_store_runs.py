"""Runs that read from stores and write there: films, and what ends a run, keeps it out or makes its requests fail."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess

import pytest
from in_stores import files_of, mirrors, objects, paint, run, shown, upload, upload_bytes, upload_file

from dreampipe.media.storage.addresses import Address
from dreampipe.media.storage.leases import LOST, Lease


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


@pytest.mark.parametrize("sent, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_before_the_first_dream(bucket, server, small, tmp_path, sent, code):
    """While the folder is listed, the run has its lease and its mirror: it gives both back."""
    upload(paint(tmp_path / "photos", ("a.png",)), f"{bucket}/photos")
    asked: list[str] = []
    process = run("dream", f"{bucket}/photos", f"{bucket}/dreams", *small)

    def stop(method: str, path: str) -> None:
        if method == "PUT" and path.endswith(".lease"):
            asked.append(path)
        elif method == "GET" and len(asked) == 1 and not path.endswith(".lease"):
            asked.append(path)
            process.send_signal(sent)

    server.watch = stop
    said = process.communicate()[1]
    server.watch = lambda method, path: None
    assert process.returncode == code and "Traceback" not in said, said
    assert len(asked) == 2 and not objects(f"{bucket}/dreams") and not mirrors()


def test_terminated_while_an_output_is_sent(call, bucket, server, small):
    words = ("visualize", "first[1]", f"{bucket}/unit.png", *small[:4], "--size", "32", "--steps", "1")
    process, sent = run(*words), []

    def stop(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("unit.png"):
            sent.append(path)
            process.send_signal(signal.SIGTERM)

    server.watch = stop
    said = process.communicate()[1]
    server.watch = lambda method, path: None
    assert process.returncode == 143 and sent and "Traceback" not in said, said
    assert not any(name.endswith(".lease") for name in objects(bucket))
    call(*words)  # whether it was sent by then or is sent now, nothing is left on this disk
    assert shown(bucket) == {"unit.png"} and not mirrors()


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
    assert process[0].returncode == 1  # as where two runs meet on a disk: nothing is wrong with the words
    said = process[0].communicate()[1]
    assert said.startswith(f"Error: {bucket}/dreams is being made by another run") and said.count("\n") == 1


def test_a_driver_that_lost_its_lease_sends_nothing_more(call, bucket, server, small, tmp_path):
    photos = paint(tmp_path / "photos", ("a.png", "b.png", "c.png"))
    words = ("dream", photos, f"{bucket}/dreams", *small)

    def lose(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("a.png"):  # as the next sign of life does
            (mirror,) = (path for path in mirrors() if path.is_dir())
            (mirror / LOST).write_text(f"{bucket}/dreams", "utf-8")

    server.watch = lose
    made = call(*words)
    assert made.exit_code == 1
    assert f"Failed b.png: {bucket}/dreams was taken over by another run" in made.stderr
    assert shown(bucket) == {"dreams/a.png"}
    server.reset()
    assert call(*words).exit_code == 0
    assert shown(f"{bucket}/dreams") == {"a.png", "b.png", "c.png"} and not mirrors()


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
    upload_file(str(tmp_path / "clip.mp4"), f"{bucket}/clip.mp4")
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


def test_numbered_pictures_with_a_record_that_an_earlier_version_named_are_known(call, bucket, small, tmp_path):
    import clip

    clip.write(tmp_path / "clip.mp4", 3, (48, 32))
    words = ("dream", tmp_path / "clip.mp4", f"{bucket}/frames/%06d.png", *small, "--refresh-steps", "1")
    assert call(*words).exit_code == 0
    files, place = files_of(bucket), f"{bucket.partition('://')[2]}/frames"
    files.mv(f"{place}/frames.dream.json", f"{place}/%06d.png.dream.json")
    assert "0 done, 1 skipped, 0 failed" in call(*words).stderr
    other = call(*words, "--seed", "5", "--overwrite")
    assert "1 done" in other.stderr, other.stderr
    assert [name for name in shown(bucket) if name.endswith(".json")] == ["frames/%06d.png.dream.json"]


def test_numbered_pictures_in_a_store_are_known_after_a_setting_changes(call, place, small, tmp_path):
    import clip

    clip.write(tmp_path / "clip.mp4", 3, (48, 32))
    words = ("dream", tmp_path / "clip.mp4", f"{place}/frames/", *small, "--refresh-steps", "1")
    assert call(*words).exit_code == 0
    other = call(*words, "--steps", "2")
    assert other.exit_code == 1
    assert "was made with other settings (steps: 1 there, 2 now): use --overwrite, or another output" in other.stderr
    shorter = call(*words, "--end", "0.05", "--overwrite")
    assert "1 done" in shorter.stderr and "is no picture of this film" not in shorter.stderr, shorter.stderr
    assert shown(f"{place}/frames") == {"000001.png", "000002.png", "frames.dream.json"}


def test_a_film_is_not_written_among_pictures_of_others_in_a_store(call, place, small, tmp_path):
    import clip

    clip.write(tmp_path / "clip.mp4", 3, (48, 32))
    upload(paint(tmp_path / "photos", ("p0.png", "p1.jpg")), f"{place}/photos")
    words = ("dream", tmp_path / "clip.mp4", f"{place}/photos/", *small, "--refresh-steps", "1")
    for more in ((), ("--dry-run",)):
        refused = call(*words, *more)
        assert refused.exit_code == 1
        assert f"{place}/photos holds pictures that are no frames of this film (p0.png and 1 more)" in refused.stderr
        assert shown(place) == {"photos/p0.png", "photos/p1.jpg"} and not mirrors()
    assert call(*words, "--overwrite").exit_code == 0
    assert shown(f"{place}/photos") == {"p0.png", "p1.jpg", "frames.dream.json", *(f"{at:06d}.png" for at in (1, 2, 3))}
    assert objects(place)["photos/p0.png"] == (tmp_path / "photos" / "p0.png").read_bytes() and not mirrors()


def test_a_part_of_a_film_is_not_the_film_that_is_there(call, bucket, small, tmp_path):
    import clip

    clip.write(tmp_path / "clip.mp4", 3, (48, 32))
    words = ("dream", tmp_path / "clip.mp4", f"{bucket}/dream.mp4", *small, "--refresh-steps", "1")
    assert call(*words).exit_code == 0
    part = call(*words, "--end", "0.05")
    assert part.exit_code == 1 and f"{bucket}/dream.mp4 was made " in part.stderr, part.stderr
    assert "1 done" in call(*words, "--end", "0.05", "--overwrite").stderr
    assert "0 done, 1 skipped" in call(*words, "--end", "0.05").stderr


def test_a_film_of_others_is_refused_each_time(call, bucket, small, tmp_path):
    import clip

    clip.write(tmp_path / "clip.mp4", 3, (48, 32))
    upload_file(str(tmp_path / "clip.mp4"), f"{bucket}/dream.mp4")
    for _ in range(2):
        made = call("dream", tmp_path / "clip.mp4", f"{bucket}/dream.mp4", *small)
        assert made.exit_code == 1
        assert f"{bucket}/dream.mp4 exists and was not written by dreampipe" in made.stderr
    assert objects(bucket)["dream.mp4"] == (tmp_path / "clip.mp4").read_bytes()


@pytest.mark.slow
def test_a_killed_film_continues_from_its_segments(call, bucket, small, tmp_path):
    import clip

    clip.write(tmp_path / "clip.mp4", 72, (48, 32))
    upload_file(str(tmp_path / "clip.mp4"), f"{bucket}/clip.mp4")
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


def test_an_unsent_output_is_sent_where_its_object_is_as_it_was(call, bucket, server, small):
    words = ("visualize", "first[1]", f"{bucket}/unit.png", *small[:4], "--size", "32", "--steps", "1", "--overwrite")
    for theirs in (False, True):  # whether somebody else replaces the object before the next run
        upload_bytes(f"{bucket}/unit.png", b"old")
        server.refuse = lambda method, path: method == "PUT" and path.endswith("unit.png")
        assert call(*words).exit_code == 1
        server.reset()
        assert objects(bucket)["unit.png"] == b"old" and mirrors()
        if theirs:
            upload_bytes(f"{bucket}/unit.png", b"theirs")
        again = call(*words[:-1])  # without --overwrite
        assert again.exit_code == 2 and f"{bucket}/unit.png exists" in again.stderr
        assert ("could not send it; it is sent now" in again.stderr) is not theirs
        assert (objects(bucket)["unit.png"] == b"theirs") is theirs
        assert objects(bucket)["unit.png"] != b"old" and not mirrors()


def test_an_unsent_dream_is_sent_where_its_object_is_as_it_was(call, bucket, server, small, tmp_path):
    photo = paint(tmp_path / "photos", ("a.png",)) / "a.png"
    words = ("dream", photo, f"{bucket}/dream.png", *small, "--overwrite")
    upload_bytes(f"{bucket}/dream.png", b"old")
    server.refuse = lambda method, path: method == "PUT" and path.endswith("dream.png")
    assert call(*words).exit_code == 1
    server.reset()
    assert objects(bucket)["dream.png"] == b"old" and mirrors()
    again = call(*words)
    assert "0 done, 1 skipped, 0 failed" in again.stderr
    assert objects(bucket)["dream.png"].startswith(b"\x89PNG") and not mirrors()
