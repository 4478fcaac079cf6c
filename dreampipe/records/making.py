"""Write the records of a run: the facts that they share are found once, and each output adds its own.

making = Making("dream", recipe, {"quality": 90})
making.record(target, output_of(frame, format, like), source=(path, sha256)).text()
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import dreampipe
from dreampipe import backend
from dreampipe.backend import choosing
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import fingerprint, samples_sha256, sha256
from dreampipe.media.formats import format_of
from dreampipe.media.rows import Format
from dreampipe.recipes.fields import not_kept
from dreampipe.recipes.named import files, is_file, rename_files
from dreampipe.recipes.settings import Settings
from dreampipe.recipes.tasks import TASKS, Command, Option, command_of
from dreampipe.records.places import write_path
from dreampipe.records.record import Model, Output, Record, Source

LIBRARIES = {
    "keras": "keras",
    "numpy": "numpy",
    "opencv": "opencv-python-headless",
    "pillow": "pillow",
    "av": "av",
}
"""The libraries that the pixels may depend on, besides the backend, by the names under which they are installed."""


@dataclass(frozen=True)
class Carrying:
    """The choice of what an output carries apart from its pixels.

    Attributes:
        metadata: the record, and the metadata of the source; else the colour profile alone.
        position: the GPS position of the source.
        sidecar: the record also in a file next to the output, as always if the format cannot hold it.
        paths: the paths of files in the record inside the output; else only their names. A sidecar always has paths.
    """

    metadata: bool = True
    position: bool = False
    sidecar: bool = False
    paths: bool = field(default=False, repr=False)

    @property
    def key(self) -> str:
        """A text for the hash of a run; without `paths` that of earlier versions, so that their folders still count."""
        return f"{self} with paths" if self.paths else str(self)


USUAL = Carrying()
"""The default of what an output carries."""


@dataclass(frozen=True, eq=False)
class Making:
    """The records of one run.

    Attributes:
        command: the command that makes the outputs.
        recipe: how they are made.
        options: the other options that decide them, of those in `TASKS`; None and False are left out.
    """

    command: Command
    recipe: Settings
    options: Mapping[str, Option | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if stray := self.options.keys() - TASKS[self.command].options.keys():
            raise ValueError(f"{stray} came as options of {self.command}, which no record reads: add them to TASKS.")

    @cached_property
    def _model(self) -> Model | None:
        if (card := self.recipe.card()) is None:
            return None
        return Model(
            name=card.name,
            sha256=card.sha256,
            scaling=card.scaling,
            names="file" if card.earlier else None,
            code=card.code_sha256 or None,
        )

    @cached_property
    def _settings(self) -> dict[str, Any]:
        fields = type(self.recipe).model_fields
        card = self.recipe.card()
        own = {"objective": card.objective} if card and "objective" in fields else {}
        kept = self.recipe.model_dump(mode="json", exclude_none=True, exclude=not_kept(fields))
        return {**own, **kept, **self.recipe.settled()}

    @cached_property
    def _files(self) -> Mapping[str, str]:
        """The SHA-256 of each file that the recipe names, except the model's."""
        model = self._settings.get("model", "")
        return {name: fingerprint(Path(name)) for name in files(self._settings) if name != model or not is_file(model)}

    def record(
        self,
        target: Path,
        output: Output,
        source: tuple[Path, str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Record:
        """Write the record of one output.

        Args:
            target: the output's file; the paths in the record start from its folder.
            output: the description of the output.
            source: the file that was dreamed, and the SHA-256 of its bytes.
            settings: settings that the run chose because the recipe leaves them open.

        Raises:
            DreampipeError: a file that the recipe names cannot be read.
        """
        folder = target.parent
        chosen = {**self._settings, **(settings or {})}
        usual = {name: usual.value for name, usual in self.recipe.usual_values().items() if name not in chosen}
        recipe = rename_files(chosen, lambda name: write_path(Path(name), folder))
        return Record(
            command=self.command,
            recipe={key: list(value) if isinstance(value, tuple) else value for key, value in recipe.items()},
            usual=usual or None,
            options={key: value for key, value in self.options.items() if value is not None and value is not False},
            model=self._model,
            files={write_path(Path(name), folder): sha256 for name, sha256 in self._files.items()},
            source=None if source is None else Source(path=write_path(source[0], folder), sha256=source[1]),
            output=output,
            versions=versions(),
        )


def versions() -> dict[str, str]:
    """Return the versions of dreampipe and its libraries, the backend, its device if loaded, and the processor.

    A GPU also says whether it repeats: whether it computes the same bits in each run, as a processor always does.
    """
    computing = choosing.name()
    packages = {"keras": "keras", computing: computing, **LIBRARIES}
    found = {name: found for name, package in packages.items() if (found := version_of(package))}
    device = {"device": backend.device()} if backend.is_loaded() else {}
    if device.get("device", "CPU") != "CPU":
        device["repeatable"] = "yes" if backend.repeats() else "no"
    return {
        "dreampipe": dreampipe.__version__,
        **found,
        "backend": computing,
        **device,
        "machine": platform.machine(),
    }


def version_of(package: str) -> str:
    """The version of a package; empty where it is not installed under this name."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def recorded(
    recipe: Settings,
    frame: Frame,
    path: str | os.PathLike[str],
    like: MediaInfo | None = None,
    source: str | os.PathLike[str] | None = None,
    keep_paths: bool = False,
) -> str:
    """Write the record of a picture that you made yourself: `write(frame, path, like, record=recorded(...))`.

    Args:
        recipe: the recipe that made it, a `Recipe` or a `Visualization`.
        frame: the picture.
        path: the file that you will write.
        like: as for `write`.
        source: the file that was dreamed; None if there is none.
        keep_paths: record the path of each file from the picture's folder, and not only its name.

    Raises:
        DreampipeError: the path has no suffix of a picture, or a file cannot be read.
    """
    target, command = Path(path), command_of(type(recipe))
    begun = None if source is None else (Path(source), sha256(Path(source)))
    record = Making(command, recipe).record(target, output_of(frame, format_of(target), like), begun)
    return (record if keep_paths else record.without_folders()).text()


def output_of(frame: Frame, format: Format, like: MediaInfo | None) -> Output:
    """Describe a picture for its record, as this format stores it; raises MediaError."""
    alpha = frame.alpha is not None and format.alpha and (like is None or like.alpha)
    return Output(
        pixels=samples_sha256(frame, format, like),
        width=frame.width,
        height=frame.height,
        bits=min(format.bits, like.bits if like else 8),
        alpha=alpha,
    )
