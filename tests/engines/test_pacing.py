"""Work in threads of its own: in order, never far from the caller, and over when it is over."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from dreampipe.engines.pacing import WAITING, Later, ahead


def running(name: str) -> list[threading.Thread]:
    """The threads of this name that have not ended."""
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]


def counting(made: list[int], stop: int = 1000) -> Iterator[int]:
    """The numbers from 0; each is noted when it is made."""
    for number in range(stop):
        made.append(number)
        yield number


def failing(after: int) -> Iterator[int]:
    """So many numbers, then an error."""
    yield from range(after)
    raise OSError("the disk is gone")


# Ahead


@pytest.mark.parametrize("count", [0, 1, WAITING, WAITING + 1, 50])
def test_all_items_come_in_order(count: int) -> None:
    assert list(ahead(iter(range(count)))) == list(range(count))
    assert list(ahead(counting([], count))) == list(range(count))


def test_they_may_be_anything_also_nothing() -> None:
    items = [None, (), StopIteration(), 0]
    assert list(ahead(iter(items))) == items


def test_they_are_made_in_another_thread() -> None:
    def where() -> Iterator[threading.Thread]:
        for _ in range(5):
            yield threading.current_thread()

    threads = set(ahead(where(), "decoder"))
    assert len(threads) == 1
    assert threads.pop().name.startswith("decoder")


def test_never_more_than_a_few_wait() -> None:
    """What was made and not taken is counted after each was taken, when the thread has stopped or is at its last."""
    made: list[int] = []
    with closing(ahead(counting(made))) as items:
        for taken, number in zip(range(1, 100), items, strict=False):
            assert number == taken - 1
            assert len(made) - taken <= WAITING


def test_while_one_is_used_the_next_are_made() -> None:
    """The caller waits here until they are: it would wait for ever if they were made only when asked for."""
    made = threading.Semaphore(0)

    def noted() -> Iterator[int]:
        for number in range(1 + WAITING):
            made.release()
            yield number

    with closing(ahead(noted())) as items:
        next(items)
        for _ in range(1 + WAITING):
            assert made.acquire(timeout=60)


def test_nothing_is_made_before_it_is_wanted() -> None:
    made: list[int] = []
    items = ahead(counting(made))
    items.close()
    assert made == []


@pytest.mark.parametrize("after", [0, 1, 5])
def test_an_error_comes_in_its_turn(after: int) -> None:
    items = ahead(failing(after))
    assert [next(items) for _ in range(after)] == list(range(after))
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)
    assert next(items, None) is None


@pytest.mark.parametrize("taken", [1, 3])
def test_closing_ends_the_thread(taken: int) -> None:
    made: list[int] = []
    items = ahead(counting(made), "closed")
    for _ in range(taken):
        next(items)
    items.close()
    assert running("closed") == []
    assert len(made) <= taken + WAITING


def test_the_thread_ends_with_the_items() -> None:
    list(ahead(iter(range(3)), "ended"))
    with pytest.raises(OSError, match="gone"):
        list(ahead(failing(1), "ended"))
    assert running("ended") == []


def test_the_thread_ends_where_the_caller_fails_or_forgets_it() -> None:
    def using() -> None:
        for number in ahead(counting([]), "forgotten"):
            if number == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        using()
    gc.collect()
    assert running("forgotten") == []


def test_a_source_is_closed_with_what_runs_ahead_of_it() -> None:
    """So that a file that it holds open is closed then, not when it happens to be forgotten."""
    ended: list[str] = []

    def held() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            ended.append("closed")

    source = held()
    with closing(ahead(source)) as items:
        next(items)
    assert ended == ["closed"]


# Later


def test_calls_are_made_in_order_in_another_thread() -> None:
    made: list[tuple[int, str]] = []
    with Later("encoder") as later:
        for number in range(50):
            later.submit(lambda number: made.append((number, threading.current_thread().name)), number)
    assert [number for number, _ in made] == list(range(50))
    assert len({name for _, name in made}) == 1
    assert made[0][1].startswith("encoder")
    assert running("encoder") == []


def test_never_more_than_a_few_calls_wait() -> None:
    made: list[int] = []
    with Later() as later:
        for number in range(100):
            later.submit(made.append, number)
            assert number + 1 - len(made) <= WAITING


def test_the_caller_goes_on_while_calls_are_made() -> None:
    """It lets them go here: it would wait for ever if it had to wait for the first."""
    gate = threading.Event()
    with Later() as later:
        for _ in range(WAITING):
            later.submit(gate.wait)
        gate.set()


def test_waiting_is_for_all_calls() -> None:
    made: list[int] = []
    with Later() as later:
        later.wait()
        later.submit(made.append, 1)
        later.submit(made.append, 2)
        later.wait()
        assert made == [1, 2]
        later.submit(made.append, 3)
    assert made == [1, 2, 3]


def fail() -> None:
    raise OSError("the disk is full")


def test_what_a_call_raises_is_raised_by_a_later_one() -> None:
    with pytest.raises(OSError, match="the disk is full"), Later("failed") as later:
        later.submit(fail)
        for _ in range(WAITING):
            later.submit(lambda: None)
        pytest.fail("nothing was raised although more than a few calls have come since")
    assert running("failed") == []


@pytest.mark.parametrize("ending", [Later.wait, lambda later: None], ids=["wait", "the end"])
def test_what_the_last_call_raises_is_raised_at_the_end(ending: Callable[[Later], None]) -> None:
    with pytest.raises(OSError, match="the disk is full"), Later("last") as later:
        later.submit(fail)
        ending(later)
    assert running("last") == []


def test_after_one_that_failed_the_first_error_is_the_one_raised() -> None:
    def second() -> None:
        raise ValueError("because of the first")

    with pytest.raises(OSError, match="the disk is full"), Later() as later:
        later.submit(fail)
        for _ in range(WAITING):
            later.submit(second)


def test_of_a_context_that_fails_the_calls_that_wait_are_left_out() -> None:
    begun, gate = threading.Event(), threading.Event()
    made: list[object] = []

    def first() -> None:
        begun.set()
        gate.wait(60)
        made.append("first")

    with pytest.raises(KeyError, match="mine"), Later("left") as later:
        later.submit(first)
        later.submit(made.append, "second")
        later._calls[-1].add_done_callback(lambda second: gate.set())  # it is left out before the first ends
        begun.wait(60)
        raise KeyError("mine")
    assert made == ["first"]
    assert running("left") == []


def test_one_context_feeds_the_other() -> None:
    """As a film goes: decoded ahead, encoded later, and an error in either ends both."""
    stored: list[int] = []
    with closing(ahead(iter(range(30)), "in")) as items, Later("out") as later:
        for item in items:
            later.submit(stored.append, item)
    assert stored == list(range(30))
    with (
        pytest.raises(OSError, match="the disk is full"),
        closing(ahead(counting([]), "in")) as items,
        Later("out") as later,
    ):
        for _ in items:
            later.submit(fail)
    with pytest.raises(OSError, match="the disk is gone"), Later("out") as later:
        for item in ahead(failing(5), "in"):
            later.submit(stored.append, item)
    assert running("in") == running("out") == []
