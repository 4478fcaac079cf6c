"""How long published scripts take, and how long our presets of them: `python benchmarks/peers.py [--torch PYTHON]`.

The inverse of `published.py`: here each recipe runs as its authors run it (`peers/dream_*.py`), and as our preset, from
the shell to the file, in turns, with the same weights and picture. The weights are random, of the right shapes, which
changes no time: the stop of keras.io's example is never reached. `--torch` names the Python of an environment with
torch and torchvision; without it that peer is left out. The rest of the command line goes to `dreampipe dream`, for
example `-- --steps 5`.

Prints the seconds of the whole process and of the ascent alone, the least of the rounds, and script over preset. Our
ascent includes opening the model; those of the scripts begin after that.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from dreampipe.models.motifnet.scenery import scene

HERE = Path(__file__).parent / "peers"
WEIGHTS = """
import sys, numpy as np
from dreampipe.backend import keras
keras.utils.set_random_seed(0)
name, folder = sys.argv[1:]
model = {"inception_v3": keras.applications.InceptionV3, "vgg16": keras.applications.VGG16}[name](
    weights=None, include_top=False
)
model.save_weights(f"{folder}/{name}.weights.h5")
layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)] if name == "vgg16" else []
arrays = {f"kernel{i}": np.asarray(layer.kernel) for i, layer in enumerate(layers)}
np.savez(f"{folder}/{name}.npz", **arrays, **{f"bias{i}": np.asarray(layer.bias) for i, layer in enumerate(layers)})
"""
"""Writes random weights of a network without its head: for Keras, and the convolutions of VGG16 for torch."""


@dataclass(frozen=True)
class Peer:
    """A published script.

    Attributes:
        program: ours of it, in `peers/`.
        network: in `keras.applications`.
        preset: the recipe of dreampipe.
        weights: the suffix of the file that it reads.
        torch: whether it runs on PyTorch.
    """

    program: str
    network: str
    preset: str
    weights: str = ".weights.h5"
    torch: bool = False


PEERS = {
    "keras.io": Peer("dream_keras_io.py", "inception_v3", "keras-io"),
    "TensorFlow's tutorial": Peer("dream_tutorial.py", "inception_v3", "tf-tutorial"),
    "pytorch-deepdream": Peer("dream_pytorch.py", "vgg16", "gordicaleksa", ".npz", torch=True),
}


class Times(NamedTuple):
    """The seconds of a whole process, and of the ascent in it."""

    whole: float
    ascent: float

    def least(self, other: Times) -> Times:
        return Times(min(self.whole, other.whole), min(self.ascent, other.ascent))


def run_script(peer: Peer, python: str, folder: Path) -> Times:
    """Run the script of a peer; raises CalledProcessError."""
    weights, out = folder / f"{peer.network}{peer.weights}", folder / "theirs.png"
    whole, told = run([python, str(HERE / peer.program), str(folder / "picture.jpg"), str(weights), str(out)])
    return Times(whole, float(told.splitlines()[-1]))


def run_preset(peer: Peer, folder: Path, more: list[str]) -> Times:
    """Run our preset of a peer; raises CalledProcessError."""
    weights, out = folder / f"{peer.network}.weights.h5", folder / "ours.png"
    out.unlink(missing_ok=True)  # a picture that is there is skipped
    command = [sys.executable, "-m", "dreampipe", "dream", str(folder / "picture.jpg"), str(out)]
    command += ["--recipe", peer.preset, "--model", f"{peer.network}-notop", "--weights", str(weights)]
    whole, told = run([*command, "--no-config", "--overwrite", "--events", *more])
    events = [json.loads(line) for line in told.splitlines()]
    return Times(whole, next(event["seconds"] for event in events if event["event"] == "done"))


def run(command: list[str]) -> tuple[float, str]:
    """Run a program, and return its seconds and what it printed."""
    started = time.perf_counter()
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, ran.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="a Python that has torch and torchvision")
    parser.add_argument("--only", choices=PEERS, nargs="+", default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("more", nargs="*", help="options of `dreampipe dream`")
    given = parser.parse_args()
    chosen = [name for name in given.only if given.torch or not PEERS[name].torch]
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        values = np.rint(scene(np.random.default_rng(0), 375, 500)[..., ::-1] * 255).astype(np.uint8)
        cv2.imwrite(str(folder / "picture.jpg"), values)
        for network in {PEERS[name].network for name in chosen}:
            run([sys.executable, "-c", WEIGHTS, network, work])
        print("| script | whole, s | preset, s | script / preset | ascent, s | preset, s | script / preset |")
        print("|" + " --- |" * 7)
        for name in chosen:
            peer, theirs, ours = PEERS[name], Times(1e9, 1e9), Times(1e9, 1e9)
            for _ in range(given.rounds):
                theirs = theirs.least(run_script(peer, given.torch if peer.torch else sys.executable, folder))
                ours = ours.least(run_preset(peer, folder, given.more))
            cells = [f"{a:.1f} | {b:.1f} | {a / b:.2f}" for a, b in zip(theirs, ours, strict=True)]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
