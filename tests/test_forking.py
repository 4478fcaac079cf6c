"""A process that was forked after tensorflow had computed says so at every door, and never waits forever."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import keras
import numpy as np
import pytest

import dreampipe
from dreampipe import Ascent, Dream, Frame, Objective, Octaves, Pipeline, Resize, card
from dreampipe.drawings.exemplars import find_exemplars
from dreampipe.drawings.pictures import Picture
from dreampipe.errors import DreampipeError
from dreampipe.models import decoder, open_decoder, open_model

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")

FRAME = Frame(np.random.default_rng(0).random((48, 40, 3), np.float32))
ASCENT = Ascent(card("motifnet"), Objective.parse("mixed4"), Octaves(1), steps=1)
SMALL: dict[str, Any] = {"size": 32, "steps": 1}
DOORS: dict[str, Callable[[], object]] = {
    "one": lambda: Pipeline([Dream(ASCENT)]).one(FRAME),
    "one of a given size": lambda: Pipeline([Dream(ASCENT, max_size=40)]).one(FRAME),
    "pipeline": lambda: list(Pipeline([Resize(32), Dream(ASCENT)])([FRAME])),
    "stage": lambda: list(Dream(ASCENT)(iter([FRAME]))),
    "run": lambda: ASCENT.run(FRAME.pixels, seed=0),
    "run without a model": lambda: Ascent(card("motifnet"), Objective.parse("tv()"), steps=1).run(FRAME.pixels, seed=0),
    "open": lambda: ASCENT.open(),
    "fitting": lambda: ASCENT.fitting((48, 40)),
    "dream": lambda: dreampipe.dream(FRAME.pixels, octaves=1, steps=1),
    "visualize": lambda: dreampipe.visualize("mixed4[1]", **SMALL),
    "atlas": lambda: dreampipe.atlas("mixed4", channels="0-1", exemplars=0, **SMALL),
    "open_model": lambda: open_model(card("motifnet")),
    "open_decoder": lambda: open_decoder(decoder()),
    "exemplars": lambda: find_exemplars(card("motifnet"), "mixed4", [1], [Picture("a", FRAME.pixels)], 1, 32),
}


def answer(door: str) -> str:
    """What a door says in the process that this is called in."""
    try:
        DOORS[door]()
    except DreampipeError as error:
        return str(error)
    return "computed"


@pytest.fixture
def computed() -> Iterator[None]:
    """Tensorflow has computed in this process. Later Pythons warn of forks of its threads; this is about them."""
    assert float(keras.ops.sum(keras.ops.ones(3))) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def test_every_door_answers_in_one_sentence(computed: None) -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        told = dict(zip(DOORS, pool.map_async(answer, DOORS).get(timeout=120), strict=True))
    (sentence,) = set(told.values())
    assert 'multiprocessing.get_context("spawn")' in sentence and "\n" not in sentence


def test_the_error_comes_back_from_every_kind_of_pool(computed: None) -> None:
    one = Pipeline([Dream(ASCENT)]).one
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool, pytest.raises(DreampipeError, match="get_context"):
        pool.map_async(one, [FRAME] * 3).get(timeout=120)
    with ProcessPoolExecutor(1, context) as executor, pytest.raises(DreampipeError, match="get_context"):
        executor.submit(one, FRAME).result(timeout=120)


def test_what_computes_nothing_works_in_a_fork(computed: None) -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        (small,) = pool.map_async(Pipeline([Resize(24)]).one, [FRAME]).get(timeout=120)
    assert (small.width, small.height) == (20, 24)


PROGRAM = """
import os, sys
import dreampipe
from dreampipe.forking import check_process
exec(sys.argv[1])
child = os.fork()
if not child:
    try:
        check_process()
    except dreampipe.DreampipeError:
        os._exit(5)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize(
    "before, code", [("", 0), pytest.param("import keras; keras.ops.ones(3)", 5, marks=pytest.mark.slow)]
)
def test_it_counts_whether_anything_has_computed(before: str, code: int) -> None:
    """Also by keras alone, of which dreampipe knows nothing."""
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM, before], stderr=subprocess.DEVNULL)
    assert ran.returncode == code


DREAMING = """
import multiprocessing, sys
import numpy as np
from dreampipe import Frame, Recipe
if sys.argv[1]:
    from dreampipe.backend import keras
pipeline = Recipe(octaves=1, steps=1).pipeline()
with multiprocessing.get_context("fork").Pool(1) as pool:
    (dreamed,) = pool.map_async(pipeline.one, [Frame(np.full((32, 32, 3), 0.5, np.float32))]).get(timeout=300)
assert np.ptp(dreamed.pixels) > 0
"""


@pytest.mark.slow
@pytest.mark.parametrize("imported", ["", "imported"])
def test_a_fork_before_anything_was_computed_dreams(imported: str) -> None:
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", DREAMING, imported], stderr=subprocess.DEVNULL)
    assert ran.returncode == 0


def errors() -> Iterator[type[DreampipeError]]:
    """Every class of an error there is."""
    for module in walk_packages([str(Path(dreampipe.__file__).parent)], "dreampipe."):
        # Those of other backends may not be installed, and define no errors.
        if not re.search(r"__main__$|\.backend\.(tensorflow|jax|torch)", module.name):
            import_module(module.name)
    waiting: list[type[DreampipeError]] = [DreampipeError]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        yield kind


def test_every_error_travels_between_processes() -> None:
    kinds = list(errors())
    assert len(kinds) > 5
    for kind in kinds:
        back = pickle.loads(pickle.dumps(kind("a sentence.")))
        assert type(back) is kind and str(back) == "a sentence."
