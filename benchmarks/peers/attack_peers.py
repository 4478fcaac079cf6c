"""Robust accuracy by foolbox, torchattacks and ART for `robustness.py`, which runs this in an environment with them.

python attack_peers.py FOLDER     reads FOLDER/task.json and FOLDER/pictures.npz, and writes FOLDER/found.json
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

MOTIFNET = Path(__file__).parents[2] / "dreampipe" / "models" / "motifnet"
CLASSES, BATCH = 25, 25
Attack = Callable[..., torch.Tensor]


class Counted(torch.nn.Module):  # type: ignore[misc]  # it is unknown to mypy
    """motifnet as a network of PyTorch, (count, 3, height, width) in [0, 1] to logits; it counts gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = build()
        self.gradients = 0

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled() and pictures.requires_grad:
            self.gradients += len(pictures)
        return self.inner(pictures.permute(0, 2, 3, 1), training=False)


def build() -> keras.Model:
    """Build motifnet by dreampipe's own file, which needs nothing of dreampipe but a backend."""
    stand_in = ModuleType("dreampipe.backend")
    stand_in.keras, stand_in.ops = keras, keras.ops  # type: ignore[attr-defined]
    sys.modules["dreampipe"], sys.modules["dreampipe.backend"] = ModuleType("dreampipe"), stand_in
    spec = importlib.util.spec_from_file_location("network", MOTIFNET / "network.py")
    assert spec and spec.loader
    network = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(network)
    model = network.build(CLASSES)
    with np.load(MOTIFNET / "weights.npz") as arrays:
        for variable in model.weights:
            variable.assign(arrays[variable.path].astype(np.float32))
    model.trainable = False
    return model


def with_torchattacks(model: Counted, norm: str, eps: float, steps: int, queries: int) -> list[Attack]:
    """The four attacks of AutoAttack, one after the other; ten classes mean nine targets, as ours has."""
    import torchattacks

    how = {"norm": norm, "eps": eps}
    return [
        torchattacks.APGD(model, steps=steps, **how),
        torchattacks.APGDT(model, steps=steps, n_classes=10, **how),
        torchattacks.FAB(model, steps=steps, n_classes=10, multi_targeted=True, **how),
        torchattacks.Square(model, n_queries=queries, **how),
    ]


def with_foolbox(model: Counted, norm: str, eps: float, steps: int, queries: int) -> list[Attack]:
    """PGD with all gradients in 19 starts, and DeepFool."""
    import foolbox

    known = foolbox.PyTorchModel(model, bounds=(0, 1))
    pgd = foolbox.attacks.L2PGD if norm == "L2" else foolbox.attacks.LinfPGD
    deepfool = foolbox.attacks.L2DeepFoolAttack if norm == "L2" else foolbox.attacks.LinfDeepFoolAttack
    attacks = [*(pgd(steps=steps, rel_stepsize=2.5 / steps) for _ in range(18)), deepfool(steps=max(1, steps // 10))]
    return [lambda x, y, attack=attack: attack(known, x, y, epsilons=eps)[1] for attack in attacks]


def with_art(model: Counted, norm: str, eps: float, steps: int, queries: int) -> list[Attack]:
    """Auto-PGD on cross-entropy and on the difference of logits ratio, with all gradients, and Square."""
    from art.attacks.evasion import AutoProjectedGradientDescent, SquareAttack
    from art.estimators.classification import PyTorchClassifier

    of = {"L2": 2, "Linf": np.inf}[norm]
    known = PyTorchClassifier(
        model, torch.nn.CrossEntropyLoss(), (3, 96, 96), CLASSES, clip_values=(0, 1), device_type="cpu"
    )
    how = {"norm": of, "eps": eps, "eps_step": 2 * eps, "max_iter": steps, "batch_size": BATCH, "verbose": False}
    attacks = [
        AutoProjectedGradientDescent(known, nb_random_init=10, loss_type="cross_entropy", **how),
        AutoProjectedGradientDescent(known, nb_random_init=9, loss_type="difference_logits_ratio", **how),
        SquareAttack(known, norm=of, eps=eps, max_iter=queries, batch_size=BATCH, verbose=False),
    ]
    return [lambda x, y, a=a: torch.from_numpy(a.generate(x.numpy(), y.numpy())) for a in attacks]


def attacked(
    model: Counted, attacks: list[Attack], x: torch.Tensor, y: torch.Tensor, norm: str, eps: float
) -> dict[str, float]:
    """Run attacks, each on the pictures that are left; a picture counts as fooled only within the bound."""
    standing = named(model, x).eq(y)
    clean, start, model.gradients = int(standing.sum()), time.perf_counter(), 0
    for attack in attacks:
        for part in torch.where(standing)[0].split(BATCH):
            changed = attack(x[part].clone(), y[part]).detach().clamp(0, 1).float()
            change = (changed - x[part]).flatten(1)
            far = change.norm(dim=1) if norm == "L2" else change.abs().amax(1)
            standing[part] &= named(model, changed).eq(y[part]) | (far > eps * 1.0001 + 1e-6)
    seconds = time.perf_counter() - start
    count = len(y)
    robust = float(standing.sum()) / count
    return {"clean": clean / count, "robust": robust, "gradients": model.gradients / clean, "seconds": seconds}


def named(model: Counted, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([model(part).argmax(1) for part in x.split(BATCH)])


def main() -> None:
    folder = Path(sys.argv[1])
    task = json.loads((folder / "task.json").read_text())
    torch.set_num_threads(task["threads"])
    torch.manual_seed(0)
    np.random.seed(0)
    with np.load(folder / "pictures.npz") as held:
        x = torch.from_numpy(held["pictures"]).permute(0, 3, 1, 2).contiguous()
        y = torch.from_numpy(held["labels"]).long()
    steps, queries = max(1, round(100 * task["share"])), max(1, round(5000 * task["share"]))
    found = {}
    for name, make in (("torchattacks", with_torchattacks), ("foolbox", with_foolbox), ("ART", with_art)):
        model = Counted().eval()
        attacks = make(model, task["norm"], task["eps"], steps, queries)
        found[name] = attacked(model, attacks, x, y, task["norm"], task["eps"])
        print(f"  {name}: {found[name]}", flush=True)
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
