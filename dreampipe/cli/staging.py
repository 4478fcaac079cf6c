"""Addresses among the arguments of a command, such as `s3://bucket/photos`: paths on this disk take their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreampipe.cli.answer import failing
from dreampipe.cli.terminal import say

if TYPE_CHECKING:
    from dreampipe.media.storage.staging import Staging

_OUTPUTS = ("out", "target", "animate", "sheet")
"""The arguments and options that name outputs."""
_NO_FILES = ("address",)
"""The options whose values look like addresses of objects and are none: that of a cluster may be `ray://HOST:10001`."""
_OF_RECIPES = ("recipe", "model", "mask", "prior")
"""Options whose readers say best what is expected where nothing is."""
_LAZY = ("dream", "explain")
"""The commands whose engine brings each of its `sources` and sends each output itself."""


@contextmanager
def staged(command: str, values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Fetch what the addresses among the values of a command name; put its outputs after the block.

    Yields:
        The values with paths in place of the addresses; a command with a recipe also gets `bring`, which does that for
        a name in the recipe.

    Raises:
        DreampipeError: an address cannot be used.
    """
    with ExitStack() as stack:
        stager = _Stager(command, values, stack)
        paths: dict[str, Any] = {}
        for name, value in values.items():
            if name not in _NO_FILES and any(map(_is_address, _texts(value))):
                took = [stager.take(name, text) for text in _texts(value)]
                paths[name] = took[0] if isinstance(value, str) else took
        brought = {"bring": stager.bring} if "no_config" in values else {}  # one with a recipe
        try:
            yield {**values, **paths, **brought}
        finally:
            stager.send()


class _Stager:
    """Opens the mirror of a command once an address comes, and takes its inputs and outputs there.

    Args:
        command: its name.
        values: what it was given.
        stack: closes the mirror.
    """

    def __init__(self, command: str, values: Mapping[str, Any], stack: ExitStack) -> None:
        self._lazy = command in _LAZY
        self._values, self._stack = values, stack
        self._staging: Staging | None = None
        self._brought: dict[str, str] = {}  # a command may make its recipe more than once

    def _open(self) -> Staging:
        from dreampipe.media.storage.staging import stage

        if self._staging is None:
            outputs = [text for name in _OUTPUTS for text in _texts(self._values.get(name)) if _is_address(text)]
            self._staging = self._stack.enter_context(stage(outputs, self._lazy, bool(self._values.get("dry_run"))))
        return self._staging

    def take(self, name: str, text: str) -> str:
        """Take a value of the command, and return its path; a text that is no address returns as it is."""
        if not _is_address(text):
            return text
        if name in _OUTPUTS:
            path = self._open().take_output(text)
        elif name == "sources" and self._lazy:
            path = self._open().take_input(text, bool(self._values.get("recursive")), lazy=True)
        else:
            return self.bring(text) if name in _OF_RECIPES else self._fetch(text)
        self._tell_notes()
        return path

    def bring(self, name: str) -> str:
        """Fetch what an address in a recipe names, and return its path; a name that is no address returns as it is.

        Where nothing is, nothing is at the path either: who reads it says so, and what is expected.
        """
        from dreampipe.media.storage.faults import Absent

        if not _is_address(name):
            return name
        try:
            return self._fetch(name)
        except Absent:
            return self._open().path_of(name)

    def _fetch(self, name: str) -> str:
        if name not in self._brought:
            self._brought[name] = path = self._open().take_input(name, deep=True)
            if path.endswith(".keras"):
                from dreampipe.models.own.cards import list_beside

                for beside in list_beside(Path(path)):
                    self._open().take_beside(beside)
            self._tell_notes()
        return self._brought[name]

    def _tell_notes(self) -> None:
        notes = self._open().notes
        for note in () if self._values.get("quiet") else notes:
            say(f"Note: {note}")
        notes.clear()

    def send(self) -> None:
        """Put the outputs; ends the command with exit code 1 where the store does not take them."""
        if self._staging:
            with failing():
                self._staging.send()


def _is_address(text: str) -> bool:
    if "://" not in text:  # so that other commands load nothing for this
        return False
    from dreampipe.media.storage import is_address

    return is_address(text)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list | tuple) else []
