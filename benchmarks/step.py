"""What a step of an ascent costs, in turns inside one process: `python benchmarks/step.py [NAME ...] [--rounds 20]`.

A step is the score, the mean of squares of a layer, and its gradient by the picture. For each network: the old way (a
tap that keeps every operation as it is) and the new one (`dreampipe.models.tap` of a frozen model), taken in turns,
beside a 4096 matrix product, which says what the processor can do in float32. Prints the least time of each, their
ratio, the share of the product's speed that a step reaches (four operations for each multiply-add of the forward pass),
and how far the gradients are apart, max|a - b| / max|b|. Times are those of the clock, or with `--cpu` those of the
process, which other work on the machine disturbs less.

Weights are random, for speed does not depend on them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from dreampipe import backend
from dreampipe.backend import keras, ops
from dreampipe.models import motifnet
from dreampipe.models.opening import open_model
from dreampipe.models.tap import describe, tap


class Network(NamedTuple):
    """A network to measure: how to make it, the layer to score, and the (height, width) of the picture."""

    build: Callable[[], Any]
    layer: str
    size: tuple[int, int] = (512, 512)


def build(name: str) -> Callable[[], Any]:
    return lambda: getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(None, None, 3))


NETWORKS = {
    "motifnet": Network(lambda: open_model(motifnet.card()), "mixed5", (480, 640)),
    "motifnet, whole": Network(lambda: open_model(motifnet.card()), "places", (480, 640)),
    "InceptionV3": Network(build("InceptionV3"), "mixed5"),
    "VGG16": Network(build("VGG16"), "block4_conv3"),
    "ResNet50": Network(build("ResNet50"), "conv4_block6_out"),
    "MobileNet": Network(build("MobileNet"), "conv_pw_11_relu"),
    "EfficientNetV2B0": Network(build("EfficientNetV2B0"), "block5e_add"),
}
PRODUCT = 4096


def step(model: Any, layer: str) -> Callable[[Any], Any]:
    tapped = tap(model, [layer])

    def score(picture: Any) -> Any:
        return ops.mean(ops.square(tapped(picture, training=False)[layer])), 0

    return backend.compile(
        lambda picture: backend.value_and_gradients(score, picture)[2][0], backend.spec(None, None, None, 3)
    )


def take_turns(ways: Mapping[str, Callable[[], Any]], rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Run each way once to trace it, then all in turns; the least seconds of each."""
    for way in ways.values():
        way()
    least = dict.fromkeys(ways, np.inf)
    for _ in range(rounds):
        for name, way in ways.items():
            start = clock()
            way()
            least[name] = min(least[name], clock() - start)
    return least


def measure(network: Network, rounds: int, clock: Callable[[], float]) -> str:
    model = network.build()
    picture = np.random.default_rng(0).random((1, *network.size, 3), np.float32)
    matrix = ops.convert_to_tensor(np.random.default_rng(1).normal(size=(PRODUCT, PRODUCT)).astype(np.float32))
    model.trainable = True
    old = step(model, network.layer)
    was = np.asarray(old(picture))
    model.trainable = False
    new = step(model, network.layer)
    apart = np.abs(np.asarray(new(picture)) - was).max() / np.abs(was).max()
    ways = {
        "old": lambda: np.asarray(old(picture)),
        "new": lambda: np.asarray(new(picture)),
        "product": lambda: np.asarray(ops.matmul(matrix, matrix)[0, 0]),
    }
    least = take_turns(ways, rounds, clock)
    layer = next(layer for layer in describe(model) if layer.name == network.layer)
    operations = 4 * (layer.cost or 0) * network.size[0] * network.size[1] / 512**2
    limit = 2 * PRODUCT**3 / least["product"]
    milliseconds = f"{1e3 * least['old']:.0f} | {1e3 * least['new']:.0f} | {least['old'] / least['new']:.2f}"
    shares = f"{operations / least['old'] / limit:.2f} | {operations / least['new'] / limit:.2f}"
    return f"{operations / 1e9:.1f} | {milliseconds} | {shares} | {limit / 1e9:.0f} | {apart:.0e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(NETWORKS), metavar="NAME", help=", ".join(NETWORKS))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--cpu", action="store_true", help="measure the time of the process in place of the clock")
    given = parser.parse_args()
    clock = time.process_time if given.cpu else time.perf_counter
    print("| network | GFLOP | old, ms | new, ms | old / new | share, old | share, new | limit, GFLOP/s | apart |")
    print("|" + " --- |" * 9)
    for name in given.names:
        print(f"| {name} | {measure(NETWORKS[name], given.rounds, clock)} |", flush=True)


if __name__ == "__main__":
    main()
