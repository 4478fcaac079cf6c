"""Where the time and memory of a dream go, as ratios inside one run: `python benchmarks/speed.py [--pictures 50]`.

Prints
1. `dreampipe --help` and an argument error, whole processes, against a bare `python -c pass`;
2. one 640x480 sample with the default recipe, whole process, against the sum of its parts measured apart: importing
   tensorflow, opening the model, tracing the step, the steps, decoding and encoding;
3. a folder of 512x512 pictures: the share of the wall time in which the model climbs, and the resident memory after the
   10th and the last picture.

With `--against FOLDER`, a checkout of another version, it prints only the whole processes of both, in turns: a wrong
argument, the help of `dream`, and the 640x480 sample; the least seconds and the least processor time of `--rounds`.

Seconds depend on the machine; run nothing else beside it. The ratios are what is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from dreampipe.models.motifnet.scenery import scene

_PARTS = """
import sys, time, json
t = [time.perf_counter()]
def lap(): t.append(time.perf_counter()); return t[-1] - t[-2]
import numpy as np
from dreampipe import Recipe, media
recipe = Recipe()
ascent = recipe.ascent()
parts = {"start": lap()}
from dreampipe.backend import keras; parts["import"] = lap()
from dreampipe.models.opening import open_model
open_model(ascent.card); parts["open"] = lap()
frame, info = media.decode(sys.argv[1], 10**9); parts["decode"] = lap()
from dataclasses import replace; from pathlib import Path
one = replace(ascent, octaves=replace(ascent.octaves, count=1), steps=1)
one.run(np.full((64, 64, 3), 0.5, np.float32), seed=0); parts["trace"] = lap()
result = ascent.run(frame.pixels, seed=0); parts["steps"] = lap()
media.encode(replace(frame, pixels=result.image), media.format_of(Path("o.jpg")), info); parts["encode"] = lap()
print(json.dumps(parts))
"""


def seconds(command: list[str], repeat: int = 3, ends_well: bool = True) -> float:
    """The least wall time of a whole process; raises CalledProcessError where it should end well and does not."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        subprocess.run(command, check=ends_well, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def start_up() -> None:
    bare = seconds([sys.executable, "-c", "pass"])
    helped = seconds([sys.executable, "-m", "dreampipe", "--help"])
    mistyped = [sys.executable, "-m", "dreampipe", "dream", "samples", "out", "--objective", "mixd4"]
    wrong = seconds(mistyped, ends_well=False)
    print(f"bare python {bare:.2f} s; --help {helped:.2f} s; an argument error {wrong:.2f} s")


def one_picture(folder: Path) -> None:
    picture = folder / "one.jpg"
    _render(picture, 0, 480, 640)
    shown = subprocess.run([sys.executable, "-c", _PARTS, str(picture)], check=True, capture_output=True, text=True)
    parts = json.loads(shown.stdout.splitlines()[-1])
    whole = seconds(
        [sys.executable, "-m", "dreampipe", "dream", str(picture), str(folder / "out.jpg"), "--overwrite"], 1
    )
    total = sum(parts.values())
    print(
        f"one 640x480 picture: whole process {whole:.2f} s, sum of its parts {total:.2f} s, ratio {whole / total:.2f}"
    )
    for name, value in parts.items():
        print(f"  {name:8s} {value:6.2f} s  {value / total:5.1%}")


def many_pictures(folder: Path, count: int) -> None:
    source = folder / "many"
    source.mkdir()
    for number in range(count):
        _render(source / f"{number:03d}.jpg", number, 512, 512)
    command = [sys.executable, "-m", "dreampipe", "dream", str(source), str(folder / "dreams"), "--events"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True)
    events = [json.loads(line) for line in shown.stdout.splitlines()]
    memory = [event["memory"] / 2**20 for event in events if event["event"] == "done"]
    finished = next(event for event in events if event["event"] == "finished")
    print(
        f"{count} pictures of 512x512: {finished['seconds']:.1f} s after start, the model busy {finished['busy']:.1%}"
    )
    tenth = memory[min(9, len(memory) - 1)]
    print(
        f"  resident after picture 10 {tenth:.0f} MiB, after the last {memory[-1]:.0f} MiB, most {max(memory):.0f} MiB"
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  peak of any process of this benchmark {peak:.0f} MiB")


def compare(other: Path, folder: Path, rounds: int) -> None:
    """Run this version and another one in turns, as whole processes."""
    picture = folder / "one.jpg"
    _render(picture, 0, 480, 640)
    dreaming = ["dream", str(picture), str(folder / "out.jpg"), "--quiet", "--overwrite"]
    commands = {
        "an argument error": [*dreaming, "--objective", "mixd4"],
        "dream --help": ["dream", "--help"],
        "one 640x480 picture": dreaming,
    }
    versions = {"old": other, "new": Path(__file__).parent.parent}
    print("| command | old, s | new, s | old / new | old, processor s | new, processor s | old / new |")
    print("|" + " --- |" * 7)
    for name, command in commands.items():
        taken: dict[str, list[tuple[float, float]]] = {"old": [], "new": []}
        for _ in range(rounds):
            for version, place in versions.items():
                taken[version].append(_measure([sys.executable, "-m", "dreampipe", *command], place, folder))
        least = {version: tuple(map(min, zip(*times, strict=True))) for version, times in taken.items()}
        pairs = zip(least["old"], least["new"], strict=True)
        print(f"| {name} | " + " | ".join(f"{a:.2f} | {b:.2f} | {a / b:.2f}" for a, b in pairs) + " |", flush=True)


def _measure(command: list[str], place: Path, folder: Path) -> tuple[float, float]:
    """Run a process in a folder, with the package of a place; return its seconds and its processor time."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(place.absolute())}
    ran = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    if ran.returncode not in (0, 2):
        sys.exit(ran.stderr)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _render(path: Path, seed: int, height: int, width: int) -> None:
    picture = scene(np.random.default_rng(seed), height, width)
    cv2.imwrite(str(path), np.rint(picture[..., ::-1] * 255).astype(np.uint8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="a checkout of another version")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.against:
            compare(given.against, Path(folder), given.rounds)
            return
        start_up()
        one_picture(Path(folder))
        many_pictures(Path(folder), given.pictures)


if __name__ == "__main__":
    main()
