"""The one place that writes to stdout and stderr. It escapes characters that control a terminal: `a\\u001b[31m.png`.

    show(line, ...)   lines for programs and people, on stdout
    show_json(value)  one line of JSON, on stdout
    say(text)         a sentence for people, on stderr

Names come from files, and files from strangers. A path with an ordinary name is printed as it is and can be piped; for
one with such characters, `dream --events` gives the exact name as JSON.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any, TextIO

from dreampipe.errors import printable

_INDENTED = re.compile(r"\n(?=  )")
"""The start of a line that belongs to the sentence before it, such as an objective with its caret."""


def show(*lines: object, flush: bool = False) -> None:
    """Print lines on stdout."""
    for line in lines:
        _write(printable(in_addresses(str(line))), sys.stdout, flush)


def show_json(value: Any, indent: int | None = None, flush: bool = False) -> None:
    """Print a value on stdout as JSON in ASCII, on one line unless indented."""
    show(*json.dumps(value, indent=indent, allow_nan=False).split("\n"), flush=flush)


def show_at_once(text: str) -> None:
    """Print a line on stdout at once, in UTF-8 as programs expect a path; raises OSError."""
    # print fails at letters that the terminal's encoding lacks.
    sys.stdout.buffer.write(f"{printable(in_addresses(text))}\n".encode())
    sys.stdout.buffer.flush()


def as_json(value: Any) -> str:
    """Write a value as one line of JSON in ASCII."""
    return json.dumps(value, allow_nan=False)


def say(text: str) -> None:
    """Print a sentence on stderr, as stdout is for pipes; indented lines may follow it."""
    try:
        _write("\n".join(map(printable, _INDENTED.split(in_addresses(text)))), sys.stderr)
    except OSError:  # nobody reads it, as with `2>&1 | head -1`: the work matters more than the messages
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def in_addresses(text: str) -> str:
    """Write the address of an object in place of the path of its copy on this disk."""
    if "dreampipe-stores" not in text:
        return text
    from dreampipe.media.storage.addresses import show_addresses

    return show_addresses(text)


def _write(text: str, stream: TextIO | None, flush: bool = False) -> None:
    if stream is None:  # closed by `2>&-`; print would take stdout then
        return
    encoding = stream.encoding or "utf-8"
    # Not typer.echo, which would break a bar on the terminal.
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=flush)
