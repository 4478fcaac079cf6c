"""What the README shows works: its Python, run in order; its commands and settings exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import dreampipe
from dreampipe import Resize
from dreampipe.cli.app import app
from dreampipe.objectives import Objective

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
_PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SCRIPTS = [snippet for snippet in _PYTHON if "__main__" in snippet]
SNIPPETS = [snippet for snippet in _PYTHON if snippet not in SCRIPTS]
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("dreampipe ")
]


def copy_small_samples(folder: Path) -> None:
    """Write small copies of the samples, which take less time and show the same."""
    (folder / "samples").mkdir()
    for name in ("sea.jpg", "hills.jpg"):
        dreampipe.write(Resize(320)(iter(dreampipe.read(ROOT / "samples" / name))), folder / "samples" / name)


def test_its_python_runs_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_small_samples(tmp_path)
    monkeypatch.chdir(tmp_path)
    known: dict[str, object] = {}
    for snippet in SNIPPETS:
        exec(snippet, known)
    assert known["dreamed"].shape == (240, 320, 3)  # type: ignore[attr-defined]
    assert (tmp_path / "hills-dreamed.png").stat().st_size > 10_000
    (frame,) = known["frames"]  # type: ignore[misc, attr-defined]
    assert (frame.width, frame.height) == (256, 192)


@pytest.mark.slow
def test_its_script_dreams_in_a_pool_of_processes(tmp_path: Path) -> None:
    """Write it to a file, because spawned processes import the file that started them."""
    (script,) = SCRIPTS
    copy_small_samples(tmp_path)
    end = "    print(*(f'{dream.width}x{dream.height}' for dream in dreams))\n"
    (tmp_path / "script.py").write_text(script + end, encoding="utf-8")
    ran = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True, timeout=500)
    assert (ran.returncode, ran.stdout) == (0, "320x240 320x240\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_have_these_options(command: str) -> None:
    _, name, *arguments = shlex.split(command)
    shown = CliRunner().invoke(app, [name, "--help"]).output
    if "--help-all" in shown:
        shown = CliRunner().invoke(app, [name, "--help-all"]).output
    for option in (word for word in arguments if word.startswith("--")):
        assert option in shown


def test_its_objectives_can_be_read() -> None:
    table = re.findall(r"^\| (`.*?`) \|", README, re.MULTILINE)
    texts = [text for cell in table for text in re.findall(r"`([^`]+)`", cell)]
    assert len(texts) > 6
    for text in texts:
        assert Objective.parse(str(Objective.parse(text))) == Objective.parse(text)
