"""A node that cannot share a run is named, with what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

import dreampipe
from dreampipe.engines.nodes import check_node, look_for
from dreampipe.errors import DreampipeError

OWN = dreampipe.__version__


def test_a_node_looks_for_what_a_run_needs(tmp_path: Path) -> None:
    there, gone = str(tmp_path), str(tmp_path / "gone")
    assert look_for([there, gone], "numpy")() == (OWN, True, [gone])
    assert look_for([there], "no_such_backend")() == (OWN, False, [])
    check_node("a", OWN, True, [])


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (("", True, []), f"The node b has no dreampipe, but this machine has {OWN}"),
        (("9.9", True, []), f"The node b has dreampipe 9.9, but this machine has {OWN}"),
        ((OWN, False, []), "The node b has no "),
        ((OWN, True, ["/photos/a.png"]), "The node b does not see /photos/a.png"),
    ],
)
def test_what_a_node_lacks_is_one_sentence(found: tuple[str, bool, list[str]], text: str) -> None:
    with pytest.raises(DreampipeError) as refused:
        check_node("b", *found)
    assert str(refused.value).startswith(text)
