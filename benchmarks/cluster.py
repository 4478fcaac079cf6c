"""A run on many workers, from what one machine shows.

    python benchmarks/cluster.py measure PHOTOS costs.json     # seconds of pictures and of starts, on one core
    python benchmarks/cluster.py driver costs.json             # a driver of a million pictures that nobody makes
    python benchmarks/cluster.py simulate costs.json           # up to 1,000 workers and a million pictures
    python benchmarks/cluster.py cost PHOTOS                   # a picture made by workers, against one process
    python benchmarks/cluster.py nodes                         # 1,000 pictures on three nodes, of which one is killed
    python benchmarks/cluster.py film                          # a film of 20 shots there

`measure` dreams the pictures of a folder in some processes, one after the other, each on one core, and takes the
processor time from their events. `driver` lists and hands over pictures to workers that only pretend, and adds its
seconds to the measured ones. `simulate` draws pictures and starts from these, as `cluster_simulation.py` says.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from cluster_nodes import Lost, lose_node, lose_node_of_film
from cluster_runs import cost, drive, watch
from cluster_simulation import SHARES, Cluster, Costs, simulate

ONE_CORE = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""What holds a process to one core."""
WORST = Cluster(1, slow=0.02, slowness=2.0, failures=0.01, notice=30.0)
"""What goes wrong: one worker in fifty is half as fast, and one in a hundred fails each hour, noticed after 30 s."""


WAYS = {"one process": (), "--workers 1": ("--workers", "1"), "--workers 2": ("--workers", "2")}
RAY = {"--engine ray --workers 2": ("--engine", "ray", "--workers", "2")}


def measure(photos: Path, processes: int, options: Sequence[str]) -> Costs:
    """Dream the pictures in each of some processes; the driver's seconds stay 0."""
    pictures: list[float] = []
    starts: list[float] = []
    for _ in range(processes):
        ends = [mark.processor for mark in watch(photos, options, ONE_CORE)]
        others = [after - before for before, after in pairwise(ends)]
        pictures += others
        starts.append(ends[0] - sorted(others)[len(others) // 2])  # the first comes after the start, and traces
    return Costs(pictures, starts)


def table(costs: Costs, counts: Sequence[tuple[int, int]], worst: Cluster, rows: int, held: int) -> Iterator[str]:
    """Simulate each number of workers and pictures, smoothly and with what goes wrong; lines of a table."""
    yield f"| workers | pictures | what goes wrong | seconds | efficiency | {' | '.join(SHARES[1:])} |"
    yield "| --- " * (4 + len(SHARES)) + "|"
    for workers, pictures in counts:
        smooth = Cluster(workers, rows, held)
        faulty = Cluster(workers, rows, held, worst.slow, worst.slowness, worst.failures, worst.notice)
        for name, cluster in (("nothing", smooth), ("slow ones and failures", faulty)):
            out = simulate(costs, cluster, pictures)
            shares = " | ".join(f"{out.shares[share]:.3f}" for share in SHARES[1:])
            yield f"| {workers} | {pictures} | {name} | {out.seconds:.0f} | {out.efficiency:.3f} | {shares} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    measuring = parts.add_parser("measure")
    measuring.add_argument("photos", type=Path)
    measuring.add_argument("costs", type=Path)
    measuring.add_argument("--processes", type=int, default=3)
    measuring.add_argument("--option", action="append", default=[], help="of `dreampipe dream`, such as --max-size=96")
    driving = parts.add_parser("driver")
    driving.add_argument("costs", type=Path)
    driving.add_argument("--pictures", type=int, default=1_000_000)
    driving.add_argument("--workers", type=int, default=1000)
    simulating = parts.add_parser("simulate")
    simulating.add_argument("costs", type=Path)
    simulating.add_argument("--workers", type=int, nargs="+", default=[1, 10, 100, 1000])
    simulating.add_argument("--pictures", type=int, default=1_000_000)
    simulating.add_argument("--rows", type=int, default=8, help="pictures in a piece")
    simulating.add_argument("--held", type=int, default=2, help="pieces that a worker has at most")
    costing = parts.add_parser("cost")
    costing.add_argument("photos", type=Path)
    costing.add_argument("--ray", action="store_true", help="also on Ray")
    costing.add_argument("--option", action="append", default=[], help="of `dreampipe dream`, such as --octaves=1")
    parts.add_parser("nodes").add_argument("--pictures", type=int, default=1000)
    parts.add_parser("film").add_argument("--shots", type=int, default=20)
    given = parser.parse_args()
    PARTS[given.part](given)


def _measure(given: argparse.Namespace) -> None:
    costs = measure(given.photos, given.processes, given.option)
    given.costs.write_text(json.dumps(vars(costs)), encoding="utf-8")


def _drive(given: argparse.Namespace) -> None:
    found = drive(given.pictures, given.workers)
    print(
        f"{given.pictures} pictures: {found.memory / 1e6:.0f} MB; {found.listing * 1e6:.0f} us to list one, "
        f"{found.handing * 1e6:.0f} us to hand it over and settle it"
    )
    if given.costs.exists():
        costs = json.loads(given.costs.read_text(encoding="utf-8"))
        given.costs.write_text(json.dumps({**costs, "picture": found.handing}), encoding="utf-8")


def _simulate(given: argparse.Namespace) -> None:
    costs = Costs(**json.loads(given.costs.read_text(encoding="utf-8")))
    counts = [(workers, given.pictures) for workers in given.workers]
    print(*table(costs, counts, WORST, given.rows, given.held), sep="\n")


def _cost(given: argparse.Namespace) -> None:
    print("| workers | first output, s | a picture, s of processors | against one process |\n| --- | --- | --- | --- |")
    alone = None
    for name, options in {**WAYS, **(RAY if given.ray else {})}.items():
        found = cost(given.photos, (*options, *given.option))
        alone = alone or found.processor
        print(f"| {name} | {found.first:.1f} | {found.processor:.3f} | {found.processor / alone:.2f} |", flush=True)


def _nodes(given: argparse.Namespace) -> None:
    lost = lose_node(given.pictures)
    print(f"{lost.made} of {given.pictures} pictures, {lost.made_twice} begun twice; {_say(lost, 'picture')}")


def _film(given: argparse.Namespace) -> None:
    lost = lose_node_of_film(given.shots)
    print(f"{lost.made} film of {given.shots} shots made, {lost.made_twice} frames twice; {_say(lost, 'frame')}")


def _say(lost: Lost, unit: str) -> str:
    return (
        f"the bytes of one process: {lost.same}; the same command skips all: {lost.whole}; the driver takes "
        f"{lost.driver * 1e3:.1f} ms of a processor for a {unit}; first {unit} after {lost.first:.1f} s, in one "
        f"process after {lost.alone_first:.1f} s"
    )


PARTS = {"measure": _measure, "driver": _drive, "simulate": _simulate, "cost": _cost, "nodes": _nodes, "film": _film}


if __name__ == "__main__":
    main()
