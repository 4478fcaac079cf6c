"""The answer to words on a command line that typer cannot parse: one sentence in place of its own."""

from __future__ import annotations

import re
from typing import Any

from dreampipe.errors import nearest, shown_as_given


def sentence(error: Any) -> str:
    """Write the sentence on a typing error of typer: what came, and what is expected."""
    param = getattr(error, "param", None)
    if getattr(param, "nargs", 1) == -1:  # of one path that came for `INPUT... OUTPUT`, the output is what is missing
        *_, out = (param.metavar for param in error.ctx.command.params if param.param_type_name == "argument")
        return f"Missing argument '{out}': the inputs come first, and after them where the result goes."
    if hasattr(error, "option_name"):
        return _on_use(error.option_name, str(error.format_message()))
    fault = _fault_of(error)
    if found := re.match("No such command '(.*?)'", str(error), re.DOTALL):
        return f"There is no command {found[1]!r}: {nearest(found[1], error.ctx.command.list_commands(error.ctx))}."
    if found := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", str(error), re.DOTALL):
        return (
            f"{found[1]} came after the last argument, but nothing more is expected: "
            "leave that out, or put names with spaces in quotes."
        )
    if param is None or fault is None:
        return str(getattr(error, "message", "") or error.format_message())  # a missing argument has no message
    name = max(param.opts, key=len) if param.param_type_name == "option" else param.metavar or param.name
    return f"{name} came as {shown_as_given(fault['input'])}, but it must be {_expected(param) or fault['msg']}."


def _on_use(option: str, message: str) -> str:
    """Write the sentence on an option whose value is missing, or that takes none."""
    if "requires" in message:
        return f"{option} came without a value, but it takes one: write it after {option}."
    if "does not take" in message:
        return f"{option} came with a value, but it takes none: leave the value out."
    return message


def _fault_of(error: Any) -> Any:
    """Find the first fault of the value that pydantic has refused for typer; None if something else is wrong."""
    faults: list[Any] = getattr(error.__cause__, "errors", list)()
    return faults[0] if faults else None


def _expected(param: Any) -> str:
    """Write what an option takes, by what typer knows of it."""
    kind = param.type_descriptor
    if kind.choices:
        return f"one of {', '.join(map(str, kind.choices))}"
    from dreampipe.recipes.expected import expected  # which loads the recipes: a wrong name of a command needs none

    bounds = {"ge": kind.parameter_info.min, "le": kind.parameter_info.max}
    return expected(kind.annotation, {name: bound for name, bound in bounds.items() if bound is not None})
