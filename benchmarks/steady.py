"""What carrying a dream along the flow is worth: how much a dreamed film flickers, how well it scores, what it costs.

Used by `video.py`. All of it is measured on float frames before any encoder, on the clip of `clip.py`, whose motion is
known, or on a film in a file, whose motion is then the one that `stages/flow.py` finds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import clip
import numpy as np
import psutil

from dreampipe.ascent import Octaves
from dreampipe.engines.films import make_film
from dreampipe.engines.orders import FilmOrder
from dreampipe.frames import Array, Frame
from dreampipe.media import Job, Manifest
from dreampipe.media.video import open_source
from dreampipe.recipes import FilmRecipe
from dreampipe.stages.flow import FLOW, VISIBLE, Flow, move

Size = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Film:
    """Frames to be dreamed, the indices at which shots begin, and of each frame its motion: flow and where it holds."""

    frames: tuple[Frame, ...]
    cuts: tuple[int, ...]
    motion: tuple[tuple[Array, Any] | None, ...]


def rendered(count: int, size: Size) -> Film:
    """The clip of `clip.py`, with its true motion."""
    pictures = clip.frames(count, size)
    frames = tuple(Frame(np.asarray(p / 255, np.float32), n) for n, p in enumerate(pictures))
    truths = tuple((truth.flow, truth.seen) if truth else None for truth in clip.truths(count, size))
    return Film(frames, (clip.shots(count, size)[1][1][0],), truths)


def filmed(path: Path, longest: int) -> Film:
    """A film in a file, no larger than that."""
    from dreampipe.stages import Resize

    source = open_source(path)
    survey = source.survey()
    frames = tuple(Resize(longest)(source.frames(survey)))
    followed = Flow(frozenset(survey.cuts))(iter(frames))
    motion = tuple((f.extras[FLOW], f.extras[VISIBLE] > 0.5) if FLOW in f.extras else None for f in followed)
    return Film(frames, survey.cuts, motion)


def dreamed(film: Film, recipe: FilmRecipe) -> tuple[list[Array], float]:
    """The dreamed frames, and the seconds that the ascent took, without decoding, flow and encoding."""
    ready = list(recipe.ahead(film.cuts)(film.frames))
    began = time.perf_counter()
    dreams = [frame.pixels for frame in recipe.dreaming(film.cuts)(ready)]
    return dreams, time.perf_counter() - began


def flicker(film: Film, pictures: Sequence[Array]) -> float:
    """Mean absolute difference between each picture and the one before it, moved along the motion; unoccluded only."""
    return float(
        np.mean(
            [
                np.abs(pictures[n] - move(pictures[n - 1], motion[0]))[motion[1]].mean()
                for n, motion in enumerate(film.motion)
                if motion is not None
            ]
        )
    )


def score(recipe: FilmRecipe, pictures: Sequence[Array]) -> float:
    """The mean score of the pictures, at full size, all with the same jitter."""
    probe = replace(recipe.ascent(), octaves=Octaves(1), steps=1, step_size=1e-6)
    return float(np.mean([probe.run(picture, seed=1).scores[0] for picture in pictures]))


def steadiness(film: Film, recipes: dict[str, FilmRecipe]) -> None:
    """Prints flicker, score and speed of each recipe, against the first."""
    sources = [frame.pixels for frame in film.frames]
    still, plain = flicker(film, sources), score(next(iter(recipes.values())), sources)
    print(f"source: flicker {still:.4f}, score {plain:.3f}", flush=True)
    first: tuple[float, float, float] | None = None
    for name, recipe in recipes.items():
        dreams, seconds = dreamed(film, recipe)
        came = flicker(film, dreams) - still, score(recipe, dreams), seconds
        first = first or came
        print(
            f"{name}: flicker {came[0]:.4f} ({came[0] / first[0]:.2f} of the first), "
            f"score {came[1]:.3f} (gain over the source {(came[1] - plain) / (first[1] - plain):.3f} of the first's), "
            f"{seconds / len(sources):.2f} s a frame ({first[2] / seconds:.2f} times as fast)",
            flush=True,
        )


def overlap(path: Path, recipe: FilmRecipe) -> None:
    """Prints the wall time of a whole film against its ascent alone, and against all CPU seconds over the cores."""
    source = open_source(path)
    survey = source.survey()
    film = Film(tuple(source.frames(survey)), survey.cuts, ())
    _dreamed_first(film.frames[:2], recipe)
    _, alone = dreamed(film, recipe)
    wall, cpu = made(path, recipe)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    floor = max(alone, cpu / cores)
    print(f"wall {wall:.1f} s, ascent alone {alone:.1f} s, CPU over {cores} cores {cpu / cores:.1f} s", end=": ")
    print(f"{wall / floor:.2f} times the larger", flush=True)


def _dreamed_first(frames: tuple[Frame, ...], recipe: FilmRecipe) -> None:
    """Opens the model and traces the step, so that no measure has these in it."""
    dreamed(Film(frames, (), ()), recipe)


def made(path: Path, recipe: FilmRecipe) -> tuple[float, float]:
    """A film dreamed into a file: wall seconds and CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "film.mp4"
        job = Job(path, target, target.name, film=True)
        began, cpu = time.perf_counter(), time.process_time()
        make_film(job, Manifest(Path(folder)), FilmOrder(recipe), lambda event: None)
        return time.perf_counter() - began, time.process_time() - cpu


def speed(path: Path, recipes: Sequence[FilmRecipe]) -> None:
    """Prints frames a second of whole films, decoding to file, the last recipe against the first."""
    source = open_source(path)
    _dreamed_first(tuple(islice(source.frames(source.survey()), 2)), recipes[-1])
    seconds = []
    for recipe in recipes:
        wall, _ = made(path, recipe)
        seconds.append(wall)
        print(f"{recipe.motion}: {wall:.1f} s", flush=True)
    print(f"{recipes[-1].motion} is {seconds[0] / seconds[-1]:.2f} times as fast as {recipes[0].motion}", flush=True)


def memory(size: Size, counts: Sequence[int], settings: Sequence[str]) -> None:
    """Prints what the process of a whole film holds, at most, for films of these many frames."""
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            source = Path(folder) / f"{count}.mp4"
            clip.write(source, count, size)
            command = [sys.executable, "-m", "dreampipe", "dream", str(source), str(source.with_suffix(".mkv"))]
            peak, held = _watched([*command, "--events", *settings], count)
            print(f"{count} frames of {size[0]}x{size[1]}: resident {held:.2f} GB after the last, peak {peak:.2f} GB")


def _watched(command: Sequence[str], count: int) -> tuple[float, float]:
    """GB: the most that a process held, and what it held when its last frame was dreamed."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watched, held = psutil.Process(process.pid), 0
        for line in process.stdout or ():
            if '"framed"' in line:
                held = watched.memory_info().rss
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_maxrss * 1024 / 1e9, held / 1e9
