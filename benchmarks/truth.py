"""How right are the maps? Every attribution method against pictures whose truth is known.

    nice python benchmarks/truth.py WORK [--pictures 24] [--methods all] [--networks motifnet,plain,...] [--out PAGE.md]

Every method of `METHODS`, and maps that know nothing, explain scenes on motifnet and on small networks of other kinds,
which are trained into WORK first. Every map is kept in WORK, so a second run goes on where the first one stopped, and
more pictures or methods cost only what is new: remove WORK/maps/NETWORK/METHOD where the code of a method changes.

Maps of other libraries join the table: WORK/NETWORK.npz holds the pictures (KEY) and the number of what is asked
(KEY.answer), WORK/NETWORK.keras the network; put the map of each as WORK/peers/NAME/NETWORK/KEY.npy, (height, width) or
(height, width, 3). Without --out the tables are printed; with it they replace what stands between the two marks there.
"""

from __future__ import annotations

import argparse
import math
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from truth_cases import Asked, Case, Group, Heat, Values, cells, pairs, quads, tied
from truth_networks import KINDS, Network, divided_of, network, randomized_of

from dreampipe.errors import DreampipeError
from dreampipe.explanations.attribution import Method, parse_methods
from dreampipe.explanations.explaining import explain
from dreampipe.explanations.truth.grids import GRID
from dreampipe.explanations.truth.measures import estimate, likeness
from dreampipe.explanations.truth.rivals import RIVALS, Edges
from dreampipe.models.motifnet.checkpoints import save_arrays

START, END = "<!-- truth table -->", "<!-- end of truth table -->"
RANDOMIZED = {"half random": 0.5, "all random": 1.0}
COLUMNS = (
    *("points", "mass", "mass, all", "rank", "rank, all", "correct", "correct, 4", "contrast", "leaves out"),
    *("inside", *RANDOMIZED, "seconds"),
)
"""The columns of the first table."""


@dataclass(frozen=True, eq=False)
class Peer:
    """Maps that another library made."""

    name: str
    folder: Path

    def __str__(self) -> str:
        return self.name


Rower = Method | Peer


@dataclass(frozen=True, eq=False)
class Bench:
    """The folder of a run, and who has a row."""

    work: Path
    rowers: tuple[Rower, ...]

    def heat(self, rower: Rower, asked: Asked, case: Case) -> tuple[Heat, float]:
        """The map of a case, and the seconds that it took; from the folder where it was made before.

        Raises:
            DreampipeError: the method does not suit the network, or the peer has no map of the case.
        """
        if isinstance(rower, Peer):
            return _of_peer(rower.folder / asked.network.name / f"{case.key}.npy"), math.nan
        folder = self.work / "maps" / asked.network.name / re.sub(r"[^\w.=-]+", "_", str(rower))
        file = folder / f"{case.key}.npz"
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            question, seed = asked(case.answer), int(re.sub(r"\D", "", case.key)[:6])
            started = time.perf_counter()
            heat = explain(question, case.pixels, _suited(rower, asked.network), seed=seed).heat()
            save_arrays(file, {"heat": heat, "seconds": np.array(time.perf_counter() - started)})
        with np.load(file) as saved:
            return saved["heat"], float(saved["seconds"])

    def judge(self, rower: Rower, asked: Asked, groups: Iterable[Group], values: Values) -> None:
        """Add the values of groups; none where the method does not suit the network."""
        for group in groups:
            found = [self.heat(rower, asked, case) for case in group.cases]
            for name, value in group.judge([heat for heat, _ in found]).items():
                values.setdefault(name, []).append(value)
            values.setdefault("seconds", []).extend(seconds for _, seconds in found)

    def compare(
        self, rower: Rower, asked: Asked, others: dict[str, Asked], cases: Sequence[Case], values: Values
    ) -> None:
        """Add how alike the maps are to those of the same network with random weights."""
        for name, random in others.items():
            pairs = [(self.heat(rower, asked, case)[0], self.heat(rower, random, case)[0]) for case in cases]
            values[name] = [likeness(one, other) for one, other in pairs]


def _of_peer(file: Path) -> Heat:
    if not file.exists():
        raise DreampipeError(f"{file} is missing.")
    values = np.load(file).astype(np.float32)
    return np.asarray(values.sum(axis=2) if values.ndim == 3 else values, np.float32)


def _suited(method: Method, on: Network) -> Method:
    """Let class activation maps look at the grid of all cells, where a network has one."""
    has_layer = any(field.name == "layer" for field in fields(method))  # type: ignore[arg-type]
    return replace(method, layer=GRID) if on.layer == GRID and has_layer else method  # type: ignore[type-var]


def rows_of(bench: Bench, name: str, count: int) -> dict[str, Values]:
    """The values of every row on one network, with a line of progress for each."""
    whole = network(name, bench.work)
    asked = Asked(whole)
    groups: list[Group]
    if name == "shortcut":
        groups, grids, random = list(tied(asked, count // 2, used=True)), None, {}
    else:
        groups = [*pairs(asked, count), *quads(asked, count // 2)]
        groups += tied(asked, count // 2, used=False) if name == "plain" else ()
        grids = Asked(divided_of(whole)) if whole.layer else None
        random = {column: Asked(randomized_of(whole, share)) for column, share in RANDOMIZED.items()}
    inner = list(cells(grids, max(2, count // 3))) if grids else []
    save_arrays(bench.work / f"{name}.npz", dict(_named(groups)))
    rows: dict[str, Values] = {}
    for number, rower in enumerate(bench.rowers, 1):
        values, started = rows.setdefault(str(rower), {}), time.perf_counter()
        try:
            bench.judge(rower, asked, groups, values)
            if random and not isinstance(rower, Peer):
                bench.compare(rower, asked, random, [group.cases[0] for group in groups[: max(2, count // 4)]], values)
            if grids and not isinstance(rower, Peer):
                seconds = values.pop("seconds")
                bench.judge(rower, grids, inner, values)
                values["seconds"] = seconds
            said = f"{time.perf_counter() - started:.0f} s"
        except DreampipeError as error:
            said = str(error)
        print(f"{name}, {number} of {len(bench.rowers)}: {rower}: {said}", flush=True)
    return rows


def _named(groups: Iterable[Group]) -> Iterator[tuple[str, Any]]:
    for group in groups:
        for case in group.cases:
            yield from ((case.key, case.pixels), (f"{case.key}.answer", np.array(case.answer)))


def table(rows: dict[str, Values], columns: Sequence[str]) -> str:
    """A table of the means and their standard errors."""
    lines = ["| method | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, values in rows.items():
        cells = [_cell(column, values.get(column, [])) for column in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(column: str, values: Sequence[float]) -> str:
    if column != "seconds":
        return str(estimate(values))
    known = [value for value in values if math.isfinite(value)]
    return f"{np.median(known):.2g}" if known else "-"


def against(rows: dict[str, Values], measure: str) -> str:
    """A sentence: the best method of a measure, and how far it is above the edge map, picture by picture."""
    edges = rows[str(Edges())].get(measure, [])
    best = max(
        (name for name in rows if rows[name].get(measure) and name not in map(str, RIVALS)),
        key=lambda name: estimate(rows[name][measure]).value,
    )
    found = estimate([one - other for one, other in zip(rows[best][measure], edges, strict=True)])
    return (
        f"{measure}: the best is {best}, {estimate(rows[best][measure])}, which is {found.value:.2f} above the edge "
        f"map, {found.value / found.error:.0f} standard errors."
    )


def page(found: dict[str, dict[str, Values]], pictures: int) -> str:
    """All tables, in Markdown."""
    parts = [f"{pictures} pairs of motifs; mean ± standard error."]
    for name in [name for name in found if name != "shortcut"][:1]:
        parts += [f"On {name}:", table(found[name], COLUMNS)]
        parts += [against(found[name], measure) for measure in ("mass", "mass, all", "correct")]
    for measure in ("mass", "correct", "contrast", "inside", "half random"):
        across = {name: rows for name, rows in found.items() if name != "shortcut"}
        if len(across) > 1:
            turned = {
                row: {name: rows.get(row, {}).get(measure, []) for name, rows in across.items()}
                for row in next(iter(across.values()))
            }
            parts += [f"{measure}, by network:", table(turned, list(across))]
    if "plain" in found and "shortcut" in found:
        names = {"not used": "plain", "used": "shortcut"}
        turned = {
            row: {column: found[name].get(row, {}).get("scenery", []) for column, name in names.items()}
            for row in found["plain"]
        }
        parts += ["Share of the positive heat on scenery that goes with the class:", table(turned, list(names))]
    return "\n\n".join(parts)


def publish(text: str, out: Path) -> None:
    """Put the tables between the marks of a page; a page that is not there is made."""
    whole = out.read_text() if out.exists() else f"{START}\n{END}\n"
    before, mark, rest = whole.partition(START)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise SystemExit(f"{out} has no {START} and {END}: put both where the tables are to stand.")
    out.write_text(f"{before}{START}\n{text}\n{END}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--pictures", type=int, default=24, help="pairs of motifs; of other pictures there are fewer")
    parser.add_argument("--methods", default="all", help="as for dreampipe explain")
    parser.add_argument("--networks", default=",".join(("motifnet", *KINDS)))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    peers = sorted(path for path in (options.work / "peers").glob("*") if path.is_dir())
    rowers: tuple[Rower, ...] = (*parse_methods(options.methods), *(Peer(path.name, path) for path in peers), *RIVALS)
    bench = Bench(options.work, rowers)
    names = [name.strip() for name in options.networks.split(",")]
    text = page({name: rows_of(bench, name, options.pictures) for name in names}, options.pictures)
    print(text)
    if options.out:
        publish(text, options.out)


if __name__ == "__main__":
    main()
