"""The files of defaults that apply to a command line: the user's, then that of the current folder."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from dreampipe.recipes.defaults import NAME, Defaults, find_file, read_defaults
from dreampipe.recipes.fields import EXPERT_OUTPUT

NoConfig = Annotated[
    bool,
    typer.Option(
        "--no-config",
        help=f"Use no default of a {NAME}, neither the user's nor a folder's.",
        rich_help_panel=EXPERT_OUTPUT,
    ),
]


def user_file() -> Path:
    """Return the place of the user's file: in $XDG_CONFIG_HOME/dreampipe, else where the platform keeps settings."""
    chosen = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if chosen.is_absolute():  # its standard says to ignore any other
        return chosen / "dreampipe" / NAME
    own = Path(typer.get_app_dir("dreampipe"))
    return (own if own.is_absolute() else Path.home() / ".config" / "dreampipe") / NAME


def files_in_force() -> tuple[Defaults, ...]:
    """Read the files of defaults that there are, the strongest last; raises RecipeError for a wrong one."""
    home = None
    with suppress(RuntimeError):  # there is none
        home = Path.home()
    found = [path for path in (user_file(), find_file(Path.cwd(), home)) if path and path.is_file()]
    return tuple(read_defaults(path) for path in dict.fromkeys(path.resolve() for path in found))
