"""The two packages of one tree: `dreampipe`, and `dreampipe-core`, which is the same without tensorflow."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
WHOLE, CORE = (
    tomllib.loads((folder / "pyproject.toml").read_text("utf-8")) for folder in (ROOT, ROOT / "docs" / "core")
)


def test_core_lacks_tensorflow_alone() -> None:
    whole, core = WHOLE["project"], CORE["project"]
    left = [needed for needed in whole["dependencies"] if needed not in core["dependencies"]]
    assert [needed.partition(">")[0] for needed in left] == ["tensorflow"]
    assert [needed for needed in whole["dependencies"] if needed not in left] == core["dependencies"]
    for same in ("requires-python", "license", "scripts"):
        assert whole[same] == core[same]


def test_both_have_the_same_extras() -> None:
    extras = CORE["project"]["optional-dependencies"]
    assert extras.keys() == {"jax", "jax-cuda", "torch", "ray"}
    assert all(WHOLE["project"]["optional-dependencies"][name] == needed for name, needed in extras.items())
