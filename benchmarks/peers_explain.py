"""Maps and times beside captum and xplique, on the same network and picture, in one run.

    python benchmarks/peers_explain.py setup FOLDER           install the peers in environments of their own (4 GB)
    python benchmarks/peers_explain.py FOLDER                 motifnet at 224: agreement, and the time of RISE
    python benchmarks/peers_explain.py FOLDER --network inception_v3     integrated gradients at 512

Each program opens the network, warms up once (motifnet only) and is timed once, one after the other. Prints a table:
seconds of each, ours over the faster peer, and how far the maps are apart, max|a - b| / max|b|. The text below it names
the differences.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from dreampipe.frames import Array

Maps = dict[str, Array]
Seconds = dict[str, float]
PEERS = {
    "captum": ("torch==2.13.0", "captum==0.9.0", "keras==3.15.1", "h5py", "scikit-learn"),
    "xplique": (
        *(
            "tensorflow-cpu==2.20.0",
            "tf_keras==2.20.1",
            "keras==3.15.1",
            "tensorflow-probability==0.23.0",
            "deprecated",
        ),
        *("einops", "matplotlib", "opencv-python-headless", "scikit-image", "scikit-learn"),
    ),
}
WITHOUT_THEIRS = {"xplique": "xplique==2.0.2"}
"""Peers that are installed without the packages that they ask for, which no solver brings together in good time."""
METHODS = {
    "gradient": "gradient",
    "gradient-x-input": "gradient-x-input",
    "integrated-gradients": "integrated-gradients(steps={steps}, baseline=grey)",
    "smoothgrad": "smoothgrad(samples=25)",
    "occlusion": "occlusion(size=16, stride=8, baseline=grey)",
    "rise": "rise(masks={masks}, grid=7, share=0.5)",
}
NOTES = """
- xplique's gradient has no sign, so it is compared with the size of ours.
- Occlusion: captum and xplique give a pixel the drops of its patches, ours the share of a pixel in them, and xplique
  leaves the right and lower border uncovered. So the column has 1 - correlation, over pixels.
- SmoothGrad and RISE draw by chance: only their times are compared.
- Integrated gradients: captum and ours take Gauss-Legendre points, xplique the trapezoid rule.
"""


def set_up(folder: Path) -> None:
    """Install the peers."""
    for name, packages in PEERS.items():
        venv.create(folder / name, with_pip=True)
        pip = [str(folder / name / "bin" / "pip"), "install", "--quiet"]
        subprocess.run([*pip, *packages], check=True)
        if name in WITHOUT_THEIRS:
            subprocess.run([*pip, "--no-deps", WITHOUT_THEIRS[name]], check=True)


def main() -> None:
    if sys.argv[1:2] == ["setup"]:
        set_up(Path(sys.argv[2]))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="with the environments of the peers")
    parser.add_argument("--network", choices=("motifnet", "inception_v3"), default="motifnet")
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--masks", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(given.threads)  # before tensorflow is loaded
    size = 224 if given.network == "motifnet" else 512
    methods = list(METHODS) if given.network == "motifnet" else ["integrated-gradients"]
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        picture = np.random.default_rng(0).random((size // 16, size // 16, 3), np.float32).repeat(16, 0).repeat(16, 1)
        np.save(folder / "picture.npy", picture)
        deviation = float(0.15 * (picture.max() - picture.min()))
        task = {**vars(given), "label": 3, "methods": methods, "deviation": deviation, "warm": size == 224}
        del task["folder"]
        (folder / "task.json").write_text(json.dumps(task))
        maps, seconds = explain_ours(folder, picture, task)
        found = {name: run_peer(given.folder / name / "bin" / "python", name, folder) for name in PEERS}
        print_table(methods, maps, seconds, found)


def explain_ours(folder: Path, picture: Array, task: dict[str, Any]) -> tuple[Maps, Seconds]:
    """Explain with dreampipe; also write the weights for the peers."""
    from dreampipe.backend import keras
    from dreampipe.explanations.attribution import parse_methods
    from dreampipe.explanations.explaining import ask, explain
    from dreampipe.models import card
    from dreampipe.models.opening import open_model

    if task["network"] == "motifnet":
        on = card("motifnet")
        open_model(on).save_weights(folder / "weights.weights.h5")
    else:
        keras.utils.set_random_seed(0)
        model = keras.applications.InceptionV3(weights=None, input_shape=(512, 512, 3), classifier_activation=None)
        model.save_weights(folder / "weights.weights.h5")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.save(folder / "inception.keras")
        on = card(str(folder / "inception.keras"), scaling="unit")
    open_model(on)  # the peers, too, have the network open before they are timed
    question = ask(on, f"logit({task['label']})")
    maps: Maps = {}
    seconds: Seconds = {}
    for name in task["methods"]:
        (method,) = parse_methods(METHODS[name].format(**task))
        if task["warm"]:
            explain(question, picture, method)
        start = time.perf_counter()
        found = explain(question, picture, method)
        seconds[name] = time.perf_counter() - start
        maps[name] = found.map
    return maps, seconds


def run_peer(python: Path, name: str, folder: Path) -> tuple[Maps, Seconds, str]:
    """Run a peer's program; return its maps, its seconds and its versions."""
    program = Path(__file__).parent / "peers" / f"explain_{name}.py"
    subprocess.run([python, program, folder], check=True)
    told = json.loads((folder / f"{name}.json").read_text())
    with np.load(folder / f"{name}.npz") as stored:
        return dict(stored), told["seconds"], told["versions"]


def print_table(methods: list[str], maps: Maps, seconds: Seconds, found: dict[str, tuple[Maps, Seconds, str]]) -> None:
    """Print one row for each method."""
    print("; ".join(versions for _, _, versions in found.values()))
    print("| method | dreampipe, s | " + " | ".join(f"{name}, s | apart" for name in found) + " | ours / faster peer |")
    print("|" + " --- |" * (3 + 2 * len(found)))
    for method in methods:
        cells, times = [], []
        for theirs, took, _ in found.values():
            if method not in took:
                cells += ["-", "-"]
                continue
            times.append(took[method])
            cells += [
                f"{took[method]:.2f}",
                "chance" if method in ("smoothgrad", "rise") else apart(method, maps[method], theirs[method]),
            ]
        ratio = f"{seconds[method] / min(times):.2f}" if times else "-"
        print(f"| {method} | {seconds[method]:.2f} | {' | '.join(cells)} | {ratio} |")
    print(NOTES)


def apart(method: str, ours: Array, theirs: Array) -> str:
    """Measure how far two maps are apart: the largest difference relative to the largest value; see `NOTES`."""
    if method == "occlusion":
        one, other = (each.sum(2).ravel() if each.ndim == 3 else each.ravel() for each in (ours, theirs))
        return f"{1 - np.corrcoef(one, other)[0, 1]:.1e}"
    if theirs.min() >= 0:
        ours = np.abs(ours)
    return f"{np.abs(ours - theirs).max() / np.abs(theirs).max():.1e}"


if __name__ == "__main__":
    main()
