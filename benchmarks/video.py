"""What films are worth, on the rendered clip of `clip.py`: `python benchmarks/video.py PART ...`.

    flow [--frames 96] [--size 640x360]   the flow of `stages/flow.py` against the true motion: how far it misses, what
                                          it wrongly takes for seen and for hidden, and its CPU seconds a frame
    fidelity SOURCE FILM                  what of a source is equal in the film that was dreamed from it: the number of
                                          frames, every time stamp, sound and subtitles packet for packet, chapters,
                                          rotation, aspect and the tags of colour; ends with 1 where anything is not
    flicker [--frames 96] [--size 640x360] [--blend] [--film FILM] [--longest 640]
                                          how much a dreamed film flickers beyond its source, how well it scores, and
                                          what the ascent costs: along the flow, against no motion (and blended)
    speed, overlap [--frames 96] [--size 640x360]
                                          whole films, file to file: flow against no motion; wall time against its floor
    memory [--frames 96] [--size 1280x720] [SETTING ...]
                                          what the process holds, for so many frames and for ten times as many
    disk [--frames 100] [--size 640x360] [SETTING ...]
                                          the most bytes that a film and its work take at once, over the film's own

Times depend on the machine; run nothing else beside it.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import clip
import numpy as np

from dreampipe.frames import Frame
from dreampipe.stages.flow import FLOW, VISIBLE, Flow

Stamp = Fraction | None
Packet = tuple[Stamp, str]
"""When it is due, in seconds, and the SHA-256 of its bytes."""


@dataclass(frozen=True)
class Facts:
    """What of a film must not change when its picture is dreamed."""

    stamps: tuple[Stamp, ...]
    rotation: int
    aspect: Fraction
    colour: tuple[int, ...]
    """Range, matrix, primaries and transfer."""
    streams: tuple[tuple[str, str, tuple[Packet, ...]], ...]
    """The kind, the codec and the packets of each stream but the picture's."""
    chapters: tuple[tuple[Stamp, Stamp, str], ...]


def read(path: Path) -> Facts:
    """By PyAV alone, so that the library does not judge itself."""
    with av.open(path) as film:
        stream = film.streams.video[0]
        frames = film.decode(stream)
        first = next(frames)
        stamps = [_seconds(frame.pts, frame.time_base) for frame in (first, *frames)]
        colour = map(int, (first.color_range, first.colorspace, first.color_primaries, first.color_trc))
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        chapters = [
            (_seconds(c["start"], c["time_base"]), _seconds(c["end"], c["time_base"]), c["metadata"].get("title", ""))
            for c in film.chapters()
        ]
    return Facts(tuple(stamps), first.rotation, aspect, tuple(colour), _streams(path), tuple(chapters))


def _streams(path: Path) -> tuple[tuple[str, str, tuple[Packet, ...]], ...]:
    with av.open(path) as film:
        picture = film.streams.video[0]
        packets: dict[int, list[Packet]] = {s.index: [] for s in film.streams if s is not picture}
        for packet in film.demux():
            if packet.stream is not picture and packet.size:
                stamp = _seconds(packet.pts, packet.time_base)
                packets[packet.stream.index].append((stamp, hashlib.sha256(bytes(packet)).hexdigest()))
        streams = [film.streams[index] for index in packets]
        return tuple((s.type, _codec(s), tuple(packets[s.index])) for s in streams)


def compare(source: Facts, film: Facts) -> Iterator[tuple[bool, str]]:
    """Of each fact, whether it is equal, and a line that says so."""
    late = [abs(b - a) for a, b in zip(source.stamps, film.stamps, strict=False) if a is not None and b is not None]
    yield _line("frames", len(source.stamps), len(film.stamps))
    yield source.stamps == film.stamps, f"time stamps: at most {float(max(late, default=Fraction())) * 1000:g} ms apart"
    for name in ("rotation", "aspect", "colour", "chapters"):
        yield _line(name, getattr(source, name), getattr(film, name))
    yield _line("other streams", [s[:2] for s in source.streams], [s[:2] for s in film.streams])
    for (kind, _, ours), (_, _, theirs) in zip(source.streams, film.streams, strict=False):
        yield _line(f"packets of {kind}", len(ours), len(theirs))
        yield _line(f"bytes of {kind}, SHA-256", _digest(ours), _digest(theirs))
        yield [p[0] for p in ours] == [p[0] for p in theirs], f"time stamps of {kind}"


def fidelity(source: Path, film: Path) -> int:
    """Prints what is equal; 1 where anything is not, else 0."""
    verdicts = list(compare(read(source), read(film)))
    for equal, line in verdicts:
        print(f"{'equal' if equal else 'DIFFERENT':10}{line}")
    return int(not all(equal for equal, _ in verdicts))


def flow(count: int, size: tuple[int, int]) -> int:
    """Prints how far the flow misses the true motion, and what it takes for seen; 0."""
    cut = clip.shots(count, size)[1][1][0]
    pictures = list(clip.frames(count, size))
    followed = Flow(frozenset({cut}))(Frame(np.asarray(p / 255, np.float32), n) for n, p in enumerate(pictures))
    misses, seen, hidden, taken = [], [], [], 0.0
    for truth in clip.truths(count, size):
        began = time.process_time()
        frame = next(followed)
        taken += time.process_time() - began
        if truth is not None:
            trusted = frame.extras[VISIBLE] > 0.5
            misses.append(np.linalg.norm(frame.extras[FLOW] - truth.flow, axis=-1)[truth.seen])
            seen.append(trusted[truth.seen])
            hidden.append(~trusted[truth.hidden])
    miss = np.concatenate(misses)
    median, tenth, hundredth = np.quantile(miss, (0.5, 0.9, 0.99))
    print(f"misses by {miss.mean():.3f} px in the mean, {median:.3f} in the median;", end=" ")
    print(f"one place in ten by {tenth:.2f}, one in a hundred by {hundredth:.2f}")
    print(f"of what was seen {np.concatenate(seen).mean():.1%} is taken for seen,", end=" ")
    print(f"of what was hidden {np.concatenate(hidden).mean():.1%} for hidden")
    print(f"{taken / count:.3f} CPU s a frame of {size[0]}x{size[1]}")
    return 0


def _seconds(ticks: int | None, time_base: Fraction | None) -> Stamp:
    return None if ticks is None or time_base is None else ticks * time_base


def _codec(stream: av.stream.Stream) -> str:
    """The codec's name; "data" for a stream that FFmpeg cannot decode."""
    return stream.codec_context.name if stream.codec_context else "data"


def _digest(packets: tuple[Packet, ...]) -> str:
    return hashlib.sha256("".join(digest for _, digest in packets).encode()).hexdigest()[:12]


def _line(name: str, ours: object, theirs: object) -> tuple[bool, str]:
    return ours == theirs, f"{name}: {ours}" if ours == theirs else f"{name}: {ours} became {theirs}"


def dreams(options: argparse.Namespace) -> int:
    """Prints what dreaming costs and is worth; 0."""
    import steady
    from disk import disk

    from dreampipe.recipes import FilmRecipe

    recipe = FilmRecipe.of(objective=options.objective)
    recipes = {
        motion: recipe.model_copy(update={"motion": motion})
        for motion in ("none", *(("blend",) if options.blend else ()), "flow")
    }
    if options.part == "flicker":
        film = steady.filmed(options.film, options.longest) if options.film else None
        steady.steadiness(film or steady.rendered(options.frames, options.size), recipes)
    elif options.part == "memory":
        steady.memory(options.size, (options.frames, 10 * options.frames), options.settings)
    elif options.part == "disk":
        disk(options.frames, options.size, options.settings)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip.mp4"
            clip.write(path, options.frames, options.size)
            if options.part == "overlap":
                steady.overlap(path, recipes["flow"])
            else:
                steady.speed(path, [recipes["none"], recipes["flow"]])
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    for name in ("flow", "flicker", "speed", "overlap", "memory", "disk"):
        part = parts.add_parser(name)
        size = (1280, 720) if name == "memory" else (640, 360)
        part.add_argument("--frames", type=int, default=100 if name == "disk" else 96)
        part.add_argument("--size", type=clip.size_of, default=size, metavar="WIDTHxHEIGHT")
        part.add_argument("--objective")
        part.add_argument("--blend", action="store_true")
        part.add_argument("--film", type=Path)
        part.add_argument("--longest", type=int, default=640)
        part.add_argument("settings", nargs="*")
    compared = parts.add_parser("fidelity")
    compared.add_argument("source", type=Path)
    compared.add_argument("film", type=Path)
    options = parser.parse_args()
    if options.part == "fidelity":
        sys.exit(fidelity(options.source, options.film))
    sys.exit(flow(options.frames, options.size) if options.part == "flow" else dreams(options))


if __name__ == "__main__":
    main()
