"""The words in a recipe and their meaning: parameterizations, optimizers, and normalizations of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dreampipe.ascent.optimizers import Adam, Momentum, Nadam, Optimizer, Plain
from dreampipe.ascent.parameterizations import Fourier, MaCo, Parameterization, Pixels
from dreampipe.ascent.shaping import Deviation, Laplacian, Local, MeanAbsolute, Shaping, Sign, Smooth, Standard
from dreampipe.models.model_card import Scaling

Param = Literal["pixels", "fourier", "maco", "prior"]
OptimizerName = Literal["plain", "momentum", "adam", "nadam"]
Normalization = Literal["mean", "deviation", "standard", "laplacian", "local", "soft", "smooth", "sign", "none"]

OPTIMIZERS: Mapping[OptimizerName, Optimizer] = {
    "plain": Plain(),
    "momentum": Momentum(),
    "adam": Adam(),
    "nadam": Nadam(),
}
SHAPINGS: Mapping[Normalization, tuple[Shaping, ...]] = {
    "mean": (MeanAbsolute(),),
    "deviation": (Deviation(),),
    "standard": (Standard(),),
    "laplacian": (Laplacian(),),
    "local": (Local(),),
    "soft": (Local(levels=5, finest=0.5),),
    "smooth": (Smooth(), Standard()),
    "sign": (Sign(),),
    "none": (),
}


@dataclass(frozen=True)
class Way:
    """The defaults for climbing a kind of parameters."""

    optimizer: OptimizerName
    step_size: float
    normalization: Normalization


WAYS: Mapping[Param, Way] = {
    "pixels": Way("plain", 0.015, "mean"),
    "fourier": Way("adam", 0.03, "mean"),
    "maco": Way("nadam", 1.0, "mean"),
    "prior": Way("adam", 0.05, "mean"),
}
"""Nadam for MaCo is xplique's; the other values were found by trying.

The gradient is normalized before every optimizer: a tiny one, as of a probability, would vanish next to epsilon.
"""


DREAM = Way("plain", 0.022, "soft")
"""The defaults for climbing the pixels of a given picture; `benchmarks/look.py` measures them on photographs."""


def parameterization(
    param: Param, prior: str | None = None, of_picture: bool = True, units: Scaling = "unit", bounded: bool = True
) -> Parameterization:
    """Build the parameterization of a recipe's `param` and `prior`; raises ModelError for a model that is no decoder.

    Args:
        of_picture: whether the ascent starts from a picture; MaCo then keeps its magnitudes.
        units, bounded: settings of `Pixels`.
    """
    if param == "prior":
        from dreampipe.ascent.prior import Prior
        from dreampipe.models.decoders import decoder

        return Prior(decoder(prior))
    magnitude: Literal["start", "natural"] = "start" if of_picture else "natural"
    return {"pixels": Pixels(units, bounded), "fourier": Fourier(), "maco": MaCo(magnitude)}[param]
