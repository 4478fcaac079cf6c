"""From a card to its model: `open_model(card) -> keras.Model`, and `open_decoder(card)`, once per process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from dreampipe.errors import ModelError, OpeningError
from dreampipe.forking import check_process
from dreampipe.models import decoders, memory, motifnet, zoo
from dreampipe.models.decoders import DecoderCard
from dreampipe.models.model_card import Card
from dreampipe.models.own import files
from dreampipe.models.own.archive import TRUSTED

if TYPE_CHECKING:
    from dreampipe.backend import keras

_opening = Lock()


@contextmanager
def _open_alone() -> Iterator[None]:
    """One model is opened at a time, and what is wrong with it is an OpeningError."""
    check_process()  # before the lock, which a forked process may have inherited locked
    try:
        with _opening:
            yield
    except ModelError as error:
        raise OpeningError(str(error)) from error


def open_model(card: Card) -> keras.Model:
    """The model of a card, untrainable; opened once per process, from whichever thread asks first.

    A model in memory is the user's own, and stays as it is.

    Raises:
        OpeningError: the file or the weights are missing, unsafe, or not those of the card's SHA-256.
        DreampipeError: this process was forked after tensorflow had computed.
    """
    with _open_alone():
        if card.memory:
            return memory.open_held(card)
        return _open(card.path, card.sha256, card.trusted, card.architecture, card.code, card.code_sha256)


# A cache, for a model is large, slow to open, never changed after, and wanted by every stage that holds its card;
# stages travel between processes, so none of them can own it. With the SHA-256 among its keys, a file that changed is
# another model, never a stale one. (The steps compiled on it are kept in `ascent/step.py` in the same way.)
@lru_cache(maxsize=4)
def _open(
    path: Path | None, sha256: str, trusted: bool, architecture: str, code: Path | None, code_sha256: str
) -> keras.Model:
    from dreampipe import backend

    with (
        backend.full_precision(),
        backend.eagerly(),  # a graph that opens it would take the weights' assignment for one of its own steps
        nullcontext() if trusted else backend.undrawn(),  # a user's own layers may draw what no file holds
    ):
        if architecture:
            model = zoo.build(architecture, path, sha256)
        elif path:
            model = _file(path, sha256, trusted, code, code_sha256)
        else:
            model = motifnet.load(replace(motifnet.card(), sha256=sha256))
    model.trainable = False
    return model


def _file(path: Path, sha256: str, trusted: bool, code: Path | None, code_sha256: str) -> keras.Model:
    """The model of a user's file; one that is not trusted is opened in a process of its own first, once."""
    from dreampipe.models.own import probing

    if trusted:
        return files.load(path, sha256, TRUSTED, code=code, code_sha256=code_sha256)
    probing.prove(path, sha256)
    return files.load(path, sha256)


def open_decoder(card: DecoderCard) -> keras.Model:
    """The decoder of a card, untrainable; opened once per process, as models are.

    Raises:
        OpeningError: the file or the weights are missing, unsafe, not those of the card's SHA-256, or give no picture.
        DreampipeError: this process was forked after tensorflow had computed.
    """
    with _open_alone():
        return _open_decoder(card.path, card.sha256)


@lru_cache(maxsize=4)
def _open_decoder(path: Path | None, sha256: str) -> keras.Model:
    from dreampipe import backend
    from dreampipe.models.own import probing

    if path:
        probing.prove(path, sha256, "decoder")
    with backend.full_precision(), backend.eagerly(), backend.undrawn():
        decoder = decoders.load(path, sha256)
    decoder.trainable = False
    return decoder
