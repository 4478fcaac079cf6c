"""Print a dry run: a line for each file on stdout, and what all of them take on stderr."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psutil
import typer

from dreampipe.backend.choosing import check_choice
from dreampipe.cli.answer import FAILED
from dreampipe.cli.details import describe
from dreampipe.cli.estimates import about
from dreampipe.cli.events import print_out, write_line
from dreampipe.cli.fetching import megabytes
from dreampipe.cli.hush import import_backend
from dreampipe.cli.terminal import as_json, say
from dreampipe.engines.forecasting import Forecast, Pace, measure_methods, measure_pace
from dreampipe.engines.task import Task
from dreampipe.events import Noted
from dreampipe.models.weights.missing import missing
from dreampipe.recipes import Explaining


@dataclass(frozen=True)
class _Costs:
    """The costs of one forecast: bytes of memory and seconds; None for one that is not known."""

    memory: int | None
    seconds: float | None


def foretell(task: Task, quiet: bool, verbose: bool, events: bool) -> None:
    """Print what a task would make, and write nothing.

    Args:
        quiet: leave out the notes and the sum.
        verbose: also print versions, the model and the settings.
        events: print a line of JSON for each file, and for each note.

    Raises:
        DreampipeError: the task is wrong as a whole.
        typer.Exit: 1 if something would fail.
    """
    check_choice()
    for note in task.check(dry=True):
        if not quiet:
            say(f"Note: {note}")
        if events:
            write_line(Noted(task.name, note))
    if verbose:
        describe(task)
    import_backend()
    found = list(task.forecast())
    pace = _measure(task, found)
    held = psutil.Process().memory_info().rss
    costs = [_cost(each, pace, held) for each in found]
    for each, cost in zip(found, costs, strict=True):
        if each.failure:
            say(f"Failed {each.name}: {each.failure}")
        if events:
            print_out(as_json(_fields(each, cost)), "events")
        elif not each.failure:
            figures = _describe(each, cost)
            print_out(f"{each.name} -> {', '.join(map(str, each.targets))}{figures and f': {figures}'}", "lines")
    if not quiet:
        say(_sum(found, costs, pace))
        if not found or not all(each.failure for each in found):
            say(_basis(task, found, pace))
    if any(each.failure for each in found):
        raise typer.Exit(FAILED)


def _measure(task: Task, found: Sequence[Forecast]) -> Pace | None:
    """Measure the largest climb or explanation; None if there is none, or the weights are not there yet."""
    recipe, sizes = task.recipe, [each.size for each in found if each.size]
    if isinstance(recipe, Explaining) and sizes and not missing(recipe.card()):
        return measure_methods(recipe, max(sizes, key=_pixels))
    climbing = [(each.ascent, each.size) for each in found if each.ascent and each.size]
    if not climbing or not (card := recipe.card()) or missing(card):
        return None
    ascent, size = max(climbing, key=lambda one: _pixels(one[1]))
    return measure_pace(ascent, size) if ascent.steps else None


def _pixels(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _cost(each: Forecast, pace: Pace | None, held: int) -> _Costs:
    if each.climbing is None:
        return _Costs(None, pace.seconds * _pixels(each.size) * each.frames if pace and each.size else None)
    return _Costs(each.climbing.memory + held, pace.seconds * each.climbing.total if pace else None)


def _describe(each: Forecast, cost: _Costs) -> str:
    if each.skipped:
        return "skipped, it is finished"
    parts = []
    if each.size:
        size = _times(each.size)
        parts.append(f"{each.frames} frames of {size}" if each.frames > 1 else size)
    if len(each.octaves) > 1:
        parts.append(f"{len(each.octaves)} octaves ({', '.join(map(_times, each.octaves))})")
    elif each.octaves:
        parts.append(f"1 octave ({_times(each.octaves[0])})")
    if each.tiles > 1:
        parts.append(f"{each.tiles} tiles of at most {each.tile} pixels")
    if cost.memory is not None:
        parts.append(f"{cost.memory / 1e9:.1f} GB of memory")
    if cost.seconds is not None:
        parts.append(f"about {about(max(1.0, cost.seconds))}")
    return ", ".join(parts)


def _times(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"


def _sum(found: Sequence[Forecast], costs: Sequence[_Costs], pace: Pace | None) -> str:
    skipped, failed = sum(each.skipped for each in found), sum(bool(each.failure) for each in found)
    text = f"Dry run: {len(found) - skipped - failed} to make, {skipped} skipped, {failed} would fail"
    seconds = [cost.seconds for cost in costs if cost.seconds is not None]
    memory = [cost.memory for cost in costs if cost.memory is not None]
    if seconds and pace:
        text += f"; about {about(max(1.0, pace.opening + sum(seconds)))}"
    if memory:
        text += f"; at most {max(memory) / 1e9:.1f} GB of memory"
    return f"{text}. No output was written."


def _basis(task: Task, found: Sequence[Forecast], pace: Pace | None) -> str:
    """Say what the time rests on, or why there is none."""
    if pace:
        opened = f"{pace.opening:.0f} s to open the model"
        more = "reading, writing and the flow of films come on top"
        return f"The time rests on {pace.basis}, measured just now, and {opened}; {more}."
    if (card := task.recipe.card()) and (weights := missing(card)):
        size = f", about {megabytes(weights.bytes)}," if weights.bytes else ""
        return f"The weights {weights.file}{size} would be downloaded first; without them no time can be measured."
    if all(each.skipped or each.failure for each in found):
        return "There is nothing to make, so no time was measured."
    if any(each.climbing for each in found):
        return "No step is to be climbed, so it takes no longer than reading and writing."
    return "Time and memory are not estimated here, because they depend on the pictures; the progress of a run tells."


def _fields(each: Forecast, cost: _Costs) -> dict[str, object]:
    return {
        "event": "forecast",
        "name": each.name,
        "targets": list(map(str, each.targets)),
        "size": each.size and list(each.size),
        "frames": each.frames,
        "octaves": [list(size) for size in each.octaves],
        "tile": each.tile if each.tiles > 1 else None,
        "tiles": each.tiles,
        "memory": cost.memory,
        "seconds": cost.seconds,
        "skipped": each.skipped,
        "failure": each.failure,
    }
