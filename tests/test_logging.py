"""The library prints nothing: notes go to the logger `dreampipe`, steps to whoever listens."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dreampipe
from dreampipe import Step
from dreampipe.events import Event, Progressed, Stepped

PICTURE = np.full((24, 30, 3), 120, np.uint8)


@pytest.mark.smoke
def test_notes_go_to_the_logger(tiny_model: Path, caplog: pytest.LogCaptureFixture) -> None:
    how: dict[str, Any] = {"model": tiny_model, "objective": "first", "octaves": 1, "steps": 1}
    with caplog.at_level(logging.INFO, "dreampipe"):
        dreampipe.dream(PICTURE, max_size=16, **how)
    assert {record.name for record in caplog.records} == {"dreampipe"}
    told = caplog.messages
    assert any(text.startswith("tiny.keras does not say how it wants its pixels") for text in told)
    assert "dreamed at 16x13 and enlarged onto the full 30x24" in told


def test_nothing_is_printed_where_nobody_listens() -> None:
    program = "import dreampipe, logging; logging.getLogger('dreampipe').error('a note')"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")


def test_steps_are_told_to_whoever_listens(tiny_model: Path) -> None:
    how: dict[str, Any] = {"model": tiny_model, "scaling": "unit"}
    heard: list[Event] = []
    dreampipe.dream(np.stack([PICTURE, PICTURE]), tell=heard.append, objective="first", octaves=1, steps=3, **how)
    assert [event.step.step for event in heard if isinstance(event, Stepped)] == [1, 2, 3, 1, 2, 3]
    heard.clear()
    dreampipe.explain(PICTURE, method="smoothgrad(samples=3)", tell=heard.append, **how)
    dreampipe.attack(PICTURE, "pgd(steps=3)", tell=heard.append, **how)
    assert all(isinstance(event, Progressed) and 0 <= event.share <= 1 for event in heard) and len(heard) >= 4
    heard.clear()
    dreampipe.visualize("first[0]", tell=heard.append, steps=2, size=16, **how)
    assert len(heard) == 2
    heard.clear()
    dreampipe.atlas("first", tell=heard.append, channels="0-1", steps=2, size=16, **how)
    assert any(isinstance(event, Stepped) for event in heard)


def test_a_bar_shows_steps_on_stderr_and_is_gone_after(tiny_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    how: dict[str, Any] = {"model": tiny_model, "scaling": "unit", "objective": "first", "octaves": 1, "steps": 2}
    silent = dreampipe.dream(PICTURE, **how)
    assert capfd.readouterr() == ("", "")
    with dreampipe.progress() as tell:
        shown = dreampipe.dream(PICTURE, tell=tell, **how)
    assert np.array_equal(shown, silent) and capfd.readouterr().out == ""


def test_a_bar_names_the_step(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as if stderr were a terminal
    with dreampipe.progress() as tell:
        tell(Stepped("[eye]", Step(2, 2, 4, 4, (9, 9), 0.5)))
    told = capfd.readouterr().err
    assert "[eye] step 8/8" in told
