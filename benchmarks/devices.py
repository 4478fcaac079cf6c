"""What each installed backend does on this machine: `python benchmarks/devices.py [BACKEND ...] [--large]`.

Each backend runs in a process of its own, for Keras has one for each process. Prints its device; the speed of a 4096
matrix product, which is the limit; for each network the first step of a size, compiling included, the fastest one, and
its share of the limit (four operations for each multiply-add of the forward pass); whether two runs of the step give
the same bits; and the default dream of a sample, as a command, the first time and again. Weights are random, for speed
does not depend on them. `--large` adds 1920x1080 and 3840x2160, for GPUs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
NAMES = ("InceptionV3", "VGG16", "MobileNet", "motifnet")
USUAL, LARGE = ((512, 512),), ((1080, 1920), (2160, 3840))


def _first_value(climb: Callable[[Any], Any], picture: Any) -> Any:
    return climb(picture)[0, 0, 0, 0]


def measure(rounds: int, large: bool) -> None:
    """Print the rows of the backend of this process."""
    from step import NETWORKS, PRODUCT, step

    from dreampipe import backend
    from dreampipe.backend import choosing, ops
    from dreampipe.models.tap import describe

    name = f"{choosing.name()} on {backend.device()}"
    values = np.random.default_rng(0).normal(size=(PRODUCT, PRODUCT)).astype(np.float32)
    product = backend.compile(lambda x: ops.matmul(x, x), backend.spec(None, None))
    matrix = ops.convert_to_tensor(values)
    _, seconds = time_of(lambda: backend.as_array(product(matrix)[0, 0]), rounds)
    limit = 2 * PRODUCT**3 / seconds
    print(
        f"| {name} | matrix product | {PRODUCT} | - | {1e3 * seconds:.1f} | {limit / 1e9:.0f} GFLOP/s | - |", flush=True
    )
    for network in NAMES:
        build, layer, _ = NETWORKS[network]
        model = build()
        model.trainable = False
        climb = step(model, layer)
        cost = next(one.cost or 0 for one in describe(model) if one.name == layer)
        for height, width in (*USUAL, *(LARGE if large else ())):
            picture = ops.convert_to_tensor(np.random.default_rng(0).random((1, height, width, 3), np.float32))
            first, least = time_of(partial(_first_value, climb, picture), rounds)
            share = 4 * cost * height * width / 512**2 / least / limit
            once, again = (backend.as_array(climb(picture)) for _ in range(2))
            same = (
                "yes" if np.array_equal(once, again) else f"no, {np.abs(once - again).max() / np.abs(once).max():.0e}"
            )
            times = f"{1e3 * first:.0f} | {1e3 * least:.1f} | {share:.2f} | {same}"
            print(f"| {name} | {network}, `{layer}` | {width}x{height} | {times} |", flush=True)


def time_of(compute: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """The seconds of the first call, and of the fastest one after it."""
    from dreampipe import backend

    taken = []
    for _ in range(1 + rounds):
        start = time.perf_counter()
        backend.as_array(compute())
        taken.append(time.perf_counter() - start)
    return taken[0], min(taken[1:])


def dream(name: str, folder: Path) -> tuple[float, float]:
    """The seconds of the default dream of a sample as a command, the first time and with all that is cached then."""
    variables = {"KERAS_BACKEND": name, "KERAS_HOME": str(folder), "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "dreampipe", "dream", str(ROOT / "samples" / "sea.jpg")]
    taken = []
    for output in ("first.png", "again.png"):  # an output that is there is skipped
        start = time.perf_counter()
        subprocess.run([*words, str(folder / output), "--quiet"], env={**os.environ, **variables}, check=True)
        taken.append(time.perf_counter() - start)
    return taken[0], taken[1]


def main() -> None:
    from dreampipe.backend.choosing import installed

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(installed()), metavar="BACKEND")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="also 1920x1080 and 3840x2160")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        measure(given.rounds, given.large)
        return
    print("| backend | what | size | first, ms | then, ms | share of the limit | the same bits |")
    print("|" + " --- |" * 7, flush=True)
    more = ["--rounds", str(given.rounds), "--here", *(["--large"] if given.large else [])]
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    for name in given.names:
        variables = {"KERAS_BACKEND": name, "PYTHONPATH": path}
        subprocess.run([sys.executable, __file__, *more], env={**os.environ, **variables}, check=False)
        with tempfile.TemporaryDirectory() as folder:
            first, again = dream(name, Path(folder))
        row = f"the default dream, the whole command | sea.jpg | {1e3 * first:.0f} | {1e3 * again:.0f} | - | -"
        print(f"| {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
