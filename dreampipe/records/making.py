"""Records of what a run makes: what they share is found once, and each output adds its own.

making = Making("dream", recipe, {"quality": 90})
making.record(target, output_of(frame, format, like), source=(path, sha256)).text()
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dreampipe
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import samples_sha256, sha256
from dreampipe.media.formats import Format, format_of, format_of_suffix
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.named import files, is_file, renamed
from dreampipe.recipes.tasks import TASKS, Command, Option, command_of
from dreampipe.records.places import told
from dreampipe.records.record import NEVER, Model, Output, Record, Source

_LIBRARIES = {
    "keras": "keras",
    "tensorflow": "tensorflow",
    "numpy": "numpy",
    "opencv": "opencv-python-headless",
    "pillow": "pillow",
    "av": "av",
}
"""The libraries that the pixels may depend on, by the names under which they are installed."""


@dataclass(frozen=True)
class Carrying:
    """The choice of what an output carries apart from its pixels.

    Attributes:
        metadata: the record, and what the source's file says of itself; else the colour profile alone.
        position: where on Earth the source was taken.
        sidecar: the record also in a file next to it, as always if the format cannot hold it.
        paths: the path of each file in the record within it; else only the name. A sidecar always has the paths.
    """

    metadata: bool = True
    position: bool = False
    sidecar: bool = False
    paths: bool = field(default=False, repr=False)

    @property
    def key(self) -> str:
        """A text for the hash of a run; without `paths` that of earlier versions, so that their folders still count."""
        return f"{self} with paths" if self.paths else str(self)


EVERYTHING = Carrying()
"""The default of what an output carries."""


@dataclass(frozen=True, eq=False)
class Making:
    """One run.

    Attributes:
        command: what makes it.
        recipe: how.
        options: what else decides the outputs, of those in `TASKS`; None and False are left out.
    """

    command: Command
    recipe: Climbing
    options: Mapping[str, Option | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if stray := self.options.keys() - TASKS[self.command].options.keys():
            raise ValueError(f"{stray} came as options of {self.command}, which no record reads: add them to TASKS.")

    @cached_property
    def _model(self) -> Model:
        card = self.recipe.card()
        return Model(name=card.name, sha256=card.sha256, scaling=card.scaling)

    @cached_property
    def _settings(self) -> dict[str, Any]:
        own = {"objective": self.recipe.card().objective} if "objective" in type(self.recipe).model_fields else {}
        return own | self.recipe.model_dump(mode="json", exclude_none=True, exclude=set(NEVER))

    @cached_property
    def _files(self) -> Mapping[str, str]:
        """The SHA-256 of each file that the recipe names, but the model's."""
        model = self._settings["model"]
        return {name: fingerprint(Path(name)) for name in files(self._settings) if name != model or not is_file(model)}

    def record(
        self,
        target: Path,
        output: Output,
        source: tuple[Path, str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Record:
        """The record of one output.

        Args:
            target: the output's file; its folder is where a record's paths begin.
            output: what came of it.
            source: what was dreamed, and the SHA-256 of its bytes.
            settings: what the run has decided where the recipe says nothing.

        Raises:
            DreampipeError: a file that the recipe names cannot be read.
        """
        folder = target.parent
        chosen = {**self._settings, **(settings or {})}
        return Record(
            command=self.command,
            recipe=_listed(renamed(chosen, lambda name: told(Path(name), folder))),
            options={name: said for name, said in self.options.items() if said is not None and said is not False},
            model=self._model,
            files={told(Path(name), folder): said for name, said in self._files.items()},
            source=None if source is None else Source(path=told(source[0], folder), sha256=source[1]),
            output=output,
            versions=versions(),
        )


def _listed(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(said) if isinstance(said, tuple) else said for name, said in settings.items()}


def versions() -> dict[str, str]:
    """Return the versions of dreampipe and the libraries, and the kind of processor."""
    found = {name: version(package) for name, package in _LIBRARIES.items()}
    return {"dreampipe": dreampipe.__version__, **found, "machine": platform.machine()}


def fingerprint(path: Path) -> str:
    """Hash a file, or the names and bytes of all pictures in a folder; raises MediaError."""
    if not path.is_dir():
        return sha256(path)
    whole = hashlib.sha256()
    for found in sorted(path.rglob("*")):
        if (
            format_of_suffix(found)
            and found.is_file()
            and not any(part.startswith(".") for part in found.relative_to(path).parts)
        ):
            whole.update(f"{found.relative_to(path).as_posix()}\n{sha256(found)}\n".encode())
    return whole.hexdigest()


def recorded(
    recipe: Climbing,
    frame: Frame,
    path: str | os.PathLike[str],
    like: MediaInfo | None = None,
    source: str | os.PathLike[str] | None = None,
    keep_paths: bool = False,
) -> str:
    """The text of a record for a picture of your own making: `write(frame, path, like, record=recorded(...))`.

    Args:
        recipe: that dreamed it, a `Recipe` or a `Visualization`.
        frame: what it dreamed.
        path: where it is to be written.
        like: as for `write`.
        source: the file that was dreamed; None where there is none.
        keep_paths: record the path of each file from the picture's folder, and not only its name.

    Raises:
        DreampipeError: the path has no suffix of a picture, or a file cannot be read.
    """
    target, command = Path(path), command_of(type(recipe))
    begun = None if source is None else (Path(source), sha256(Path(source)))
    record = Making(command, recipe).record(target, output_of(frame, format_of(target), like), begun)
    return (record if keep_paths else record.without_folders()).text()


def output_of(frame: Frame, format: Format, like: MediaInfo | None) -> Output:
    """Describe a picture for its record, as this format stores it, like this; raises MediaError."""
    alpha = frame.alpha is not None and format.alpha and (like is None or like.alpha)
    return Output(
        pixels=samples_sha256(frame, format, like),
        width=frame.width,
        height=frame.height,
        bits=min(format.bits, like.bits if like else 8),
        alpha=alpha,
    )
