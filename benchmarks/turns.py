"""A whole step of an ascent, here and in another tree: `python benchmarks/turns.py OTHER [--rounds 4]`.

OTHER is a working tree of another commit, as `git worktree add OTHER COMMIT` makes it. Processes of both trees, and of
this one with `--precision bfloat16` where the processor computes in it, dream the same picture of 640x480 at its full
size in turns: the model, transforms, penalties, normalization and optimizer. Prints for each the least time of a step
and the ratio to OTHER's, by the clock and by the time of the process, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from dreampipe.models.precision import has_bfloat16
from dreampipe.recipes import Recipe

HERE = Path(__file__).parent.parent
WORKER = """
import json, sys, time
import numpy as np
from dreampipe import Recipe
settings = json.loads(sys.argv[1])
rng = np.random.default_rng(0)
coarse, fine = rng.random((60, 80, 3), np.float32), rng.random((480, 640, 3), np.float32)
picture = 0.8 * coarse.repeat(8, 0).repeat(8, 1) + 0.2 * fine
laps = []
Recipe(**settings).ascent().run(
    picture, seed=0, on_step=lambda step: laps.append((time.perf_counter(), time.process_time()))
)
print(json.dumps(np.diff(laps, axis=0)[2:].min(axis=0).tolist()))
"""


def measure(tree: Path, settings: dict[str, object]) -> tuple[float, float]:
    """The least time of a step in a process of this tree, in milliseconds: of the clock, and of the process."""
    command = [sys.executable, "-c", WORKER, json.dumps(settings)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, env=environment, cwd=tree, capture_output=True, text=True, check=True)
    clock, process = json.loads(done.stdout.splitlines()[-1])
    return 1e3 * clock, 1e3 * process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--objective", default=Recipe.of().card().objective)
    parser.add_argument("--normalization", default="local")
    given = parser.parse_args()
    settings = {
        "objective": given.objective,
        "normalization": given.normalization,
        "octaves": 1,
        "steps": given.steps,
        "step_size": 0.022,
    }
    ways = {"other": (given.other.resolve(), settings), "here": (HERE, settings)}
    if has_bfloat16():
        ways["here, bfloat16"] = HERE, settings | {"precision": "bfloat16"}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, (tree, own) in ways.items():
            found[name].append(measure(tree, own))
    print("| tree | step, ms | other / this | of the process, ms | other / this |")
    print("|" + " --- |" * 5)
    least = {name: [min(of) for of in zip(*times, strict=True)] for name, times in found.items()}
    for name, (clock, process) in least.items():
        ratios = least["other"][0] / clock, least["other"][1] / process
        print(f"| {name} | {clock:.0f} | {ratios[0]:.2f} | {process:.0f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    main()
