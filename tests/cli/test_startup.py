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


WRONG = """
import sys
from dreampipe.cli import main
sys.argv = ["dreampipe", *sys.argv[1:]]
try:
    main()
finally:
    print(*sorted(sys.modules))
"""


@pytest.mark.parametrize(
    "words",
    [
        ("dream", "--help"),
        ("dream", "a.png", "b.png", "--stpes", "3"),
        ("dream", "a.png", "b.png", "--steps", "many"),
        ("dream", "a.png", "b.png", "--octaves", "99"),
        ("dream", "a.png", "b.png", "--workers", "0"),
        ("dream", "a.png"),
    ],
    ids=" ".join,
)
def test_help_and_a_wrong_word_need_neither_engines_nor_records(tmp_path, words):
    ended = subprocess.run([sys.executable, "-c", WRONG, *words], capture_output=True, text=True, cwd=tmp_path)
    loaded = set(ended.stdout.rpartition("\n")[0].rpartition("\n")[2].split()) or set(ended.stdout.split())
    assert "dreampipe.recipes.film" in loaded and ended.returncode == (0 if "--help" in words else 2)
    slow = {"av", "PIL", "h5py", "keras", "tensorflow", "tifffile", "rich", "fsspec", "ray", "asyncio"}
    rooms = ("dreampipe.engines", "dreampipe.records", "dreampipe.explanations", "dreampipe.drawings")
    assert not {name for name in loaded if name in slow or name.startswith(rooms)}


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
