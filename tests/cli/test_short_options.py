"""Short options, `--verbose`, and what a shell completes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

import dreampipe
from dreampipe.cli.app import app
from dreampipe.cli.commands import COMMANDS, load
from dreampipe.records.carried import record_of


def test_h_is_help_everywhere(call):
    for words in ((), ("dream",), ("models",), ("models", "fetch"), ("recipes", "show"), ("classes",)):
        short = call(*words, "-h")
        assert short.exit_code == 0 and short.stdout == call(*words, "--help").stdout


def test_capital_v_is_the_version(call):
    assert call("-V").stdout == f"dreampipe {dreampipe.__version__}\n"


@pytest.mark.parametrize(
    "words", [(), ("dream",), ("classes",), ("models", "fetch"), ("recipes", "show")], ids=" ".join
)
def test_a_command_without_words_shows_its_help_and_no_error(call, words):
    result = call(*words)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr and "\\n" not in result.stderr and "Error" not in result.stderr
    assert result.stderr == call(*words, "--help").stdout


def test_o_and_r_are_objective_and_recipe(call, quick, pictures, tmp_path):
    (tmp_path / "mine.toml").write_text("seed = 5\nblend = 0.5\n")
    words = ("dream", pictures / "a.png", tmp_path / "out.png", *quick)
    assert call(*words, "-o", "second[3]", "-r", tmp_path / "mine.toml", "-q").stderr == ""
    kept = record_of(tmp_path / "out.png").recipe
    assert (kept["objective"], kept["seed"], kept["blend"]) == ("second[3]", 5, 0.5)


def test_no_short_name_means_two_things():
    """One letter is one option in every command."""
    found: dict[str, set[str]] = {}
    for name in COMMANDS:
        for param in load(name).params:
            names = [name for name in param.opts if name.startswith("--")]
            for short in (name for name in param.opts if name.startswith("-") and not name.startswith("--")):
                found.setdefault(short, set()).update(names)
    assert found == {"-r": {"--recipe"}, "-o": {"--objective"}, "-q": {"--quiet"}, "-v": {"--verbose"}}


def test_v_says_more(call, quick, pictures, tmp_path, tiny_model):
    words = ("dream", pictures / "a.png", tmp_path / "out.png", *quick, "--seed", "3")
    said = call(*words, "-v").stderr.splitlines()
    assert said[0].startswith(f"dreampipe {dreampipe.__version__}, ") and "tensorflow 2." in said[0]
    assert said[1].startswith(f"model tiny: {tiny_model}, SHA-256 ")
    assert "seed=3" in said[2] and "octaves=2" in said[2] and "blend" not in said[2]
    assert "out.png: octave 1 of 2, 46x34, 2 steps" in said and "out.png: octave 2 of 2, 64x48, 2 steps" in said
    assert any(line.startswith("out.png: ") and line.endswith(" GB of memory in use") for line in said)
    said = call(*words, "-v", "--steps", "1", "--octaves", "1", "--overwrite").stderr.splitlines()
    assert "out.png: octave 1 of 1, 64x48, 1 step" in said


def settings_said(result: Any) -> list[str]:
    """The lines of `-v` on settings."""
    assert result.exit_code == 0, result.stderr
    return [line for line in result.stderr.splitlines() if line.startswith("settings")]


def test_v_says_the_settings_of_what_is_dreamed(call, pictures, tmp_path, tiny_model):
    """Films take the preset film, pictures do not; an animation is a film."""
    quick = ("--model", tiny_model, "--scaling", "unit", "--steps", "1", "-v", "--dry-run")
    first, second = (Image.new("RGB", (64, 48), grey) for grey in ("#333", "#ccc"))
    first.save(tmp_path / "moving.gif", save_all=True, append_images=[second])
    given = f"model={tiny_model}, scaling=unit"
    still = settings_said(call("dream", pictures / "a.png", tmp_path / "out.png", *quick))
    assert still == [f"settings: {given}, steps=1"]
    moving = settings_said(call("dream", tmp_path / "moving.gif", tmp_path / "out.gif", *quick))
    film = f"{given}, octaves=2, smallest=300, steps=1, max_size=640, carry=0.95, refresh_steps=1, every=3"
    assert moving == [f"settings: {film}"]
    both = settings_said(call("dream", pictures, tmp_path / "moving.gif", tmp_path / "out", *quick))
    assert both == [f"settings of pictures: {given}, steps=1", f"settings of films: {film}"]


def test_v_says_the_settings_of_a_recipe_and_of_a_record(call, quick, pictures, tmp_path):
    (tmp_path / "mine.toml").write_text("every = 2\nblend = 0.5\n")
    first, second = (Image.new("RGB", (64, 48), grey) for grey in ("#333", "#ccc"))
    first.save(tmp_path / "moving.gif", save_all=True, append_images=[second])
    words = (*quick, "-r", tmp_path / "mine.toml", "-v")
    (still,) = settings_said(call("dream", pictures / "a.png", tmp_path / "out.png", *words))
    assert still.endswith("steps=2, blend=0.5")
    (moving,) = settings_said(call("dream", tmp_path / "moving.gif", tmp_path / "out.gif", *words, "--dry-run"))
    assert moving.endswith("steps=2, blend=0.5, every=2")
    files = ("--set", f"model={quick[1]}", "--input", pictures / "a.png")
    again = settings_said(call("rerun", tmp_path / "out.png", tmp_path / "b.png", *files, "-v"))
    assert "every" not in again[0] and "blend=0.5" in again[0]


def test_quiet_and_verbose_exclude_each_other(call, quick, pictures, tmp_path):
    refused = call("dream", pictures / "a.png", tmp_path / "out.png", *quick, "-qv")
    assert refused.exit_code == 2 and "--quiet and --verbose came" in refused.stderr
    assert not (tmp_path / "out.png").exists()


def completed(line: str) -> list[str]:
    """The words that a shell is offered at the end of a line."""
    words = line.split(" ")
    asked = {"_DREAMPIPE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    result = CliRunner().invoke(app, [], prog_name="dreampipe", env=asked)
    assert (result.exit_code, result.stderr) == (0, "")
    return list(result.stdout.split())


def test_a_shell_completes_commands_names_and_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mobile.keras").touch()
    (tmp_path / "gentler.toml").touch()
    offered = {
        "dreampipe cl": ["classes"],
        "dreampipe dream -r gent": ["gentle", "gentler.toml"],
        "dreampipe dream --model mobile": ["mobilenet", "mobilenet_v2", "mobile.keras"],
        "dreampipe explain a.png b.png --method gradient,ri": ["gradient,rise"],
        "dreampipe attack a.png b.png --method auto": ["autoattack"],
        "dreampipe influence a.png b.html --method tra": ["tracin", "trak"],
        "dreampipe concepts a b.html --find n": ["nmf"],
        "dreampipe classes moti": ["motifnet"],
        "dreampipe dream --dry": ["--dry-run"],
        "dreampipe dream --param fou": ["fourier"],
        "dreampipe rerun a.png b.png --backend t": ["tensorflow", "torch"],
    }
    for line, words in offered.items():
        found = completed(line)
        assert set(words) <= set(found), line
        assert all(word.startswith(line.rpartition(" ")[2]) for word in found)
    assert completed("dreampipe dream ") == []  # the shell completes names of files itself


def test_completing_loads_nothing_slow():
    program = (
        "import sys; from dreampipe.cli.app import app\n"
        "try: app(prog_name='dreampipe')\n"
        "finally: print(*sorted({'tensorflow', 'keras'} & set(sys.modules)), file=sys.stderr)"
    )
    line = {"_DREAMPIPE_COMPLETE": "complete_bash", "COMP_WORDS": "dreampipe explain --method ri", "COMP_CWORD": "3"}
    words = [sys.executable, "-c", program]
    shown = subprocess.run(words, env={**os.environ, **line}, capture_output=True, text=True)
    assert (shown.stdout.split(), shown.stderr.strip()) == (["rise"], "")


def test_completion_can_be_installed(call):
    text = call("--help").stdout
    assert "--install-completion" in text and "--show-completion" in text
