"""Command lines that pages show: a shell reads them as the words that they stand for."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from dreampipe.recipes.printing import command_line, quote
from dreampipe.recipes.reporting import Reporting

NAMES = ("a.png", "two words.png", 'it\'s "a".png', "$HOME`id`;.png", "new\nline\ttab.png", "back\\n\n'.png")
HIDING = "\u202egnp.exe.png"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("name", [*NAMES, HIDING, "-r.png", "é.png"])
def test_a_shell_reads_the_name_of_a_file_again(name: str) -> None:
    line = command_line("report", (name, "OUT.html"), Reporting.of(seed=3))
    assert line.isprintable()
    shown = ["bash", "-c", line.replace("dreampipe", "printf '%s\\0'", 1)]
    words = subprocess.run(shown, capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}).stdout.decode()
    expected = f"./{name}" if name.startswith("-") else name
    assert words.split("\0")[:-1] == ["report", expected, "OUT.html", "--seed", "3"]


def test_a_plain_word_is_not_quoted() -> None:
    assert quote("photo.jpg") == "photo.jpg" and quote("a b") == "'a b'"
