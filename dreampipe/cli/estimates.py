"""Sentences on estimates, with amounts that are easy to read."""

from __future__ import annotations

from dreampipe.events import Estimated


def sentence(estimated: Estimated) -> str:
    """Write how long something takes, how much memory it needs, and what takes less time."""
    size = f"{estimated.width}x{estimated.height}"
    what = f"{estimated.frames} frames of {size}" if estimated.frames > 1 else size
    memory = f"{estimated.memory / 1e9:.1f} GB of memory"
    text = f"{estimated.name} ({what}) takes about {about(estimated.seconds)} and {memory}"
    if estimated.pictures > 1:
        workers = f" on {estimated.workers} workers" if estimated.workers > 1 else ""
        text += f", and all {estimated.pictures} take about {about(estimated.whole)}{workers} if they are like it"
    if estimated.smaller is not None and estimated.faster is not None:
        text += f": with --max-size {estimated.smaller} it takes about {about(estimated.faster)}"
    return text


def about(seconds: float) -> str:
    """Write a duration in one or two figures: `40 s`, `7 min`, `2 h 10 min`, `3 days`."""
    if seconds < 55:
        return f"{seconds:.0f} s" if seconds < 10 else f"{round(seconds, -1):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(round(minutes, -1), 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(hours / 24)} days"


def exact(seconds: float) -> str:
    """Write a duration that was measured: `12.1 s`, `7 min 2 s`, `1 h 5 min`."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
