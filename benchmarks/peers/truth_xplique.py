"""xplique's maps for `truth_peers.py`, which runs this in an environment with xplique and TensorFlow.

python truth_xplique.py WORK NETWORK PICTURES
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_USE_LEGACY_KERAS"] = "1"  # xplique 2.0.2 needs tf_keras, and calls a network of Keras 3 as a function
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import tensorflow as tf
from asked import Asked, Way, chain, grid
from network import load
from xplique.attributions import (
    DeconvNet,
    GradCAM,
    GradCAMPP,
    GradientInput,
    GuidedBackprop,
    HsicAttributionMethod,
    IntegratedGradients,
    KernelShap,
    Lime,
    Occlusion,
    Rise,
    Saliency,
    SmoothGrad,
    SobolAttributionMethod,
    SquareGrad,
    VarGrad,
)

layers = tf.keras.layers


def built(parts: list[tuple[str, list[Any]]], shape: tuple[int, ...]) -> Any:
    """`plain` of tf_keras' own layers, so that xplique finds them."""
    x = picture = tf.keras.Input(shape)
    weighted: list[tuple[Any, list[Any]]] = []
    layer: Any
    for kind, weights in parts:
        if kind == "Conv2D":
            layer = layers.Conv2D(weights[0].shape[3], 3, padding="same")
        elif kind == "Dense":
            layer = layers.Dense(weights[0].shape[1])
        elif kind == "Rescaling":
            layer = layers.Rescaling(2.0, -1.0)
        elif kind == "ReLU":
            layer = layers.Activation("relu")
        elif kind == "MaxPooling2D":
            layer = layers.MaxPooling2D(2)
        elif kind == "GlobalAveragePooling2D":
            layer = layers.GlobalAveragePooling2D()
        elif kind in ("InputLayer", "Identity"):
            continue
        else:
            raise SystemExit(f"{kind} is no layer of plain.")
        x = layer(x)
        if weights:
            weighted.append((layer, weights))
    for layer, weights in weighted:
        layer.set_weights(weights)
    return tf.keras.Model(picture, x)


def ways_of(model: Any, outputs: int, whole: bool) -> dict[str, Way]:
    """The methods; those that need layers where the network has them."""

    def way(make: Any, **settings: Any) -> Way:
        made: dict[int, Any] = {}  # a method for each size

        def explain(picture: Any, number: int) -> Any:
            size = min(picture.shape[:2])
            if size not in made:
                fitted = {key: value(size) if key.startswith("patch") else value for key, value in settings.items()}
                made[size] = make(model, batch_size=16, **fitted)
            tf.random.set_seed(0)
            np.random.seed(0)
            target = np.eye(outputs, dtype=np.float32)[[number]]
            found = np.asarray(made[size].explain(picture[None], target))[0]
            return found[..., 0] if found.ndim == 3 and found.shape[-1] == 1 else found

        return explain

    def segments(picture: Any) -> Any:
        return tf.convert_to_tensor(grid(*picture.shape[:2]).astype(np.int32))

    ways = {
        "Saliency": way(Saliency),
        "GradientInput": way(GradientInput, reducer="sum"),
        "IntegratedGradients": way(IntegratedGradients, steps=50, reducer="sum"),
        "IntegratedGradients grey": way(IntegratedGradients, steps=50, baseline_value=0.5, reducer="sum"),
        "SmoothGrad": way(SmoothGrad, nb_samples=25, noise=0.15, reducer="sum"),
        "SquareGrad": way(SquareGrad, nb_samples=25, noise=0.15, reducer="sum"),
        "VarGrad": way(VarGrad, nb_samples=25, noise=0.15, reducer="sum"),
        "Occlusion": way(
            Occlusion,
            patch_size=lambda size: max(8, size // 8),
            patch_stride=lambda size: max(4, size // 16),
            occlusion_value=0.5,
        ),
        "Rise": way(Rise, nb_samples=500),
        "Lime": way(Lime, nb_samples=300, map_to_interpret_space=segments),
        "KernelShap": way(KernelShap, nb_samples=300, map_to_interpret_space=segments),
        "Sobol": way(SobolAttributionMethod, grid_size=8, nb_design=8),
        "Hsic": way(HsicAttributionMethod, grid_size=7, nb_design=400),
    }
    if whole:
        return ways
    return {
        **ways,
        "GuidedBackprop": way(GuidedBackprop, reducer="sum"),
        "DeconvNet": way(DeconvNet, reducer="sum"),
        "GradCAM": way(GradCAM),
        "GradCAMPP": way(GradCAMPP),
    }


def main() -> None:
    work, name, pictures = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    tf.config.threading.set_intra_op_parallelism_threads(1)
    network = load(work / f"{name}.keras")
    asked = Asked(work, name, pictures)
    _, picture, _ = next(asked.questions())
    if name == "plain":
        model = built(chain(network.layers), picture.shape)
        assert np.abs(model(picture[None]).numpy() - np.asarray(network(picture[None], training=False))).max() < 1e-4
    else:
        inside = tf.keras.Input(picture.shape)
        model = tf.keras.Model(inside, tf.keras.layers.Lambda(lambda x: network(x, training=False))(inside))
    asked.answer("xplique", ways_of(model, network.output_shape[-1], name != "plain"))


if __name__ == "__main__":
    main()
