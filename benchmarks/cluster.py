"""A run on many workers, from what one machine shows.

    python benchmarks/cluster.py measure PHOTOS costs.json     # seconds of pictures and of starts, on one core
    python benchmarks/cluster.py simulate costs.json           # up to 1,000 workers and a million pictures

`measure` dreams the pictures of a folder in some processes, one after the other, each on one core, and takes the
processor time from their events. `simulate` draws pictures and starts from these, as `cluster_simulation.py` says.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
from cluster_simulation import SHARES, Cluster, Costs, simulate

ONE_CORE = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""What holds a process to one core."""
WORST = Cluster(1, slow=0.02, slowness=2.0, failures=0.01, notice=30.0)
"""What goes wrong: one worker in fifty is half as fast, and one in a hundred fails each hour, noticed after 30 s."""


def measure(photos: Path, processes: int, options: Sequence[str]) -> Costs:
    """Dream the pictures in each of some processes; the driver's seconds stay 0."""
    pictures: list[float] = []
    starts: list[float] = []
    for _ in range(processes):
        first, *others = _processor_seconds(photos, options)
        usual = sorted(others)[len(others) // 2]
        pictures += others
        starts.append(first - usual)  # the first picture comes after the start, and traces the step
    return Costs(pictures, starts)


def _processor_seconds(photos: Path, options: Sequence[str]) -> Iterator[float]:
    """Dream a folder; the processor time between the ends of its pictures, the first from the start of the process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dreampipe", "dream", str(photos), folder, "--events", *options]
        process = psutil.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **ONE_CORE})
        before = 0.0
        for line in process.stdout:
            if json.loads(line)["event"] == "done":
                now = sum(process.cpu_times()[:2])
                yield now - before
                before = now
        if process.wait():
            raise SystemExit(f"{photos} was not dreamed whole: the pictures of a benchmark must all be fine.")


def table(costs: Costs, counts: Sequence[tuple[int, int]], worst: Cluster, rows: int, held: int) -> Iterator[str]:
    """Simulate each number of workers and pictures, smoothly and with what goes wrong; lines of a table."""
    yield f"| workers | pictures | what goes wrong | hours | efficiency | {' | '.join(SHARES[1:])} |"
    yield "| --- " * (4 + len(SHARES)) + "|"
    for workers, pictures in counts:
        smooth = Cluster(workers, rows, held)
        faulty = Cluster(workers, rows, held, worst.slow, worst.slowness, worst.failures, worst.notice)
        for name, cluster in (("nothing", smooth), ("slow ones and failures", faulty)):
            out = simulate(costs, cluster, pictures)
            shares = " | ".join(f"{out.shares[share]:.3f}" for share in SHARES[1:])
            yield f"| {workers} | {pictures} | {name} | {out.seconds / 3600:.2f} | {out.efficiency:.3f} | {shares} |"


def _read(path: Path, piece: float | None) -> Costs:
    found = json.loads(path.read_text(encoding="utf-8"))
    return Costs(found["pictures"], found["starts"], found["piece"] if piece is None else piece)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    measuring = parts.add_parser("measure")
    measuring.add_argument("photos", type=Path)
    measuring.add_argument("costs", type=Path)
    measuring.add_argument("--processes", type=int, default=3)
    measuring.add_argument("--option", action="append", default=[], help="of `dreampipe dream`, such as --max-size=96")
    simulating = parts.add_parser("simulate")
    simulating.add_argument("costs", type=Path)
    simulating.add_argument("--workers", type=int, nargs="+", default=[1, 10, 100, 1000])
    simulating.add_argument("--pictures", type=int, default=1_000_000)
    simulating.add_argument("--rows", type=int, default=1, help="pictures in a piece")
    simulating.add_argument("--held", type=int, default=2, help="pieces that a worker has at most")
    simulating.add_argument("--piece", type=float, help="seconds of the driver for a piece, in place of the measured")
    given = parser.parse_args()
    if given.part == "measure":
        costs = measure(given.photos, given.processes, given.option)
        given.costs.write_text(json.dumps(vars(costs)), encoding="utf-8")
    else:
        counts = [(workers, given.pictures) for workers in given.workers]
        print(*table(_read(given.costs, given.piece), counts, WORST, given.rows, given.held), sep="\n")


if __name__ == "__main__":
    main()
