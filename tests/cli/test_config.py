"""`dreampipe.toml`, the defaults of a user and of a folder: what they decide, and what they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dreampipe.cli.config import files_in_force, user_file
from dreampipe.recipes.defaults import list_defaults
from dreampipe.records.carried import record_of


@pytest.fixture
def home(tmp_path: Path, tiny_model: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with the user's file, and a repository in it, whose folder `deep` is the current one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    deep = tmp_path / "work" / "deep"
    deep.mkdir(parents=True)
    user_file().parent.mkdir(parents=True)
    monkeypatch.chdir(deep)
    (deep / "tiny.keras").write_bytes(tiny_model.read_bytes())
    return tmp_path


BASE = """
[dream]
model = "tiny.keras"
scaling = "unit"
octaves = 1
"""


def folder(home: Path, text: str, at: str = "work/deep") -> None:
    (home / at / "dreampipe.toml").write_text(text)


def made(call: Any, home: Path, *words: object, command: str = "dream") -> dict[str, Any]:
    out = home / "out.png"
    result = call(command, home / "pictures" / "a.png", out, *words, "--overwrite")
    assert result.exit_code == 0, result.stderr
    return record_of(out).recipe


def test_the_order_of_what_decides(call: Any, home: Path) -> None:
    (home / "my.toml").write_text("steps = 3\nmargin = 3\njitter = 3\n")
    user_file().write_text("[dream]\nsteps = 1\nmargin = 1\njitter = 1\npad = 1\nblend = 0.5\n")
    folder(home, f"{BASE}steps = 2\nmargin = 2\njitter = 2\npad = 2\n")
    recipe = made(call, home, "--recipe", home / "my.toml", "--steps", "4")
    assert [recipe[name] for name in ("steps", "margin", "jitter", "pad", "blend", "octaves")] == [4, 3, 3, 2, 0.5, 1]
    assert recipe["crop"] == 0
    assert made(call, home, "--steps", "4")["margin"] == 2
    alone = ("--no-config", "--model", "tiny.keras", "--scaling", "unit", "--steps", "0", "--octaves", "1")
    assert made(call, home, *alone)["blend"] == 1


def test_a_preset_says_what_it_says(call: Any, home: Path) -> None:
    folder(
        home, "[dream]\nmodel = 'motifnet'\nobjective = 'mixed3'\nmax_size = 32\nsteps = 1\noctaves = 1\nmargin = 4\n"
    )
    recipe = made(call, home, "--recipe", "eyes", "--steps", "0")
    assert recipe["objective"] == "logit(eye) + 0.02*mixed3"
    assert (recipe["octaves"], recipe["margin"], recipe["steps"]) == (6, 4, 0)


def test_a_switch_that_a_file_turns_on_can_be_turned_off(call: Any, home: Path) -> None:
    folder(home, f"{BASE}steps = 1\nkeep_colour = true\n")
    assert made(call, home)["keep_colour"] is True
    assert made(call, home, "--no-keep-colour")["keep_colour"] is False


def test_the_nearest_file_of_a_repository_and_of_the_home(call: Any, home: Path) -> None:
    folder(home, f"{BASE}steps = 1\n".replace("tiny", "work/deep/tiny"), ".")
    assert made(call, home)["steps"] == 1
    folder(home, f"{BASE}steps = 2\n".replace("tiny", "deep/tiny"), "work")
    assert made(call, home)["steps"] == 2  # and its paths start from its own folder
    (home / "work" / "deep" / ".git").mkdir()
    assert files_in_force() == ()


def test_a_folder_above_that_is_nobody_s_home_decides_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home / "elsewhere"))
    folder(home, "[dream]\nsteps = 1\n", "work")
    assert files_in_force() == ()
    folder(home, "[dream]\nsteps = 1\n")
    assert [str(file.path) for file in files_in_force()] == [str(Path.cwd() / "dreampipe.toml")]


def test_each_command_has_its_own_table(call: Any, home: Path) -> None:
    folder(
        home, f"{BASE}steps = 1\n{BASE.replace('dream', 'sheet')}steps = 2\nsize = 32\n[explain]\nmethod = 'gradient'\n"
    )
    assert made(call, home)["steps"] == 1
    made(call, home, command="sheet")
    assert record_of(home / "out.png").options == {"size": 32} and record_of(home / "out.png").recipe["steps"] == 2
    made(call, home, "--size", "40", command="sheet")
    assert record_of(home / "out.png").options == {"size": 40}


def test_rerun_follows_the_record_alone(call: Any, home: Path) -> None:
    folder(home, f"{BASE}steps = 2\n")
    made(call, home)
    folder(home, "[dream]\nsteps = 7\nobjective = 'third'\nkeep_colour = true\n[nonsense]\n")
    first, again = home / "out.png", home / "again.png"
    result = call("rerun", first, again, "--input", home / "pictures" / "a.png")
    assert (result.exit_code, result.stdout) == (0, "the pixels are the same\n")
    assert again.read_bytes() == first.read_bytes()
    assert call("info", again).exit_code == 0


WRONG = {
    "steps = 3": "steps is in no table: write [dream], or another command, above it.",
    "[dreams]\nsteps = 3": "[dreams] is no command that has settings: choose one of dream, ",
    "dream = 3": "dream came as 3, but a table is expected: write [dream] over it.",
    "[dream]\niterations = 3": "iterations of [dream] is no default: use steps.",
    "[dream]\nstep = 3": "step of [dream] is no default: use steps.",
    "[dream]\noctave-scale = 3": "octave-scale of [dream] is no default: write octave_scale.",
    "[dream]\nsteps = 'many'": "[dream]: steps came as 'many', but it must be a whole number from 0 to 100000",
    "[dream]\noctaves = 99": "[dream]: octaves came as 99, but it must be a whole number from 1 to 32",
    "[dream]\nblend = {}": "[dream]: blend came as {}, but it must be",
    "[dream]\nquality = 0": "quality of [dream] came as 0, but 1 to 100 is expected.",
    "[sheet]\nsize = true": "size of [sheet] came as True, but 32 to 4096 is expected.",
    "[dream]\ntrust = true": "trust of [dream] is no default: ",
    "[dream]\nversion = 1": "version of [dream] is no default: ",
    "[dream]\nrecipe = 'deep'": "recipe of [dream] is no default: write its settings themselves",
    "[visualize]\nobjective = 'mixed4'": "objective of [visualize] is no default: ",
    "[visualize]\nstart = 'grey'": "start of [visualize] is no default: use init (start is a time in a film).",
    "[zoom]\nscale = 1.1": "scale of [zoom] is no default: use zoom (the camera's",
    "[zoom]\nseconds = 0": "[zoom]: seconds came as 0, but it must be a number more than 0",
    "[sheet]\nobjective = 'mixed4'": "objective of [sheet] is no default: ",
    "[sheet]\nmax_size = 64": "max_size of [sheet] is no default: ",
    "[influence]\nmislabelled = true": "mislabelled of [influence] is no default: ",
    "[influence]\nlabelled = 'motifs'": "labelled of [influence] is no default: give it on the command line.",
    "[gallery]\nfolder = 'a'": "folder of [gallery] is no default: give it on the command line.",
    "[dream": "is no TOML: ",
    "[dream]\nsteps = 1\nsteps = 2": "is no TOML: ",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_is_answered_in_one_sentence(call: Any, home: Path, text: str) -> None:
    for path in (user_file(), Path("dreampipe.toml").absolute()):
        path.write_text(text)
        result = call("dream", home / "pictures" / "a.png", home / "out.png")
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert WRONG[text] in result.stderr and str(path) in result.stderr
        path.unlink()
    assert not (home / "out.png").exists()


def test_a_file_that_cannot_be_read(call: Any, home: Path) -> None:
    Path("dreampipe.toml").write_bytes(b"[dream]\nmodel = '\xff'\n")
    assert "is no text in UTF-8" in call("dream", "a.png", "b.png").stderr
    Path("dreampipe.toml").write_bytes(b"#" * (2 << 20))
    assert "it is larger than 1 MiB" in call("dream", "a.png", "b.png").stderr
    Path("dreampipe.toml").unlink()
    Path("dreampipe.toml").mkdir()  # a folder of that name is no file
    assert files_in_force() == ()


def test_a_download_is_asked_for(call: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(home / "keras"))
    folder(home, "[dream]\nmodel = 'vgg19'\n")
    result = call("dream", home / "pictures" / "a.png", home / "out.png")
    assert result.exit_code == 2 and f"{Path('dreampipe.toml').absolute()} asks for the model vgg19" in result.stderr


def test_the_user_s_file_is_where_the_platform_keeps_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert user_file() == home / "settings" / "dreampipe" / "dreampipe.toml"
    for value in ("", "relative/path"):
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
        assert user_file().is_absolute() and home in user_file().parents


def test_what_is_in_force_can_be_listed(home: Path) -> None:
    user_file().write_text("[dream]\nsteps = 1\npad = 2\n[zoom]\nturn = 0\n")
    folder(home, "[dream]\nsteps = 3\n")
    own = Path("dreampipe.toml").absolute()
    assert list(list_defaults(files_in_force())) == [
        f"dream steps = 3  ({own})",
        f"dream pad = 2  ({user_file()})",
        f"zoom turn = 0.0  ({user_file()})",
    ]


def test_a_file_of_defaults_is_no_recipe(call: Any, home: Path) -> None:
    (home / "defaults.toml").write_text(BASE)
    result = call("dream", home / "pictures" / "a.png", home / "o.png", "--recipe", home / "defaults.toml")
    assert result.exit_code == 2
    assert "[dream] came, as in a file of defaults, but a recipe has settings alone" in result.stderr
