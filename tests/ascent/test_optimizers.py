"""Each optimizer against keras' own, which goes down where ours goes up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dreampipe.ascent.optimizers import Adam, Momentum, Nadam, Optimizer, Plain
from dreampipe.errors import RecipeError


def theirs(optimizer: Optimizer, rate: float) -> Any:
    from dreampipe.backend import keras

    if isinstance(optimizer, Plain):
        return keras.optimizers.SGD(rate)
    if isinstance(optimizer, Momentum):
        return keras.optimizers.SGD(rate, momentum=optimizer.momentum)
    kind = keras.optimizers.Nadam if isinstance(optimizer, Nadam) else keras.optimizers.Adam
    return kind(rate, beta_1=optimizer.beta1, beta_2=optimizer.beta2, epsilon=optimizer.epsilon)


OPTIMIZERS = [Plain(), Momentum(), Momentum(0.5), Adam(), Adam(0.7, 0.95, 1e-3), Nadam(), Nadam(0.8, 0.9)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_step_by_step_it_is_the_one_of_keras_upwards(optimizer: Optimizer) -> None:
    reference = theirs(optimizer, 0.1)
    from dreampipe.backend import keras

    gradients = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    gradients[:, 0], gradients[:20, 1], gradients[:, 2] = 0, 0, 1e-4
    variable = keras.Variable(np.zeros(6, np.float32))
    moments = tuple(np.zeros(6, np.float32) for _ in optimizer.moments)
    at = np.zeros(6, np.float32)
    for count, gradient in enumerate(gradients, 1):
        reference.apply([keras.ops.convert_to_tensor(-gradient)], [variable])
        move, moments = optimizer.step(gradient, moments, np.float32(count), np.float32(0.1))
        at = at + np.asarray(move)
        np.testing.assert_allclose(at, np.asarray(variable.value), rtol=2e-4, atol=2e-6)


def test_nadam_is_that_of_keras_when_it_is_warm() -> None:
    """Where the table of its momenta ends."""

    products = np.cumprod(0.9 * (1 - 0.5 * 0.96 ** np.arange(1.0, 1001)))
    for count in (1, 2, 100, 399, 400, 401):
        found = float(Nadam()._product(np.float32(count)))
        assert found == pytest.approx(products[count - 1], rel=1e-4)
    assert float(Nadam()._product(np.float32(1000))) == pytest.approx(0, abs=1e-30)


def test_the_moments_have_names() -> None:
    assert [o.moments for o in (Plain(), Momentum(), Adam(), Nadam())] == [
        (),
        ("velocity",),
        ("mean", "square"),
        ("mean", "square"),
    ]


def test_shares_that_make_no_sense_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"The optimizer's momentum came as 1\.0, but 0 to less than 1 is expected\."):
        Momentum(1.0)
    with pytest.raises(RecipeError, match=r"The optimizer's beta2 came as -0\.1"):
        Adam(beta2=-0.1)
