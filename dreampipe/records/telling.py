"""Write a record for people, in rows of a name and a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dreampipe.recipes.fields import find_shown
from dreampipe.recipes.tasks import TASKS
from dreampipe.records.meaning import usual_of
from dreampipe.records.record import Record

_SHOWN_ELSEWHERE = ("version", "model")


def write_rows(record: Record, settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Write the rows of a record: its source and model, the output, then options and settings.

    Args:
        record: the record of a file.
        settings: the checked settings of its recipe.
    """
    made, output = record.versions.get("dreampipe", "?"), record.output
    yield "made by", f"dreampipe {record.command}, {made}"
    if record.source:
        yield "source", f"{record.source.path}  sha256 {record.source.sha256}"
    if record.model:
        yield "model", f"{record.model.name} ({record.model.scaling})  sha256 {record.model.sha256}"
    for name, sha256 in record.files.items():
        yield "file", f"{name}  sha256 {sha256}"
    is_page = record.options.get("page") or record.options.get("form") == "page"
    shown = "picture" if is_page else "frame"
    count = f", {output.frames} {shown}{'' if output.frames == 1 else 's'}" if output.frames else ""
    alpha = " with transparency" if output.alpha else ""
    yield "output", f"{output.width}x{output.height}{count}, {output.bits} bits{alpha}"
    yield "pixels", f"sha256 {output.pixels}"
    if output.encoded:
        yield "encoded as", output.encoded
    if output.instructions:
        yield "encoded with", output.instructions
    yield "versions", ", ".join(f"{name} {version}" for name, version in record.versions.items() if name != "dreampipe")
    for name, value in record.options.items():
        yield _with_dashes(name), _show(value)
    fields = TASKS[record.command].recipe.model_fields
    for name, value in settings.items():
        if name in record.recipe and name not in _SHOWN_ELSEWHERE:
            shown = _show(value) or find_shown(fields[name]).unset
            yield _with_dashes(name), shown + ("" if value != fields[name].default else "  (default)")
    for name, value in usual_of(record, settings).items():
        yield _with_dashes(name), f"{_show(value)}  (default)"


def _with_dashes(name: str) -> str:
    return name.replace("_", "-")


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
