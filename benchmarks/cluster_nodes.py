"""Three nodes of Ray on this machine, of which one is killed in the middle of a run: what that costs, and what is lost.

Used by `cluster.py`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from cluster_runs import write_photos

from dreampipe.engines.dreams import DreamTask
from dreampipe.engines.hiring import ALONE, Hire
from dreampipe.engines.orders import FilmOrder
from dreampipe.events import Began, Done, Event, Finished, Framed, Skipped, Stepped
from dreampipe.recipes import FilmRecipe

SIDE = 48
WIDTH, HEIGHT = 64, 48
FRAMES = 6
"""Frames of a shot."""


@dataclass(frozen=True)
class Lost:
    """A run on three nodes, of which one went in the middle.

    Attributes:
        made: outputs that the run has made; the last one of the node may be written and not heard of, so another
            worker skips it.
        made_twice: pictures that were begun more than once; of a film frames that were made again.
        same: whether all outputs are those of a run in one process, byte for byte.
        whole: whether the same command then skips everything, as the manifest has it all.
        first, alone_first: seconds to the first output, or frame, there and in one process.
        driver: processor seconds of the driver for a picture, or a frame.
    """

    made: int
    made_twice: int
    same: bool
    whole: bool
    first: float
    alone_first: float
    driver: float


class Watch:
    """Hears a run, and kills the node at work once so many pictures or frames are made."""

    def __init__(self, kill: Callable[[str], bool], middle: int) -> None:
        self._kill, self._middle = kill, middle
        self.told: list[Event] = []
        self.made = 0
        self.first: float | None = None
        self.killed = False
        self._began = time.perf_counter()

    def __call__(self, event: Event) -> None:
        self.told.append(event)
        if isinstance(event, Framed):
            self.made = event.done
        elif isinstance(event, Done):
            self.made += 1
        if self.made and self.first is None:
            self.first = time.perf_counter() - self._began
        if self.made >= self._middle and isinstance(event, Stepped | Framed) and not self.killed:
            self.killed = self._kill(event.node)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]


@contextmanager
def three_nodes() -> Iterator[tuple[str, Callable[[str], bool]]]:
    """Start a cluster of three nodes; yield its address, and a function that kills the node of an event, once."""
    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]

    def kill(name: str) -> bool:
        at = name.partition("/")[2]
        found = next((node for node in nodes if at and node.node_id.startswith(at)), None)
        if found:
            cluster.remove_node(found, allow_graceful=False)
        return found is not None

    try:
        yield cluster.address, kill
    finally:
        ray.shutdown()
        cluster.shutdown()


def lose_node(pictures: int) -> Lost:
    """Dream small pictures on three nodes of this machine, and kill one that is at work when half of them are made."""
    order = FilmOrder(FilmRecipe.of(octaves=1, steps=1))
    with tempfile.TemporaryDirectory() as folder:
        write_photos(Path(folder, "photos"), pictures, SIDE)

        def task(name: str, hire: Hire) -> DreamTask:
            return DreamTask(f"{folder}/photos", f"{folder}/{name}", order, hire=hire)

        return _lose(task, pictures, Path(folder))


def lose_node_of_film(shots: int) -> Lost:
    """Dream a film of small shots on three nodes, and kill one that is at work when half of the frames are made."""
    order = FilmOrder(FilmRecipe.of(octaves=1, steps=1, refresh_steps=1))
    with tempfile.TemporaryDirectory() as folder:
        write_film(Path(folder, "film.mp4"), shots)

        def task(name: str, hire: Hire) -> DreamTask:
            Path(folder, name).mkdir(exist_ok=True)
            return DreamTask(f"{folder}/film.mp4", f"{folder}/{name}/dream.mp4", order, hire=hire)

        return _lose(task, shots * FRAMES, Path(folder))


def write_film(path: Path, shots: int) -> None:
    """Write a film of moving waves; every other shot is bright where the one before it is dark."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    with av.open(str(path), "w") as film:
        video: Any = film.add_stream("libx264", rate=24)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(shots):
            phase, speed = np.random.default_rng(number).uniform(0.1, 3, (2, 3))
            for at in range(FRAMES):
                waves = [np.sin(columns / 9 + rows / 7 + phase[n] + 0.2 * speed[n] * at) for n in range(3)]
                shade = 0.5 + 0.35 * np.stack(waves, -1) * (columns / WIDTH)[..., None]
                pixels = np.asarray(255 * (1 - shade if number % 2 else shade), np.uint8)
                film.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        film.mux(video.encode(None))


def _lose(task: Callable[[str, Hire], DreamTask], count: int, folder: Path) -> Lost:
    """Run a task on three nodes, again on this machine, and again where all is made."""
    busy = time.process_time()
    with three_nodes() as (address, kill):
        shared = _run(task("shared", Hire("ray", address=address)), Watch(kill, count // 2))
    busy = time.process_time() - busy
    if not shared.killed:
        raise SystemExit("No node was at work but the first: give more pictures or shots.")
    alone = _run(task("alone", ALONE), Watch(lambda node: True, count))
    again = _run(task("shared", ALONE), Watch(lambda node: True, count))
    (finished,) = shared.of(Finished)
    made = finished.done + finished.skipped
    return Lost(
        made,
        _count_twice(shared),
        _hashes(folder / "shared") == _hashes(folder / "alone"),
        len(again.of(Skipped)) == made,
        shared.first or 0.0,
        alone.first or 0.0,
        busy / count,
    )


def _run(task: DreamTask, watch: Watch) -> Watch:
    task.check()
    task.run(watch)
    return watch


def _count_twice(watch: Watch) -> int:
    """Count what was under way on the node, and made again: frames that are ready grow fewer then."""
    begun = [event.name for event in watch.of(Began)]
    frames = [event.done for event in watch.of(Framed)]
    return sum(max(0, before - after) for before, after in pairwise(frames)) or len(begun) - len(set(begun))


def _hashes(folder: Path) -> dict[str, str]:
    """Hash every output in a folder."""
    found = (path for path in folder.iterdir() if not path.name.startswith("."))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
