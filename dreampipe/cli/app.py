"""The program `dreampipe`: `app`, which loads the command that is asked for."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import CompletionItem, TyperGroup  # type: ignore[attr-defined]

from dreampipe import __version__
from dreampipe.cli.answer import BAD_ARGUMENTS
from dreampipe.cli.commands import COMMANDS, load
from dreampipe.cli.terminal import say, show


class _Program(TyperGroup):
    """The commands. A typing error is answered like every error, without characters that control a terminal."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = dict.fromkeys(COMMANDS)  # None until one is loaded; typer suggests their names

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a command; None if there is none of that name."""
        if cmd_name in self.commands and self.commands[cmd_name] is None:
            self.commands[cmd_name] = load(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a line for each command, without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in COMMANDS.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command, without loading one; or an option."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        rows = COMMANDS.items()
        return [CompletionItem(name, help=row.summary) for name, row in rows if name.startswith(incomplete)]

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command and exit, or return where `standalone_mode` is false."""
        exits = options.pop("standalone_mode", True)
        options["standalone_mode"] = False
        if not exits:
            return super().main(*args, **options)
        try:
            code = super().main(*args, **options)
        except typer.Abort:
            say("Aborted.")
            sys.exit(1)
        except Exception as error:
            if not hasattr(error, "format_message"):  # typer's errors have it, whichever click it uses
                raise
            context = getattr(error, "ctx", None)
            if type(error).__name__ == "NoArgsIsHelpError" and context is not None:  # nothing came, so help does
                for line in context.get_help().split("\n"):
                    say(line)
            else:
                _say_usage(context)
                from dreampipe.cli.mistyped import sentence  # only once something is wrong

                say(f"Error: {sentence(error)}")
            sys.exit(getattr(error, "exit_code", BAD_ARGUMENTS))
        sys.exit(code or 0)


def _say_usage(context: typer.Context | None) -> None:
    if context is not None:
        for line in context.get_usage().splitlines():
            say(line)
        say(f"Try '{context.command_path} --help' for help.")
        say("")


app = typer.Typer(
    name="dreampipe",
    cls=_Program,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    # Plain help: it pipes well, and rich would cost a tenth of a second.
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        show(f"dreampipe {__version__}")
        raise typer.Exit


@app.callback()
def dreampipe(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Pictures and films, dreamed by the activations of a Keras model; what it has learned, and why it answers so."""
