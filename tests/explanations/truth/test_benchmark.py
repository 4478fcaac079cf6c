"""The benchmark's bookkeeping: tables, their place on a page, and maps of other libraries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from truth import END, START, Bench, Peer, against, publish, table
from truth_cases import Case, Group
from truth_networks import MOTIFS, Network

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
    rows = {"a": {"mass": [0.5, 0.7], "seconds": [1.0, 3.0, 2.0]}, "b": {"mass": []}}
    assert table(rows, ("mass", "seconds")).splitlines()[2:] == ["| a | 0.60 ± 0.10 | 2 |", "| b | - | - |"]


def test_the_best_is_compared_picture_by_picture() -> None:
    rows = {"edges": {"mass": [0.1, 0.3, 0.5]}, "a": {"mass": [0.4, 0.7, 0.9]}, "b": {"mass": [0.9]}}
    assert "the best is a" in against(rows, "mass") and "0.37 above the edge map, 11 standard" in against(rows, "mass")


def test_maps_of_another_library_are_judged_where_they_are_all_there(tmp_path: Path) -> None:
    peer = Peer("other", tmp_path / "peers" / "other")
    folder = peer.folder / "tiny"
    folder.mkdir(parents=True)
    np.save(folder / "one.npy", np.full((2, 2, 3), 0.5))
    np.save(folder / "two.npy", np.full((2, 2), 4.0))
    cases = [Case(key, np.zeros((2, 2, 3), np.float32), 0) for key in ("one", "two", "three")]
    groups = [Group((case,), lambda heats: {"sum": float(heats[0].sum())}) for case in cases]
    assert Bench(tmp_path, (peer,)).judge(peer, WHOLE, groups)["sum"] == [6, 16]
