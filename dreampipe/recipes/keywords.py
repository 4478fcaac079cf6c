"""The keyword arguments of the library's calls, with their types, for editors and type checkers.

They are the fields of the recipes, which have the defaults and ranges; `tests/recipes/test_keywords.py` compares the
two. None stands for the default.
"""

from __future__ import annotations

from os import PathLike
from typing import Any, Literal, TypedDict

KerasModel = Any
"""A built `keras.Model`; keras is not imported for it."""


class ModelKeywords(TypedDict, total=False):
    """Settings of the model."""

    version: Literal[1] | None
    model: str | PathLike[str] | KerasModel | None
    scaling: Literal["unit", "tf", "torch", "caffe", "bytes"] | None
    weights: str | PathLike[str] | None
    trust: bool | None
    imports: str | PathLike[str] | None


class ClimbingKeywords(ModelKeywords, total=False):
    """Settings of an ascent."""

    octaves: int | None
    smallest: int | None
    octave_scale: float | None
    octaves_above: int | None
    octave_rounding: Literal["round", "floor", "chain"] | None
    octave_carry: Literal["detail", "picture", "lost"] | None
    octave_bits: int | None
    resizing: Literal["area", "bilinear", "corners"] | None
    rounds: int | None
    steps: int | None
    stop: float | None
    ramps: Literal["ascent", "octave"] | None
    step_size: int | float | str | None
    param: Literal["pixels", "fourier", "maco", "prior"] | None
    prior: str | PathLike[str] | None
    units: Literal["unit", "tf", "torch", "caffe", "bytes"] | None
    bounded: bool | None
    optimizer: Literal["plain", "momentum", "adam", "nadam"] | None
    fresh: bool | None
    normalization: (
        Literal["soft", "local", "mean", "deviation", "standard", "laplacian", "smooth", "sign", "none"] | None
    )
    margin: int | None
    jitter: int | float | str | None
    scale: int | float | str | None
    rotate: int | float | str | None
    pad: int | float | str | None
    crop: int | float | str | None
    flip: int | float | str | None
    blur: int | float | str | None
    colour_noise: int | float | str | None
    precision: Literal["float32", "tf32", "bfloat16", "auto"] | None
    seed: int | None


class RecipeSettings(ClimbingKeywords, total=False):
    """Settings of `Recipe`."""

    objective: str | None
    mask: str | PathLike[str] | None
    keep_colour: bool | None
    blend: float | None
    caption: bool | None
    max_size: int | None
    memory: str | None
    tile: int | None


class VisualizationSettings(ClimbingKeywords, total=False):
    """Settings of `Visualization`, without those that the call names itself."""

    size: int | None
    count: int | None
    diversity: float | None
    caption: bool | None
    init: str | PathLike[str] | None
    init_colour: str | None
    init_falloff: float | None
    init_deviation: float | None


class AtlasSettings(ClimbingKeywords, total=False):
    """Settings of `Atlas`, without those that the call names itself."""

    size: int | None
    channels: str | None
    pictures: str | PathLike[str] | None
    exemplars: int | None


class ExplainingSettings(ModelKeywords, total=False):
    """Settings of `Explaining`, without those that the call names itself."""

    layer: str | None
    baseline: str | PathLike[str] | None
    max_size: int | None
    show: Literal["sheet", "overlay", "map"] | None
    size: int | None
    seed: int | None


class AttackingSettings(ModelKeywords, total=False):
    """Settings of `Attacking`, without those that the call names itself."""

    norm: str | None
    eps: float | str | None
    steps: int | None
    max_size: int | None
    size: int | None
    seed: int | None


class FindingSettings(ClimbingKeywords, total=False):
    """Settings of `Finding`, without those that the call names itself."""

    find: Literal["nmf", "sae", "pca", "random"] | None
    count: int | None
    given: str | None
    others: str | PathLike[str] | None
    of_class: str | None
    inside: str | PathLike[str] | None
    samples: int | None
    crop_share: float | None
    size: int | None


class ReportingSettings(ModelKeywords, total=False):
    """Settings of `Reporting`, without those that the call names itself."""

    count: int | None
    max_size: int | None
    size: int | None
    seed: int | None


class InfluencingSettings(ModelKeywords, total=False):
    """Settings of `Influencing`, without those that the call names itself."""

    count: int | None
    checkpoints: str | None
    max_size: int | None
    top: int | None
    size: int | None
    seed: int | None
