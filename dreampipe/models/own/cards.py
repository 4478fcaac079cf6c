"""Cards of the user's own models: `my.card.toml` next to `my.keras`, text that says what the file does not.

    read(path) -> OwnCard | None        OwnCard.fit(layers, outputs, sha256)

A card is read and never run. Whatever a flag says goes over it.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from dreampipe.errors import ModelError, nearest, shown
from dreampipe.models.model_card import SCALINGS, Layer, Scaling
from dreampipe.parsing import parse_toml

_MOST = 4 << 20


@dataclass(frozen=True)
class OwnCard:
    """A user's card of a model file; an empty field, or None, leaves it open.

    Attributes:
        scaling: how the model wants its pixels.
        objective: the text of the objective to climb when none is asked for.
        classes: names of the logits, in order; in the file a list, or the name of a file of lines next to it.
        recommended: layers that dream well, and why.
        licence: of the weights.
        note: a sentence for whoever uses the model.
        sha256: hexadecimal, of the only model file that the card is for.
        names: "file" where its names of layers are those of the file; a card of an earlier version may have others.
    """

    scaling: Scaling | None = None
    objective: str = ""
    classes: tuple[str, ...] = ()
    recommended: tuple[tuple[str, str], ...] = ()
    licence: str = ""
    note: str = ""
    sha256: str = ""
    names: str = ""

    def fit(self, layers: Sequence[Layer], outputs: int | None, sha256: str) -> None:
        """Raise ModelError, with a clause about "it", where the card is of another model than this."""
        if self.sha256 and self.sha256.lower() != sha256:
            raise ModelError(
                f"it is for the model file of SHA-256 {self.sha256[:12]}..., but the file next to it is "
                f"{sha256[:12]}...: take the right file, or mend or leave out sha256."
            )
        if self.classes and outputs is not None and len(self.classes) != outputs:
            head = f"gives {outputs}" if outputs else "has no head of classes"
            raise ModelError(f"it names {len(self.classes)} classes, but the model {head}: mend or leave out classes.")
        known = [layer.name for layer in layers]
        for name, _ in self.recommended:
            if name not in known:
                raise ModelError(f"it recommends {name!r}, which is no layer of the model ({nearest(name, known)}).")

    def with_names_of_file(self, names: Collection[str], earlier: Mapping[str, str]) -> tuple[OwnCard, str]:
        """Give the card with the names of layers in the file, and a clause on those that were or may be others.

        Args:
            names: of the layers in the file.
            earlier: the layer's name in the file, by the name that dreampipe once had for it.
        """
        if self.names:
            return self, ""
        said = list(dict.fromkeys([*(name for name, _ in self.recommended), _name_of(self.objective)]))
        if not (old := [name for name in said if name not in names and name in earlier]):
            unclear = [name for name in said if name in earlier]
            told = ", ".join(f"{name}, which once meant {earlier[name]}" for name in unclear)
            return self, f'it names {told}: check that, and write names = "file" into it' if unclear else ""
        recommended = tuple((earlier.get(name, name), why) for name, why in self.recommended)
        name = _name_of(self.objective)
        objective = json.dumps(earlier[name], ensure_ascii=False) if name in earlier else self.objective
        told = ", ".join(f"{name} is {earlier[name]}" for name in old)
        return (
            replace(self, recommended=recommended, objective=objective),
            f"it names layers as dreampipe once did; in the file, {told}: write these names there",
        )


def _name_of(objective: str) -> str:
    """Return the name that an objective consists of; of any other objective, its text."""
    quoted = re.fullmatch(r'"([^"\\]*)"', objective.strip())
    return quoted[1] if quoted else objective.strip()


KEYS = tuple(field.name for field in fields(OwnCard))


def beside(path: Path) -> Path:
    """Return the path of a model file's card: `my.card.toml` for `my.keras`."""
    return path.with_suffix(".card.toml")


def list_beside(path: Path) -> Iterator[Path]:
    """List the files next to a model file that say more of it: its card, and the file of classes that the card names.

    The card need not exist, and is read when the second is asked for.
    """
    place = beside(path)
    yield place
    if place.is_file():
        with suppress(ModelError):  # which `read` raises again
            classes = _parse(_text(place, "it")).get("classes")
            if isinstance(classes, str):
                yield _find_lines(classes, place.parent)


def read(path: Path) -> OwnCard | None:
    """Read the card next to a model file; None if there is none.

    Raises:
        ModelError: it cannot be read, has a key that no card has, or a value that cannot be.
    """
    place = beside(path)
    if not os.path.lexists(place):
        return None
    with name_card(place):
        return _make(_parse(_text(place, "it")), place.parent)


@contextmanager
def name_card(place: Path) -> Iterator[None]:
    """Errors about "it" become errors about the card."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"The card {place} is refused: {error}") from error


def _text(place: Path, what: str) -> str:
    """A regular file of text, of a size that a card may have."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # not to wait for a writer where it is a pipe
    try:
        with open(place, "rb", opener=lambda name, _: os.open(name, flags)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST:
                raise ModelError(f"{what} is no regular file of at most {_MOST >> 20} MiB, as is expected.")
            return file.read().decode("utf-8-sig")
    except OSError as error:
        raise ModelError(f"{what} cannot be read ({error.strerror or error}): check it.") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{what} is not text in UTF-8, as is expected: save it so.") from error


def _parse(text: str) -> dict[str, Any]:
    try:
        return parse_toml(text.replace("\r\n", "\n"))
    except ValueError as error:
        raise ModelError(f"it is no TOML ({error}): mend it there.") from error


def _make(known: Mapping[str, Any], folder: Path) -> OwnCard:
    for key in known:
        if key not in KEYS:
            raise ModelError(f"it has the key {shown(key)}, which no card has ({nearest(key, KEYS)}).")
    readers: dict[str, Callable[[str, Any], Any]] = dict.fromkeys(KEYS, _line)
    readers |= {"scaling": _scaling, "recommended": _read_recommended, "sha256": _sha256, "names": _names}
    readers["classes"] = partial(_classes, folder=folder)
    return OwnCard(**{key: readers[key](key, value) for key, value in known.items()})


def _line(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ModelError(f"its {key} came as {shown(value)}, but one line of text is expected.")
    return value


def _scaling(key: str, value: Any) -> Scaling:
    for known in SCALINGS:
        if value == known:
            return known
    answer = nearest(value, SCALINGS) if isinstance(value, str) else f"known names: {', '.join(SCALINGS)}"
    raise ModelError(f"its {key} came as {shown(value)}, but one of {', '.join(SCALINGS)} is expected ({answer}).")


def _classes(key: str, value: Any, folder: Path) -> tuple[str, ...]:
    names = _lines(value, folder) if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(_is_name(name) for name in names):
        raise ModelError(f"its {key} came as {shown(value)}, but a list of names, or a file of lines, is expected.")
    return tuple(names)


def _lines(value: str, folder: Path) -> list[str]:
    text = _text(_find_lines(value, folder), f"it names {value}, which")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _find_lines(value: str, folder: Path) -> Path:
    """Return the path of the file of classes; a card of a stranger may not have other files of this machine read."""
    place = PurePosixPath(value)
    odd = not place.parts or place.is_absolute() or ".." in place.parts or "\\" in value or "\0" in value
    if odd or not _real(folder / place).is_relative_to(_real(folder)):
        raise ModelError(f"its classes came as the file {value!r}, but a file next to the card is expected.")
    return folder / place


def _real(place: Path) -> Path:
    """Follow links to the end."""
    return Path(os.path.realpath(place))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and bool(value.strip())


def _read_recommended(key: str, value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not all(_is_name(reason) for reason in value.values()):
        raise ModelError(f"its {key} came as {shown(value)}, but a table is expected: a line of why for each layer.")
    return tuple(value.items())


def _names(key: str, value: Any) -> str:
    if value != "file":
        raise ModelError(f'its {key} came as {shown(value)}, but "file" is expected: write that, or leave it out.')
    return "file"


def _sha256(key: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ModelError(f"its {key} came as {shown(value)}, but 64 hexadecimal digits are expected.")
    return value.lower()
