"""Recipes as files: presets, what a file may say, what stands in on other models, and every way to be no recipe."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, get_args

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dreampipe
from dreampipe import FilmRecipe, Recipe, Visualization, Zooming
from dreampipe.errors import RecipeError
from dreampipe.frames import Frame
from dreampipe.models.model_card import SCALINGS
from dreampipe.objectives import Objective
from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.files import Loaded, load, make, presets, read
from dreampipe.recipes.printing import schema, toml_of, toml_of_loaded
from dreampipe.recipes.tasks import FILES, TASKS, FileCommand
from dreampipe.recipes.ways import Normalization, OptimizerName

OWN = {"default", "bold", "gentle", "deep", "eyes", "paint", "film", "hires"}
PUBLISHED = {"google-2015", "tf-tutorial", "keras-io", "gordicaleksa", "neural-dream", "lucid"}
NAMES = sorted(OWN | PUBLISHED)


def loaded(text: str) -> Loaded:
    return read(text.encode(), "my.toml")


class TestPresets:
    def test_all_are_there(self) -> None:
        assert {preset.name for preset in presets() if not preset.source} == OWN
        assert {preset.name for preset in presets() if preset.source} == PUBLISHED
        assert all(preset.about for preset in presets())

    @pytest.mark.parametrize("name", NAMES)
    def test_each_works_on_the_model_that_comes_with_the_package(self, name: str) -> None:
        recipe = load(name).recipe()
        assert recipe.model == "motifnet"
        assert recipe.ascent().bound.layers  # type: ignore[attr-defined]

    @pytest.mark.parametrize("name", NAMES)
    def test_each_survives_being_shown(self, name: str) -> None:
        again = loaded(toml_of_loaded(load(name)))
        assert again.recipe() == load(name).recipe()
        assert (again.about, again.source, again.objectives) == (
            load(name).about,
            load(name).source,
            load(name).objectives,
        )

    @pytest.mark.parametrize("name", NAMES)
    def test_what_stands_in_on_other_models_is_there(self, name: str) -> None:
        for model, text in load(name).objectives.items():
            assert Objective.parse(text).layers(dreampipe.card(model)), model

    def test_default_is_what_is_done_without_a_recipe(self) -> None:
        assert load("default").recipe() == FilmRecipe()

    def test_the_published_ones_have_their_parameters(self) -> None:
        google = load("google-2015").recipe()
        assert (google.octaves, google.octave_scale, google.steps, google.step_size) == (4, 1.4, 10, 1.5)
        assert (google.jitter, google.units) == (32, "bytes")
        tutorial = load("tf-tutorial").recipe()
        assert (tutorial.octaves, tutorial.octaves_above, tutorial.octave_scale, tutorial.steps) == (5, 2, 1.3, 50)
        assert (tutorial.octave_bits, tutorial.step_size, tutorial.units) == (8, 0.01, "tf")
        keras = load("keras-io").recipe()
        assert (keras.octaves, keras.steps, keras.stop, keras.octave_carry, keras.bounded) == (3, 20, 15, "lost", False)
        gordic = load("gordicaleksa").recipe()
        assert (gordic.octaves, gordic.octave_scale, gordic.steps, gordic.step_size) == (4, 1.8, 10, 0.09)
        neural = load("neural-dream").recipe()
        assert (neural.rounds, neural.octaves, neural.steps, neural.fresh, neural.optimizer) == (
            10,
            2,
            51,
            True,
            "adam",
        )
        lucid = load("lucid").recipe()
        assert (lucid.size, lucid.steps, lucid.step_size, lucid.pad, lucid.jitter) == (128, 513, 0.05, 12, 4)


class TestObjectives:
    TEXT = """
        objective = "mixed2"
        [objectives]
        motifnet = "mixed4"
        inception_v3 = "mixed7"
    """

    def test_what_stands_in_on_the_model_is_climbed(self) -> None:
        assert loaded(self.TEXT).recipe().objective == "mixed4"
        assert loaded(self.TEXT).recipe(model="inception_v3").objective == "mixed7"
        assert loaded(self.TEXT).recipe(model="inception_v3-notop").objective == "mixed7"

    def test_an_objective_of_your_own_counts(self) -> None:
        assert loaded(self.TEXT).recipe(objective="mixed1").objective == "mixed1"

    def test_on_another_model_the_file_s_own_is_climbed_where_it_can_be(self, tiny_model: Path) -> None:
        text = 'objective = "second"\n[objectives]\nmotifnet = "mixed4"\n'
        assert loaded(text).recipe(model=str(tiny_model), scaling="unit").objective == "second"

    def test_otherwise_one_sentence_says_what_to_do(self, tiny_model: Path) -> None:
        expected = (
            "my.toml does not say what to climb on .*tiny.keras, only on motifnet, inception_v3: give an objective"
        )
        with pytest.raises(RecipeError, match=expected):
            loaded(self.TEXT).recipe(model=str(tiny_model), scaling="unit")
        with pytest.raises(RecipeError, match="give an objective"):
            loaded('[objectives]\nvgg16 = "block4_conv3"').recipe()

    def test_without_a_table_the_model_s_own_is_climbed(self) -> None:
        assert loaded("steps = 3").recipe().objective is None


class TestLaidOver:
    def test_settings_of_your_own_count_over_those_of_the_file(self) -> None:
        file = loaded("steps = 3\noctaves = 2")
        assert file.recipe(steps=7) == FilmRecipe(steps=7, octaves=2)
        assert file.recipe(steps=None) == FilmRecipe(steps=3, octaves=2)
        assert make(Recipe, steps=4) == Recipe(steps=4)
        with pytest.raises(RecipeError, match=r"^steps came as -1"):
            file.recipe(steps=-1)

    def test_a_recipe_of_a_dream_serves_a_dive_and_a_picture(self) -> None:
        file = loaded("steps = 3\nblend = 0.5\nevery = 2")
        assert file.of(Zooming) == Zooming(steps=3)
        assert file.name_left_out(Zooming) == ("blend", "every")
        assert file.of(Recipe) == Recipe(steps=3, blend=0.5)

    def test_a_recipe_of_a_visualization_serves_an_atlas(self) -> None:
        assert load("lucid").of(Atlas, layer="mixed4").steps == 513

    def test_others_are_refused(self) -> None:
        with pytest.raises(RecipeError, match="lucid is a recipe of visualize, but dream takes its own: see"):
            load("lucid").of(FilmRecipe)
        with pytest.raises(RecipeError, match="but atlas takes its own"):
            load("deep").of(Atlas, layer="mixed4")

    def test_the_door_takes_a_name(self) -> None:
        picture = np.full((48, 48, 3), 128, np.uint8)
        given = dreampipe.dream(picture, "google-2015", octaves=1, steps=1)
        assert np.array_equal(given, dreampipe.dream(picture, load("google-2015").of(Recipe, octaves=1, steps=1)))


class TestFiles:
    def test_files_are_found_from_the_folder_of_the_recipe(self, tmp_path: Path) -> None:
        folder = tmp_path / "recipes"
        folder.mkdir()
        (folder / "my.toml").write_text(
            'mask = "m.png"\nmodel = "my.keras"\nobjective = \'guide("g.png", first) + second\'\n'
            'at = ["5s:objective=guide(\\"h.png\\", first)", "2s:steps=3"]\n'
        )
        recipe = load(folder / "my.toml").recipe()
        assert recipe.mask == str(folder / "m.png")
        assert recipe.model == str(folder / "my.keras")
        assert f'guide("{folder}/g.png", first)' in str(recipe.objective)
        assert f'guide("{folder}/h.png", first)' in recipe.at[0]
        assert recipe.at[1] == "2s:steps=3"

    def test_names_and_absolute_paths_stay(self, tmp_path: Path) -> None:
        text = f'command = "visualize"\nmodel = "vgg16"\ninit = "grey"\nprior = "motifs"\nweights = "{tmp_path}/w.h5"\n'
        recipe = read(text.encode(), "my.toml", Path("elsewhere")).recipe(objective="block1_conv1")
        assert (recipe.model, recipe.init, recipe.prior) == ("vgg16", "grey", "motifs")
        assert recipe.weights == f"{tmp_path}/w.h5"

    def test_a_preset_is_known_before_a_file_of_its_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Path("deep").write_text("steps = 1")
        assert load("deep").about
        assert load("./deep").recipe() == FilmRecipe(steps=1)

    def test_a_byte_order_mark_and_other_line_ends_do_no_harm(self) -> None:
        assert read(b"\xef\xbb\xbfsteps = 3\r\noctaves = 2\r\n", "my.toml").recipe() == FilmRecipe(steps=3, octaves=2)


WRONG = {
    "steps = ": "my.toml is no TOML: invalid value (at end of document)",
    "steps 3": "my.toml is no TOML: ",
    "steps = 3\nsteps = 4": "my.toml is no TOML: ",
    "a = " + "[" * 5000: "my.toml is ",
    "steps = " + "9" * 5000: "my.toml",
    "version = 2": "my.toml: this is a recipe of version 2, but this dreampipe reads 1: install a newer dreampipe.",
    "version = 2\nnew_setting = 1": "install a newer dreampipe",
    "version = 0": "my.toml: version came as 0, but 1 is expected",
    "version = true": "my.toml: version came as True",
    'version = "1"': "my.toml: version came as '1'",
    'command = "draem"': (
        "my.toml: command came as 'draem', but one of dream, zoom, visualize, atlas, explain, attack, robustness, "
        "concepts, influence, report is expected"
    ),
    "command = 3": "my.toml: command came as 3",
    "about = 3": "my.toml: about came as 3, but a text is expected",
    "ocatves = 3": "my.toml: ocatves is no setting of a recipe of dream: did you mean octaves",
    "octave-scale = 1.3": "write octave_scale",
    "[settings]\nsteps = 3": "my.toml: settings is no setting of a recipe of dream",
    'command = "zoom"\nblend = 1': "my.toml: blend is no setting of a recipe of zoom",
    "trust = true": "my.toml: trust is not for a file to say",
    'imports = "a.py"': "my.toml: imports is not for a file to say",
    "steps = -1": "my.toml: steps came as -1, but it must be a whole number from 0 to 100000",
    "steps = 1.5": "my.toml: steps came as 1.5",
    "step_size = nan": "my.toml: step-size came as nan",
    "steps = 2020-01-01": "my.toml: steps came as ",
    "steps = [1]": "my.toml: steps came as [1]",
    'at = ["5s"]': "my.toml: A keyframe came as '5s'",
    "objectives = 3": "my.toml: objectives came as 3, but a table is expected",
    "[objectives]\nmotifnet = 3": "my.toml: The objective of motifnet came as 3",
    '[objectives]\nmotifnet = "mixed4 +"': "my.toml: The objective cannot be read at character",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_recipe_is_told_in_one_sentence(text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        loaded(text)
    assert WRONG[text] in str(caught.value)


def test_what_is_no_file_of_a_recipe_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "huge.toml").write_bytes(b"#" * (2 << 20))
    (tmp_path / "latin.toml").write_bytes('about = "Über"'.encode("latin-1"))
    dreampipe.write(Frame(np.zeros((4, 4, 3), np.float32)), tmp_path / "picture.png")
    for name, expected in {
        "gone.toml": "gone.toml does not exist: check its name",
        "huge.toml": "it is larger than 1 MiB",
        "latin.toml": "latin.toml is no text in UTF-8",
        "picture.png": "picture.png is no text in UTF-8",
        ".": "it is a folder",
        "huge.toml/x": "There is no recipe",
        "a" * 300: "There is no recipe|cannot be read",
        "a\0b": "cannot be read",
    }.items():
        with pytest.raises(RecipeError, match=expected) as caught:
            load(f"{tmp_path}/{name}")
        assert "\n" not in str(caught.value)
    with pytest.raises(RecipeError, match=r"There is no recipe 'depe' \(did you mean deep"):
        load("depe")
    with pytest.raises(RecipeError, match=r"/dev/zero.*it is no regular file"):
        load("/dev/zero")


def test_the_nearest_key_is_never_one_that_a_file_may_not_have() -> None:
    with pytest.raises(RecipeError) as caught:
        loaded("trusted = true")
    assert "trust " not in str(caught.value).partition(":")[2]


amounts = st.one_of(
    st.integers(0, 64), st.floats(0, 64).map(lambda value: round(value, 3)), st.just("8 -> 2"), st.just("0 -> 12.5")
)
shared = {
    "octaves": st.integers(1, 32),
    "octave_scale": st.floats(1.01, 4),
    "steps": st.integers(0, 1000),
    "step_size": st.one_of(st.none(), st.floats(1e-6, 10), st.just("0.02 -> 0.01")),
    "optimizer": st.sampled_from([None, *get_args(OptimizerName)]),
    "normalization": st.sampled_from([None, *get_args(Normalization)]),
    "units": st.sampled_from(SCALINGS),
    "bounded": st.booleans(),
    "stop": st.one_of(st.none(), st.floats(-1e6, 1e6)),
    "jitter": amounts,
    "seed": st.integers(0, 2**63 - 1),
    "model": st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    "prior": st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
}
own: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "dream": {
        "objective": st.sampled_from([None, "mixed4", 'guide("a \\"b\\".png", mixed3)']),
        "blend": st.floats(0, 1),
        "caption": st.booleans(),
        "mask": st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
        "at": st.sampled_from([(), ("5s:blend=0.5",), ("1s:objective=mixed4", "2s:carry=0.5")]),
    },
    "zoom": {"fps": st.sampled_from([24, "30000/1001", 12.5]), "shift": st.sampled_from(["2,-0.5", [1, 2]])},
    "visualize": {"objective": st.sampled_from(["mixed4[3]", 'logit("tabby cat")']), "count": st.integers(1, 64)},
    "explain": {
        "objective": st.sampled_from(["", "logit(eye) - logit(owl)"]),
        "method": st.sampled_from(["all", "gradient, integrated-gradients(steps=3)"]),
        "baseline": st.sampled_from([None, "grey+blur"]),
        "show": st.sampled_from([None, "overlay"]),
    },
    "attack": {
        "target": st.sampled_from([None, "tabby cat", "3"]),
        "method": st.sampled_from(["apgd", "pgd(steps=3, eps=8/255)"]),
        "norm": st.sampled_from([None, "L2", "linf"]),
        "eps": st.sampled_from([None, "8/255", 0.25]),
        "steps": st.integers(1, 1000),
    },
    "robustness": {
        "labelled": st.sampled_from(["motifs", "pictures"]),
        "eps": st.sampled_from([None, "1/255,2/255"]),
        "count": st.integers(1, 500),
    },
    "concepts": {
        "folder": st.sampled_from(["motifs", "pictures"]),
        "layer": st.sampled_from([None, "mixed4"]),
        "find": st.sampled_from(["nmf", "sae"]),
        "given": st.sampled_from([None, "stripes, folder"]),
        "of_class": st.sampled_from([None, "eye", 3]),
        "count": st.integers(1, 500),
        "crop_share": st.sampled_from([0.25, 1.0]),
    },
    "influence": {
        "labelled": st.sampled_from(["motifs", "pictures", "labels.csv"]),
        "mislabelled": st.booleans(),
        "label": st.sampled_from([None, "eye", "3"]),
        "method": st.sampled_from(["trak(size=64)", "nearest"]),
        "checkpoints": st.sampled_from([None, "one.keras, two.keras"]),
        "top": st.integers(1, 100),
    },
    "report": {
        "labelled": st.sampled_from([None, "motifs", "pictures", "labels.csv"]),
        "count": st.integers(2, 500),
        "max_size": st.integers(16, 1024),
    },
    "atlas": {"layer": st.sampled_from(["mixed4", "logit(*)"]), "channels": st.sampled_from([None, "0-3,7"])},
}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.data(), st.sampled_from(sorted(FILES)))
def test_a_recipe_survives_its_file(data: st.DataObject, command: FileCommand) -> None:
    general = {name: values for name, values in shared.items() if name in TASKS[command].recipe.model_fields}
    chosen = data.draw(st.fixed_dictionaries({}, optional={**general, **own[command]}))
    needed = {
        "visualize": {"objective": "mixed4"},
        "atlas": {"layer": "mixed4"},
        "robustness": {"labelled": "motifs"},
        "concepts": {"folder": "motifs"},
        "influence": {"labelled": "motifs"},
    }.get(command, {})
    recipe = TASKS[command].recipe(**{**needed, **chosen})
    again = loaded(toml_of(recipe))
    assert again.recipe() == recipe
    assert again.command == command


def test_trust_is_never_written() -> None:
    assert "trust" not in toml_of(Recipe(trust=True))
    assert "layers.py" not in toml_of(Recipe(trust=True, imports="layers.py"))


def test_a_setting_that_may_be_none_is_none_by_default() -> None:
    # Or leaving it out of a file, which knows no null, would not say that it is None.
    for kind in (TASKS[command].recipe for command in FILES):
        for name, field in kind.model_fields.items():
            if type(None) in get_args(field.annotation):
                assert field.default is None, name


class TestSchema:
    @pytest.mark.parametrize("command", FILES)
    def test_it_is_a_schema_and_describes_every_key(self, command: FileCommand) -> None:
        found = schema(command)
        jsonschema.Draft202012Validator.check_schema(found)
        assert found["properties"].keys() == {
            *TASKS[command].recipe.model_fields,
            *("command", "about", "source", "objectives"),
        } - {"trust", "imports", "memory"}
        assert all(told["description"] for told in found["properties"].values())

    @pytest.mark.parametrize("name", NAMES)
    def test_it_takes_every_preset_shown(self, name: str) -> None:
        jsonschema.validate(tomllib.loads(toml_of_loaded(load(name))), schema(load(name).command))

    @pytest.mark.parametrize("command, text", [
        ("dream", 'steps = 3\njitter = "8 -> 2"\nstep_size = 0.02'),
        ("zoom", 'command = "zoom"\nfps = 24\nshift = [2, -0.5]'),
        ("zoom", 'command = "zoom"\nfps = "30000/1001"\nshift = "2,-0.5"'),
        ("visualize", 'command = "visualize"\nsize = 64'),
    ])  # fmt: skip
    def test_it_takes_what_is_read(self, command: FileCommand, text: str) -> None:
        assert loaded(text).command == command
        jsonschema.validate(tomllib.loads(text), schema(command))

    @pytest.mark.parametrize("text", ["ocatves = 3", "steps = -1", "trust = true", 'param = "pixel"', "version = 2"])
    def test_it_refuses_what_is_not(self, text: str) -> None:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(text), schema())
        with pytest.raises(RecipeError):
            loaded(text)


def test_a_visualization_needs_its_objective_from_somewhere() -> None:
    assert load("lucid").recipe().objective == load("lucid").objectives["motifnet"]
    with pytest.raises(RecipeError, match=r"my.toml says no objective, and visualize needs one: give it"):
        loaded('command = "visualize"').recipe()
    assert loaded('command = "visualize"').recipe(objective="mixed4") == Visualization(objective="mixed4")
