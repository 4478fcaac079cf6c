"""A whole film from the shell to its file, here and in another tree: `python benchmarks/films.py OTHER [SETTING ...]`.

OTHER is a working tree of another commit, as `git worktree add OTHER COMMIT` makes it; SETTINGs go to the commands of
both trees. Their processes dream the clip of `clip.py` in turns. Prints for each the least processor time, which other
work on the machine disturbs less than the time of the clock, and the most memory that a process held at any moment.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import clip

HERE = Path(__file__).parent.parent


class Taken(NamedTuple):
    """What a process took: processor seconds, and GB of memory at most."""

    seconds: float
    peak: float


def take(command: Sequence[str], tree: Path = HERE) -> Taken:
    """Run `python -m dreampipe` of a tree with these arguments, and measure what its process takes."""
    started = subprocess.Popen(
        [sys.executable, "-m", "dreampipe", *command],
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        raise SystemExit(f"dreampipe {' '.join(command)} ended with {started.returncode}: run it in {tree} to see why.")
    return Taken(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--size", type=clip.size_of, default=(1280, 720), metavar="WIDTHxHEIGHT")
    given, settings = parser.parse_known_args()
    trees = {"other": given.other.resolve(), "here": HERE}
    found: dict[str, list[Taken]] = {name: [] for name in trees}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "clip.mp4"
        clip.write(source, given.frames, given.size)
        for number in range(given.rounds):
            for name, tree in trees.items():
                film = Path(folder) / f"{number}-{name}.mkv"
                found[name].append(take(["dream", str(source), str(film), *settings], tree))
    print("| tree | processor s | other / this | peak, GB |")
    print("|" + " --- |" * 4)
    least = {name: min(taken.seconds for taken in all_taken) for name, all_taken in found.items()}
    for name, seconds in least.items():
        peak = max(taken.peak for taken in found[name])
        print(f"| {name} | {seconds:.1f} | {least['other'] / seconds:.2f} | {peak:.2f} |")


if __name__ == "__main__":
    main()
