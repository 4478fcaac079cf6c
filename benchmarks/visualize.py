"""What visualizing costs, as ratios inside one run: `python benchmarks/visualize.py`.

Prints
1. an atlas of 64 channels of motifnet's middle block at 128 px, start-up included: by the defaults (258 steps over
   three sizes), with and without the training pictures beside each channel, and with 256 steps at full size;
2. in one warm process, a channel of a batch against a channel that climbs alone;
3. on InceptionV3 to `mixed5` at 256 px (random weights), a step in each parameterization against one in pixels.

Seconds depend on the machine; run nothing else beside it. The ratios are what is compared.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

import dreampipe
from dreampipe.ascent import Ascent, Octaves
from dreampipe.ascent.optimizers import Adam, Plain
from dreampipe.ascent.parameterizations import Fourier, Luminance, MaCo, Parameterization, Pixels
from dreampipe.ascent.starts import Noise
from dreampipe.ascent.transforms import Jitter
from dreampipe.backend import keras
from dreampipe.drawings.atlas import draw_atlas
from dreampipe.models.model_card import Card
from dreampipe.objectives import Objective
from dreampipe.recipes import Atlas

LAYER, CHANNELS = "mixed4", "0-63"


def whole_atlas(folder: Path) -> None:
    command = [sys.executable, "-m", "dreampipe", "atlas", LAYER, str(folder / "atlas.png"), "--channels", CHANNELS]
    for how in (["--exemplars", "0"], [], ["--exemplars", "0", "--octaves", "1", "--steps", "256"]):
        began = time.perf_counter()
        subprocess.run([*command, *how, "--overwrite", "--quiet"], check=True)
        print(f"atlas of {LAYER} {CHANNELS} {' '.join(how)}: {time.perf_counter() - began:.1f} s", flush=True)


def batch_against_single() -> None:
    recipe = Atlas.of(layer=LAYER, channels="0-15", steps=64, exemplars=0)
    alone = [Atlas.of(layer=LAYER, channels=str(channel), steps=64, exemplars=0) for channel in range(3)]
    draw_atlas(recipe.model_copy(update={"steps": 1}))  # opens the model and traces
    together, apart = [], []
    for one in alone:
        together.append(_seconds(partial(draw_atlas, recipe)) / 16)
        apart.append(_seconds(partial(draw_atlas, one)))
    ratio = statistics.median(t / a for t, a in zip(together, apart, strict=True))
    print(f"a channel in a batch of 16 takes {ratio:.2f} of the time of one that climbs alone", flush=True)


def parameterizations(folder: Path, steps: int = 12, rounds: int = 7) -> None:
    card = _inception(folder)
    ways: list[tuple[Parameterization, Ascent]] = []
    hows: tuple[Parameterization, ...] = (Pixels(), Fourier(), MaCo(), Luminance())
    for how in hows:
        optimizer = Plain() if isinstance(how, Pixels) else Adam()
        ways.append(
            (
                how,
                Ascent(
                    card,
                    Objective.parse("mixed5"),
                    Octaves(1),
                    steps,
                    step_size=0.01,
                    parameterization=how,
                    transforms=(Jitter(8),),
                    optimizer=optimizer,
                ),
            )
        )
    start = Noise().pictures((256, 256), 1, 0)
    times: dict[str, list[float]] = {}
    for number in range(rounds + 1):  # the first one traces
        for how, ascent in ways:
            taken = _seconds(lambda ascent=ascent: ascent.run(start, seed=0))  # type: ignore[misc]
            if number:
                times.setdefault(type(how).__name__, []).append(taken / steps)
    pixels = times["Pixels"]
    print(f"InceptionV3 mixed5, 256 px: {statistics.median(pixels) * 1000:.0f} ms a step in pixels")
    for name, own in times.items():
        ratio = statistics.median(a / b for a, b in zip(own, pixels, strict=True))
        print(f"  {name:10s} {ratio:.2f} of that")


def _inception(folder: Path) -> Card:
    model = keras.applications.InceptionV3(include_top=False, weights=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, when it saves
        model.save(folder / "inception.keras")
    return dreampipe.card(folder / "inception.keras", "tf")


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    np.random.seed(0)
    with tempfile.TemporaryDirectory() as folder:
        whole_atlas(Path(folder))
        batch_against_single()
        parameterizations(Path(folder))


if __name__ == "__main__":
    main()
