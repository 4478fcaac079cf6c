"""Build the benchmark's networks in an environment without dreampipe: `build(name, folder)`, on any Keras backend."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

NETWORK = Path(__file__).parents[2] / "dreampipe" / "models" / "motifnet" / "network.py"


def build(name: str, weights: Path) -> Any:
    """Build `motifnet` or `inception_v3`, which return logits of pictures in [0, 1], with weights from a file.

    The architecture of motifnet is dreampipe's own file, which needs nothing of dreampipe but a backend.
    """
    import keras

    if name == "inception_v3":
        model = keras.applications.InceptionV3(weights=None, input_shape=(512, 512, 3), classifier_activation=None)
    else:
        model = _motifnet().build(25)
    model.load_weights(weights)
    return model


def load(file: Path) -> Any:
    """Load a network that dreampipe has saved."""
    import keras

    _motifnet()
    return keras.models.load_model(file, compile=False)


def _motifnet() -> ModuleType:
    """Run dreampipe's file of motifnet, which registers its layers."""
    import keras

    stand_in = ModuleType("dreampipe.backend")
    stand_in.keras, stand_in.ops = keras, keras.ops  # type: ignore[attr-defined]
    sys.modules["dreampipe"], sys.modules["dreampipe.backend"] = ModuleType("dreampipe"), stand_in
    spec = importlib.util.spec_from_file_location("dreampipe.models.motifnet.network", NETWORK)
    assert spec and spec.loader
    network = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(network)
    return network
