"""What a command loads before it works, and how it loads it."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from dreampipe.cli.uncollected import uncollected

LOADED = """
import gc, sys
from dreampipe.cli.commands import load
load("dream")
print(gc.isenabled(), *sorted(sys.modules))
"""


def test_dream_loads_neither_methods_nor_attacks_nor_codecs():
    told = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout.split()
    assert told[0] == "True"
    apart = {"dreampipe.explanations", "dreampipe.cli.forecasts", "dreampipe.drawings.curves"}
    assert not {*apart, "av", "PIL", "h5py", "keras", "tensorflow", "tifffile", "rich"} & set(told)


def test_garbage_is_searched_for_before_and_after_but_not_within():
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ImportError), uncollected():
        raise ImportError
    assert gc.isenabled()


def test_whoever_searches_for_no_garbage_gets_none_searched():
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
