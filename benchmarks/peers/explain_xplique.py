"""xplique's maps and times for `peers_explain.py`, which runs this in an environment with xplique and TensorFlow.

python explain_xplique.py FOLDER     reads FOLDER/task.json and writes FOLDER/xplique.npz and FOLDER/xplique.json
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_USE_LEGACY_KERAS"] = "1"  # xplique 2.0.2 needs tf_keras, and calls this network of Keras 3 as a function
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import tensorflow as tf
from network import build
from xplique.attributions import GradientInput, IntegratedGradients, Occlusion, Rise, Saliency, SmoothGrad


def main() -> None:
    folder = Path(sys.argv[1])
    task = json.loads((folder / "task.json").read_text())
    tf.config.threading.set_intra_op_parallelism_threads(task["threads"])
    network = build(task["network"], folder / "weights.weights.h5")
    inside = tf.keras.Input(network.input_shape[1:])
    model: Any = tf.keras.Model(inside, tf.keras.layers.Lambda(lambda x: network(x, training=False))(inside))
    picture = np.load(folder / "picture.npy")[None]
    target = np.eye(network.output_shape[-1], dtype=np.float32)[[task["label"]]]
    steps, batch, masks = task["steps"], task["batch"], task["masks"]
    ways = {
        "gradient": lambda: Saliency(model, reducer=None),
        "gradient-x-input": lambda: GradientInput(model, reducer=None),
        "integrated-gradients": lambda: IntegratedGradients(
            model, batch_size=batch, steps=steps, baseline_value=0.5, reducer=None
        ),
        "smoothgrad": lambda: SmoothGrad(model, batch_size=batch, nb_samples=25, noise=task["deviation"], reducer=None),
        "occlusion": lambda: Occlusion(model, batch_size=batch, patch_size=16, patch_stride=8, occlusion_value=0.5),
        "rise": lambda: Rise(model, batch_size=batch, nb_samples=masks, grid_size=7, preservation_probability=0.5),
    }
    maps, seconds = {}, {}
    for name in task["methods"]:
        if name in ways:
            way = ways[name]()
            way.explain(picture, target) if task["warm"] else None
            start = time.perf_counter()
            found = np.asarray(way.explain(picture, target))
            seconds[name] = time.perf_counter() - start
            maps[name] = found[0]
    np.savez(folder / "xplique.npz", **maps)
    import importlib.metadata

    versions = f"xplique {importlib.metadata.version('xplique')}, tensorflow {tf.__version__}"
    (folder / "xplique.json").write_text(json.dumps({"versions": versions, "seconds": seconds}))


if __name__ == "__main__":
    main()
