"""Facts of the architectures that people know: `cards/`, a TOML file for each family."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from dreampipe.backend import choosing
from dreampipe.errors import ModelError, nearest
from dreampipe.models.model_card import Layer
from dreampipe.models.weights.store import Weights

CARDS = Path(__file__).with_name("cards")
NOTOP = "-notop"
"""Behind the name of an architecture: without its head."""

_SIZES = ("tiny", "small", "base", "large", "xlarge")
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "xception": ("xception",),
    "vgg": ("vgg16", "vgg19"),
    "resnet": ("resnet50", "resnet101", "resnet152"),
    "resnet_v2": ("resnet50_v2", "resnet101_v2", "resnet152_v2"),
    "inception_v3": ("inception_v3",),
    "inception_resnet_v2": ("inception_resnet_v2",),
    "mobilenet": ("mobilenet",),
    "mobilenet_v2": ("mobilenet_v2",),
    "mobilenet_v3": ("mobilenet_v3_small", "mobilenet_v3_large"),
    "densenet": ("densenet121", "densenet169", "densenet201"),
    "nasnet": ("nasnet_mobile", "nasnet_large"),
    "efficientnet": tuple(f"efficientnet_b{i}" for i in range(8)),
    "efficientnet_v2": tuple(f"efficientnet_v2_{size}" for size in ("b0", "b1", "b2", "b3", "s", "m", "l")),
    "convnext": tuple(f"convnext_{size}" for size in _SIZES),
}
NAMES: tuple[str, ...] = tuple(name for names in FAMILIES.values() for name in names)


def is_known(name: str) -> bool:
    """Say whether this names an architecture, with or without its head."""
    return name.removesuffix(NOTOP) in NAMES


def check_backend(name: str) -> None:
    """Raise ModelError for an architecture that Keras lacks on the backend that computes, or would; loads nothing."""
    if name.startswith("nasnet") and choosing.name() == "torch":
        raise ModelError(f"{name} came, but Keras has no NASNet on PyTorch: take --backend tensorflow or jax.")


def read(name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Read the facts of a family, and of one architecture in it.

    Raises:
        ModelError: there is no such architecture.
    """
    base = name.removesuffix(NOTOP)
    for family, names in FAMILIES.items():
        if base in names:
            written = _read_family(family)
            return written, written[base]
    raise ModelError(f"There is no architecture {name!r} ({nearest(name, NAMES)}): choose one of keras.applications.")


# A cache, for a list of all models asks for each family many times, and a file of the package does not change.
@lru_cache(maxsize=len(FAMILIES))
def _read_family(family: str) -> Mapping[str, Any]:
    return tomllib.loads((CARDS / f"{family}.toml").read_text(encoding="utf-8"))


def head_size(name: str) -> tuple[int, int] | None:
    """(height, width) that a head which flattens its grid is held to; None of all others."""
    top = {} if name.endswith(NOTOP) else read(name)[1]["top"]
    return tuple(top["head_size"]) if "head_size" in top else None


def recommend(layers: tuple[Layer, ...], reasons: Mapping[str, str]) -> tuple[Layer, ...]:
    """`layers`, of which those with a reason are recommended."""
    return tuple(
        replace(layer, recommended=reasons[layer.name]) if layer.name in reasons else layer for layer in layers
    )


def weights(name: str) -> Weights:
    """The file of weights that is written of an architecture."""
    family, model = read(name)
    written = model["notop" if name.endswith(NOTOP) else "top"]
    folder = model.get("address") or family["address"]
    address = f"{folder}{written.get('published', written['file'])}"
    return Weights(written["file"], address, written["bytes"], written.get("md5"), written.get("sha256"))
