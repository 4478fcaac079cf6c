"""Weights brought into the store, once: `fetch` downloads them, `adopt` takes a file that came another way.

One process at a time does so for each file, and whoever waits for it finds the file there. It comes under another name,
is checked, and only then takes its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from dreampipe.errors import MediaError, ModelError
from dreampipe.media.own import NotPlain
from dreampipe.media.writing import sweep, take_name, writing_whole
from dreampipe.models import imagenet
from dreampipe.models.weights import store
from dreampipe.models.weights.downloading import PATIENCE, Cut, Missed, OnProgress, Patience, check_room, download
from dreampipe.models.weights.parts import Part
from dreampipe.models.weights.store import Weights

MIRROR = "DREAMPIPE_WEIGHTS_URL"
"""The variable with the address of a folder that has all files under their names, to ask in place of their own."""

_WAIT = 0.5  # seconds between two looks at how far another process has come


def address_of(weights: Weights) -> str:
    """Return the address of weights: their own, or that of the mirror."""
    base = os.environ.get(MIRROR)
    return f"{base.rstrip('/')}/{quote(weights.file)}" if base else weights.address


def fetch(
    weights: Weights,
    folder: Path | None = None,
    on_progress: OnProgress | None = None,
    *,
    name: str = "NAME",
    patience: Patience = PATIENCE,
) -> Path:
    """Download weights, unless they are there and whole.

    Args:
        folder: where to; the store, where it is None.
        on_progress: called with the bytes that are there, and how many there will be where that is known.
        name: of the model that they are of, for what is said to the user.

    Returns:
        The path of the file.

    Raises:
        ModelError: there is no network, no room, or what came is something else; what has come of a download that
            was cut stays, and the next one continues it.
    """
    where = folder or store.folder()
    if held := store.find_whole(weights, where):
        return held[0]
    with _alone(weights, where, on_progress):
        if held := store.find_whole(weights, where):  # another process has brought it meanwhile
            return held[0]
        try:
            return _bring(weights, where, on_progress, patience)
        except Missed as problem:
            kept = "what has come is kept, so " if isinstance(problem, Cut) else ""
            raise ModelError(
                f"{weights.file} was not downloaded ({problem}): {kept}{_by_hand(weights, where, name)}."
            ) from None


def adopt(
    weights: Weights, file: Path, folder: Path | None = None, check: Callable[[Path, Path], None] | None = None
) -> Path:
    """Take weights that came another way: a copy of them, which is what is checked.

    Args:
        file: of any name; or a folder that has them under their own, such as `models fetch --to` makes.
        folder: where to; the store, where it is None.
        check: called with the copy and the file that it is of, raises ModelError for a copy that is not to be kept.

    Returns:
        The path of the copy.

    Raises:
        ModelError: there is no such file, it is something else, or there is no room for it.
    """
    source, where = file / weights.file if file.is_dir() else file, folder or store.folder()
    if not source.is_file():
        raise ModelError(f"{source} is no file, but {weights.file} is expected there: check its name.")
    target = where / weights.file
    with _alone(weights, where), _writing(target):
        sweep(where)
        check_room(where, source.stat().st_size)
        with writing_whole(target) as copy:
            shutil.copyfile(source, copy)
            if check:
                check(copy, source)
            held = store.check_file(weights, copy)
            if held.fault:
                raise ModelError(
                    f"{source} came, but it is not {weights.file} ({held.fault}): save {address_of(weights)} again."
                )
        store.note(weights, replace(held, path=target))
        _part(weights, where).forget()
    return target


def fetch_names(folder: Path | None = None) -> None:
    """Download ImageNet's class names, too, where they can be had: models do without them."""
    with suppress(ModelError):
        fetch(imagenet.INDEX, folder)


def _bring(weights: Weights, where: Path, on_progress: OnProgress | None, patience: Patience) -> Path:
    """Download, check and name it; raises Missed, and ModelError for the disk."""
    part, target = _part(weights, where), where / weights.file
    begun = part.length > 0
    with _writing(target):
        download(address_of(weights), part, weights.bytes, patience, on_progress)
        held = store.check_file(weights, part.path)
        if not held.fault:
            take_name(part.path, target)
            store.note(weights, replace(held, path=target))
        part.forget()
    if held.fault and begun:  # the fault may lie in what was there before
        return _bring(weights, where, on_progress, patience)
    if held.fault:
        raise Missed(f"what came is something else ({held.fault}) and was removed")
    return target


def _part(weights: Weights, where: Path) -> Part:
    return Part(where / f".{weights.file}.part")


@contextmanager
def _alone(weights: Weights, where: Path, on_progress: OnProgress | None = None) -> Iterator[None]:
    """Nobody else brings these weights to this folder during the block; the system ends that with the process."""
    from filelock import FileLock, Timeout

    lock = FileLock(where / f".{weights.file}.lock")
    with _writing(where / weights.file):
        where.mkdir(parents=True, exist_ok=True)
        while not lock.is_locked:
            with suppress(Timeout):
                lock.acquire(timeout=_WAIT)
            if on_progress and not lock.is_locked:
                on_progress(_part(weights, where).length, weights.bytes)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Turn every refusal of the system into a sentence about the folder."""
    try:
        yield
    except NotPlain as odd:
        raise ModelError(
            f"{odd.filename} is {odd.strerror}, but what has come of a download is kept there: move it, or choose "
            "another folder."
        ) from None
    except (OSError, MediaError) as problem:
        system = problem.__context__ if isinstance(problem, MediaError) else problem
        raise ModelError(
            f"{target} cannot be written ({getattr(system, 'strerror', None) or problem}), but a folder with room and "
            "the right to write is expected: make room there, or choose another (KERAS_HOME says where the store lies)."
        ) from None


def _by_hand(weights: Weights, where: Path, name: str) -> str:
    return (
        f"try again, or save {address_of(weights)} as {where / weights.file}, "
        f"or run `dreampipe models fetch {name} --from FILE` with the file from another machine"
    )
