"""Robust accuracy of motifnet under dreampipe's ensemble, next to foolbox, torchattacks and ART, in one run.

    python benchmarks/robustness.py setup FOLDER        install the peers in an environment of their own (3 GB)
    python benchmarks/robustness.py FOLDER              500 pictures, L2 0.5 and Linf 4/255
    python benchmarks/robustness.py FOLDER --pictures 50 --share 0.1

All attack the same fresh pictures of motifnet's renderer, in float32. Each library has as many gradients of a picture
as dreampipe's ensemble asks for at most: 100 steps of APGD, 9 times 100 of APGD toward targets, 9 times 100 of FAB, and
then 5,000 queries of Square. `--share` gives all of them that share of the steps. The table says how many gradients of
a picture each computed on average; an attack that has fooled a picture may end early.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import replace
from pathlib import Path

import numpy as np

PACKAGES = ("torch==2.11.0", "foolbox==3.3.4", "torchattacks==3.5.1", "adversarial-robustness-toolbox", "keras==3.15.1")
BOUNDS = {"L2": 0.5, "Linf": 4 / 255}
PEERS = Path(__file__).parent / "peers" / "attack_peers.py"


def attack_ours(pictures: np.ndarray, labels: np.ndarray, norm: str, eps: float, share: float) -> dict[str, float]:
    """Attack with the members of the ensemble; return the robust accuracy, gradients of a picture, and seconds."""
    from dreampipe.explanations.adversarial import ATTACKS
    from dreampipe.explanations.adversarial.attack import Goal
    from dreampipe.explanations.adversarial.attacking import perturb
    from dreampipe.explanations.adversarial.victim import open_victim
    from dreampipe.explanations.question import Work
    from dreampipe.models import card

    work = Work(np.random.default_rng(0))
    model = card("motifnet")
    victim = open_victim(model, work)
    goal = Goal(pictures, labels.astype(np.int32), eps, _draws(0, len(labels)), early=True)
    standing = goal.margins(victim.logits(pictures)) <= 0
    clean = float(standing.mean())
    start = time.perf_counter()
    ensemble = ATTACKS["autoattack"](norm=norm, eps=eps)
    for number, member in enumerate(ensemble.members(model.outputs)):  # type: ignore[attr-defined]
        count = "queries" if hasattr(member, "queries") else "steps"
        attack = replace(member, **{count: max(1, round(getattr(member, count) * share))})
        part = replace(goal, draws=_draws(number, len(labels))).part(standing)
        if len(part):
            changed = perturb(attack, victim, part, work)
            standing[standing] = part.margins(victim.logits(changed)) <= 0
        print(f"  {attack}: {standing.mean():.1%}", flush=True)
    seconds = time.perf_counter() - start
    gradients = victim.gradients / max(1, round(clean * len(labels)))
    return {"clean": clean, "robust": float(standing.mean()), "gradients": gradients, "seconds": seconds}


def _draws(attack: int, count: int) -> list[np.random.Generator]:
    return [np.random.default_rng([0, attack, number]) for number in range(count)]


def attack_peers(
    python: Path, task: dict[str, object], pictures: np.ndarray, labels: np.ndarray
) -> dict[str, dict[str, float]]:
    """Attack with every peer, in its own environment."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        np.savez(folder / "pictures.npz", pictures=pictures, labels=labels)
        (folder / "task.json").write_text(json.dumps(task))
        subprocess.run([python, PEERS, folder], check=True)
        return dict(json.loads((folder / "found.json").read_text()))


def main() -> None:
    if sys.argv[1:2] == ["setup"]:
        venv.create(Path(sys.argv[2]), with_pip=True)
        subprocess.run([Path(sys.argv[2]) / "bin" / "pip", "install", "--quiet", *PACKAGES], check=True)
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="the environment of the peers")
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--share", type=float, default=1.0, help="of the steps of every attack")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    from dreampipe.models.motifnet.evaluate import fresh

    samples, labels = fresh(given.pictures)
    pictures = np.asarray(samples / np.float32(255), np.float32)
    rows = []
    for norm, eps in BOUNDS.items():
        print(f"{norm} {eps:.4f}", flush=True)
        found = {"dreampipe": attack_ours(pictures, labels, norm, eps, given.share)}
        task = {"norm": norm, "eps": eps, "share": given.share, "threads": given.threads}
        found |= attack_peers(given.folder / "bin" / "python", task, pictures, labels)
        rows += [(norm, name, one) for name, one in found.items()]
    error = 0.5 / np.sqrt(given.pictures)
    print(f"\n{given.pictures} pictures, standard error at most {error:.3f}, share of the steps {given.share}")
    print("| norm | library | clean | robust | gradients of a picture | seconds |\n|---|---|---|---|---|---|")
    for norm, name, one in rows:
        numbers = f"{one['clean']:.3f} | {one['robust']:.3f} | {one['gradients']:.0f} | {one['seconds']:.0f}"
        print(f"| {norm} | {name} | {numbers} |")


if __name__ == "__main__":
    main()
