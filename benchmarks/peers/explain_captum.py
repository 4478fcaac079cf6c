"""captum's maps and times for `peers_explain.py`, which runs this in an environment with captum, torch and Keras.

python explain_captum.py FOLDER     reads FOLDER/task.json and writes FOLDER/captum.npz and FOLDER/captum.json
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
sys.path.insert(0, str(Path(__file__).parent))

import captum
import numpy as np
import torch
from captum.attr import InputXGradient, IntegratedGradients, NoiseTunnel, Occlusion, Saliency
from network import build


def main() -> None:
    folder = Path(sys.argv[1])
    task = json.loads((folder / "task.json").read_text())
    torch.set_num_threads(task["threads"])
    model = build(task["network"], folder / "weights.weights.h5")

    def answer(pictures: torch.Tensor) -> torch.Tensor:
        return model(pictures.permute(0, 2, 3, 1), training=False)[:, task["label"]]

    picture = torch.from_numpy(np.load(folder / "picture.npy")).permute(2, 0, 1)[None]
    grey = torch.full_like(picture, 0.5)
    steps, batch = task["steps"], task["batch"]
    ways = {
        "gradient": lambda: Saliency(answer).attribute(picture, abs=False),
        "gradient-x-input": lambda: InputXGradient(answer).attribute(picture),
        "integrated-gradients": lambda: IntegratedGradients(answer).attribute(
            picture, grey, n_steps=steps, internal_batch_size=batch
        ),
        "smoothgrad": lambda: NoiseTunnel(Saliency(answer)).attribute(
            picture, nt_type="smoothgrad", nt_samples=25, nt_samples_batch_size=5, stdevs=task["deviation"], abs=False
        ),
        "occlusion": lambda: Occlusion(answer).attribute(
            picture, (3, 16, 16), (3, 8, 8), grey, perturbations_per_eval=batch
        ),
    }
    maps, seconds = {}, {}
    for name in task["methods"]:
        if name in ways:
            ways[name]() if task["warm"] else None
            start = time.perf_counter()
            found = ways[name]()
            seconds[name] = time.perf_counter() - start
            maps[name] = found[0].permute(1, 2, 0).detach().numpy()
    np.savez(folder / "captum.npz", **maps)
    versions = f"captum {captum.__version__}, torch {torch.__version__}"
    (folder / "captum.json").write_text(json.dumps({"versions": versions, "seconds": seconds}))


if __name__ == "__main__":
    main()
