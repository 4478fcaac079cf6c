"""The record of an output: how it was made, as a value and as the JSON text that the output carries.

It holds what decides the pixels, and nothing else: no time, no absolute path, and no permission to trust a model. The
record inside a file names no folders either (`without_folders`), as files travel; a sidecar may. Equal runs write equal
bytes.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dreampipe.errors import RecipeError, brief, nearest, printable, shown
from dreampipe.models.model_card import Scaling
from dreampipe.parsing import parse_json
from dreampipe.recipes.earlier import rename_settings
from dreampipe.recipes.fields import not_kept
from dreampipe.recipes.named import rename_files
from dreampipe.recipes.tasks import TASKS, Command, Option

VERSION = 1
"""The version of records that are written, and the latest that is read."""

_MISSING = "it says no {}, which each record has; take a copy of the file as it was made."

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), defer_build=True)


class Model(_Part):
    """The model that was climbed.

    Attributes:
        name: of the model.
        sha256: of its file or weights.
        scaling: of its input.
        names: whose names the recipe has for layers: those of the model's file. None where earlier versions, which
            counted automatic names again, had the same names; and in their records.
        code: the SHA-256 of the Python file that defines layers of the model; None where there was none.
    """

    name: str
    sha256: str
    scaling: Scaling
    names: Literal["file"] | None = None
    code: Sha256 | None = None


class Source(_Part):
    """The file that was dreamed: its path, as `places.write_path` writes it, and the SHA-256 of its bytes."""

    path: str
    sha256: Sha256


class Output(_Part):
    """The output that was made.

    Attributes:
        pixels: the SHA-256 of its samples before encoding; for a film, of all frames.
        width, height: its size in pixels.
        bits: the bits of a sample.
        alpha: whether it has an alpha channel.
        frames: the number of frames of a film; None for a picture.
        instructions: the processor's instruction sets that a film's encoder was limited to; None for no limit. They do
            not change the film: see `media.video.instructions`.
        encoded: the codec and the pixel format of a film of packets, as "h264 yuv420p"; None for others.
        decoded: the SHA-256 of what a lossy picture's file shows, as `media.comparing` decodes it; None for all others.
        file: the SHA-256 of the whole file, or of the names and SHA-256s of numbered pictures; only a sidecar can
            hold that.
    """

    pixels: Sha256
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    bits: int
    alpha: bool = False
    frames: int | None = None
    instructions: str | None = None
    encoded: str | None = None
    decoded: Sha256 | None = None
    file: Sha256 | None = None


class Record(_Part):
    """The record of how an output was made.

    Attributes:
        version: the version of this form.
        command: the command that made the output.
        recipe: its settings, by their names; files are named as `places.write_path` writes them.
        usual: what the settings that the recipe leaves open meant, by their names. None if there are none, and in the
            records of earlier versions, whose defaults `recipes.earlier` has.
        options: the other options that decide the output: quality, codec, crf, start, end, ...
        model: the model that was climbed or asked; None if none was.
        files: the SHA-256 of each file that the recipe names, by its name there; without the model.
        source: the file that was dreamed; None for an output drawn from nothing.
        output: the description of the output.
        versions: the versions of dreampipe and of the libraries that compute, and the kind of machine.
    """

    version: Literal[1] = 1
    command: Command
    recipe: dict[str, Any]
    usual: dict[str, Option] | None = None
    options: dict[str, Option] = {}
    model: Model | None = None
    files: dict[str, Sha256] = {}
    source: Source | None = None
    output: Output
    versions: dict[str, str]

    def text(self) -> str:
        """Write its JSON; equal records write equal text."""
        held = self.model_dump(mode="json", exclude_none=True)
        return json.dumps(held, separators=(",", ":"))

    @classmethod
    def read(cls, text: str, name: str) -> Self:
        """Parse a record.

        Args:
            text: its JSON, as `text` wrote it, or as a stranger did.
            name: the name of the file that it comes from, for messages.

        Raises:
            RecipeError: it is not JSON, is of a later version, or lacks or misspells a key.
        """
        try:
            held = parse_json(text)
        except ValueError:
            held = None
        if not isinstance(held, dict):
            raise RecipeError(f"The record in {name} is damaged (no JSON): take a copy of the file as it was made.")
        version = held.get("version")
        if isinstance(version, int) and version > VERSION:
            raise RecipeError(
                f"The record in {name} is of version {version}, but this dreampipe reads {VERSION}: "
                "install a newer dreampipe."
            )
        command, recipe = held.get("command"), held.get("recipe")
        if isinstance(command, str) and isinstance(recipe, dict):
            held = {**held, "recipe": rename_settings(command, recipe)}
        if (
            isinstance(command, str)
            and command in TASKS
            and "model" in TASKS[command].recipe.model_fields
            and "model" not in held
        ):
            raise RecipeError(f"The record in {name} cannot be read: {_MISSING.format('model')}")
        try:
            return cls(**held)
        except ValidationError as error:
            raise RecipeError(
                f"The record in {name} cannot be read: {printable(_describe_fault(cls, error))}"
            ) from None

    def without_folders(self) -> Self:
        """Reduce the paths of files to their names, for a record inside a file.

        Files of one name in different folders then look the same, so their hashes are dropped.
        """
        named: dict[str, set[str]] = {}
        for path, sha256 in self.files.items():
            named.setdefault(PurePosixPath(path).name, set()).add(sha256)
        recipe = rename_files(self.recipe, lambda path: PurePosixPath(path).name)
        changed = {
            "recipe": {key: list(value) if isinstance(value, tuple) else value for key, value in recipe.items()},
            "files": {name: found.pop() for name, found in named.items() if len(found) == 1},
            "source": self.source and self.source.model_copy(update={"path": PurePosixPath(self.source.path).name}),
        }
        return self.model_copy(update=changed)

    def settings(self, name: str) -> dict[str, Any]:
        """Check the settings of the recipe, and return those that are set; raises RecipeError for a wrong one."""
        later = self.recipe.get("version", 1)
        if isinstance(later, int) and later > 1:
            raise RecipeError(
                f"The recipe in {name} is of version {later}, but this dreampipe reads 1: install a newer dreampipe."
            )
        try:
            kind = TASKS[self.command].recipe
            out = not_kept(kind.model_fields)
            recipe = kind(**{key: value for key, value in self.recipe.items() if key not in out})
            if stray := [key for key in self.usual or () if key not in kind.open]:
                raise RecipeError(f"it says {brief(stray[0])} as usual: {nearest(stray[0], kind.open)}.")
            kind(**{**(self.usual or {}), **recipe.model_dump(exclude_none=True)})
        except RecipeError as error:
            raise RecipeError(f"The recipe in {name} cannot be read: {printable(str(error))}") from None
        return {key: value for key, value in recipe.model_dump().items() if value is not None}


def _describe_fault(cls: type[BaseModel], error: ValidationError) -> str:
    """Write the first fault as the rest of a sentence."""
    fault = error.errors()[0]
    place = [str(part) for part in fault["loc"]]
    where = ".".join(place)
    if fault["type"] == "missing":
        return _MISSING.format(where)
    if fault["type"] == "extra_forbidden":
        return f"it says {brief(where)}, which no record has: {nearest(place[-1], _list_keys(cls, place[:-1]))}."
    expected = fault["msg"].removeprefix("Input should be ")
    return f"its {brief(where)} came as {shown(fault['input'])}, but it must be {expected}."


def _list_keys(cls: type[BaseModel], place: list[str]) -> list[str]:
    """List the keys in one part of a record."""
    part: Any = cls
    for name in place:
        annotation = part.model_fields[name].annotation
        part = next(kind for kind in (annotation, *get_args(annotation)) if hasattr(kind, "model_fields"))
    return list(part.model_fields)
