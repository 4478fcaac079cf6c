"""The words of other tools and earlier versions name our settings, wherever a setting can be named."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import dreampipe
from dreampipe.cli import commands
from dreampipe.errors import RecipeError
from dreampipe.media import sidecar_of
from dreampipe.recipes import synonyms
from dreampipe.recipes.earlier import RENAMED
from dreampipe.recipes.files import load
from dreampipe.recipes.synonyms import OTHERWISE, SYNONYMS, plain, translate
from dreampipe.recipes.tasks import TASKS
from dreampipe.records.record import Record

MEANT = {
    "iterations": "steps", "iter_n": "steps", "num_iterations": "steps", "num_gradient_ascent_iterations": "steps",
    "lr": "step_size", "learning_rate": "step_size",
    "octave_n": "octaves", "num_octave": "octaves", "pyramid_size": "octaves", "pyramid_ratio": "octave_scale",
    "layer": "objective", "layers_to_use": "objective", "layer_settings": "objective", "channel": "objective",
    "guide": "objective", "tv_weight": "objective", "model_name": "model", "tile_size": "tile",
    "image_size": "max_size", "size": "max_size", "spatial_shift_size": "jitter", "max_loss": "stop",
    "original_colors": "keep_colour", "keep_color": "keep_colour", "random_seed": "seed", "optimiser": "optimizer",
    "half": "precision", "mixed_precision": "precision",
    "color-noise": "colour_noise", "Octave-Scale": "octave_scale",
}  # fmt: skip
"""Words, and the settings of a dream that they mean."""
COMMANDS: dict[str, Any] = {name: commands.load(name) for name in commands.COMMANDS}
OPTIONS = {plain(text) for command in COMMANDS.values() for param in command.params for text in param.opts}
FIELDS = {name for row in TASKS.values() for name in row.recipe.model_fields}


@pytest.mark.parametrize("word", SYNONYMS)
def test_each_word_means_something_that_there_is(word: str) -> None:
    assert plain(word) == word
    assert SYNONYMS[word].keys() - {OTHERWISE} <= OPTIONS | FIELDS
    assert all(setting != word for setting in SYNONYMS[word]) or len(SYNONYMS[word]) > 1


def test_no_word_has_two_rows() -> None:
    words = [word for words, _ in synonyms._ROWS for word in words.split()]
    assert [word for word, times in Counter(words).items() if times > 1] == []


@pytest.mark.parametrize("word", MEANT)
def test_a_word_names_the_setting_on_the_command_line(call: Any, word: str) -> None:
    for came in (f"--{word}", f"--{word.replace('_', '-')}", f"--{word}=7"):
        result = call("dream", "a.jpg", "b.jpg", came, "7")
        assert result.exit_code == 2
        last = result.stderr.splitlines()[-1]
        assert re.search(rf"is no option of dream: (use|write) --{MEANT[word].replace('_', '-')}( \(|\.$)", last)
        assert "--blur" not in last and "--caption" not in last


@pytest.mark.parametrize("word", MEANT)
def test_a_word_names_the_setting_in_files_and_calls(tmp_path: Path, word: str) -> None:
    expected = rf"\b{word}\b.*: (use|write) {MEANT[word]}\b"
    (tmp_path / "my.toml").write_text(f"{word} = 7\n")
    with pytest.raises(RecipeError, match=expected):
        load(tmp_path / "my.toml")
    for call in (dreampipe.dream, dreampipe.Recipe.of):
        with pytest.raises(RecipeError, match=expected):
            call(**{"image": "a.jpg"} if call is dreampipe.dream else {}, **{word: 7})


@pytest.mark.parametrize(
    "words, expected",
    [
        (("dream", "a", "b", "-num_iterations", "5"), "-num_iterations is no option of dream: use --steps."),
        (("dream", "a", "b", "-octaves", "5"), "-octaves is no option of dream: write --octaves."),
        (("dream", "a", "b", "--max-memory", "4GB"), "--max-memory is no option of dream: use --memory (for ex"),
        (("atlas", "mixed4", "b", "--memory", "4GB"), "--memory is no option of atlas: use --size (a smaller"),
        (("zoom", "a", "b", "--memory", "4GB"), "--memory is no option of zoom: use --max-size (a smaller picture"),
        (("gallery", "a", "b", "--ram", "4GB"), "--ram is no option of gallery: use --size (a smaller picture"),
        (("visualize", "mixed4", "b", "--tile", "99"), "--tile is no option of visualize: only dreams of pictures"),
        (("dream", "a", "b", "--zoom", "1.1"), "--zoom is no option of dream: `dreampipe zoom` makes"),
        (("dream", "a", "b", "--end", "inception_4c/output"), "are expected: name a layer as the objective."),
        (("dream", "a", "b", "--scale", "1.4"), "did you mean octave-scale."),
        (("dream", "-i", "a", "b"), "-i is no option of dream: the input comes before the output"),
        (("visualize", "mixed4[1]", "b", "--layer", "x"), "--layer is no option of visualize: use the argument OBJ"),
        (("visualize", "mixed4[1]", "b", "--max-size", "9"), "--max-size is no option of visualize: use --size"),
        (("visualize", "mixed4[1]", "b", "--start", "grey"), "--start is no option of visualize: use --init"),
        (("visualize", "mixed4[1]", "b", "--start-colour", "x"), "use --init-colour."),
        (("explain", "a", "b", "--iterations", "5"), "--iterations is no option of explain: use --method (settings"),
        (("attack", "a", "b", "--epsilon", "0.1"), "--epsilon is no option of attack: use --eps."),
        (("zoom", "a", "b", "--scale", "1.1"), "--scale is no option of zoom: use --zoom (the camera's"),
        (("zoom", "a", "b", "--rotate", "1"), "--rotate is no option of zoom: use --turn (the camera's"),
        (("zoom", "a", "b", "--framerate", "30"), "--framerate is no option of zoom: use --fps."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_sentences(call: Any, words: tuple[str, ...], expected: str) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert expected in result.stderr.splitlines()[-1]


def test_a_value_that_begins_with_a_dash_is_no_option(call: Any) -> None:
    result = call("dream", "nowhere.png", "b.png", "--objective", "-mixed4")
    assert "is no option" not in result.stderr


@pytest.fixture
def dive(call: Any, pictures: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tiny_model.parent)
    own = ("--model", tiny_model, "--scaling", "unit", "--octaves", "1", "--steps", "0", "--refresh-octaves", "1")
    more = ("--seconds", "0.1", "--fps", "20", "--zoom", "1.1", "--turn", "3", "--refresh-steps", "0")
    assert call("zoom", pictures / "a.png", tmp_path / "dive.webp", *own, *more).exit_code == 0
    return tmp_path / "dive.webp"


def test_set_takes_our_words_alone(call: Any, dive: Path, pictures: Path) -> None:
    words = ("rerun", dive, dive.with_name("again.webp"), "--input", pictures / "a.png", "--set")
    for change, expected in {
        "scale=1.1": "scale is no setting of zoom, but SETTING=VALUE is expected, as steps=20: use zoom (the camera's",
        "rotate=2": "use turn (the camera's",
        "iterations=3": "use steps.",
        "lr=1": "use step_size.",
    }.items():
        result = call(*words, change)
        assert (result.exit_code, expected in result.stderr) == (2, True), result.stderr
    assert "zoom was 1.1 and is 1.2" in call(*words, "zoom=1.2").stdout


def test_a_record_of_an_earlier_version_has_the_earlier_names(
    call: Any, pictures: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_model.parent)
    out = tmp_path / "out.bmp"
    own = ("--model", tiny_model, "--scaling", "unit", "--size", "32", "--steps", "0")
    begun = ("--init", pictures / "a.png", "--init-colour", "#102030", "--init-falloff", "2", "--init-deviation", "0.2")
    assert call("visualize", "third[3]", out, *own, *begun).exit_code == 0
    held = json.loads(sidecar_of(out).read_text())
    names = {now: was for was, now in RENAMED["visualize"].items()}
    assert names.keys() <= held["recipe"].keys()
    earlier = {**held, "recipe": {names.get(name, name): value for name, value in held["recipe"].items()}}
    assert Record.read(json.dumps(earlier), "it") == Record.read(json.dumps(held), "it")
    sidecar_of(out).write_text(json.dumps(earlier))
    result = call("rerun", out, tmp_path / "again.bmp")
    assert (result.exit_code, result.stdout) == (0, "the pixels are the same\n")
    assert "init-colour" in call("info", out).stdout


def test_a_name_means_one_thing() -> None:
    """Each option has one type wherever it is, and those of sizes say whose."""
    kinds: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for param in command.params:
            if param.param_type_name == "option":
                shown = param.metavar or f"<{getattr(param.type_descriptor.annotation, '__name__', 'list')}>"
                kinds.setdefault(param.opts[0], set()).add(f"{shown} {param.multiple}")
    several = {name for name, found in kinds.items() if len(found) > 1}
    assert several == {"--recipe"}  # of `info`, which prints what the others read
    sizes = {row.recipe.model_fields["size"].description for row in TASKS.values() if "size" in row.recipe.model_fields}
    assert all(re.match("Longest side of|Height and width", text or "") for text in sizes)
    fields = [row.recipe.model_fields.get("max_size") for row in TASKS.values()]
    computed = {field.description for field in fields if field}
    assert all(re.match("Longest side (to dream at|in which the model sees)", text or "") for text in computed)


def test_translate_knows_what_is_there() -> None:
    assert translate("--iterations", {"steps": "--steps"}) == "use --steps"
    assert translate("iterations", {}) is None and translate("mixed4", {"steps": "steps"}) is None
