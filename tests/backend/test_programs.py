"""Programs for each size: compiled once, whichever thread comes first, and ahead of the call that needs them."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest

from dreampipe import backend
from dreampipe.backend import ops
from dreampipe.backend.programs import Programs, compiling
from dreampipe.errors import ModelError


def test_threads_that_come_together_compile_once() -> None:
    programs, made, together = Programs(), [], Barrier(4)

    def come(_: int) -> object:
        together.wait(60)
        return programs.of("size", lambda: made.append("program") or object())

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(come, range(4)))) == 1
    assert made == ["program"]
    assert programs.of("another size", lambda: 7) == 7


def test_what_does_not_compile_is_tried_again() -> None:
    programs = Programs()
    with pytest.raises(ZeroDivisionError):
        programs.of("size", lambda: 1 // 0)
    assert programs.of("size", lambda: "program") == "program"


def test_a_job_that_fails_is_passed_over_and_the_block_says_its_own_errors() -> None:
    begun, go, followed = Event(), Event(), Event()

    def wait() -> None:
        begun.set()
        assert go.wait(60)
        raise ValueError

    with compiling([wait, followed.set]):
        assert begun.wait(60)
        go.set()
        assert followed.wait(60)
    with pytest.raises(KeyError), compiling([]):
        raise KeyError


ENDING = """
from threading import Event
from dreampipe.backend.programs import compiling
begun = Event()
with compiling([lambda: begun.set() or Event().wait()]):
    assert begun.wait(60)
    raise KeyError("Ctrl-C, or an error")
"""


def test_a_process_that_ends_does_not_wait_for_a_compilation() -> None:
    ran = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 1 and "KeyError" in ran.stderr


@pytest.mark.smoke
def test_a_call_that_was_prepared_is_traced_once_and_computes_the_same() -> None:
    traced = []

    def function(x: object, cut: object) -> object:
        traced.append(x)
        return ops.sum(ops.sin(x)[: backend.whole(cut[0])], axis=0)

    compiled = backend.compile(function, backend.spec(None, 3), backend.sizes(1))
    x = np.random.default_rng(0).random((8, 3), np.float32)
    with backend.compile_ahead([(compiled, (np.broadcast_to(np.float32(0), (8, 3)), np.int32([5])))]):
        found = compiled(x, np.int32([5]))
    np.testing.assert_allclose(found, np.sin(x[:5]).sum(axis=0), rtol=1e-5)
    assert len(traced) == 1
    np.testing.assert_allclose(compiled(x[:6], np.int32([2])), np.sin(x[:2]).sum(axis=0), rtol=1e-5)


def test_what_cannot_be_prepared_is_refused_when_it_is_called() -> None:
    compiled = backend.compile(lambda x: ops.matmul(x, x), backend.spec(None, None))
    wide = np.zeros((2, 3), np.float32)
    with backend.compile_ahead([(compiled, (wide,))]), pytest.raises(ModelError, match="cannot compute this"):
        compiled(wide)
