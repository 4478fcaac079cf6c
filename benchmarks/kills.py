"""SIGKILLs spread over the making of a film, each gone on from: `python benchmarks/kills.py [--kills 100]`.

A small film with a cut and a tone is dreamed once without a break, then again and again by processes that are killed.
Of the kills six in ten fall between the first and the last dreamed frame, spread evenly over these; one in ten after
the last, spread evenly over the time to the end of the run; and three in ten by the clock alone, spread evenly over a
whole run, most of which is the loading of tensorflow. A film is killed several times, each time further on, before it
may come to its end. After each kill nothing but a whole film may bear the film's name; at the end the film must be the
one of the unbroken run: every packet of every stream with its times, and every decoded frame.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import av
import clip

from dreampipe.media.manifest import NAME

QUICK = ("--octaves", "1", "--steps", "2", "--refresh-steps", "1")
"""Options of a dream that takes little time."""
CHAINS = 10
"""Films between which the kills by frame are dealt out."""
AT_ONCE = 2
"""Processes that run at once."""

Where = Literal["loading", "surveying", "dreaming", "joining", "ended"]


@dataclass(frozen=True)
class Moment:
    """When to kill.

    Attributes:
        frame: once that many frames are dreamed; None to go by the clock alone.
        seconds: later than that, or than the start of the process.
    """

    frame: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Told:
    """What a process told before it ended.

    Attributes:
        events: its lines of `--events`, without one that a kill tore.
        times: seconds from its start at which each was read.
        seconds: until its end.
        code: its exit code.
        errors: its stderr.
    """

    events: list[dict[str, Any]]
    times: list[float]
    seconds: float
    code: int
    errors: str

    @property
    def where(self) -> Where:
        """How far it came."""
        kinds = {event["event"] for event in self.events}
        if kinds & {"done", "skipped"}:
            return "ended"
        if any(event["event"] == "framed" and event["done"] == event["frames"] for event in self.events):
            return "joining"
        if kinds & {"stepped", "framed"}:
            return "dreaming"
        return "surveying" if "surveyed" in kinds else "loading"


@dataclass(frozen=True)
class Run:
    """A film that was made without a break: what the others are held against.

    Attributes:
        digest: of the film, as `digest` gives it.
        frames: how many it has.
        seconds: that the process took.
        ending: of these, the ones after the last frame.
    """

    digest: str
    frames: int
    seconds: float
    ending: float


class WrongError(AssertionError):
    """What must hold after a kill does not."""


@dataclass(frozen=True)
class Bench:
    """One film to be dreamed.

    Attributes:
        source: the film.
        folder: of the outputs.
        options: of `dreampipe dream`.
    """

    source: Path
    folder: Path
    options: Sequence[str] = QUICK

    def whole(self, at_once: int = 1) -> Run:
        """Make the film without a break, so many times at once, which decides how long it takes."""
        outputs = [self.output(f"whole {number}") for number in range(at_once)]
        with ThreadPoolExecutor(at_once) as pool:
            told, *others = pool.map(self.process, outputs)
        for one in (told, *others):
            _hold(one.code == 0, f"an unbroken run ended with {one.code}: {one.errors}")
        _hold(len({digest(output) for output in outputs}) == 1, "two unbroken runs made different films")
        last = max(index for index, event in enumerate(told.events) if event["event"] == "framed")
        ending = told.seconds - told.times[last]
        return Run(digest(outputs[0]), told.events[last]["frames"], told.seconds, ending)

    def output(self, name: str) -> Path:
        """A film's name, in an empty folder of its own."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder / f"dream{self.source.suffix}"

    def chain(self, name: str, moments: Iterable[Moment], run: Run) -> list[Where]:
        """Kill one film at these moments, one after the other, then let it come to its end; where it was killed.

        A film that comes to its end before its moment is begun anew, to be killed then, or sooner if that is too late.

        Raises:
            WrongError: a film is not what it should be.
        """
        found: list[Where] = []
        output = self.output(name)
        for moment in moments:
            told, seconds = self.process(output, moment), moment.seconds
            while told.code == 0:
                _check_end(output, told, run)
                output = self.output(name)
                told = self.process(output, replace(moment, seconds=seconds))
                seconds *= 0.9
            _hold(told.code < 0, f"{moment} killed nothing: exit code {told.code}, {told.errors}")
            _check_kill(output, run)
            found.append(told.where)
        _check_end(output, self.process(output), run)
        return found

    def process(self, output: Path, moment: Moment | None = None) -> Told:
        """Dream the film in a process of its own, which is killed at a moment."""
        words = [sys.executable, "-m", "dreampipe", "dream", str(self.source), str(output), *self.options, "--events"]
        with tempfile.TemporaryFile() as errors:
            began = time.perf_counter()
            with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors) as process:
                lines = _read(process, moment, began)
            seconds = time.perf_counter() - began
            errors.seek(0)
            said = errors.read().decode()
        return Told([event for _, event in lines], [at for at, _ in lines], seconds, process.returncode, said)


def _read(process: subprocess.Popen[bytes], moment: Moment | None, began: float) -> list[tuple[float, dict[str, Any]]]:
    assert process.stdout is not None
    lines: list[tuple[float, dict[str, Any]]] = []
    timer = threading.Timer(moment.seconds if moment else 0.0, process.kill)
    if moment and moment.frame is None:
        timer.start()
    for line in process.stdout:
        if not line.endswith(b"\n"):  # torn by the kill
            break
        event = json.loads(line)
        lines.append((time.perf_counter() - began, event))
        due = moment and moment.frame is not None and event["event"] == "framed" and event["done"] >= moment.frame
        if due and timer.ident is None:
            timer.start()
    process.wait()
    timer.cancel()
    return lines


def _check_kill(output: Path, run: Run) -> None:
    """No file but those of the work, and under the final name only a whole film; the lock of a crew is free by now."""
    names = {path.name for path in output.parent.iterdir() if path.suffix not in (".part", ".lock")}
    _hold(names <= {NAME, output.name, f".{output.name}.dreampipe"}, f"after a kill there lie {sorted(names)}")
    if output.exists():
        _hold(digest(output) == run.digest, f"{output} stands there after a kill, but is not whole")


def _check_end(output: Path, told: Told, run: Run) -> None:
    """The film is whole and the one of the unbroken run, and nothing else is left."""
    _hold(told.code == 0 and told.where == "ended", f"a run that went on ended with {told.code}: {told.errors}")
    _hold("Traceback" not in told.errors, told.errors)
    names = sorted(path.name for path in output.parent.iterdir())
    _hold(names == sorted([NAME, output.name]), f"at the end there lie {names}")
    _hold(digest(output) == run.digest, f"{output} is not the film of the unbroken run")


def _hold(true: bool, otherwise: str) -> None:
    if not true:
        raise WrongError(otherwise)


def digest(path: Path) -> str:
    """The SHA-256 of every packet with its stream and times, and of every decoded frame with its time."""
    told = hashlib.sha256()
    with av.open(str(path)) as film:
        for packet in film.demux():
            told.update(repr((packet.stream_index, packet.pts, packet.dts, packet.duration)).encode())
            told.update(bytes(packet))
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            told.update(repr((frame.pts, frame.time_base)).encode())
            told.update(frame.to_ndarray().tobytes())
    return told.hexdigest()


def by_frames(kills: int, chains: int, run: Run) -> list[list[Moment]]:
    """So many kills between the first and the last frame, dealt out to chains, and one after the last frame in each."""
    frames = [1 + index * (run.frames - 1) // kills for index in range(kills)]
    ends = [run.ending * (index + 0.5) / chains for index in range(chains)]
    return [
        [*(Moment(frame) for frame in frames[number::chains]), Moment(run.frames, ends[number])]
        for number in range(chains)
    ]


def by_clock(kills: int, run: Run) -> list[Moment]:
    """So many kills, spread evenly over a run."""
    return [Moment(None, run.seconds * (index + 0.5) / kills) for index in range(kills)]


def measure(bench: Bench, kills: int, run: Run) -> Counter[Where]:
    """Kill that many times; how often where. Raises WrongError."""
    chains = max(1, kills * CHAINS // 100)
    clocked = by_clock(kills * 3 // 10, run)
    framed = by_frames(kills - len(clocked) - chains, chains, run)
    every = [*framed, clocked[::2], clocked[1::2]]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found: Iterator[list[Where]] = pool.map(
            lambda numbered: bench.chain(f"chain {numbered[0]}", numbered[1], run), enumerate(every)
        )
        return Counter(where for chain in found for where in chain)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--frames", type=int, default=72)
    parser.add_argument("--size", type=clip.size_of, default=(64, 48), metavar="WIDTHxHEIGHT")
    parser.add_argument("options", nargs="*", help="of dreampipe dream, behind --", default=QUICK)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        source = Path(name, "clip.mp4")
        clip.write(source, options.frames, options.size)
        bench = Bench(source, Path(name), options.options)
        run = bench.whole(AT_ONCE)
        print(f"unbroken: {run.frames} frames in {run.seconds:.1f} s, {run.ending:.2f} s of them after the last")
        found = measure(bench, options.kills, run)
    print(f"{found.total()} kills: {', '.join(f'{count} {where}' for where, count in found.most_common())}")
    print("nothing but whole films bore a film's name, and every film was the one of the unbroken run")


if __name__ == "__main__":
    main()
