"""What is not ours stays as it is: links, pipes and strangers' files in work folders, journals and manifests."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from snapshot import Odd, odd, snapshot

from dreampipe.errors import MediaError
from dreampipe.media import Job, Manifest
from dreampipe.media.own import NotPlain, OwnFolder, append_line, open_plain
from dreampipe.media.released import Journal
from dreampipe.media.video import Survey
from dreampipe.media.video.numbering import is_whole, publish, standing
from dreampipe.media.work import Work
from dreampipe.media.writing import sweep

PLAN = ((0, 24), (24, 48))
OURS = ("begun.json", "segments.jsonl", "owner", "film", "000000.segment", "000001.npy", "dream.mp4", "dream.mp4.half")


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A folder with two segments, as a run leaves it that was killed."""
    made = Work(tmp_path / "out" / "dream.mp4")
    made.open()
    made.begin("key", {})
    for number, (first, stop) in enumerate(PLAN):
        made.segment(number).write_bytes(b"packets of %d" % number)
        made.store(number, first, stop, np.full((6, 8, 3), number, np.float32))
    return made


# Plain files


@odd
@pytest.mark.parametrize("mode", ["rb", "rb+", "ab+"])
def test_only_a_plain_file_is_opened(victim: Path, tmp_path: Path, put: Odd, mode: str) -> None:
    put(tmp_path / "x", victim)
    before = snapshot(tmp_path)
    with pytest.raises(NotPlain):
        open_plain(tmp_path / "x", mode)
    with pytest.raises(NotPlain):
        append_line(tmp_path / "x", {"a": 1})
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc/hosts", "a\\b", "a\0b", "b\n", "strange"])
def test_a_folder_of_ours_opens_and_removes_only_names_of_ours(tmp_path: Path, name: str) -> None:
    own = OwnFolder(tmp_path, re.compile("[ab]"))
    (tmp_path / "a").touch()
    before = snapshot(tmp_path)
    for act in (own.open, own.read, own.remove):
        with pytest.raises(NotPlain):
            act(name)
    with pytest.raises(NotPlain):
        own.append(name, {})
    assert snapshot(tmp_path) == before


# Work folders


@pytest.mark.parametrize("name", OURS)
@odd
def test_a_work_folder_with_a_link_in_it_is_refused(work: Work, victim: Path, put: Odd, name: str) -> None:
    path = work.folder / name
    path.unlink(missing_ok=True)
    put(path, victim)
    before = snapshot(victim.parent.parent)
    again = Work(work.target)
    with pytest.raises(MediaError, match=rf"\.dream\.mp4\.dreampipe holds {name}, which is .*: move it, or choose"):
        again.open()
    with pytest.raises(MediaError):
        again.begin("other", {})
    again.clear()
    again.clear_taken()
    again.release(keep=False)
    again.release(keep=True)
    again.finished(PLAN, ())
    assert snapshot(victim.parent.parent) == before


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"letter.txt": "somebody's"}, "carries no mark and holds letter.txt"),
        ({"letter.txt": "somebody's", "owner": "999999999 0.0"}, "carries no mark and holds letter.txt"),
        ({"owner": "Mrs Smith"}, "carries no mark"),
        ({"000001.png": "a holiday"}, "carries no mark"),
        ({"000000.segment": "of something", "segments.jsonl": ""}, "carries no mark"),
        ({"begun.json": '{"key": 3}'}, "carries no mark"),
        ({"begun.json": '{"key": "abc"}', "letter.txt": "somebody's"}, "carries no mark and holds letter.txt"),
        ({"begun.json": "[" * 100_000}, "carries no mark"),
    ],
)
def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path, held: dict[str, str], said: str) -> None:
    work = Work(tmp_path / "dream.mp4")
    work.folder.mkdir()
    for name, text in held.items():
        (work.folder / name).write_text(text)
    before = snapshot(tmp_path)
    with pytest.raises(MediaError, match=said):
        work.open()
    with pytest.raises(MediaError, match=said):
        work.begin("key", {})
    work.clear()
    work.release(keep=False)
    assert snapshot(tmp_path) == before


@odd
def test_a_work_folder_is_no_link(tmp_path: Path, victim: Path, put: Odd) -> None:
    work = Work(tmp_path / "dream.mp4")
    (victim.parent / "begun.json").write_text('{"of": "dreampipe", "key": "key"}')
    put(work.folder, victim.parent if put.__name__ == "symbolic" else victim)
    before = snapshot(tmp_path)
    with pytest.raises(MediaError, match=r"\.dream\.mp4\.dreampipe (is|carries)"):
        work.open()
    work.release(keep=False)
    work.clear()
    assert snapshot(tmp_path) == before


def test_a_stranger_s_files_stay_in_a_folder_with_our_mark(work: Work) -> None:
    strange = [
        "letter.txt",
        "mine.npy",
        "x.segment",
        "000001.png.bak",
        "owner-x",
        ".dreampipe-x.part",
        "dream.mp4.part",
    ]
    for name in strange:
        (work.folder / name).write_text("somebody's")
    (work.folder / "folder").mkdir()
    (work.folder / "folder" / "000001.png").touch()
    (work.folder / "joined").mkdir()
    (work.folder / "joined" / "000001.png").touch()
    (work.folder / "joined" / "letter.txt").write_text("somebody's")
    work.store(1, *PLAN[1], np.zeros((6, 8, 3), np.float32))
    again = Work(work.target)
    again.open()
    again.begin("other", {})
    kept = {*strange, "folder", "folder/000001.png", "joined", "joined/letter.txt"}
    assert set(snapshot(work.folder)) == {*kept, "begun.json", "owner"}
    again.release(keep=False)
    assert set(snapshot(work.folder)) == {*kept, "begun.json"}
    assert again.is_empty()
    again.open()  # the mark is still there
    again.begin("key", {})
    again.release(keep=True)


def test_the_folder_of_an_earlier_version_carries_no_mark_and_is_gone_on_with(work: Work) -> None:
    (work.folder / "begun.json").write_text('{"key": "key"}')
    again = Work(work.target)
    again.open()
    assert again.begun("key") == {"key": "key"}
    assert len(again.finished(PLAN, ())) == 2
    again.release(keep=False)
    assert not work.folder.exists()


def test_a_mark_whose_end_is_damaged_is_a_mark(work: Work) -> None:
    begun = work.folder / "begun.json"
    begun.write_bytes(begun.read_bytes()[:-5])
    again = Work(work.target)
    again.open()
    assert again.begun("key") is None
    again.begin("key", {})
    assert again.begun("key") == {"key": "key"}


def test_a_folder_between_its_making_and_its_mark_is_ours(tmp_path: Path) -> None:
    work = Work(tmp_path / "dream.mp4")
    for held in (
        {},
        {"owner": ""},
        {"owner": "999999999 0.0"},
        {"owner-7": "7 1.0"},
        {".dreampipe-7-0123abcd.part": ""},
    ):
        work.folder.mkdir()
        for name, text in held.items():
            (work.folder / name).write_text(text)
            os.utime(work.folder / name, (1e9, 1e9))
        work.open()
        work.release(keep=False)
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [
        {"number": -1},
        {"number": 0.0},
        {"number": True},
        {"number": 10**30},
        {"first": "0"},
        {"stop": None},
        {"stop": 24.0},
        {"sha256": "x"},
        {"sha256": None},
        {"sha256": "A" * 64},
        {"carry_sha256": ["x"]},
        {"carry_sha256": "../x"},
        {"frames": 3},
        {"frames": "not a hash"},
        {"frames": "ab" * 32},  # of one frame
        {"stop": "24"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_line_on_a_segment_with_absurd_values_is_left_out(work: Work, change: dict[str, Any]) -> None:
    record = work.folder / "segments.jsonl"
    first, second = record.read_text().splitlines()
    for line in (json.dumps(json.loads(second) | change), "[" * 100_000, "9" * 5000):
        record.write_text(f"{first}\n{line}\n")
        assert work.finished(PLAN, ()) == []
        record.write_text(f"{first}\n{line}\n{second}\n")
        assert len(work.finished(PLAN, ())) == 2


def npy(array: Any) -> bytes:
    held = BytesIO()
    np.save(held, array, allow_pickle=False)
    return held.getvalue()


GOOD = npy(np.zeros((6, 8, 3), np.float32))


@pytest.mark.parametrize(
    "data",
    [
        GOOD.replace(b"(6, 8, 3)", b"(60000, 80000, 3)"),
        GOOD.replace(b"(6, 8, 3)", b"(-6, -8, 3)"),
        GOOD.replace(b"(6, 8, 3)", b"(8, 6, 3)"),
        GOOD.replace(b"(6, 8, 3)", b"(144,)"),
        GOOD.replace(b"'<f4'", b"'|O'"),
        GOOD.replace(b"False", b"True"),
        GOOD.replace(b"(6, 8, 3)", b"(" * 60),
        npy(np.zeros((6, 8, 3), np.float64)),
        npy(np.zeros((6, 8, 4), np.float32)),
        GOOD[:-1],
        GOOD + b"\0",
        b"",
        b"\x93NUMPY\x09\x09",
    ],
    ids=range(13),
)
def test_a_dream_of_another_form_is_none_whatever_its_record_says(work: Work, data: bytes) -> None:
    record = work.folder / "segments.jsonl"
    line = json.loads(record.read_text().splitlines()[1])
    for held, expected in ((GOOD, True), (data, False)):
        (work.folder / "000001.npy").write_bytes(held)
        with record.open("a") as file:
            file.write(json.dumps(line | {"carry_sha256": hashlib.sha256(held).hexdigest()}) + "\n")
        found = work.finished((*PLAN, (48, 72)), (), size=(6, 8))
        assert len(found) == (2 if expected else 0)
        assert bool(found and work.carry(found[-1], (6, 8)) is not None) == expected


# What was released


NAMES = {"names": ["dream.mp4.half", "dream.mp4"]}
LINE = {"name": "000000.segment", "pieces": [[4, 12], "ff", [12, 20]]}


@pytest.mark.parametrize(
    "first",
    [
        {"names": ["../theirs/precious.txt", "dream.mp4"]},
        {"names": ["dream.mp4.half", "../theirs/precious.txt"]},
        {"names": ["../../theirs/precious.txt.half", "../../theirs/precious.txt"]},
        {"names": ["/tmp/x.half", "/tmp/x"]},
        {"names": ["letter.txt.half", "letter.txt"]},
        {"names": ["letter.txt", "letter.txt"]},
        {"names": ["...half", ".."]},
        {"names": [".half", ""]},
        {"names": ["a\\b.half", "a\\b"]},
        {"names": ["a\0b.half", "a\0b"]},
        {"names": ["dream.mp4.half"]},
        {"names": "dream.mp4"},
        {"names": [1, 2]},
        {"names": None},
        {},
        [],
        3,
        "x",
    ],
    ids=str,
)
def test_a_journal_that_names_another_film_is_left_alone(work: Work, victim: Path, first: Any) -> None:
    (work.folder / "letter.txt").write_text("somebody's, and long enough")
    (work.folder / "released.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (first, LINE)))
    before = snapshot(victim.parent.parent)
    Journal(work.folder, "dream.mp4").restore(work.target)
    assert snapshot(victim.parent.parent) == before
    Journal(work.folder).restore(victim)
    assert (work.folder / "letter.txt").exists() == ("letter.txt.half" not in str(first))  # it is asked for by name
    assert victim.read_bytes() == b"precious\n" * 9


@pytest.mark.parametrize(
    "name", ["..", ".", "", "../x", "/x", "a/b", "a\\b", "a\0b", "0.segment\n", "letter.txt", 3, None]
)
def test_a_journal_brings_back_no_file_but_a_segment(work: Work, victim: Path, name: Any) -> None:
    strange = LINE | {"name": name}
    check_line_left_out(work, victim, strange)


@pytest.mark.parametrize(
    "pieces",
    [
        [[-4, 12]],
        [[12, 4]],
        [[4.0, 12]],
        [[True, 12]],
        [["4", 12]],
        [[4]],
        [[4, 12, 20]],
        [[4, 12], [8, 20]],
        [[12, 20], [4, 12]],
        [[4, 12]] * 1000,
        [[4, 1 << 62]],
        [[1 << 70, 1 << 71]],
        ["no hex"],
        ["ff"],
        [],
        [None],
        {"4": 12},
        "ff",
        3,
        None,
    ],
    ids=lambda pieces: str(pieces)[:30],
)
def test_a_journal_s_places_rise_within_the_film(work: Work, victim: Path, pieces: Any) -> None:
    check_line_left_out(work, victim, LINE | {"pieces": pieces})


def check_line_left_out(work: Work, victim: Path, line: Any) -> None:
    """It brings nothing back, and takes nothing away from what the other line says."""
    good = {"name": "000001.segment", "pieces": [[20, 30]]}
    work.segment(0).unlink()
    work.segment(1).unlink()
    theirs = snapshot(victim.parent)
    half = work.folder / "dream.mp4.half"
    half.write_bytes(bytes(range(40)))
    text = "".join(f"{json.dumps(said)}\n" for said in (NAMES, line, good))
    (work.folder / "released.jsonl").write_text(text)
    (work.folder / "letter.txt").write_text("somebody's")
    Journal(work.folder, "dream.mp4").restore(work.target)
    assert snapshot(victim.parent) == theirs
    left = {path.name for path in work.folder.iterdir()} - {"begun.json", "owner", "segments.jsonl", "000001.npy"}
    beyond = "4611686018427387904" in text or "2361183241434822606848" in text  # then the other line comes too early
    assert left == ({"letter.txt"} if beyond else {"letter.txt", "000001.segment"})
    assert beyond or work.segment(1).read_bytes() == bytes(range(20, 30))
    assert (work.folder / "letter.txt").read_text() == "somebody's"


@odd
@pytest.mark.parametrize("name", ["released.jsonl", "dream.mp4.half", "dream.mp4"])
def test_a_journal_or_film_that_is_a_link_is_left_alone(work: Work, victim: Path, put: Odd, name: str) -> None:
    work.segment(0).unlink()
    victim.write_text("".join(f"{json.dumps(line)}\n" for line in (NAMES, LINE)))
    (work.folder / "released.jsonl").write_bytes(victim.read_bytes())
    (work.folder / name).unlink(missing_ok=True)
    put(work.folder / name, victim)
    before, odd_one = snapshot(victim.parent), (work.folder / name).lstat()
    Journal(work.folder, "dream.mp4").restore(work.target)
    assert snapshot(victim.parent) == before
    assert (work.folder / name).lstat() == odd_one
    assert not work.segment(0).exists()


# Numbered pictures


@pytest.mark.parametrize(
    "held",
    [
        {"../theirs/precious.txt": "x"},
        {"precious.txt": "x"},
        {"a/000001.png": "x"},
        {"000001.png\n": "x"},
        {"..": "x"},
        {"": "x"},
        {"000001.png": 3},
        {"000001.png": None},
        [["000001.png", "x"]],
        3,
    ],
    ids=str,
)
def test_a_list_of_pictures_names_nothing_but_pictures(tmp_path: Path, victim: Path, held: Any) -> None:
    pattern, segment = tmp_path / "frames" / "%06d.png", tmp_path / "000000.segment"
    segment.write_text(json.dumps(held))
    before = snapshot(tmp_path)
    with pytest.raises(MediaError, match="is no whole list of pictures"):
        is_whole(pattern, segment)
    with pytest.raises(MediaError, match="is no whole list of pictures"):
        publish(pattern, 1, [segment])
    assert snapshot(tmp_path) == before


@odd
def test_a_picture_that_is_a_link_is_never_published(tmp_path: Path, victim: Path, put: Odd) -> None:
    pattern, segment = tmp_path / "%06d.png", tmp_path / "work" / "000000.segment"
    segment.parent.mkdir()
    segment.write_text(json.dumps({"000001.png": hashlib.sha256(victim.read_bytes()).hexdigest()}))
    put(segment.with_name("000001.png"), victim)
    before = snapshot(tmp_path)
    assert not is_whole(pattern, segment)
    with pytest.raises(MediaError, match="is missing or has been changed"):
        publish(pattern, 1, [segment])
    assert snapshot(tmp_path) == before


def test_pictures_beyond_the_film_s_are_never_published(tmp_path: Path) -> None:
    segment = tmp_path / "000000.segment"
    segment.write_text(json.dumps({"000777.png": hashlib.sha256(b"").hexdigest()}))
    (tmp_path / "000777.png").touch()
    (tmp_path / "out").mkdir()
    with pytest.raises(MediaError, match="those from 1 to 1 are expected"):
        publish(tmp_path / "out" / "%06d.png", 1, [segment])
    assert not list((tmp_path / "out").iterdir())


def test_a_pipe_among_numbered_pictures_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "000001.png")
    (tmp_path / "000002.png").mkdir()
    assert standing(tmp_path / "%06d.png") == {"000001.png": "", "000002.png": ""}


# What a survey was stored as


SURVEY = Survey(np.array([0, 2, 4], np.int64), 2, Fraction(1, 24), (1,))


@pytest.mark.parametrize(
    "change",
    [
        {"stamps": ["0", "2", "4"]},
        {"stamps": [0, 2.5, 4]},
        {"stamps": [True, 2, 4]},
        {"stamps": [0, 2, 1 << 64]},
        {"stamps": [4, 2, 0]},
        {"stamps": []},
        {"stamps": [[0, 2]]},
        {"stamps": None},
        {"stamps": "024"},
        {"last": 0},
        {"last": 2.0},
        {"last": "2"},
        {"last": 1 << 70},
        {"time_base": "1/0"},
        {"time_base": "-1/24"},
        {"time_base": 0.5},
        {"time_base": "a"},
        {"time_base": None},
        {"cuts": [0]},
        {"cuts": [3]},
        {"cuts": [2, 1]},
        {"cuts": [1, 1]},
        {"cuts": ["1"]},
        {"cuts": 1},
        {"origin": None},
        {"origin": 1.5},
        {"notes": [3]},
        {"notes": None},
        {"problem": ["x"]},
    ],
    ids=str,
)
def test_a_survey_that_was_changed_is_none(change: dict[str, Any]) -> None:
    values = json.loads(json.dumps(SURVEY.as_dict()))
    assert Survey.from_dict(values).as_dict() == SURVEY.as_dict()
    with pytest.raises((KeyError, TypeError, ValueError)):
        Survey.from_dict(values | change)
    del values[next(iter(change))]
    with pytest.raises(KeyError):
        Survey.from_dict(values)


# Manifests


@odd
def test_a_manifest_is_a_plain_file(tmp_path: Path, victim: Path, put: Odd) -> None:
    out = tmp_path / "out"
    out.mkdir()
    begun, job = Manifest(out), Job(tmp_path / "in.png", out / "a.png", "a.png")
    put(out / ".dreampipe.jsonl", victim)
    before = snapshot(tmp_path)
    said = r"\.dreampipe\.jsonl is a.*, but the record of what has been written is a regular file|is no regular file"
    with pytest.raises(MediaError, match=said):
        Manifest(out)
    with pytest.raises(MediaError, match=said):  # which came there after the run had begun
        begun.store(job, "s" * 64, "r" * 64, b"picture")
    assert snapshot(tmp_path) == before


# What killed runs leave


def test_sweep_leaves_what_is_foreign_in_a_temporary_folder(tmp_path: Path, victim: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    marked, unmarked, linked = (tmp_path / f".dreampipe-{gone.pid}-0123abc{n}.part" for n in range(3))
    for path in (marked, unmarked):
        path.mkdir()
        (path / "letter.txt").write_text("somebody's")
        (path / "000001.png").write_text("ours, perhaps")
    (marked / "output").write_text("x%03d.jpg")
    (marked / "x001.jpg").touch()
    (marked / "segment").touch()
    linked.symlink_to(victim.parent)
    before = snapshot(unmarked)
    sweep(tmp_path)
    assert sorted(os.listdir(marked)) == ["000001.png", "letter.txt"]
    assert snapshot(unmarked) == before
    assert os.listdir(victim.parent) == ["precious.txt"]
    (unmarked / "letter.txt").unlink()
    sweep(tmp_path)
    assert not unmarked.exists()
