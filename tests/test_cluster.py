"""The simulation of `benchmarks/cluster_simulation.py`, held to results that are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cluster_simulation import SHARES, Cluster, Costs, simulate
from hypothesis import given
from hypothesis import strategies as st

EXPONENTIAL = tuple(-np.log1p(-(np.arange(10_000) + 0.5) / 10_000))
"""Times whose distribution is exponential, with a mean of 1."""


@pytest.mark.parametrize("workers, pictures", [(1, 7), (7, 7), (4, 12), (4, 13), (10, 3)])
@pytest.mark.parametrize("held", [1, 2])
def test_equal_pieces_take_as_many_rounds_as_the_workers_need(workers: int, pictures: int, held: int) -> None:
    out = simulate(Costs([3.0], [5.0]), Cluster(workers, held=held), pictures)
    assert out.seconds == 5 + 3 * math.ceil(pictures / workers)
    whole = workers * out.seconds
    assert out.shares["work"] == pytest.approx(3 * pictures / whole)
    assert out.shares["start"] == pytest.approx(5 * workers / whole)
    assert out.shares["end"] == pytest.approx(1 - (3 * pictures + 5 * workers) / whole)
    assert out.shares["driver"] == out.shares["slow"] == out.shares["failures"] == 0


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("slowness", [1.0, 2.5])
def test_one_worker_takes_the_sum(rows: int, slowness: float) -> None:
    costs = Costs([1.0, 2.0, 30.0], [4.0])
    out = simulate(costs, Cluster(1, rows, slow=1.0, slowness=slowness), 100, seed=3)
    work = out.shares["work"] * out.seconds
    drawn = np.random.default_rng(3).choice(np.array(costs.pictures), 100)
    assert work == pytest.approx(drawn.sum())
    assert out.seconds == pytest.approx(4 + slowness * work)


def test_with_workers_enough_the_driver_decides() -> None:
    """It hands over one picture after the other; the last one ends its own time later."""
    out = simulate(Costs([2.0], picture=0.25), Cluster(40, held=1), 200)
    assert out.seconds == pytest.approx(200 * 0.25 + 2)
    assert out.limit == "driver"


def test_pieces_become_smaller_towards_the_end() -> None:
    """So a worker that has begun a long piece late keeps the others waiting no longer than a picture does."""
    assert simulate(Costs([1.0]), Cluster(2, rows=8), 64).seconds == 32
    largest = simulate(Costs([1.0] * 99 + [10.0]), Cluster(4, rows=8), 1000, seed=1)
    single = simulate(Costs([1.0] * 99 + [10.0]), Cluster(4), 1000, seed=1)
    assert largest.seconds <= single.seconds + 10


def test_a_piece_held_in_advance_hides_the_driver() -> None:
    """While the driver has time for all, a worker waits for its first piece only."""
    one = simulate(Costs([1.0], picture=0.25), Cluster(1, held=1), 50)
    two = simulate(Costs([1.0], picture=0.25), Cluster(1, held=2), 50)
    assert one.seconds == pytest.approx(50 * 1.25)
    assert two.seconds == pytest.approx(0.25 + 50 + 0.25)  # the last piece is not handed over in advance


def test_the_last_of_exponential_times_comes_after_a_harmonic_number() -> None:
    """The mean of the largest of n exponential times is 1 + 1/2 + ... + 1/n."""
    workers, runs = 200, 300
    found = [simulate(Costs(EXPONENTIAL), Cluster(workers, held=1), workers, seed).seconds for seed in range(runs)]
    expected, error = sum(1 / n for n in range(1, workers + 1)), math.pi / math.sqrt(6 * runs)
    assert np.mean(found) == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("rate", [0.1, 0.7])
def test_a_piece_that_is_begun_again_after_each_failure(rate: float) -> None:
    """With failures at a rate r, a piece of T seconds takes (1/r + R) (exp(r T) - 1), where R is a new start."""
    pieces, lasts, start, notice = 20_000, 1.5, 0.5, 0.25
    cluster = Cluster(1, held=1, failures=3600 * rate, notice=notice)
    out = simulate(Costs([lasts], [start]), cluster, pieces)
    expected = (1 / rate + start + notice) * (math.exp(rate * lasts) - 1)
    assert (out.seconds - start) / pieces == pytest.approx(expected, rel=0.03)
    assert out.failed == pytest.approx(pieces * (math.exp(rate * lasts) - 1), rel=0.05)


@given(
    pictures=st.integers(1, 60),
    times=st.lists(st.floats(0.1, 50), min_size=1, max_size=5),
    driver=st.floats(0, 2),
    cluster=st.builds(
        Cluster,
        workers=st.integers(1, 12),
        rows=st.integers(1, 5),
        held=st.integers(1, 3),
        slow=st.floats(0, 1),
        slowness=st.floats(1, 9),
        failures=st.floats(0, 1),  # more, and a long piece never ends
        notice=st.floats(0, 20),
    ),
)
def test_every_second_of_every_worker_has_one_share(
    pictures: int, times: list[float], driver: float, cluster: Cluster
) -> None:
    costs = Costs(times, times, driver)
    out = simulate(costs, cluster, pictures, seed=pictures)
    assert list(out.shares) == list(SHARES)
    assert sum(out.shares.values()) == pytest.approx(1)
    assert min(out.shares.values()) > -1e-9
    drawn = np.random.default_rng(pictures).choice(np.array(times), pictures).sum()
    assert out.efficiency * cluster.workers * out.seconds == pytest.approx(drawn)  # nothing is lost, nothing made twice
    assert out == simulate(costs, cluster, pictures, seed=pictures)
