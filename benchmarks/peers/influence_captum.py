"""captum's TracIn on the last layer of motifnet, for `influence.py`; run it in an environment with captum and torch.

python benchmarks/peers/influence_captum.py FOLDER

FOLDER is that of `influence.py`, whose features it reads. The constant feature stands for the bias. It computes in
float64: motifnet is so sure of most pictures that their gradients round to noise in float32.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch
from captum.influence import TracInCPFast
from torch.utils.data import TensorDataset


def main(folder: Path) -> None:
    with np.load(folder / "features.npz") as kept:
        data = {name: kept[name] for name in ("features", "labels", "asked", "answers", "weights")}
    layer = torch.nn.Linear(*data["weights"].shape, bias=False, dtype=torch.float64)
    layer.weight.data = torch.from_numpy(data["weights"].T.copy())
    model = torch.nn.Sequential(layer)
    checkpoint = folder / "captum.pt"
    torch.save(model.state_dict(), checkpoint)

    def restore(model: torch.nn.Module, path: str) -> float:
        model.load_state_dict(torch.load(path))
        return 1.0  # the learning rate

    labelled = TensorDataset(torch.from_numpy(data["features"]), torch.from_numpy(data["labels"]))
    asked = torch.from_numpy(data["asked"]), torch.from_numpy(data["answers"])
    start = time.perf_counter()
    influence = TracInCPFast(
        model,
        layer,
        labelled,
        [str(checkpoint)],
        checkpoints_load_func=restore,
        loss_fn=torch.nn.CrossEntropyLoss(reduction="sum"),
        batch_size=256,
    )
    scores = influence.influence(asked).detach().numpy()
    print(f"{scores.shape[0]} questions, {scores.shape[1]} pictures: {time.perf_counter() - start:.2f} s")
    np.save(folder / "captum-tracin.npy", scores.astype(np.float64))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
