"""Segments go while the film that is joined of them grows, and come back from it wherever that ends."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from films import render, scene
from full_disk import full_at
from test_film_writing import EVERY
from written import frames_of, write_segments

from dreampipe.errors import MediaError
from dreampipe.media.released import Journal
from dreampipe.media.video import Encoding, Survey, Target, open_source, target_of

COUNT = 36
STARTS = tuple(range(0, COUNT, 3))
"""Twelve segments."""
NOWHERE = Path("nowhere")
_MATROSKA, _CLUSTER = b"\x1a\x45\xdf\xa3", b"\x1f\x43\xb6\x75"


class Stop(BaseException):
    """As Ctrl-C: no error that anything may handle."""


@dataclass(frozen=True)
class Joining:
    """A film in a work folder, to be joined of its segments there.

    Attributes:
        target: the film.
        survey: of its source.
        segments: their bytes by their files.
        whole: the film's bytes when it is joined at once.
    """

    target: Target
    survey: Survey
    segments: dict[Path, bytes]
    whole: bytes

    @property
    def folder(self) -> Path:
        return self.target.path.parent

    def join(self, on_joined: Callable[[Path], None] = Path.unlink) -> None:
        self.target.join(list(self.segments), self.survey, on_joined)

    def stopped(self, count: int) -> None:
        """Join it, and stop once so many segments are gone and the next one could be."""
        with pytest.raises(Stop):
            self.join(after(count))
        assert not self.target.path.exists()

    def restore(self, elsewhere: Path = NOWHERE) -> None:
        Journal(self.folder).restore(elsewhere)

    def standing(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in sorted(self.folder.iterdir())}

    def comes_back(self) -> None:
        """All segments are there again and nothing else, and the film becomes what it should."""
        self.restore()
        assert self.standing() == self.segments
        self.join()
        assert told(self.target.path.read_bytes()) == told(self.whole)


def joining(suffix: str, codec: str | None, folder: Path, alpha: bool = False) -> Joining:
    sound = "libopus" if suffix == "webm" else "aac"
    source = open_source(render(folder / f"source.{suffix.replace('webm', 'mkv')}", scene(COUNT), sound=sound))
    survey = source.survey()
    target, alone = (
        target_of(path / f"film.{suffix}", replace(source.info, alpha=alpha), Encoding(codec))
        for path in (folder / "work", folder)
    )
    frames = [replace(frame, alpha=frame.pixels[..., 0].copy()) if alpha else frame for frame in frames_of(COUNT)]
    segments = write_segments(target, frames, survey, folder / "work", STARTS)
    alone.join(segments, survey)
    return Joining(target, survey, {path: path.read_bytes() for path in segments}, alone.path.read_bytes())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Joining]:
    return {suffix: joining(suffix, None, tmp_path_factory.mktemp(suffix)) for suffix in ("mp4", "mkv")}


@pytest.fixture(params=["mp4", "mkv"])
def film(request: pytest.FixtureRequest, made: dict[str, Joining]) -> Joining:
    """Its segments in their folder, and nothing else."""
    film = made[request.param]
    for path in film.folder.iterdir():
        path.unlink()
    for path, data in film.segments.items():
        path.write_bytes(data)
    return film


def told(film: bytes) -> bytes:
    """A film's bytes, of Matroska from the first packets on: before them lie numbers that it draws by chance."""
    return film[film.index(_CLUSTER) :] if film.startswith(_MATROSKA) else film


def after(count: int) -> Callable[[Path], None]:
    """Removes segments, and stops before the one behind so many."""
    left = [count]

    def on_joined(path: Path) -> None:
        if not left[0]:
            raise Stop
        left[0] -= 1
        path.unlink()

    return on_joined


@pytest.mark.parametrize(
    ("codec", "suffix", "alpha"),
    [(*pair, False) for pair in EVERY] + [("vp9", "webm", True), ("vp9", "mkv", True), ("prores", "mov", True)],
)
def test_segments_go_while_the_film_grows_and_come_back_from_it(
    codec: str, suffix: str, alpha: bool, tmp_path: Path
) -> None:
    film = joining(suffix, codec, tmp_path, alpha)
    most = 0

    def on_joined(path: Path) -> None:
        nonlocal most
        most = max(most, sum(map(len, film.standing().values())))
        path.unlink()

    film.join(on_joined)
    assert told(film.target.path.read_bytes()) == told(film.whole)
    assert sum(path.exists() for path in film.segments) <= 2
    assert most < 1.5 * len(film.whole)
    film.comes_back()


@pytest.mark.parametrize("count", range(11))
def test_wherever_it_stops_nothing_is_lost(film: Joining, count: int) -> None:
    film.stopped(count)
    assert sum(path.exists() for path in film.segments) == len(STARTS) - count
    film.comes_back()


def test_without_a_listener_the_segments_stay_and_no_journal_is_kept(film: Joining) -> None:
    film.target.join(list(film.segments), film.survey)
    assert set(film.standing()) == {*film.segments, film.target.path}
    with pytest.raises(MediaError):
        film.target.join(list(film.segments)[1:], film.survey)


@pytest.mark.parametrize("left", [1, 9, 400])
def test_a_torn_line_is_of_a_segment_that_is_still_there(film: Joining, left: int) -> None:
    film.stopped(5)
    journal = film.folder / "released.jsonl"
    assert len(journal.read_bytes().splitlines()) == 7
    with journal.open("rb+") as file:
        file.truncate(journal.stat().st_size - left)
    film.comes_back()


@pytest.mark.parametrize("back", range(6))
def test_a_kill_while_they_come_back_loses_nothing(film: Joining, back: int) -> None:
    """As it is when so many of five are there again, and the film has been cut off before the last of them or not."""
    film.stopped(5)
    half = next(film.folder.glob("*.half"))
    lines = [json.loads(line) for line in (film.folder / "released.jsonl").read_bytes().splitlines()][1:6]
    for cut in (False, True):
        for line in lines[5 - back :]:
            (film.folder / line["name"]).write_bytes(film.segments[film.folder / line["name"]])
        if cut and back:
            os.truncate(half, min(piece[0] for piece in lines[5 - back]["pieces"] if not isinstance(piece, str)))
    film.comes_back()


def test_they_come_back_from_a_film_that_has_gone_to_its_place(film: Joining, tmp_path: Path) -> None:
    film.join()
    elsewhere = film.target.path.replace(tmp_path / "film")
    film.restore(elsewhere)
    assert film.standing() == film.segments
    assert told(elsewhere.read_bytes()) == told(film.whole)


def test_where_the_film_is_lost_so_are_they(film: Joining) -> None:
    film.stopped(5)
    next(film.folder.glob("*.half")).unlink()
    film.restore()
    assert set(film.standing()) == set(list(film.segments)[5:])


def test_where_the_film_is_damaged_one_is_not_as_it_was(film: Joining) -> None:
    film.stopped(5)
    half = next(film.folder.glob("*.half"))
    line = json.loads((film.folder / "released.jsonl").read_bytes().splitlines()[3])
    data = bytearray(half.read_bytes())
    place = next(piece[0] for piece in line["pieces"] if not isinstance(piece, str))
    data[place] ^= 1
    half.write_bytes(data)
    film.restore()
    changed = {path for path, data in film.standing().items() if data != film.segments[path]}
    assert changed == {film.folder / line["name"]}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_full_disk_is_one_sentence_and_loses_nothing(film: Joining, share: float) -> None:
    with full_at(int(len(film.whole) * share)), pytest.raises(MediaError, match="cannot be written"):
        film.join()
    film.comes_back()


_JOIN = """
import pickle, sys
from pathlib import Path
target, segments, survey = pickle.load(sys.stdin.buffer)
def on_joined(path):
    path.unlink()
    print(path.name, flush=True)
    sys.stdin.buffer.read(1)
target.join(segments, survey, on_joined)
"""


@pytest.mark.parametrize(("count", "by"), [(1, signal.SIGKILL), (6, signal.SIGKILL), (3, signal.SIGINT)])
def test_a_process_that_is_ended_loses_nothing(film: Joining, count: int, by: signal.Signals) -> None:
    words, pipe = [sys.executable, "-c", _JOIN], subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin and process.stdout and process.stderr
        pickle.dump((film.target, list(film.segments), film.survey), process.stdin)
        for number in range(count):
            process.stdin.write(b"." * (number > 0))  # behind each segment it waits for one
            process.stdin.flush()
            assert process.stdout.readline()
        process.send_signal(by)
        process.stdin.close()
        said = process.stderr.read()
    assert process.returncode == -by or b"KeyboardInterrupt" in said
    assert b"ignored" not in said
    film.comes_back()
