"""No name steers a terminal: every command meets names with escape sequences, direction marks and unseen characters.

What a name may hold is taken from Unicode's own table, so no list here can forget a kind of them.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from model_files import conv, functional, image, layer, pack

import dreampipe
from dreampipe.cli.commands import COMMANDS
from dreampipe.events import Failed
from dreampipe.frames import Frame
from dreampipe.media import sidecar_of

HOSTILE = (
    "x\x1b]0;t\x07\x1b[2J\x9b31m\x7f\x00\u202e\u2066\u200b\u200d\u2028\u2029\ufeff\U000e0041\u3164\r"
    "Error: forged\n\u061c"
)
IN_A_FILE_NAME = HOSTILE.replace("\x00", "")
UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def check(*texts):
    """Nothing but lines of plain text: no unprintable character, and no line that a name has forged."""
    for text in texts:
        wrong = {
            sign for sign in text if sign != "\n" and (unicodedata.category(sign) in UNPRINTABLE or sign == "\u3164")
        }
        assert not wrong
        assert not any(line.startswith("Error: forged") for line in text.splitlines())


@pytest.fixture
def house(tmp_path):
    """A folder whose name, files, layers, classes, records and recipes hold what must not reach a terminal."""
    folder = tmp_path / f"dir{IN_A_FILE_NAME}"
    folder.mkdir()
    rng = np.random.default_rng(1)
    dreampipe.write(Frame(rng.random((32, 40, 3), np.float32)), folder / f"p{IN_A_FILE_NAME}.png")
    name = HOSTILE.replace("/", "")
    graph = functional(image(None, None, 3), conv(name, "image"), layer("ReLU", "b", name))
    pack(folder / f"m{IN_A_FILE_NAME}.keras", graph)
    said = {"about": HOSTILE, "source": HOSTILE, "model": f"no such {HOSTILE}", "objectives": {HOSTILE: "a"}}
    (folder / "r.toml").write_text(tomli_w.dumps(said))
    (folder / f"bad{IN_A_FILE_NAME}.toml").write_text("steps = [")
    return folder


def words_of(house):
    picture, model = house / f"p{IN_A_FILE_NAME}.png", house / f"m{IN_A_FILE_NAME}.keras"
    bad, out = house / f"bad{IN_A_FILE_NAME}.toml", house / f"o{IN_A_FILE_NAME}"
    gone, odd = house / f"gone{IN_A_FILE_NAME}", f"--no{IN_A_FILE_NAME}"
    return [
        ("dream", picture, out),
        ("dream", picture, f"{out}.png", "--model", model),
        ("dream", picture, f"{out}.png", "--model", gone),
        ("dream", gone, f"{out}.png"),
        ("dream", picture, f"{out}.png", "--objective", IN_A_FILE_NAME),
        ("dream", picture, f"{out}.png", "--mask", gone),
        ("dream", picture, f"{out}.png", "--recipe", house / "r.toml"),
        ("dream", picture, f"{out}.png", "--recipe", bad),
        ("dream", picture, f"{out}.png", "--steps", IN_A_FILE_NAME),
        ("dream", picture, f"{out}.png", "--seed", "0", odd),
        ("dream", house, house / "out", "--steps", "0", "--octaves", "1"),
        ("dream", picture, house / "e.png", "--steps", "0", "--octaves", "1", "--events"),
        ("zoom", picture, f"{out}.mov", "--model", gone),
        ("sheet", picture, f"{out}.png", "--model", gone),
        ("visualize", IN_A_FILE_NAME, f"{out}.png"),
        ("atlas", IN_A_FILE_NAME, f"{out}.png", "--model", model),
        ("explain", IN_A_FILE_NAME, f"{out}.png"),
        ("explain", picture, f"{out}.png", "--method", IN_A_FILE_NAME),
        ("explain", picture, f"{out}.png", "--objective", IN_A_FILE_NAME),
        ("methods", IN_A_FILE_NAME),
        ("attack", IN_A_FILE_NAME, f"{out}.png"),
        ("attack", picture, f"{out}.png", "--target", IN_A_FILE_NAME),
        ("robustness", IN_A_FILE_NAME, f"{out}.png"),
        ("robustness", house, f"{out}.csv"),
        ("gallery", house, f"{out}.html"),
        ("gallery", IN_A_FILE_NAME, f"{out}.html"),
        ("concepts", IN_A_FILE_NAME, f"{out}.png"),
        ("concepts", house, f"{out}.png", "--layer", IN_A_FILE_NAME),
        ("concepts", house, f"{out}.png", "--given", IN_A_FILE_NAME),
        ("influence", picture, f"{out}.csv", "--pictures", house),
        ("influence", picture, f"{out}.html", "--pictures", gone),
        ("influence", picture, f"{out}.csv", "--pictures", "motifs", "--method", IN_A_FILE_NAME),
        ("influence", "--mislabelled", f"{gone}.csv", f"{out}.csv"),
        ("report", IN_A_FILE_NAME, f"{out}.html"),
        ("report", picture, f"{out}.html", "--model", gone),
        ("report", picture, f"{out}.html", "--pictures", gone),
        ("layers", model),
        ("layers", model, "--all"),
        ("layers", model, "--json"),
        ("layers", gone),
        ("classes", model),
        ("classes", gone),
        ("classes", "motifnet", IN_A_FILE_NAME),
        ("doctor", IN_A_FILE_NAME),
        ("cache", IN_A_FILE_NAME),
        ("dream", picture, gone, f"{out}/"),
        ("dream", picture, picture, f"{out}.mp4"),
        ("dream", picture, f"{out}.png", "--dry-run", "--octaves", "1", "--steps", "0"),
        ("dream", picture, f"{out}.png", "--dry-run", "--events", "--octaves", "1", "--steps", "0"),
        ("models", IN_A_FILE_NAME),
        ("models", "card", model),
        ("models", "card", gone),
        ("models", "fetch", gone),
        ("models", "fetch", "mobilenet-notop", "--from", gone),
        ("recipes",),
        ("recipes", "show", house / "r.toml"),
        ("recipes", "show", bad),
        ("recipes", "schema", "--command", IN_A_FILE_NAME),
        ("info", picture),
        ("rerun", picture, f"{out}.png"),
        (IN_A_FILE_NAME,),
        (odd,),
    ]


def test_no_command_lets_a_name_reach_the_terminal(call, house):
    commands = set()
    for words in words_of(house):
        result = call(*words)
        check(result.stdout, result.stderr)
        assert result.stdout + result.stderr
        commands.add(words[0])
    assert commands >= set(COMMANDS)


def test_json_stays_json_and_says_the_very_name(call, house):
    model = house / f"m{IN_A_FILE_NAME}.keras"
    lines = call("layers", model, "--json").stdout.splitlines()
    assert HOSTILE in [json.loads(line)["name"] for line in lines]
    shown = call(
        "dream", house / f"p{IN_A_FILE_NAME}.png", house / "e.png", "--steps", "0", "--octaves", "1", "--events"
    )
    assert {json.loads(line)["event"] for line in shown.stdout.splitlines()} >= {"started", "done", "finished"}


def test_what_recipes_show_prints_is_the_same_recipe(call, house, tmp_path):
    printed = call("recipes", "show", house / "r.toml").stdout
    check(printed)
    from dreampipe.recipes.files import read

    shown = read(printed.encode(), "r.toml")
    assert (shown.about, dict(shown.objectives)) == (HOSTILE, {HOSTILE: "a"})


def test_a_record_of_a_stranger_is_printed_plainly(call, house, quick, tiny_model, monkeypatch):
    monkeypatch.chdir(tiny_model.parent)
    out = house / "a.bmp"
    assert call("dream", house / f"p{IN_A_FILE_NAME}.png", out, *quick).exit_code == 0
    held = json.loads(sidecar_of(out).read_text())
    for part, key in (("versions", "keras"), ("versions", HOSTILE), ("recipe", "objective"), ("model", "name")):
        changed = json.loads(json.dumps(held))
        changed[part][key] = HOSTILE
        sidecar_of(out).write_text(json.dumps(changed))
        for words in (("info", out), ("info", out, "--json"), ("info", out, "--recipe")):
            result = call(*words)
            check(result.stdout, result.stderr)
        result = call("rerun", out, house / "b.bmp", "--overwrite")
        check(result.stdout, result.stderr)
    assert json.loads(call("info", out, "--json").stdout) == changed


SEVERAL = """
import itertools, sys
from dreampipe.cli import main
for between, words in itertools.groupby(sys.argv[1:], "--".__eq__):
    if not between:
        sys.argv = ["dreampipe", *words]
        try:
            main()
        except SystemExit as end:
            print(end.code)
"""
"""Runs the program for each part of its arguments between `--`, and prints the exit codes."""


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names there are text")
def test_a_name_that_is_no_text_is_printed(tmp_path):
    """The real program, for arguments that are no UTF-8, and with an encoding that has few characters."""
    name = os.fsencode(tmp_path) + b"/\xff\xe9\x1b[31m.png"
    for encoding in ("utf-8", "ascii", "latin-1"):
        words = ["info", name, "--", b"--\xff\x1b", "--", "layers", "mötifnet"]
        ran = subprocess.run(
            [sys.executable, "-c", SEVERAL, *words],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict", "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert ran.stdout == b"2\n2\n2\n"
        assert ran.stderr.count(b"Error: ") == 3 and b"Traceback" not in ran.stderr
        check(ran.stderr.decode(encoding))


def test_the_bar_shows_names_plainly():
    from dreampipe.cli.progress import Position
    from dreampipe.errors import printable

    position = Position(1.4, pictures=2)
    position.hear(Failed(HOSTILE, HOSTILE))
    position.name = HOSTILE
    check(printable(str(position)))


def test_one_module_writes_to_the_terminal():
    """Whoever else prints would pass names by it."""
    folder = Path(dreampipe.__file__).parent / "cli"
    allowed = {"terminal.py": {"print", "write"}, "hush.py": {"write"}}
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            name = getattr(called, "id", getattr(called, "attr", ""))
            if name in {"print", "echo", "secho", "write", "writelines"}:
                assert name in allowed.get(path.name, ()), f"{path.name} calls {name}: say or show it"
