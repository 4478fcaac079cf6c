"""Addresses among the arguments of a command, such as `s3://bucket/photos`: paths on this disk take their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dreampipe.cli.answer import failing
from dreampipe.cli.terminal import say

_OUTPUTS = ("out", "target", "animate", "sheet")
"""The arguments and options that name outputs."""
_NO_FILES = ("address",)
"""The options whose values look like addresses of objects and are none: that of a cluster may be `ray://HOST:10001`."""
_LAZY = ("dream", "explain")
"""The commands whose engine brings each input and sends each output itself."""


@contextmanager
def staged(command: str, values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Fetch what the addresses among the values of a command name; put its outputs after the block.

    Yields:
        The values with paths in place of the addresses.

    Raises:
        DreampipeError: an address cannot be used.
    """
    # Looked at first, so that other commands load nothing for this.
    files = {name: value for name, value in values.items() if name not in _NO_FILES}
    if not any("://" in text for value in files.values() for text in _texts(value)):
        yield values
        return
    from dreampipe.media.storage import is_address
    from dreampipe.media.storage.staging import stage

    found = {name: value for name, value in files.items() if any(map(is_address, _texts(value)))}

    outputs = [text for name in _OUTPUTS for text in _texts(found.get(name)) if is_address(text)]
    deep = bool(values.get("recursive")) or command not in _LAZY
    with stage(outputs, command in _LAZY, bool(values.get("dry_run"))) as staging:

        def take(name: str, text: str) -> str:
            if not is_address(text):
                return text
            return staging.take_output(text) if name in _OUTPUTS else staging.take_input(text, deep)

        paths: dict[str, Any] = {}
        for name, value in found.items():
            paths[name] = take(name, value) if isinstance(value, str) else [take(name, text) for text in value]
        for note in () if values.get("quiet") else staging.notes:
            say(f"Note: {note}")
        try:
            yield {**values, **paths}
        finally:
            with failing():
                staging.send()


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list | tuple) else []
