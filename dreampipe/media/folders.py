"""Which inputs become which outputs, decided and checked before anything is read."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dreampipe.errors import MediaError
from dreampipe.media.formats import (
    ANIMATED,
    MAP_SUFFIXES,
    SUFFIXES,
    format_of,
    format_of_suffix,
    suffix_named,
)
from dreampipe.media.jobs import Job, Jobs, identity
from dreampipe.media.kinds import Kind, format_of_file, kind_of
from dreampipe.media.listing import list_folder
from dreampipe.media.locks import sweep_locks
from dreampipe.media.patterns import is_pattern
from dreampipe.media.video.codecs import CONTAINERS
from dreampipe.media.video.forms import is_animated
from dreampipe.media.video.jobs import film_job, film_suffix, makes_film
from dreampipe.media.writing import sweep

_FALLBACK = ".png"
_MOST_NAMES = 3
"""The most pictures that a sentence names."""

Inputs = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""One input, or several."""


@dataclass(frozen=True)
class Plan:
    """All that is to be made, in order.

    Attributes:
        jobs: in natural order (`a2` before `a10`); no two write one file, none writes an input.
        folder: the output folder, which holds the manifest; it need not exist yet.
        notes: sentences for the user on what planning had to decide.
        left_out: pictures and films of the input folder that are not made, in words: "2 .dng"; empty for none.
    """

    jobs: Sequence[Job]
    folder: Path
    notes: tuple[str, ...] = ()
    left_out: str = ""


class _Input(NamedTuple):
    """An input: `source` is relative to the folder `root`, and `name` to the output folder."""

    root: Path
    source: str
    name: str


def plan(
    source: Inputs,
    target: str | os.PathLike[str],
    *,
    recursive: bool = False,
    format: str | None = None,
    maps: bool = False,
    clean: bool = True,
    animate: bool = True,
) -> Plan:
    """Pair every input with its output, and remove what killed runs have left in the output folders.

    Args:
        source: a picture, a film, or a folder; of a folder the files are taken that are pictures or films by their
            bytes, or by their names where the bytes say nothing; hidden ones are not. Of several inputs, which all go
            into one folder, a file keeps its name, and the files of a folder go into a folder of its name.
        target: for a folder a folder, or a film or numbered pictures (`f/%05d.png`) that the pictures in it become as
            one; for a picture a file, or a folder where it exists or ends in a separator (a `Path` has lost that: hand
            over the text); for a film or an animated picture a film, an animated picture, or a folder or such names for
            numbered pictures.
        recursive: also take the pictures in the folders below, keeping the structure; links to folders stay out.
        format: the outputs' format, as its suffix names it; None to keep each input's where that can be written.
        maps: let outputs also be maps of numbers, as `media.maps` writes them.
        clean: remove what killed runs have left; False changes nothing on the disk.
        animate: let an animated picture of a folder be a film, where its format is one of animations too.

    Raises:
        MediaError: an input is missing, two inputs would write one output, or an output is an input.
    """
    suffix = None if format is None else suffix_named(format, maps)
    inputs = [source] if isinstance(source, str | os.PathLike) else list(source)
    if not inputs or not all(map(os.fspath, (*inputs, target))):
        raise MediaError("An input or output came empty, but a path is expected: name it, the current folder as a dot.")
    starts, end = list(map(Path, inputs)), Path(target)
    if absent := next((start for start in starts if not os.path.exists(start)), None):
        raise MediaError(
            f"{absent} does not exist, but a picture, a film or a folder of these is expected: check its name."
        )
    start = starts[0]
    if len(starts) > 1:
        result = _several_plan(starts, os.fspath(target), suffix, recursive, maps, animate)
    elif makes_film(start, os.fspath(target)):
        job, folder = film_job(start, os.fspath(target), suffix)
        result = Plan((job,), folder)
    elif os.path.isdir(start):
        result = _folder_plan(start, end, suffix, recursive, maps, animate)
    elif os.path.isdir(end) or os.fspath(target).endswith(("/", os.sep)):
        result = _plan([_Input(start.parent, start.name, start.name)], end, suffix, animate)
    else:
        result = _single_plan(start, end, suffix, maps)
    _check(result.jobs)
    if clean:
        sweep_folders(result)
    return result


def sweep_folders(planned: Plan) -> None:
    """Remove what killed runs have left in the output folders."""
    for folder in {job.target.parent for job in planned.jobs} | {planned.folder}:
        sweep(folder)
        sweep_locks(folder)


def _several_plan(
    sources: Sequence[Path], target: str, suffix: str | None, recursive: bool, maps: bool, animate: bool
) -> Plan:
    """Plan several inputs, all into one folder; an input that came twice is made once."""
    folder = Path(target)
    _check_takes_several(folder, target, len(sources), maps)
    found: dict[tuple[str, str], _Input] = {}
    notes: list[str] = []
    left_out: list[str] = []
    for source in sources:
        if _is_same(source, folder):
            notes.append(f"{source} is the output folder itself, so it is no input here.")
            continue
        inputs = [_Input(source.parent, source.name, source.name)]
        if os.path.isdir(source):
            listed = list_folder(source, folder, recursive)
            own = Path(os.path.abspath(source)).name
            inputs = [_Input(source, name, f"{own}/{name}" if own else name) for name in listed.inputs]
            notes += listed.notes
            if listed.left_out:
                left_out.append(f"{listed.left_out} in {source}")
            elif not inputs:
                notes.append(f"{source} holds no pictures and no films.")
        found |= {(os.path.realpath(one.root / one.source), one.name): one for one in inputs}
    if not found:
        raise MediaError(
            f"None of the {len(sources)} inputs holds a picture or a film for {folder}: name some that do."
        )
    result = _plan(found.values(), folder, suffix, animate)
    return Plan(result.jobs, folder, (*notes, *result.notes), "; ".join(left_out))


def _check_takes_several(end: Path, target: str, count: int, maps: bool) -> None:
    """Raise MediaError if the output of several inputs is, or is named like, a file."""
    if os.path.isdir(end):
        return
    file = os.path.lexists(end)
    suffix = end.suffix.lower()
    named = format_of_suffix(end) or suffix in CONTAINERS or is_pattern(end) or (maps and suffix in MAP_SUFFIXES)
    if file or (named and not target.endswith(("/", os.sep))):
        what = "is a file" if file else "is the name of a file"
        raise MediaError(
            f"{end} {what}, but {count} inputs came before it and become files of one folder: name a folder last."
        )


def _single_plan(source: Path, target: Path, suffix: str | None, maps: bool) -> Plan:
    chosen = _kind_of(target, maps)
    if suffix is not None and chosen != _kind_of(Path(f"x{suffix}"), maps):
        raise MediaError(
            f"{target} has the suffix of {chosen}, but the format came as {suffix[1:]}: make them the same."
        )
    return Plan((Job(source, target, target.name),), target.parent)


def _kind_of(target: Path, maps: bool) -> str:
    """Name the format of an output; raises MediaError if it cannot be written."""
    return "npy" if maps and target.suffix.lower() == ".npy" else format_of(target, " .npy" if maps else "").name


def _folder_plan(source: Path, target: Path, suffix: str | None, recursive: bool, maps: bool, animate: bool) -> Plan:
    if os.path.exists(target) and not os.path.isdir(target):
        raise MediaError(f"{target} is a file, but {source} is a folder: name a folder for its pictures.")
    one = format_of_suffix(target) or (maps and target.suffix.lower() in MAP_SUFFIXES)
    if not os.path.exists(target) and one:
        raise MediaError(
            f"{target} has the suffix of a picture, but {source} is a folder: name a folder for its pictures."
        )
    if _is_same(source, target):
        raise MediaError(f"{target} is the input folder itself, but inputs are never overwritten: name another output.")
    listed = list_folder(source, target, recursive)
    if not listed.inputs:
        deeper = "" if recursive else " (or --recursive, to look into the folders below)"
        left = f" (left out: {listed.left_out})" if listed.left_out else ""
        raise MediaError(f"{source} holds no pictures{left}, but files with one of {SUFFIXES} are expected{deeper}.")
    result = _plan((_Input(source, name, name) for name in listed.inputs), target, suffix, animate)
    return Plan(result.jobs, result.folder, (*listed.notes, *result.notes), listed.left_out)


def _is_same(source: Path, target: Path) -> bool:
    return identity(source) == identity(target) or os.path.realpath(source) == os.path.realpath(target)


def _plan(inputs: Iterable[_Input], folder: Path, suffix: str | None, animate: bool) -> Plan:
    jobs, names, changed, moving = Jobs(folder), [], set(), []
    for one in inputs:
        source, name = one.root / one.source, Path(one.name)
        film = kind_of(source) is Kind.FILM
        animated = animate and not film and is_animated(source)
        ending = film_suffix(name) if film else suffix or _choose_suffix(source, name, animated)
        animated = animated and ending.lower() in ANIMATED
        if suffix and not film and (known := format_of_suffix(name)) and suffix in known.suffixes:
            ending = name.suffix
        if not suffix and ending != name.suffix:
            kind = "Films" if film else "Pictures"
            changed.add(f"{kind} with {name.suffix or 'no suffix'} are written as {ending}.")
        output = one.name if ending == name.suffix else name.with_suffix(ending).as_posix()
        jobs.add(one.root, one.source, output, film or animated, animated)
        names.append(one.name)
        moving += [name.as_posix()] if animated else []
    note = _keep_apart(jobs.outputs, names)
    return Plan(jobs, folder, (*sorted(changed), *_tell_animated(moving), *note))


def _keep_apart(outputs: list[str], names: Sequence[str]) -> tuple[str, ...]:
    """Keep the old suffix in the new names that others have too, and return a sentence on it."""
    several = _find_several(outputs)
    clashing = [
        number
        for number, (output, name) in enumerate(zip(outputs, names, strict=True))
        if several and _one_name(output) in several and output != name
    ]
    for number in clashing:
        outputs[number] = names[number] + Path(outputs[number]).suffix
    if not clashing:
        return ()
    first, others = clashing[0], f" ({len(clashing)} files in all)" if len(clashing) > 1 else ""
    return (f"{names[first]} is written as {outputs[first]}, so that no two files become one{others}.",)


def _find_several(names: Sequence[str]) -> frozenset[str]:
    """Find the names that more than one output has, as some file systems see them."""
    hashes = np.sort(np.fromiter((hash(_one_name(name)) for name in names), np.int64, len(names)))
    again = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    count = Counter(key for name in names if again and hash(key := _one_name(name)) in again)
    return frozenset(key for key, times in count.items() if times > 1)


def _one_name(output: str) -> str:
    """Return a name as some file systems see it: A.png and a.png are one, and so is an accent in one piece or two."""
    return unicodedata.normalize("NFC", output).casefold()


def _tell_animated(names: Sequence[str]) -> Iterator[str]:
    """Write a sentence on the pictures that stay animated."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    if names:
        stay = "is animated, and stays so" if len(names) == 1 else "are animated, and stay so"
        yield f"{', '.join(names[:_MOST_NAMES])}{more} {stay}."


def _choose_suffix(source: Path, name: Path, animated: bool) -> str:
    """Choose the suffix of a name if pictures are written with it, else the usual one of the format in the file."""
    if animated and name.suffix.lower() in ANIMATED:
        return name.suffix
    known = format_of_suffix(name)
    if known and known.writable:
        return name.suffix
    held = format_of_file(source)
    if animated and held:
        return held.suffixes[0]
    return held.suffixes[0] if held and held.writable else _FALLBACK


def _check(jobs: Sequence[Job]) -> None:
    """Raise MediaError if two jobs write one file, or a job writes an input."""
    if not (_find_several([job.name for job in jobs]) or _may_meet(jobs)):  # which takes little memory
        return
    by_output: dict[str, Job] = {}
    inputs = {found: job.source for job in jobs if (found := identity(job.source))}
    for job in jobs:
        other = by_output.setdefault(_one_name(job.name), job)
        if other is not job:
            apart = job.source.absolute().parent.name != other.source.absolute().parent.name
            folders = apart and job.source.name == other.source.name
            advice = "rename one of them" + (", or name their folders, which stay apart" if folders else "")
            raise MediaError(f"{other.source} and {job.source} would both be written to {job.target}: {advice}.")
        found = identity(job.target)
        if found in inputs:
            raise MediaError(
                f"{job.target} is the input {inputs[found]} itself, but inputs are never overwritten: "
                "name another output."
            )


def _may_meet(jobs: Sequence[Job]) -> bool:
    """Say whether a target may be an input: surely not, if no two of them are identified alike."""

    def identify(path: Callable[[Job], Path]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        found = (identity(path(job)) for job in jobs)
        return np.fromiter((hash(one) for one in found if one), np.int64)

    targets = identify(lambda job: job.target)
    return len(targets) > 0 and bool(np.isin(targets, identify(lambda job: job.source)).any())
