"""`dreampipe doctor`: whether this machine is set up."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from dreampipe.cli.answer import FAILED, answer_errors
from dreampipe.cli.config import files_in_force
from dreampipe.cli.terminal import show, show_json


@answer_errors
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Each finding as a line of JSON.")] = False) -> None:
    """Check whether this machine is set up: libraries, devices, codecs, memory, weights and settings.

    Each finding is ok, a note (it limits what can be dreamed) or a fault (dreams fail), with a line of advice. The exit
    code is 1 if there is a fault. No network is needed.
    """
    from dreampipe.engines.diagnosis import diagnose

    fault = False
    for finding in diagnose(files_in_force):
        fault = fault or finding.state == "fault"
        if as_json:
            show_json(asdict(finding), flush=True)
        else:
            show(f"{finding.state:5}  {finding.subject:9}  {finding.text}", f"{'':18}{finding.advice}", flush=True)
    if fault:
        raise typer.Exit(FAILED)
