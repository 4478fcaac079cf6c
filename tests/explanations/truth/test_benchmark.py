"""The benchmark's bookkeeping: tables, their place on a page, and maps of other libraries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from truth import COLUMNS, END, START, Bench, Peer, against, publish, rows_of, scores_of, table
from truth_cases import Case, Group
from truth_networks import MOTIFS, Network

from dreampipe.explanations.attribution import parse_methods
from dreampipe.explanations.truth import scores
from dreampipe.explanations.truth.rivals import RIVALS

WHOLE = Network("tiny", Path("tiny.keras"), 8, MOTIFS, "")


def test_a_table_replaces_what_is_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n")
    publish("new", page)
    assert page.read_text() == f"before\n{START}\nnew\n{END}\nafter\n"
    publish("first", tmp_path / "made.md")
    assert (tmp_path / "made.md").read_text() == f"{START}\nfirst\n{END}\n"
    (tmp_path / "bare.md").write_text("no marks")
    with pytest.raises(SystemExit, match="put both"):
        publish("new", tmp_path / "bare.md")


def test_a_table_has_means_and_errors_and_gaps() -> None:
    rows = {
        "a": {"mass": {"p": 0.5, "q": 0.7}, "seconds": {"p": 1.0, "q": 3.0, "r": 2.0}},
        "b": {},
        "c": {"seconds": {"p": 1.0}},
    }
    assert table(rows, ("mass", "seconds")).splitlines()[2:] == ["| a | 0.60 ± 0.10 | 2 |", "| c | - | 1 |"]


def test_the_best_is_compared_picture_by_picture() -> None:
    """The first, third and fifth picture choose; the second, fourth and sixth judge."""
    edges = (0.1, 0.1, 0.3, 0.3, 0.5, 0.5)
    masses = {
        "edges": edges,
        "a": (0.4, 0.4, 0.7, 0.7, 0.9, 0.9),
        "lucky": (0.3, 1.0, 0.3, 1.0, 0.3, 1.0),
        "few": (1.0,),
        "theirs": (0.5, 0.2, 0.5, 0.6, 0.5, 0.8),
    }
    rows = {name: {"mass": dict(zip("pqrstu", values, strict=False))} for name, values in masses.items()}
    said = against(rows, "mass", ["theirs"])
    assert "the best is a, 0.67 ± 0.15 on 3 pictures that did not choose it" in said
    assert "+0.37 (11 standard errors) against edges" in said
    assert "+0.13 (4 standard errors) against theirs" in said


def test_the_scores_of_the_package_are_those_of_the_table_in_docs() -> None:
    docs = Path(__file__).parents[3] / "docs" / "explaining.md"
    published = scores_of(docs.read_text(encoding="utf-8"))
    assert Path(scores.__file__).with_name(scores.FILE).read_text(encoding="utf-8") == published
    known = scores.read_scores()
    assert {"integrated-gradients", "lrp-composite", "hirescam", "edges"} <= known.keys()
    assert {"mass", "correct"} <= known["edges"].keys() and "±" in known["edges"]["mass"]


def test_maps_of_another_library_are_judged_where_they_are_all_there(tmp_path: Path) -> None:
    peer = Peer("other", tmp_path / "peers" / "other")
    folder = peer.folder / "tiny"
    folder.mkdir(parents=True)
    np.save(folder / "one.npy", np.full((2, 2, 3), 0.5))
    np.save(folder / "two.npy", np.full((2, 2), 4.0))
    cases = [Case(key, np.zeros((2, 2, 3), np.float32), 0) for key in ("one", "two", "three")]
    groups = [Group((case,), lambda heats: {"sum": float(heats[0].sum())}) for case in cases]
    assert Bench(tmp_path, (peer,)).judge(peer, WHOLE, groups)["sum"] == {"one": 6, "two": 16}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # keras' own, when it saves
def test_two_pairs_on_motifnet(tmp_path: Path) -> None:
    integrated = parse_methods("integrated-gradients(steps=8)")[0]
    bench = Bench(tmp_path, (integrated, *RIVALS))
    rows = rows_of(bench, "motifnet", 2)
    best, edges = rows[str(integrated)], rows["edges"]
    assert min(best["mass"].values()) > 0.6 > 0.55 > max(edges["mass"].values())
    assert min(best["inside"].values()) == pytest.approx(1, abs=1e-5) and max(edges["inside"].values()) < 0.6
    assert {*edges["contrast"].values()} == {0} and {*best["contrast"].values()} == {1}
    assert min(edges["all random"].values()) == pytest.approx(1) and max(best["all random"].values()) < 0.6
    assert set(best) <= set(COLUMNS)
    assert rows_of(Bench(tmp_path, bench.rowers, made=True), "motifnet", 2) == rows
