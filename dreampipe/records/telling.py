"""A record for people: what a file was made of, and how, in rows of a name and a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dreampipe.recipes.tasks import TASKS
from dreampipe.records.record import Record

_BESIDE = ("version", "model")


def told(record: Record, settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The rows of a record, from what it was made of to what it was made with.

    Args:
        record: of the file.
        settings: its recipe's, checked.
    """
    made, output = record.versions.get("dreampipe", "?"), record.output
    yield "made by", f"dreampipe {record.command}, {made}"
    if record.source:
        yield "source", f"{record.source.path}  sha256 {record.source.sha256}"
    yield "model", f"{record.model.name} ({record.model.scaling})  sha256 {record.model.sha256}"
    for name, sha256 in record.files.items():
        yield "file", f"{name}  sha256 {sha256}"
    count = f", {output.frames} frames" if output.frames else ""
    alpha = " with transparency" if output.alpha else ""
    yield "output", f"{output.width}x{output.height}{count}, {output.bits} bits{alpha}"
    yield "pixels", f"sha256 {output.pixels}"
    if output.encoded:
        yield "encoded as", output.encoded
    if output.instructions:
        yield "encoded with", output.instructions
    yield "versions", ", ".join(f"{name} {version}" for name, version in record.versions.items() if name != "dreampipe")
    for name, said in record.options.items():
        yield _dashed(name), _shown(said)
    fields = TASKS[record.command].recipe.model_fields
    for name, said in settings.items():
        if name in record.recipe and name not in _BESIDE:
            yield _dashed(name), _shown(said) + ("" if said != fields[name].default else "  (default)")


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _shown(said: Any) -> str:
    if isinstance(said, tuple):
        return ", ".join(map(str, said)) or "none"
    return {True: "yes", False: "no"}[said] if isinstance(said, bool) else str(said)
