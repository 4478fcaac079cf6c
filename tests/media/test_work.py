"""The folder in which a film grows: what of it can be trusted after a kill, and who may work in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from dreampipe.errors import MediaError
from dreampipe.frames import Array
from dreampipe.media.locks import hold_lock
from dreampipe.media.released import Journal, Released
from dreampipe.media.work import Segment, Work

PLAN = ((0, 24), (24, 40), (40, 64), (64, 70))
"""Two shots, of two segments each."""
CUTS = (40,)


def dream(number: int) -> Array:
    """What the segment after this one goes on from."""
    return np.random.default_rng(number).uniform(size=(6, 8, 3)).astype(np.float32)


def store(work: Work, number: int, content: bytes = b"packets of ") -> None:
    work.segment(number).write_bytes(content + bytes([number]))
    work.store(number, *PLAN[number], dream(number))


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A folder with the first three of four segments."""
    made = Work(tmp_path / "dream.mp4")
    made.open()
    made.begin("key", {"survey": [1, 2]})
    for number in range(3):
        store(made, number)
    return made


def again(work: Work) -> Work:
    """The folder as another run finds it."""
    return Work(work.target)


def found(work: Work) -> list[int]:
    """The numbers of the segments that a run goes on behind."""
    segments = again(work).finished(PLAN, CUTS)
    assert [(s.first, s.stop) for s in segments] == [PLAN[s.number] for s in segments]
    return [segment.number for segment in segments]


def lines(work: Work) -> list[str]:
    return (work.folder / "segments.jsonl").read_text().splitlines()


def rewrite(work: Work, *kept: str) -> None:
    (work.folder / "segments.jsonl").write_text("".join(f"{line}\n" for line in kept))


# What is there


def test_it_lies_hidden_beside_the_output(work: Work, tmp_path: Path) -> None:
    assert work.folder == tmp_path / ".dream.mp4.dreampipe"
    assert os.listdir(tmp_path) == [work.folder.name]
    made = Work(tmp_path / "deep" / "er" / "dream.mp4")
    made.open()
    assert made.folder.is_dir()


def test_what_was_finished_is_found(work: Work) -> None:
    assert found(work) == [0, 1, 2]
    store(work, 3)
    assert found(work) == [0, 1, 2, 3]


def test_the_newest_dream_alone_is_kept_and_comes_back_to_the_bit(work: Work) -> None:
    first, *_, newest = again(work).finished(PLAN, CUTS)
    carried = again(work).carry(newest)
    assert carried is not None and carried.dtype == np.float32
    assert np.array_equal(carried, dream(2))
    assert again(work).carry(first) is None
    assert [path.name for path in work.folder.glob("*.npy")] == ["000002.npy"]


def test_of_nothing_nothing_is_found(tmp_path: Path) -> None:
    made = Work(tmp_path / "dream.mp4")
    assert made.finished(PLAN, CUTS) == [] and made.is_empty() and made.begun("key") is None
    made.open()
    assert made.finished(PLAN, CUTS) == [] and made.is_empty() and made.begun("key") is None
    made.begin("key", {})
    assert made.finished(PLAN, CUTS) == [] and not made.is_empty()


# What a kill leaves


@pytest.mark.parametrize("left", range(1, 60, 7))
def test_a_torn_line_is_a_segment_that_is_missing(work: Work, left: int) -> None:
    record = work.folder / "segments.jsonl"
    whole = record.read_bytes()
    torn = whole[: len(whole) - left]
    record.write_bytes(torn)
    assert found(work) == ([0, 1, 2] if left == 1 else [0, 1])
    store(again(work), 2)
    assert found(work) == [0, 1, 2]
    store(again(work), 3)
    assert found(work) == [0, 1, 2, 3]


@pytest.mark.parametrize("line", ["", "{", "[1]", "3", '"x"', "null", "{}", '{"number": 2}', '{"number": [2]}', "\x00"])
def test_lines_that_make_no_sense_are_passed_over(work: Work, line: str) -> None:
    kept = lines(work)
    rewrite(work, kept[0], line, kept[1], kept[2])
    assert found(work) == [0, 1, 2]


def test_a_segment_without_a_line_is_not_trusted(work: Work) -> None:
    work.segment(3).write_bytes(b"half of it")
    assert found(work) == [0, 1, 2]


@pytest.mark.parametrize("change", [lambda path: path.unlink(), lambda path: path.write_bytes(b"other")])
@pytest.mark.parametrize("number, expected", [(0, [2]), (1, [2]), (2, [0, 1])])
def test_a_segment_that_is_not_as_recorded_is_made_again(
    work: Work, change: Callable[[Path], object], number: int, expected: list[int]
) -> None:
    """So are those after it in its shot; and those before it, if their dream is lost."""
    change(work.segment(number))
    assert found(work) == expected


def test_a_film_goes_on_behind_a_shot_without_its_dream(work: Work) -> None:
    store(work, 3)
    work.segment(3).write_bytes(b"other")
    assert found(work) == [0, 1]


@pytest.mark.parametrize("change", [lambda path: path.unlink(), lambda path: path.write_bytes(b"other")])
def test_where_the_dream_is_lost_it_steps_back_to_a_cut(work: Work, change: Callable[[Path], object]) -> None:
    change(work.folder / "000002.npy")
    assert found(work) == [0, 1]
    assert again(work).finished(PLAN, ()) == []
    assert len(again(work).finished(PLAN, (40, 64))) == 3


def test_shots_are_finished_in_any_order(work: Work) -> None:
    made = Work(work.target)
    made.begin("other", {})
    for number, expected in ((2, [2]), (0, [0, 2]), (3, [0, 2, 3]), (1, [0, 1, 2, 3])):
        store(made, number)
        assert found(made) == expected
    assert [path.name for path in work.folder.glob("*.npy")] == ["000001.npy", "000003.npy"]


def test_each_shot_that_is_begun_keeps_its_newest_dream(work: Work) -> None:
    made = Work(work.target)
    made.begin("other", {})
    store(made, 2)
    store(made, 0)
    assert sorted(path.name for path in work.folder.glob("*.npy")) == ["000000.npy", "000002.npy"]
    first, other = again(made).finished(PLAN, CUTS)
    assert again(made).carry(first) is not None and again(made).carry(other) is not None
    (work.folder / "000000.npy").unlink()
    assert found(made) == [2]


def test_a_settled_segment_counts_once_it_is_recorded(work: Work) -> None:
    work.segment(3).write_bytes(b"packets")
    settled = again(work).settle(3, *PLAN[3], None, ["ab" * 32] * 6)
    assert found(work) == [0, 1, 2]
    work.record(settled)
    assert found(work) == [0, 1, 2, 3]
    assert again(work).finished(PLAN, CUTS, shot=range(2, 4)) == again(work).finished(PLAN, CUTS)[2:]
    assert again(work).finished(PLAN, CUTS)[3].frames.split() == ["ab" * 32] * 6


def test_where_nothing_goes_on_from_a_dream_none_is_kept_or_missed(work: Work) -> None:
    work.segment(3).write_bytes(b"packets")
    work.store(3, *PLAN[3], None)
    assert not list(work.folder.glob("*.npy"))
    assert found(work) == [0, 1, 2, 3]
    assert len(again(work).finished(PLAN, ())) == 4


def test_segments_that_were_dropped_come_back_out_of_a_film_that_is_not_finished(work: Work) -> None:
    store(work, 3)
    half = work.folder / "dream.mp4.half"
    half.write_bytes(b"head" + work.segment(0).read_bytes() + b"sound" + work.segment(1).read_bytes() + b"more")
    journal = Journal(work.folder)
    journal.begin((half.name, "dream.mp4"))
    journal.add(Released("000000.segment", [(4, 16)]))
    journal.add(Released("000001.segment", [b"packets ", (29, 33)]))
    for number in range(2):
        work.drop(work.segment(number))
    assert found(work) == [0, 1, 2, 3]
    assert not half.exists()


def test_segments_of_another_plan_are_not_those(work: Work) -> None:
    whole = again(work).finished(PLAN, CUTS)
    assert again(work).finished(((0, 12), (12, 40), (40, 64)), CUTS) == whole[2:]  # a shot that is the same
    assert again(work).finished(((0, 12), (12, 40), (40, 60)), CUTS) == []
    assert again(work).finished((PLAN[0], PLAN[1], (40, 60)), CUTS) == list(again(work).finished(PLAN[:2], CUTS))
    assert len(again(work).finished(PLAN[:2], CUTS)) == 2
    assert again(work).finished((), ()) == []


def test_of_two_lines_for_a_segment_the_newer_counts(work: Work) -> None:
    """A run that stepped back has made it again, from the same frames but perhaps not to the same bytes."""
    store(again(work), 2, b"made again: ")
    assert found(work) == [0, 1, 2]
    assert len(lines(work)) == 4


def test_lines_in_another_order_are_the_same(work: Work) -> None:
    rewrite(work, *reversed(lines(work)))
    assert found(work) == [0, 1, 2]


def test_a_line_says_all_of_its_segment(work: Work) -> None:
    told = [Segment(**json.loads(line)) for line in lines(work)]
    assert told == again(work).finished(PLAN, CUTS)


# What a run shares


def test_what_was_begun_is_kept_for_its_key(work: Work) -> None:
    assert again(work).begun("key") == {"key": "key", "survey": [1, 2]}
    assert again(work).begun("other") is None
    assert not again(work).is_empty()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"survey": 1}', "\x80"])
def test_what_was_begun_and_is_not_whole_is_nothing(work: Work, text: str) -> None:
    (work.folder / "begun.json").write_text(text)
    assert again(work).begun("key") is None
    (work.folder / "begun.json").write_bytes(b"\xff\xfe")
    assert again(work).begun("key") is None


def test_beginning_anew_removes_all_that_was_there(work: Work) -> None:
    (work.folder / "joined").mkdir()
    (work.folder / "joined" / "00001.png").touch()
    work.begin("other", {"survey": [3]})
    assert again(work).begun("key") is None
    assert again(work).begun("other") == {"key": "other", "survey": [3]}
    assert found(work) == []
    assert sorted(os.listdir(work.folder)) == ["begun.json", "owner"]
    with pytest.raises(MediaError, match="is being made by another run"), other_process(work.target):
        raise AssertionError("it took the folder although this process still works in it")


# Who works in it

_OPEN = """
import sys
from pathlib import Path
from dreampipe.errors import MediaError
from dreampipe.media.work import Work
try:
    Work(Path(sys.argv[1])).open()
except MediaError as error:
    sys.exit(str(error))
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def other_process(target: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has opened the work of this target; raises its MediaError where it cannot."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", _OPEN, target], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as it:
        assert it.stdout is not None and it.stderr is not None
        try:
            if it.stdout.readline() != "open\n":
                raise MediaError(it.stderr.read())
            yield it
        finally:
            it.kill()


def test_a_second_process_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    work = Work(tmp_path / "dream.mp4")
    with other_process(work.target) as other:
        with pytest.raises(MediaError) as caught:
            work.open()
        assert str(caught.value) == (f"{work.target} is being made by another run: wait for its end, or end that one.")
        Work(tmp_path / "else.mp4").open()
        work.clear()
        assert (work.folder / "owner").exists()
        other.kill()
        while psutil.Process(other.pid).status() != psutil.STATUS_ZOMBIE:
            pass
        work.open()  # the system still knows its number, but it has ended
    work.open()


def test_the_same_process_may_open_it_again(work: Work) -> None:
    again(work).open()
    assert found(work) == [0, 1, 2]


@pytest.mark.parametrize(
    "owner",
    [
        "",
        "\n",
        "12",
        "x y",
        f"{2**40} 1.0",
        f"{10**30} 1.0",
        "-5 1.0",
        "0 1.0",
        f"{os.getppid()} 1.0",
        "1 2 3",
        "\udcff",
    ],
)
def test_an_owner_that_is_none_does_not_keep_it(work: Work, owner: str) -> None:
    """Torn by a kill, gone, or its number given to another process since."""
    (work.folder / "owner").write_text(owner, errors="surrogateescape")
    os.utime(work.folder / "owner", (1e9, 1e9))
    work.open()
    number, _ = (work.folder / "owner").read_text().split()
    assert int(number) == os.getpid()


def test_an_owner_that_is_being_written_keeps_it(work: Work) -> None:
    with (work.folder / "owner").open("w") as file, hold_lock(file.fileno()) as taken:
        assert taken
        with pytest.raises(MediaError, match="is being made by another run"):
            work.open()
    work.open()
    assert sorted(path.name for path in work.folder.glob("owner*")) == ["owner"]


def test_an_owner_that_a_kill_left_empty_keeps_nobody(work: Work) -> None:
    (work.folder / "owner").write_text("")
    work.open()
    assert (work.folder / "owner").read_text().startswith(f"{os.getpid()} ")


_AT_ONCE = """
import sys
from pathlib import Path
from dreampipe.errors import MediaError
from dreampipe.media.work import Work
print("ready", flush=True)
sys.stdin.readline()
try:
    Work(Path(sys.argv[1])).open()
    print("open", flush=True)
except MediaError as error:
    print(error, flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("owner", [None, "", "999999999 0.0"])
def test_of_several_that_begin_at_once_one_gets_it(tmp_path: Path, owner: str | None) -> None:
    work = Work(tmp_path / "dream.mp4")
    work.folder.mkdir()
    if owner is not None:
        (work.folder / "owner").write_text(owner)
    command = [sys.executable, "-c", _AT_ONCE, work.target]
    runs = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]

    def lines_of() -> list[str]:
        return [run.stdout.readline().strip() for run in runs if run.stdout]

    assert lines_of() == ["ready"] * 4
    for run in runs:
        assert run.stdin
        run.stdin.write("go\n")
        run.stdin.flush()
    said = lines_of()
    for run in runs:
        run.communicate("end\n")
    assert said.count("open") == 1
    assert sum(line.startswith(f"{work.target} is being made by another run") for line in said) == 3


def test_a_clock_that_was_set_does_not_let_two_in(work: Work) -> None:
    """When a process began is counted from when the machine did, which moves with the clock."""
    process = psutil.Process(os.getppid())
    (work.folder / "owner").write_text(f"{process.pid} {process.create_time() + 0.5}")
    with pytest.raises(MediaError, match="is being made by another run"):
        work.open()


def test_opening_clears_away_what_killed_writers_left(work: Work) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = work.folder / f".dreampipe-{gone.pid}-0123abcd.part"
    left.touch()
    work.open()
    assert not left.exists()


UNWRITABLE = r"dream\.mp4 cannot be written \(.*\), but a folder with room"


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match=UNWRITABLE):
        Work(tmp_path / "file" / "dream.mp4").open()


def test_a_folder_that_may_not_be_written_is_told_likewise(locked: Path) -> None:
    with pytest.raises(MediaError, match=UNWRITABLE):
        Work(locked / "dream.mp4").open()


# Its end


def test_what_is_released_is_gone_or_left_to_others(work: Work) -> None:
    work.release(keep=True)
    assert found(work) == [0, 1, 2]
    with other_process(work.target):
        pass
    work.release(keep=False)
    assert not work.folder.exists()
    work.release(keep=False)


def test_a_folder_in_which_nothing_was_begun_is_not_kept(tmp_path: Path) -> None:
    work = Work(tmp_path / "dream.mp4")
    work.open()
    work.release(keep=True)
    assert os.listdir(tmp_path) == []


def test_what_a_run_killed_at_its_very_end_left_is_cleared_and_what_was_kept_is_not(work: Work) -> None:
    kept = Work(work.target.with_name("kept.mp4"))
    kept.open()
    kept.begin("key", {})
    kept.release(keep=True)
    kept.clear()
    assert kept.folder.is_dir()
    again(work).clear()
    assert not work.folder.exists()
    again(work).clear()
