"""The user's own Python file, which defines layers of a model: `check_code(path)`, and `run_code(path, sha256)`.

It is run only for a model that the user trusts, when that model is opened, and only if it has not changed since.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from dreampipe.errors import ModelError

_MOST = 4 << 20


def check_code(path: Path) -> str:
    """Read a file of Python, and run nothing.

    Returns:
        its SHA-256, hexadecimal.

    Raises:
        ModelError: there is no such file, or it is not Python.
    """
    data = _read(path)
    try:
        ast.parse(data, str(path))
    except (SyntaxError, ValueError, RecursionError) as error:
        reason = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
        raise ModelError(
            f"{path} of --import is not Python ({reason}): name the .py file that defines the model's layers."
        ) from None
    return hashlib.sha256(data).hexdigest()


def run_code(path: Path, sha256: str) -> dict[str, Any]:
    """Run a file of Python.

    Returns:
        what it defines and imports, by name.

    Raises:
        ModelError: it is not that of `sha256`, or it fails.
    """
    data = _read(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(f"{path} of --import has changed since the card was made: make the card again.")
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    try:
        with _importing_from(path.absolute().parent):
            exec(compile(data, str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:  # whatever its author wrote
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{path} of --import fails ({type(error).__name__}{': ' if reason else ''}{reason.rstrip('.')}): mend it, "
            "and try it by python."
        ) from error
    return {name: value for name, value in vars(module).items() if not name.startswith("__")}


def _read(path: Path) -> bytes:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is no regular file" if path.exists() else "does not exist"
        raise ModelError(f"{path} of --import {what}, but a Python file is expected: check its name.")
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise ModelError(f"{path} of --import cannot be read ({error.strerror or error}): check it.") from None
    if len(data) > _MOST:
        raise ModelError(f"{path} of --import is larger than {_MOST >> 20} MiB, which no file of layers is: check it.")
    return data


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Let the file import the modules next to it, as a script does."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
