"""Which inputs become which outputs, decided and checked before anything is read."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.media.formats import (
    SUFFIXES,
    format_of,
    format_of_suffix,
    suffix_named,
)
from dreampipe.media.jobs import Job, identity
from dreampipe.media.locks import sweep_locks
from dreampipe.media.video.forms import is_film
from dreampipe.media.video.jobs import film_job, film_suffix, makes_film
from dreampipe.media.writing import sweep

_FALLBACK = ".png"


@dataclass(frozen=True)
class Plan:
    """All that is to be made, in order.

    Attributes:
        jobs: in natural order (`a2` before `a10`); no two write one file, none writes an input.
        folder: the output folder, which holds the manifest; it need not exist yet.
        notes: sentences for the user on what planning had to decide.
    """

    jobs: tuple[Job, ...]
    folder: Path
    notes: tuple[str, ...] = ()


def plan(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    recursive: bool = False,
    format: str | None = None,
) -> Plan:
    """Pair every input with its output, and remove what killed runs have left in the output folders.

    Args:
        source: a picture, a film, or a folder; of a folder the files with the suffix of a picture or film are taken,
            hidden ones are not.
        target: for a folder a folder, or a film or numbered pictures (`f/%05d.png`) that the pictures in it become as
            one; for a picture a file, or a folder where it exists or ends in a separator (a `Path` has lost that: hand
            over the text); for a film or an animated picture a film, an animated picture, or a folder or such names for
            numbered pictures.
        recursive: also take the pictures in the folders below, keeping the structure; links to folders stay out.
        format: the outputs' format, as its suffix names it; None to keep each input's where that can be written.

    Raises:
        MediaError: an input is missing, two inputs would write one output, or an output is an input.
    """
    suffix = None if format is None else suffix_named(format)
    if not os.fspath(source) or not os.fspath(target):
        raise MediaError("An input or output came empty, but a path is expected: name it, the current folder as a dot.")
    start, end = Path(source), Path(target)
    if not os.path.exists(start):
        raise MediaError(
            f"{start} does not exist, but a picture, a film or a folder of these is expected: check its name."
        )
    if makes_film(start, os.fspath(target)):
        job, folder = film_job(start, os.fspath(target), suffix)
        result = Plan((job,), folder)
    elif os.path.isdir(start):
        result = _folder_plan(start, end, suffix, recursive)
    elif os.path.isdir(end) or os.fspath(target).endswith(("/", os.sep)):
        result = _planned([(start, Path(start.name))], end, suffix)
    else:
        result = _single_plan(start, end, suffix)
    _check(result.jobs)
    for folder in {job.target.parent for job in result.jobs} | {result.folder}:
        sweep(folder)
        sweep_locks(folder)
    return result


def _single_plan(source: Path, target: Path, suffix: str | None) -> Plan:
    chosen = format_of(target)
    if suffix is not None and chosen.name != format_of(Path(f"x{suffix}")).name:
        raise MediaError(
            f"{target} has the suffix of {chosen.name}, but the format came as {suffix[1:]}: make them the same."
        )
    return Plan((Job(source, target, target.name),), target.parent)


def _folder_plan(source: Path, target: Path, suffix: str | None, recursive: bool) -> Plan:
    if os.path.exists(target) and not os.path.isdir(target):
        raise MediaError(f"{target} is a file, but {source} is a folder: name a folder for its pictures.")
    if not os.path.exists(target) and format_of_suffix(target):
        raise MediaError(
            f"{target} has the suffix of a picture, but {source} is a folder: name a folder for its pictures."
        )
    if identity(source) == identity(target) or os.path.realpath(source) == os.path.realpath(target):
        raise MediaError(f"{target} is the input folder itself, but inputs are never overwritten: name another output.")
    unlisted: list[str] = []
    found = sorted(_pictures(source, target, recursive, unlisted), key=natural)
    if not found:
        deeper = "" if recursive else " (or --recursive, to look into the folders below)"
        raise MediaError(f"{source} holds no pictures, but files with one of {SUFFIXES} are expected{deeper}.")
    result = _planned([(source / name, name) for name in found], target, suffix)
    return Plan(result.jobs, result.folder, (*unlisted, *result.notes))


def _pictures(source: Path, target: Path, recursive: bool, unlisted: list[str]) -> Iterator[Path]:
    def missed(problem: OSError) -> None:
        if Path(problem.filename) == source:
            raise MediaError(f"{source} cannot be listed ({problem.strerror}): make it readable.") from None
        unlisted.append(f"{problem.filename} cannot be listed ({problem.strerror}), and its pictures are left out.")

    output = os.path.realpath(target)
    for folder, below, names in os.walk(source, onerror=missed):
        here = Path(folder)
        if recursive:
            below[:] = [name for name in below if not name.startswith(".") and os.path.realpath(here / name) != output]
        else:
            below.clear()
        for name in names:
            if not name.startswith(".") and (format_of_suffix(Path(name)) or is_film(Path(name))):
                yield (here / name).relative_to(source)


def natural(path: Path) -> list[tuple[list[str | int], str]]:
    """A key to sort paths by, as people count: `a2` before `a10`."""
    # Text and numbers take turns in a split by digits, so that like is only ever compared with like.
    return [([int(part) if part.isdecimal() else part for part in _split(name)], name) for name in path.parts]


def _split(name: str) -> list[str]:
    return re.split(r"([0-9]+)", name.casefold())


def _planned(pairs: Iterable[tuple[Path, Path]], folder: Path, suffix: str | None) -> Plan:
    jobs, changed = [], set()
    for source, name in pairs:
        ending = film_suffix(name) if is_film(name) else suffix or _kept_suffix(name)
        if suffix and (known := format_of_suffix(name)) and suffix in known.suffixes:
            ending = name.suffix
        if not suffix and ending != name.suffix:
            changed.add(name.suffix or "no suffix")
        output = name.with_suffix(ending)
        jobs.append(Job(source, folder / output, output.as_posix(), film=is_film(name)))
    notes = tuple(
        f"{'Films' if is_film(Path('x' + old)) else 'Pictures'} with {old} are written as "
        f"{film_suffix(Path('x' + old)) if is_film(Path('x' + old)) else _FALLBACK}."
        for old in sorted(changed)
    )
    return Plan(tuple(jobs), folder, notes)


def _kept_suffix(name: Path) -> str:
    known = format_of_suffix(name)
    return name.suffix if known and known.writable else _FALLBACK


def _check(jobs: tuple[Job, ...]) -> None:
    by_output: dict[str, Job] = {}
    inputs = {found: job.source for job in jobs if (found := identity(job.source))}
    for job in jobs:
        # Some file systems take A.png and a.png, or an accent in one piece or two, for one name.
        other = by_output.setdefault(unicodedata.normalize("NFC", job.name).casefold(), job)
        if other is not job:
            raise MediaError(
                f"{other.source} and {job.source} would both be written to {job.target}: rename one of them."
            )
        found = identity(job.target)
        if found in inputs:
            raise MediaError(
                f"{job.target} is the input {inputs[found]} itself, but inputs are never overwritten: "
                "name another output."
            )
