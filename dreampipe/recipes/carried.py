"""The record that a file carries: found in it or beside it, and checked as far as it can be without running it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dreampipe.errors import MediaError, RecipeError, nearest
from dreampipe.media import read_record, sha256
from dreampipe.media.records import SIDECAR
from dreampipe.media.xmp import LONGEST
from dreampipe.recipes.page import is_page, record_in
from dreampipe.recipes.record import Command, Option, Record

OPTIONS: Mapping[Command, Mapping[str, type[Option]]] = {
    "dream": {
        "quality": int,
        "codec": str,
        "crf": int,
        "drop_streams": bool,
        "start": str,
        "end": str,
        "fps": str,
        "preview": bool,
    },
    "zoom": {"codec": str, "crf": int},
    "visualize": {"animated": bool},
    "atlas": {"page": bool},
    "sheet": {"size": int},
}
"""The options that a record of each command may say."""


def record_of(path: Path) -> Record:
    """The record of a file, its own or its sidecar's.

    Raises:
        MediaError: there is no such file, it carries no record, or a damaged one.
        RecipeError: what it carries is no record, or one of a later version.
    """
    text = _page_record(path) if is_page(path) and path.is_file() else read_record(path)
    if text is None:
        raise MediaError(
            f"{path} carries no recipe, but a file that dreampipe has made is expected: name one, which was neither "
            "made with --no-metadata nor edited since."
        )
    record = Record.read(text, str(path))
    known = OPTIONS[record.command]
    for name, said in record.options.items():
        if name not in known:
            raise RecipeError(f"The record in {path} has the option {name}, which is none: {nearest(name, known)}.")
        if type(said) is not known[name]:
            raise RecipeError(f"The record in {path} has {name} as {said!r}, which cannot be: take another copy.")
    return record


def _page_record(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            text = record_in(file.read(2 * LONGEST).decode("utf-8", "replace"))
    except OSError as problem:
        raise MediaError(f"{path} cannot be read ({problem.strerror}): make it readable, or leave it out.") from None
    return text or read_record(path)


def strayed(path: Path, record: Record) -> bool:
    """Whether a record lies beside a file for which it was not written, as after a kill or an edit."""
    said = record.output.file
    return said is not None and path.is_file() and not path.name.endswith(SIDECAR) and sha256(path) != said
