"""Prepare to make an output again: turn its record into a recipe that can run, and list why pixels may differ.

A record comes with its file, and may come from anybody. So it only names files, which are searched near it or where
the user says. It never makes a model trusted, and never decides where anything is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dreampipe.backend import choosing
from dreampipe.errors import DreampipeError, MediaError, RecipeError, brief, printable, shown
from dreampipe.media import fingerprint, sidecar_of
from dreampipe.media.records import described_path
from dreampipe.models import memory
from dreampipe.models.precision import has_bfloat16
from dreampipe.recipes import earlier
from dreampipe.recipes.fields import not_kept
from dreampipe.recipes.named import is_file, rename_files
from dreampipe.recipes.settings import ModelSettings, Settings
from dreampipe.recipes.synonyms import advise
from dreampipe.recipes.tasks import TASKS, Command, Option
from dreampipe.records.carried import edit_of, record_of
from dreampipe.records.making import versions
from dreampipe.records.meaning import keep_meaning, spell_out, with_usual
from dreampipe.records.places import list_places
from dreampipe.records.record import Record


@dataclass(frozen=True, eq=False)
class Again:
    """An output to make again.

    Attributes:
        path: the output, or its sidecar.
        record: the record of the output.
        recipe: the recipe of the record, with the changes, and with files where they are now.
        options: the other options that decide the output, with the changes.
        source: the file to dream; None for an output drawn from nothing.
        changes: the changes that the user asked for, each as a phrase.
        others: the other changes, each as a phrase.
        read: the files that the record names, where they were found.
        edit: a phrase on how the output was seen to be edited; empty if it was not.
        names: a sentence if the record names layers as earlier versions did; empty if it does not.
    """

    path: Path
    record: Record
    recipe: Settings
    options: Mapping[str, Option]
    source: Path | None
    changes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    read: tuple[Path, ...] = ()
    edit: str = ""
    names: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on the files that are read, and on the changes that the user did not ask for."""
        reads = (f"The record names {', '.join(map(str, self.read))}, and that is read.",) if self.read else ()
        edits = (f"{self.edit}.",) if self.edit else ()
        names = (self.names,) if self.names else ()
        others = (f"{other[:1].upper()}{other[1:]}, so pixels may differ." for other in self.others)
        return (*reads, *edits, *names, *others)

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
    """The search for the files that a record names; it notes which of them have changed."""

    path: Path
    others: list[str] = field(default_factory=list)
    read: list[Path] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The folder that its paths start from; for numbered pictures, the folder that holds them."""
        return self.path if self.path.is_dir() else self.path.parent

    def find(self, name: str, sha256: str, advice: str) -> Path:
        """Find a file: the first place that holds this very file, else the first that holds one of its name."""
        own = [path for path in (self.path, described_path(self.path)) if path.exists()]  # often named like its source
        places = [place for place in list_places(name, self.folder) if os.path.isfile(place) or os.path.isdir(place)]
        there = [place for place in places if not any(place.samefile(path) for path in own)]
        if not there:
            raise RecipeError(
                f"{self.path} was made with {name}, which is neither in its folder nor in the current one: {advice}."
            )
        same = [place for place in there if fingerprint(place) == sha256]
        if not same:
            self.others.append(f"{there[0]} is another file than it was")
        self.read.append((same or there)[0])
        return self.read[-1]


def again(
    path: Path,
    changes: Sequence[str] = (),
    source: Path | None = None,
    trust: bool = False,
    imports: Path | None = None,
) -> Again:
    """Prepare to make an output again, from its record.

    Args:
        path: the output, or its sidecar.
        changes: settings and options to change, each as `steps=20`.
        source: the file to dream instead of the source in the record.
        trust: open the model in `changes` without checking what code it may run.
        imports: the Python file that defines layers of the model in `changes`; it needs `trust`.

    Raises:
        DreampipeError: the file has no record or a damaged one, a change is wrong, or a file is missing.
    """
    record = _with_paths(path, record_of(path))
    was, asked = record.settings(str(path)), _parse_changes(changes, record.command)
    if (trust or imports) and "model" not in asked:
        raise RecipeError(
            f"{'--trust' if trust else '--import'} came, but it is {path} that names the model: name the file that you "
            "trust, as --set model=FILE."
        )
    _check_model(path, record, was, "model" in asked, imports)
    search, kind = _Search(path), TASKS[record.command].recipe
    kept = _locate({key: value for key, value in was.items() if key not in asked}, record, search)
    own = {key: value for key, value in asked.items() if key in kind.model_fields}
    kept, names = _with_names_of_file(kept, record, kind) if "model" not in asked else (kept, "")
    opening = {"trust": trust, "imports": imports} if issubclass(kind, ModelSettings) else {}
    kept, lowest = _with_precision_of_here(kept)
    recipe = keep_meaning(record, was, kind.of(**kept | own | opening), asked)
    options = {**record.options, **{key: value for key, value in asked.items() if key not in own}}
    options = {key: value for key, value in options.items() if value is not None}
    begun = _source(record, source, search)
    before, now = {**with_usual(record, was), **record.options}, {**spell_out(recipe), **options}
    changed = [
        f"{key.replace('_', '-')} was {_show(before, key)} and is {_show(now, key)}"
        for key in asked
        if before.get(key) != now.get(key)
    ]
    if source and record.source and fingerprint(source) != record.source.sha256:
        changed.append("the source is another")
    stopped = ("the first was stopped before it was whole",) if record.options.get("partial") else ()
    others = (*search.others, *stopped, *lowest, *_changes_here(record, recipe, asked))
    changes, others = (tuple(map(printable, phrases)) for phrases in (changed, others))
    edit = printable(edit_of(path, record))
    return Again(path, record, recipe, options, begun, changes, others, tuple(search.read), edit, printable(names))


def _check_model(path: Path, record: Record, was: Mapping[str, Any], named: bool, imports: Path | None) -> None:
    """Raise RecipeError for a model that only the user can name: one in memory, or one with Python code of its own."""
    if record.model is None:
        return
    if memory.is_name(str(was.get("model", ""))) and not named:
        raise RecipeError(
            f"{path} was made with {record.model.name}, a Keras model in the memory of a program: save it there by "
            'model.save("my.keras"), and give --set model=my.keras.'
        )
    if record.model.code and not imports:
        raise RecipeError(
            f"{path} was made with layers that a Python file defines (SHA-256 {record.model.code[:12]}...), and only "
            "you can say that it is run: give --trust --import FILE.py --set model=FILE.keras."
        )


def _with_paths(path: Path, record: Record) -> Record:
    """Return the record, or the sidecar's if that is the same one with the paths of files."""
    record.settings(str(path))
    with suppress(DreampipeError):
        if path.is_file() and (sidecar := sidecar_of(path)).is_file():
            whole = record_of(sidecar)
            whole.settings(str(sidecar))
            output = whole.output.model_copy(update={"file": record.output.file})
            if whole.model_copy(update={"output": output}).without_folders() == record.without_folders():
                return whole
    return record


def _show(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key)
    return "not set" if value is None else str(value)


def _parse_changes(changes: Sequence[str], command: Command) -> dict[str, Any]:
    """Parse the changes, by name, for recipes and options; raises RecipeError."""
    kind, options = TASKS[command].recipe, TASKS[command].options
    out = {"version", *not_kept(kind.model_fields)}
    known = [name for name in (*kind.model_fields, *options) if name not in (*out, *kind.from_files)]
    asked: dict[str, Any] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        name = key.strip().replace("-", "_")
        if not equals or name not in known:
            came = key.strip() if equals else change
            raise RecipeError(
                f"{brief(came)} is no setting of {command}, but SETTING=VALUE is expected, as steps=20: "
                f"{advise(name, known)}."
            )
        if name == "at":
            asked[name] = (*asked.get(name, ()), value)
        else:
            text = value.strip() or None  # empty: the default
            asked[name] = _parse_option(name, text, options[name]) if text and name in options else text
    return asked


_SWITCHES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _parse_option(name: str, text: str, kind: type[Option]) -> Option:
    came = f"{name.replace('_', '-')} came as {shown(text)}, but"
    if kind is bool:
        if text.lower() not in _SWITCHES:
            raise RecipeError(f"{came} true or false is expected: choose one.")
        return _SWITCHES[text.lower()]
    try:
        return kind(text)
    except ValueError:
        raise RecipeError(f"{came} a whole number is expected: give one.") from None


def _locate(settings: Mapping[str, Any], record: Record, search: _Search) -> dict[str, Any]:
    """Rename the files in the settings to where they are now."""
    model = settings.get("model", "")

    def place(name: str) -> str:
        if record.model and name == model and is_file(name):
            return str(search.find(name, record.model.sha256, "name it with --set model=FILE"))
        return str(search.find(name, record.files.get(name, ""), "put it there, or name another with --set"))

    located = rename_files(settings, place)
    if record.model and model and is_file(model):
        located["scaling"] = record.model.scaling  # from a card next to it, or guessed
    return located


def _with_names_of_file(
    settings: Mapping[str, Any], record: Record, kind: type[Settings]
) -> tuple[dict[str, Any], str]:
    """Give the settings with the names of layers in the model's file, and a sentence on those that were others."""
    if record.model is None or record.model.names or not is_file(settings.get("model", "")):
        return dict(settings), ""
    card = kind.of(**settings).card()
    changed = earlier.translate(settings, card) if card else dict(settings)
    pairs = [f"{was} is {changed[key]}" for key, was in settings.items() if changed[key] != was]
    return changed, f"The record names layers as dreampipe once did; in the file, {', '.join(pairs)}." if pairs else ""


def _with_precision_of_here(settings: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give the settings in a precision that there is here, and a phrase if it is another one."""
    was = settings.get("precision")
    if was == "tf32" and choosing.lacks_gpu():
        who = "this machine"
    elif was == "bfloat16" and not has_bfloat16():
        who = "this processor" if choosing.name() == "tensorflow" else choosing.name()
    else:
        return dict(settings), ()
    change = f"the precision was {was}, which {who} does not compute in, and is float32"
    return {**settings, "precision": "float32"}, (change,)


def _source(record: Record, given: Path | None, search: _Search) -> Path | None:
    if record.source is None:
        if given:
            raise RecipeError(f"{search.path} was drawn from nothing, but --input {given} came: leave it out.")
        return None
    return given or search.find(record.source.path, record.source.sha256, "name it with --input")


def _changes_here(record: Record, recipe: Settings, asked: Mapping[str, Any]) -> Iterator[str]:
    """Write what has changed since the output was made: the model, and versions."""
    card = recipe.card()
    own = not asked.keys() & {"model", "weights"}
    if own and card and record.model and card.sha256 and card.sha256 != record.model.sha256:
        yield f"the model {card.name} is another than it was"
    if card and card.code and record.model and record.model.code and card.code_sha256 != record.model.code:
        yield f"{card.code.name} is another file than it was"
    here = versions()
    # Records of earlier versions do not say it.
    unsaid = {"backend": "tensorflow"} if "tensorflow" in record.versions else {}
    for name, was in {**unsaid, **record.versions}.items():
        if here.get(name, was) != was:
            yield f"{name} was {was} and is {here[name]}"
