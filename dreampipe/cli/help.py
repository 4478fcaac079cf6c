"""Help in groups: `--help` shows the options that people use first, `--help-all` shows every option.

A command's options fall into the groups of `recipes.fields.HEADINGS`: those of its recipe by their fields, its own by
`rich_help_panel`. Plain text: it pipes well, and rich would cost a tenth of a second.
"""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from dreampipe.cli.misnamed import answer, check_dashes
from dreampipe.cli.terminal import show
from dreampipe.errors import RecipeError
from dreampipe.recipes.fields import EXPERT, HEADINGS

_ALL = "dreampipe.help_all"
_ARGUMENTS, _OTHERS = "Arguments", "Other options"
_CODES = (
    "Exit codes: 0 all done; 1 something failed, and a line names it with its reason; 2 bad arguments, nothing was "
    "begun; 130 interrupted; 143 terminated."
)


def closing(*examples: str) -> str:
    """Write the end of a command's help: its examples and its exit codes."""
    lines = "\n".join(f"  dreampipe {example}" for example in examples)
    return f"\b\nExamples:\n{lines}\n\n{_CODES}"


def _show_all(context: typer.Context, wanted: bool) -> None:
    if wanted:
        context.meta[_ALL] = True
        show(*context.get_help().split("\n"))
        raise typer.Exit


HelpAll = Annotated[
    bool,
    typer.Option("--help-all", help="Show every option and exit.", callback=_show_all, is_eager=True),
]
"""The option of each command that has expert options."""


class _NoOption(typer.BadParameter):
    def format_message(self) -> str:
        return self.message


class GroupedCommand(TyperCommand):
    """A command whose help shows its options in groups, and the expert groups only with `--help-all`.

    It answers the words of other tools, and those of earlier versions, with its own.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words of the command line; raises typer's errors of usage."""
        try:
            check_dashes(self.name or "", self.params, args)
            return super().parse_args(ctx, args)
        except RecipeError as error:
            raise _NoOption(str(error), ctx) from None
        except Exception as error:
            if not hasattr(error, "possibilities"):  # the error of an unknown option has it, whichever click it uses
                raise
            message = answer(self.name or "", self.params, error.option_name)  # type: ignore[attr-defined]
            raise _NoOption(message, ctx) from None

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write a section for the arguments and one for each group of options."""
        left_out = () if ctx.meta.get(_ALL) else EXPERT
        shown = [param for param in self.get_params(ctx) if _group(param) not in left_out]
        order = (_ARGUMENTS, *HEADINGS, _OTHERS)
        for title, members in groupby(sorted(shown, key=lambda param: order.index(_group(param))), key=_group):
            if records := [record for param in members if (record := param.get_help_record(ctx))]:
                with formatter.section(title):
                    formatter.write_dl(records)


def _group(param: Any) -> str:
    if param.param_type_name == "argument":
        return _ARGUMENTS
    return getattr(param, "rich_help_panel", None) or _OTHERS
