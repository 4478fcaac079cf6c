"""How right are the maps? Every attribution method against pictures whose truth is known.

    nice python benchmarks/truth.py WORK [--pictures 24] [--methods all] [--networks motifnet,plain,...] [--out PAGE.md]

Every method of `METHODS`, and maps that know nothing, explain scenes on motifnet and on small networks of other kinds,
which are trained into WORK first. Every map is kept in WORK, so a second run goes on where the first one stopped, and
more pictures or methods cost only what is new; --made makes nothing, and shows what there is. Remove
WORK/maps/NETWORK/METHOD where the code of a method changes. The table of motifnet also becomes the package's own
scores.csv, which `dreampipe report` reads.

Maps of other libraries join the table: WORK/NETWORK.npz holds the pictures (KEY) and the number of what is asked
(KEY.answer), WORK/NETWORK.keras the network; put the map of each as WORK/peers/NAME/NETWORK/KEY.npy, (height, width) or
(height, width, 3). Without --out the tables are printed; with it they replace what stands between the two marks there.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from io import StringIO
from pathlib import Path

import numpy as np
from truth_cases import Asked, Case, Group, Heat, Values, cells, pairs, quads, tied
from truth_networks import KINDS, Network, divided_of, network, randomized_of

from dreampipe.errors import DreampipeError
from dreampipe.explanations.attribution import Method, parse_methods
from dreampipe.explanations.explaining import explain
from dreampipe.explanations.truth import scores
from dreampipe.explanations.truth.grids import GRID
from dreampipe.explanations.truth.measures import estimate, likeness
from dreampipe.explanations.truth.rivals import RIVALS, Edges
from dreampipe.models.motifnet.checkpoints import save_arrays

SCORES = Path(scores.__file__).with_name(scores.FILE)
START, END = "<!-- truth table -->", "<!-- end of truth table -->"
RANDOMIZED = {"half random": 0.5, "all random": 1.0}
COLUMNS = (
    *("points", "mass", "mass, all", "rank", "rank, all", "correct", "correct, 4", "contrast", "leaves out"),
    *("inside", *RANDOMIZED, "seconds", "pairs"),
)
"""The columns of the first tables."""
WHOLE = ("motifnet", "plain")
"""The networks with a table of their own; all are compared after these."""


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
    """The folder of a run, who has a row, and whether only the maps that are there count."""

    work: Path
    rowers: tuple[Rower, ...]
    made: bool = False

    def make(self, asked: Asked, cases: Iterable[Case]) -> None:
        """Make the maps that are not in the folder, question by question, so that each graph is traced once."""
        by_answer: dict[int, list[Case]] = {}
        for case in () if self.made else cases:
            by_answer.setdefault(case.answer, []).append(case)
        for number, same in enumerate(by_answer.values(), 1):
            started = time.perf_counter()
            for method in self.rowers:
                if isinstance(method, Method):
                    self._make(method, asked, same)
            spent = time.perf_counter() - started
            print(f"{asked.network.name}: {number} of {len(by_answer)} questions, {spent:.0f} s", flush=True)

    def _make(self, method: Method, asked: Asked, cases: Sequence[Case]) -> None:
        for case in cases:
            file = self._file(method, asked.network, case)
            if file.exists():
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            seed, started = int(re.sub(r"\D", "", case.key)[:6]), time.perf_counter()
            try:
                found = explain(asked(case.answer), case.pixels, _suited(method, asked.network), seed=seed)
            except DreampipeError as error:
                print(f"{method} does not suit {asked.network.name}: {error}", flush=True)
                return
            spent = time.perf_counter() - started
            save_arrays(file, {"heat": found.heat(), "seconds": np.array(spent)})

    def heat(self, rower: Rower, on: Network, case: Case) -> tuple[Heat, float] | None:
        """The map of a case, and the seconds that it took; None where there is none."""
        file = self._file(rower, on, case)
        if not file.exists():
            return None
        if isinstance(rower, Peer):
            values = np.load(file).astype(np.float32)
            return np.asarray(values.sum(axis=2) if values.ndim == 3 else values, np.float32), math.nan
        with np.load(file) as saved:
            return saved["heat"], float(saved["seconds"])

    def judge(self, rower: Rower, on: Network, groups: Iterable[Group], timed: bool = True) -> Values:
        """The values of all groups that have their maps."""
        values: Values = {}
        for group in groups:
            found = [self.heat(rower, on, case) for case in group.cases]
            known = [pair for pair in found if pair is not None]
            if len(known) < len(found):
                continue
            for name, value in group.judge([heat for heat, _ in known]).items():
                values.setdefault(name, {})[group.cases[0].key] = value
            if timed:
                spent = {case.key: seconds for case, (_, seconds) in zip(group.cases, known, strict=True)}
                values.setdefault("seconds", {}).update(spent)
        return values

    def liken(self, rower: Rower, one: Network, other: Network, cases: Iterable[Case]) -> dict[str, float]:
        """How alike the maps of two networks are."""
        both = {case.key: (self.heat(rower, one, case), self.heat(rower, other, case)) for case in cases}
        return {key: likeness(first[0], second[0]) for key, (first, second) in both.items() if first and second}

    def _file(self, rower: Rower, on: Network, case: Case) -> Path:
        if isinstance(rower, Peer):
            return rower.folder / on.name / f"{case.key}.npy"
        return self.work / "maps" / on.name / re.sub(r"[^\w.=-]+", "_", str(rower)) / f"{case.key}.npz"


def _suited(method: Method, on: Network) -> Method:
    """Let class activation maps look at the grid of all cells, where a network has one."""
    has_layer = any(field.name == "layer" for field in fields(method))  # type: ignore[arg-type]
    return replace(method, layer=GRID) if on.layer == GRID and has_layer else method  # type: ignore[type-var]


def rows_of(bench: Bench, name: str, count: int) -> dict[str, Values]:
    """The values of every row on one network."""
    whole = network(name, bench.work)
    asked = Asked(whole)
    if name == "shortcut":
        groups = list(tied(asked, count // 2, used=True))
        _explain(bench, asked, groups)
        return {str(rower): bench.judge(rower, whole, groups) for rower in bench.rowers}
    groups = [*pairs(asked, count), *quads(asked, count // 2)]
    groups += tied(asked, count // 2, used=False) if name == "plain" else ()
    _explain(bench, asked, groups)
    rows = {str(rower): bench.judge(rower, whole, groups) for rower in bench.rowers}
    cases = [case for group in groups[:count] for case in group.cases]
    few = [case for case in cases if case.answer in {case.answer for case in cases[:2]}][: max(2, count // 3)]
    for column, share in RANDOMIZED.items():
        random = randomized_of(whole, share)
        bench.make(Asked(random), few)
        for rower in bench.rowers:
            rows[str(rower)][column] = bench.liken(rower, whole, random, few)
    if whole.layer:
        divided = divided_of(whole)
        inner = list(cells(Asked(divided), max(2, count // 3)))
        _explain(bench, Asked(divided), inner)
        for rower in bench.rowers:
            rows[str(rower)] |= bench.judge(rower, divided, inner, timed=False)
    return rows


def _explain(bench: Bench, asked: Asked, groups: Sequence[Group]) -> None:
    """Make all maps of groups, and save their pictures for other libraries."""
    cases = [case for group in groups for case in group.cases]
    pictures = {case.key: case.pixels for case in cases}
    save_arrays(
        bench.work / f"{asked.network.name}.npz",
        {**pictures, **{f"{case.key}.answer": np.array(case.answer) for case in cases}},
    )
    bench.make(asked, cases)


def table(rows: dict[str, Values], columns: Sequence[str]) -> str:
    """A table of the means and their standard errors; `pairs` is how many pairs of motifs have their maps.

    A row without any value is left out.
    """
    lines = ["| method | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, values in rows.items():
        if not any(values.values()):
            continue
        counted = {**values, "pairs": values.get("mass", {})}
        cells = [_cell(column, list(counted.get(column, {}).values())) for column in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(column: str, values: Sequence[float]) -> str:
    if column == "pairs":
        return str(len(values))
    if column != "seconds":
        return str(estimate(values))
    known = [value for value in values if math.isfinite(value)]
    return f"{np.median(known):.2g}" if known else "-"


def against(rows: dict[str, Values], measure: str, peers: Collection[str]) -> str:
    """A sentence: the best method of a measure, next to the edge map and the best peer, picture by picture.

    The method is chosen on every second picture and judged on the others, so that chance does not choose it. Methods
    with less than half of the pictures of the others are left out.
    """
    known = {name: values[measure] for name, values in rows.items() if values.get(measure)}
    most = max(map(len, known.values()))
    whole = [name for name in known if 2 * len(known[name]) >= most and name not in map(str, RIVALS)]
    edges = known[str(Edges())]
    chosen, judged = list(edges)[::2], set(list(edges)[1::2])

    def value(name: str) -> float:
        return estimate([known[name][key] for key in chosen if key in known[name]]).value

    best = max((name for name in whole if name not in peers), key=value)
    held = {key: value for key, value in known[best].items() if key in judged}
    parts = [
        f"{measure}: the best is {best}, {estimate(list(held.values()))} on {len(held)} pictures that did not choose it"
    ]
    theirs = [name for name in whole if name in peers]
    for name in (str(Edges()), *([max(theirs, key=value)] if theirs else [])):
        found = estimate([value - known[name][key] for key, value in held.items() if key in known[name]])
        errors = f"{found.value / found.error:.0f} standard errors" if found.error else "the same on each"
        parts.append(f"{found.value:+.2f} ({errors}) against {name}")
    return "; ".join(parts) + "."


def page(found: dict[str, dict[str, Values]], pictures: int, peers: Collection[str]) -> str:
    """All tables, in Markdown."""
    parts = [f"{pictures} pairs of motifs, or as many as the last column says; mean ± standard error."]
    for name in [name for name in found if name in WHOLE] or list(found)[:1]:
        known = {row: values for row, values in found[name].items() if values.get("mass")}
        parts += [f"On {name}:", table(known, COLUMNS)]
        parts += [against(known, measure, peers) for measure in ("mass", "mass, all", "correct", "correct, 4")]
    for measure in ("mass", "correct", "contrast", "inside", "half random"):
        across = {name: rows for name, rows in found.items() if name != "shortcut"}
        if len(across) > 1:
            turned = {
                row: {name: rows.get(row, {}).get(measure, {}) for name, rows in across.items()}
                for row in next(iter(across.values()))
                if row not in peers
            }
            parts += [f"{measure}, by network:", table(turned, list(across))]
    if "plain" in found and "shortcut" in found:
        names = {"not used": "plain", "used": "shortcut"}
        turned = {
            row: {column: found[name].get(row, {}).get("scenery", {}) for column, name in names.items()}
            for row in found["plain"]
            if row not in peers
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


def scores_of(text: str) -> str:
    """Write the first table of a page, that of motifnet, as CSV."""
    _, _, after = text.partition("On motifnet:")
    rows = [line for line in after.strip().partition("\n\n")[0].splitlines() if not line.startswith("|---")]
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerows(
        [cell.strip() for cell in line.strip("|").split("|")] for line in rows
    )
    return written.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--pictures", type=int, default=24, help="pairs of motifs; of other pictures there are fewer")
    parser.add_argument("--methods", default="all", help="as for dreampipe explain")
    parser.add_argument("--networks", default=",".join(("motifnet", *KINDS)))
    parser.add_argument("--made", action="store_true", help="make no new maps: show what a run that goes on has so far")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    names = [name.strip() for name in options.networks.split(",")]
    if unknown := set(names) - {"motifnet", *KINDS}:
        parser.error(f"--networks came with {', '.join(sorted(unknown))}, but motifnet, {', '.join(KINDS)} are known.")
    if options.pictures < 2:
        parser.error(f"--pictures came as {options.pictures}, but at least 2 are needed for a standard error.")
    options.work.mkdir(parents=True, exist_ok=True)
    peers = sorted(path for path in (options.work / "peers").glob("*") if path.is_dir())
    rowers: tuple[Rower, ...] = (*parse_methods(options.methods), *(Peer(path.name, path) for path in peers), *RIVALS)
    bench = Bench(options.work, rowers, options.made)
    found = {name: rows_of(bench, name, options.pictures) for name in names}
    text = page(found, options.pictures, [peer.name for peer in peers])
    print(text)
    if options.out:
        publish(text, options.out)
        if "motifnet" in found:
            SCORES.write_text(scores_of(text), encoding="utf-8")


if __name__ == "__main__":
    main()
