"""The command line: parse arguments, build a task, perform it. One file for each command; no logic.

    app.py       the program `dreampipe`; commands.py, the list of its commands, each loaded when it is needed
    dream.py sheet.py visualize.py atlas.py zoom.py explain.py methods.py models.py recipes.py layers.py rerun.py
    info.py attack.py gallery.py classes.py doctor.py cache.py   its commands
    options.py   a command's options from the fields of its recipe; help.py, --help and --help-all
    backends.py  --backend, which chooses what computes
    config.py    the files of defaults, dreampipe.toml, that apply
    misnamed.py  the answer to an option that a command does not have
    mistyped.py  the answer to a value that an option does not take
    targets.py   the options of a command's output, and the place of its file
    perform.py   performs any task: names, check, notes, weights, run, exit code
    answer.py    errors as one sentence and an exit code; terminating.py, SIGTERM as Ctrl-C
    hush.py      hides the messages of tensorflow; uncollected.py imports without searching for garbage
    completing.py  what a shell completes; details.py, what --verbose adds; forecasts.py, what --dry-run prints
    progress.py  the bar on a terminal; events.py, the lines on a pipe; estimates.py, how long it takes
    calls.py     the bar of the library's calls
    fetching.py  downloads with a bar; table.py, lists; terminal.py, the one module that prints

Only this room imports typer and rich.
"""

from __future__ import annotations

import sys
import warnings

from dreampipe.cli.uncollected import uncollected


def main() -> None:
    """Run the command line and exit: 0 all done, 1 some picture failed, 2 bad arguments, 130 Ctrl-C, 143 SIGTERM."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # libraries warn of files and versions; that is not for users
    try:
        with uncollected():
            from dreampipe.cli.app import app  # takes a moment, so Ctrl-C may come during it

        app()
    except KeyboardInterrupt:
        sys.exit(130)
