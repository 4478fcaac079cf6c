"""Trains the second edition: `python -m dreampipe.models.motifnet.second.train FOLDER`.

As train.py of the first edition, by free adversarial training, but every batch is rendered anew, by `--workers`
processes or by the training itself. The plain twin is `--radius 0 --replays 1` with another folder, a second training
is `--seed 1`. Each batch follows from its number, so a run that was interrupted goes on from FOLDER/checkpoint.npz as
if it had not been.
"""

from __future__ import annotations

import argparse
import logging
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import fields
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from dreampipe.backend import keras
from dreampipe.models.motifnet import evaluate
from dreampipe.models.motifnet.checkpoints import save_arrays
from dreampipe.models.motifnet.second import network
from dreampipe.models.motifnet.second.classes import CLASSES
from dreampipe.models.motifnet.second.renderer import SIZE, render_many
from dreampipe.models.motifnet.train import Batch, Pictures, Plan, Trainer

log = logging.getLogger(__name__)

PLAN = Plan(pictures=400_000, updates=10_000, radius=1.5, warmup=400, checkpoint_every=40)
"""Numbers below `pictures` are rendered in order, and again from 0 after the last."""


def numbers(plan: Plan, batch: int) -> list[int]:
    """The numbers of the pictures of a batch."""
    return [k % plan.pictures for k in range(batch * plan.batch, (batch + 1) * plan.batch)]


def draw_batches(plan: Plan, first: int, workers: int = 0) -> Generator[Batch, None, None]:
    """Render batches for ever, from batch number `first` on; by this process, or ahead of it by `workers` others."""
    if not workers:
        while True:
            yield _as_batch(render_many(numbers(plan, first), plan.seed))
            first += 1
    ahead: deque[Future[Pictures]] = deque()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        while True:
            while len(ahead) < 2 * workers:
                ahead.append(pool.submit(render_many, numbers(plan, first), plan.seed))
                first += 1
            yield _as_batch(ahead.popleft().result())


def _as_batch(pictures: Pictures) -> Batch:
    return np.asarray(pictures[0], np.float32) / np.float32(255), pictures[1]


def main() -> None:
    """The command line: a folder, how many processes render, and the fields of the plan."""
    parser = argparse.ArgumentParser(prog="python -m dreampipe.models.motifnet.second.train", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds the checkpoint and, at the end, weights.npz")
    parser.add_argument("--workers", type=int, default=0, help="processes that render ahead of the training")
    for field in fields(PLAN):
        default = getattr(PLAN, field.name)
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(default), default=default)
    options = vars(parser.parse_args())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    folder, workers = options.pop("folder"), options.pop("workers")
    log.info("%s", train(Plan(**options), folder, workers))


def train(
    plan: Plan,
    folder: Path,
    workers: int = 0,
    build: Callable[[int], keras.Model] = network.build,
    checked: int = 1200,
) -> dict[str, float]:
    """Train to the plan's end, from the folder's checkpoint if there is one, and write weights.npz.

    Returns:
        The accuracy on `checked` fresh pictures, and that under attack on half of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(plan, build, len(CLASSES), SIZE)
    if (folder / "checkpoint.npz").exists():
        trainer.restore(folder / "checkpoint.npz")
        log.info("going on from update %d", trainer.update)
    with closing(draw_batches(plan, trainer.update // plan.replays, workers)) as drawn:
        trainer.climb(drawn, folder, lambda p: log.info("%s", p))
    weights = trainer.averaged()
    save_arrays(folder / "weights.npz", dict(zip((w.path for w in trainer.model.weights), weights, strict=True)))
    trainer.model.set_weights(weights)
    pixels, labels = render_many(range(checked), evaluate.FRESH_SEED)
    few, seed = checked // 2, evaluate.FRESH_SEED
    return {
        "clean_accuracy": evaluate.clean_accuracy(trainer.model, pixels, labels),
        "attacked_accuracy": evaluate.attacked_accuracy(trainer.model, pixels[:few], labels[:few], seed=seed),
    }


if __name__ == "__main__":
    main()
