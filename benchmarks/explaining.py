"""The whole process of an explanation next to that of the shortest dream: `python benchmarks/explaining.py PICTURE`.

Each command runs in a process of its own, in turn. The bar is 1.5 times the time of `dreampipe dream --steps 1`. On a
machine that others use, compare the seconds of the processor, which is the second number.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BAR = 1.5
COMMANDS = {"explain": (), "dream": ("--steps", "1")}


def timed(command: str, picture: Path, out: Path) -> tuple[float, float]:
    """Return the seconds, and the seconds of the processor, of one command."""
    words = [sys.executable, "-m", "dreampipe", command, str(picture), str(out), "--quiet", *COMMANDS[command]]
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--times", type=int, default=3, help="take the best of so many")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        best: dict[str, tuple[float, float]] = {}
        for number in range(given.times):
            for command in COMMANDS:
                found = timed(command, given.picture, Path(folder) / f"{command}{number}.png")
                before = best.get(command, found)
                best[command] = min(found[0], before[0]), min(found[1], before[1])
    for command, (wall, processor) in best.items():
        print(f"dreampipe {command:8} {wall:6.2f} s, {processor:6.2f} s of the processor")
    ratio = [explained / dreamed for explained, dreamed in zip(best["explain"], best["dream"], strict=True)]
    print(f"ratio {ratio[0]:.2f}, of the processor {ratio[1]:.2f}; bar {BAR}")


if __name__ == "__main__":
    main()
