"""An output that is to be made once more: from its record to a recipe that can be run, and why pixels may differ.

A record comes with its file, and may come from anybody. So it only names files, which are looked for near it or where
the user says; it never says that a model is to be trusted, nor where anything is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dreampipe.errors import DreampipeError, MediaError, RecipeError, brief, nearest, printable, shown
from dreampipe.media import sidecar_of
from dreampipe.media.records import told_of
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.named import is_file, renamed
from dreampipe.recipes.tasks import TASKS, Command, Option
from dreampipe.records.carried import edit_of, record_of
from dreampipe.records.making import fingerprint, versions
from dreampipe.records.places import looked_for
from dreampipe.records.record import Record


@dataclass(frozen=True, eq=False)
class Again:
    """An output to make again.

    Attributes:
        path: of the output, or of its sidecar.
        record: of the file as it was made.
        recipe: its recipe, with the changes, and with files where they are now.
        options: what else decides the output, with the changes.
        source: what is dreamed; None for what is drawn from nothing.
        changes: what was asked to change, each as a phrase.
        others: what else has changed, each as a phrase.
        read: the files that the record names, where they were found.
        edit: what tells that the output was edited since, as a phrase; empty where nothing does.
    """

    path: Path
    record: Record
    recipe: Climbing
    options: Mapping[str, Option]
    source: Path | None
    changes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    read: tuple[Path, ...] = ()
    edit: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what is read, and on what is another than it was."""
        reads = (f"The record names {', '.join(map(str, self.read))}, and that is read.",) if self.read else ()
        edits = (f"{self.edit}.",) if self.edit else ()
        return (*reads, *edits, *(f"{other[:1].upper()}{other[1:]}, so pixels may differ." for other in self.others))

    @property
    def dreamed(self) -> Path:
        """The source; raises MediaError if the record names none."""
        if self.source is None:
            raise MediaError("The record names no source, but something was dreamed: take another copy of the file.")
        return self.source

    def option(self, name: str) -> Any:
        """The value of an option; None for one that is not set."""
        return self.options.get(name)


@dataclass(eq=False)
class _Search:
    """Looks for the files that a record names, and notes which of them have changed."""

    path: Path
    others: list[str] = field(default_factory=list)
    read: list[Path] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The folder that its paths start from; for numbered pictures, the folder that holds them."""
        return self.path if self.path.is_dir() else self.path.parent

    def _is_another(self, place: Path) -> bool:
        """Say whether a file or folder is there that is not the output itself, which often has its source's name."""
        made = (self.path, told_of(self.path))
        there = os.path.isfile(place) or os.path.isdir(place)
        return there and not any(one.exists() and place.samefile(one) for one in made)

    def found(self, said: str, sha256: str, advice: str) -> Path:
        """Where a file is: the first place that holds the very one, else the first that holds one of that name."""
        there = [place for place in looked_for(said, self.folder) if self._is_another(place)]
        if not there:
            raise RecipeError(
                f"{self.path} was made with {said}, which is neither in its folder nor in the current one: {advice}."
            )
        same = [place for place in there if fingerprint(place) == sha256]
        if not same:
            self.others.append(f"{there[0]} is another file than it was")
        self.read.append((same or there)[0])
        return self.read[-1]


def again(path: Path, changes: Sequence[str] = (), source: Path | None = None, trust: bool = False) -> Again:
    """Prepare to make an output again, from its record.

    Args:
        path: the output, or its sidecar.
        changes: settings and options that are to be others, each as `steps=20`.
        source: what to dream in place of the source that the record names.
        trust: open the model that is named in `changes` without checking what it may run.

    Raises:
        DreampipeError: the file has no record or a damaged one, a change is none, or a file is not there.
    """
    record = _with_ways(path, record_of(path))
    was, asked = record.settings(str(path)), _asked(changes, record.command)
    if trust and "model" not in asked:
        raise RecipeError(
            f"--trust came, but it is {path} that names the model: name the file that you trust, as --set model=FILE."
        )
    search, kind = _Search(path), TASKS[record.command].recipe
    kept = _located({key: said for key, said in was.items() if key not in asked}, record, search)
    own = {key: said for key, said in asked.items() if key in kind.model_fields}
    recipe = kind.of(**kept | own | ({"trust": True} if trust else {}))
    options = {**record.options, **{key: said for key, said in asked.items() if key not in own}}
    options = {key: said for key, said in options.items() if said is not None}
    begun = _source(record, source, search)
    before, now = {**was, **record.options}, {**recipe.model_dump(), **options}
    changed = [
        f"{key.replace('_', '-')} was {_said(before, key)} and is {_said(now, key)}"
        for key in asked
        if before.get(key) != now.get(key)
    ]
    if source and record.source and fingerprint(source) != record.source.sha256:
        changed.append("the source is another")
    others = (*search.others, *_elsewhere(record, recipe, asked))
    changes, others = (tuple(map(printable, phrases)) for phrases in (changed, others))
    edit = printable(edit_of(path, record))
    return Again(path, record, recipe, options, begun, changes, others, tuple(search.read), edit)


def _with_ways(path: Path, record: Record) -> Record:
    """Return the record, or the sidecar's if that is the same one with the paths of files."""
    record.settings(str(path))
    with suppress(DreampipeError):
        if path.is_file() and (sidecar := sidecar_of(path)).is_file():
            beside = record_of(sidecar)
            beside.settings(str(sidecar))
            output = beside.output.model_copy(update={"file": record.output.file})
            if beside.model_copy(update={"output": output}).without_folders() == record.without_folders():
                return beside
    return record


def _said(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key)
    return "not said" if value is None else str(value)


def _asked(changes: Sequence[str], command: Command) -> dict[str, Any]:
    """The changes by name, as recipes and options take them; raises RecipeError."""
    kind, options = TASKS[command].recipe, TASKS[command].options
    known = [name for name in (*kind.model_fields, *options) if name not in ("version", "trust")]
    asked: dict[str, Any] = {}
    for change in changes:
        key, equals, said = change.partition("=")
        name = key.strip().replace("-", "_")
        if not equals or name not in known:
            came = key.strip() if equals else change
            raise RecipeError(
                f"{brief(came)} is no setting of {command}, but SETTING=VALUE is expected, as steps=20: "
                f"{nearest(name, known)}."
            )
        if name == "at":
            asked[name] = (*asked.get(name, ()), said)
        else:
            text = said.strip() or None  # empty: as if it had never been said
            asked[name] = _option(name, text, options[name]) if text and name in options else text
    return asked


_SWITCHES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _option(name: str, said: str, kind: type[Option]) -> Option:
    came = f"{name.replace('_', '-')} came as {shown(said)}, but"
    if kind is bool:
        if said.lower() not in _SWITCHES:
            raise RecipeError(f"{came} true or false is expected: choose one.")
        return _SWITCHES[said.lower()]
    try:
        return kind(said)
    except ValueError:
        raise RecipeError(f"{came} a whole number is expected: give one.") from None


def _located(settings: Mapping[str, Any], record: Record, search: _Search) -> dict[str, Any]:
    """The settings with files where they are now; the model's is checked with its card."""
    model = settings.get("model", "")

    def place(said: str) -> str:
        if said == model and is_file(said):
            return str(search.found(said, record.model.sha256, "name it with --set model=FILE"))
        return str(search.found(said, record.files.get(said, ""), "put it there, or name another with --set"))

    located = renamed(settings, place)
    if model and is_file(model):
        located["scaling"] = record.model.scaling  # from a card next to it, or guessed
    return located


def _source(record: Record, given: Path | None, search: _Search) -> Path | None:
    if record.source is None:
        if given:
            raise RecipeError(f"{search.path} was drawn from nothing, but --input {given} came: leave it out.")
        return None
    return given or search.found(record.source.path, record.source.sha256, "name it with --input")


def _elsewhere(record: Record, recipe: Climbing, asked: Mapping[str, Any]) -> Iterator[str]:
    """Name what is different here from when it was made."""
    card = recipe.card()
    if "model" not in asked and "weights" not in asked and card.sha256 and card.sha256 != record.model.sha256:
        yield f"the model {card.name} is another than it was"
    here = versions()
    for name, was in record.versions.items():
        if here.get(name, was) != was:
            yield f"{name} was {was} and is {here[name]}"
