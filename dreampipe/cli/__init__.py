"""The command line: parse, call, print. One file for each command; no logic that a library call lacks.

    app.py       the program `dreampipe`
    dream.py sheet.py models.py layers.py    its commands
    options.py   a command's options out of the fields of `Recipe`
    answer.py    errors as one sentence and an exit code
    hush.py      tensorflow's own chatter
    progress.py  the bar on a terminal;  events.py  what a run says on a pipe

The one place that knows typer and rich.
"""
