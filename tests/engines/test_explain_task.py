"""Explanations as tasks: pictures, folders, films, and what a stop leaves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import dreampipe
from dreampipe.engines.explanations import ExplainTask
from dreampipe.engines.orders import FilmOrder
from dreampipe.engines.stopping import stoppable
from dreampipe.errors import DreampipeError, ModelError
from dreampipe.events import Done, Event, Failed, Finished, Noted, Progressed, Skipped
from dreampipe.explanations.attribution import METHODS, Attributed, Method
from dreampipe.explanations.attribution.method import Family
from dreampipe.explanations.colours import colour
from dreampipe.explanations.explaining import ask, explain
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array, Frame
from dreampipe.media.maps import read_tiff
from dreampipe.recipes import Explaining
from dreampipe.records.again import again
from dreampipe.records.carried import edit_of, record_of

Make = Callable[..., list[Event]]


@pytest.fixture
def recipe(tiny_model: Path) -> Explaining:
    return Explaining(model=tiny_model, scaling="unit", method="gradient", size=48)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for name in ("a.png", "b.jpg"):
        dreampipe.write(Frame(rng.random((24, 32, 3), np.float32)), folder / name)
    return folder


@pytest.fixture
def film(tmp_path: Path) -> Path:
    rng = np.random.default_rng(6)
    frames = [
        Frame(
            np.clip(rng.random((24, 32, 3), np.float32) * number / 4, 0, 1), number, Fraction(number, 5), Fraction(1, 5)
        )
        for number in range(1, 5)
    ]
    dreampipe.write([frame for frame in frames], tmp_path / "film.mkv", encoding=dreampipe.media.Encoding("ffv1"))
    return tmp_path / "film.mkv"


def made(source: Path, target: Path | str, recipe: Explaining, **options: Any) -> list[Event]:
    told: list[Event] = []
    order = {name: options.pop(name) for name in ("overwrite", "encoding") if name in options}
    task = ExplainTask(str(source), str(target), FilmOrder(recipe, **order), **options)
    notes = task.check()
    assert all(isinstance(note, str) for note in notes)
    task.run(told.append)
    return told


def notes(told: list[Event]) -> list[str]:
    return [event.text for event in told if isinstance(event, Noted)]


def test_a_picture_becomes_a_sheet_and_the_top_class_is_named(photos: Path, tmp_path: Path, recipe: Explaining) -> None:
    told = made(photos / "a.png", tmp_path / "a.png", recipe)
    (said,) = notes(told)
    record = record_of(tmp_path / "a.png")
    assert record.command == "explain"
    assert said == f"{record.recipe['objective']} is explained, the top class."
    logits = [
        explain(
            ask(recipe.card(), f"logit({at})"), dreampipe.read(photos / "a.png").frames[0].pixels, METHODS["gradient"]()
        )
        for at in range(5)
    ]
    assert record.recipe["objective"] == f"logit({int(np.argmax([one.answer for one in logits]))})"
    assert [event.share for event in told if isinstance(event, Progressed)][-1] == 1


def test_a_folder_becomes_a_folder_and_a_second_run_does_nothing(
    photos: Path, tmp_path: Path, recipe: Explaining
) -> None:
    out = tmp_path / "out"
    told = made(photos, out, recipe)
    assert isinstance(told[-1], Finished) and told[-1].done == 2
    assert sorted(path.name for path in out.glob("[ab]*")) == ["a.png", "b.png"]
    assert [type(event) for event in made(photos, out, recipe)[1:3]] == [Skipped, Skipped]
    other = made(photos, out, recipe.model_copy(update={"seed": 1}))
    assert [event.reason for event in other if isinstance(event, Failed)] == [
        f"{out / name}.png was made with other settings (seed: 0 there, 1 now): use --overwrite, or another output."
        for name in "ab"
    ]
    assert made(photos, out, recipe.model_copy(update={"seed": 1}), overwrite=True)[-1].done == 2  # type: ignore[attr-defined]


def test_a_dream_is_not_replaced_by_an_explanation(photos: Path, tmp_path: Path, recipe: Explaining) -> None:
    out = tmp_path / "out"
    made(photos, out, recipe)
    from dreampipe.engines.dreams import DreamTask
    from dreampipe.recipes import FilmRecipe

    dream = FilmRecipe(model=recipe.model, scaling="unit", octaves=1, steps=1)
    told: list[Event] = []
    task = DreamTask(str(photos / "a.png"), str(out / "a.png"), FilmOrder(dream))
    task.check()
    task.run(told.append)
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert "(command: explain there, dream now)" in failed.reason


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_numbers_are_those_of_the_library(photos: Path, tmp_path: Path, recipe: Explaining, suffix: str) -> None:
    out = tmp_path / f"map{suffix}"
    both = recipe.model_copy(update={"method": "gradient, gradient-x-input", "objective": "logit(1)"})
    made(photos / "a.png", out, both)
    values = np.load(out) if suffix == ".npy" else read_tiff(out)
    for one, name in zip(values, ("gradient", "gradient-x-input"), strict=True):
        expected = dreampipe.explain(photos / "a.png", "logit(1)", name, model=recipe.model, scaling="unit")
        assert np.array_equal(one, expected.map)
    record = record_of(out)
    assert (record.output.bits, record.output.width, record.output.height) == (32, 32, 24)
    assert edit_of(out, record) == ""
    made(photos / "b.jpg", tmp_path / f"other{suffix}", both)
    if suffix == ".tif":
        (tmp_path / "map.tif").write_bytes((tmp_path / "other.tif").read_bytes())
        assert edit_of(out, record) != ""


@pytest.mark.parametrize("show", ["overlay", "map"])
def test_a_film_has_one_scale_and_keeps_its_times(film: Path, tmp_path: Path, recipe: Explaining, show: str) -> None:
    shown = recipe.model_copy(update={"show": show, "objective": "logit(2)"})
    told = made(film, tmp_path / "out.mkv", shown, encoding=dreampipe.media.Encoding("ffv1"))
    assert isinstance(told[-2], Done)
    source, result = dreampipe.read(film), dreampipe.read(tmp_path / "out.mkv")
    found = [
        dreampipe.explain(frame.pixels, "logit(2)", "gradient", model=recipe.model, scaling="unit") for frame in source
    ]
    scale = max(one.scale for one in found)  # all of so short a film are in the first pass
    assert f"the full colour is {scale:.2g} a pixel" in notes(told)[0]
    for frame, before, one in zip(result, source, found, strict=True):
        expected = one.overlay(scale) if show == "overlay" else colour(one.heat(), scale)
        assert np.abs(frame.pixels - expected).max() < 3 / 255
        assert (frame.time, frame.duration) == (before.time, before.duration)
    assert record_of(tmp_path / "out.mkv").recipe["objective"] == "logit(2)"
    assert isinstance(made(film, tmp_path / "out.mkv", shown, encoding=dreampipe.media.Encoding("ffv1"))[1], Skipped)


def test_a_film_without_an_objective_has_one_class(film: Path, tmp_path: Path, recipe: Explaining) -> None:
    told = made(film, tmp_path / "out.mp4", recipe)
    named = record_of(tmp_path / "out.mp4").recipe["objective"]
    assert f"{named} is explained, the top class." in notes(told)


@dataclass(frozen=True)
class Counting(Method):
    """Counts the pictures that it was given; presses Ctrl-C in the second batch while there is a file of a name."""

    pictures: int = 200
    press: str = ""

    name: ClassVar[str] = "counting"
    family: ClassVar[Family] = "perturbation"
    source: ClassVar[str] = "none"
    partial: ClassVar[bool] = True

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        def compute(part: slice) -> int:
            if part.start > 0 and os.path.exists(self.press):
                os.remove(self.press)
                os.kill(os.getpid(), signal.SIGINT)
            return part.stop - part.start

        batches = question.batches(self.pictures, picture.shape[:2], compute, work, self.partial)
        return Attributed(np.full(picture.shape[:2], sum(found for _, found in batches), np.float32), 0.0)


@dataclass(frozen=True)
class AllOrNothing(Counting):
    name: ClassVar[str] = "all-or-nothing"
    partial: ClassVar[bool] = False


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file that lets these methods press Ctrl-C once."""
    for kind in (Counting, AllOrNothing):
        monkeypatch.setitem(METHODS, kind.name, kind)
    (tmp_path / "press").touch()
    return tmp_path / "press"


def test_ctrl_c_keeps_what_a_sampling_method_has_and_a_second_run_makes_the_whole(
    press: Path, photos: Path, tmp_path: Path, recipe: Explaining, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    sampling = recipe.model_copy(update={"method": f"counting(press={press}), gradient", "objective": "logit(1)"})
    told: list[Event] = []
    task = ExplainTask(str(photos), str(out), FilmOrder(sampling))
    task.check()
    with pytest.raises(KeyboardInterrupt):
        task.run(told.append)
    assert [event.name for event in told if isinstance(event, Done)] == ["a.png"]  # the second picture is not begun
    assert "Stopped by the user after 128 of 200 pictures, so the map is less certain." in notes(told)  # of one method
    assert "What was ready is written; the same command makes the whole." in notes(told)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert record_of(out / "a.png").options["partial"] is True
    monkeypatch.chdir(tiny_model.parent)  # a record names the model's file alone
    assert again(out / "a.png", source=photos / "a.png").others == ("the first was stopped before it was whole",)
    finished = made(photos, out, sampling)  # without overwrite
    assert [event.name for event in finished if isinstance(event, Done)] == ["a.png", "b.png"]
    assert "partial" not in record_of(out / "a.png").options
    made(photos / "a.png", tmp_path / "alone.png", sampling)
    assert np.array_equal(*(dreampipe.read(path).frames[0].pixels for path in (out / "a.png", tmp_path / "alone.png")))


def test_notes_of_several_methods_name_them(photos: Path, tmp_path: Path, recipe: Explaining) -> None:
    itself = f"gradient-x-input(baseline={photos / 'a.png'})"  # whose map is zero
    several = recipe.model_copy(update={"method": f"gradient, {itself}, {itself}", "objective": "logit(1)"})
    (said,) = notes(made(photos / "a.png", tmp_path / "out.png", several))
    assert said.startswith("gradient-x-input, gradient-x-input: The map is zero everywhere")
    (alone,) = notes(made(photos / "a.png", tmp_path / "1.png", several.model_copy(update={"method": itself})))
    assert alone.startswith("The map is zero everywhere")


@dataclass(frozen=True)
class Unfit(Method):
    """Suits no model, which it finds out before the run or in it."""

    early: bool = True

    name: ClassVar[str] = "unfit"
    family: ClassVar[Family] = "gradients"
    source: ClassVar[str] = "none"

    def check(self, question: Question) -> None:
        if self.early:
            raise ModelError("unfit never suits: use another method.")

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        raise ModelError("unfit never suits: use another method.")


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("order", ["unfit(early={}), gradient", "gradient, unfit(early={})"])
def test_of_several_methods_those_that_do_not_suit_are_left_out(
    photos: Path, tmp_path: Path, recipe: Explaining, monkeypatch: pytest.MonkeyPatch, early: bool, order: str
) -> None:
    monkeypatch.setitem(METHODS, Unfit.name, Unfit)
    both = recipe.model_copy(update={"method": order.format(str(early).lower()), "objective": "logit(1)"})
    told: list[Event] = []
    task = ExplainTask(str(photos / "a.png"), str(tmp_path / "a.npy"), FilmOrder(both))
    said = task.check()
    task.run(told.append)
    (left_out,) = (*said, *notes(told))
    assert left_out == "unfit is left out: unfit never suits: use another method."
    assert "partial" not in record_of(tmp_path / "a.npy").options
    expected = dreampipe.explain(photos / "a.png", "logit(1)", "gradient", model=recipe.model, scaling="unit")
    assert np.array_equal(np.load(tmp_path / "a.npy"), expected.map)
    assert isinstance(made(photos / "a.png", tmp_path / "a.npy", both)[1], Skipped)


def test_a_baseline_that_cannot_be_read_loses_no_other_map(photos: Path, tmp_path: Path, recipe: Explaining) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    both = {"method": f"gradient, gradient-x-input(baseline={tmp_path / 'broken.png'})", "objective": "logit(1)"}
    (said,) = notes(made(photos / "a.png", tmp_path / "a.npy", recipe.model_copy(update=both)))
    assert said.startswith("gradient-x-input is left out: ") and "broken.png" in said
    assert np.load(tmp_path / "a.npy").shape == (24, 32, 3)


def test_methods_of_which_none_suits_are_refused(
    photos: Path, tmp_path: Path, recipe: Explaining, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, Unfit.name, Unfit)
    target = tmp_path / "out.png"
    with pytest.raises(ModelError, match="unfit never suits"):
        made(photos / "a.png", target, recipe.model_copy(update={"method": "unfit, unfit"}))
    late = recipe.model_copy(update={"method": "unfit(early=false), unfit(early=false)"})
    (failed,) = [event for event in made(photos / "a.png", target, late) if isinstance(event, Failed)]
    assert "unfit never suits" in failed.reason and not target.exists()


@pytest.mark.parametrize(
    ("objective", "left"),
    [
        ("prob(2)", ("lrp-epsilon", "lrp-alpha-beta", "lrp-composite")),
        ("second", ("lrp-epsilon", "lrp-alpha-beta", "lrp-composite")),
        ("logit(1) - 3*tv()", ("deeplift", "lrp-epsilon", "guided-backpropagation")),
    ],
)
def test_all_methods_explain_whatever_can_be_asked(
    tmp_path: Path, recipe: Explaining, photos: Path, objective: str, left: tuple[str, ...]
) -> None:
    recipe = recipe.model_copy(update={"method": "all", "objective": objective})
    said = ExplainTask(str(photos / "a.png"), str(tmp_path / "a.npy"), FilmOrder(recipe)).check()
    named = [note.partition(" is left out: ")[0] for note in said]
    assert set(left) <= set(named) < set(METHODS)


def test_a_stopped_output_that_somebody_changed_is_not_replaced(
    press: Path, photos: Path, tmp_path: Path, recipe: Explaining
) -> None:
    sampling = recipe.model_copy(update={"method": f"counting(press={press})", "objective": "logit(1)"})
    with pytest.raises(KeyboardInterrupt):
        made(photos / "a.png", tmp_path / "a.png", sampling)
    (tmp_path / "a.png").write_bytes((photos / "a.png").read_bytes())
    told = made(photos / "a.png", tmp_path / "a.png", sampling)
    assert [event.name for event in told if isinstance(event, Failed)] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == (photos / "a.png").read_bytes()


def test_ctrl_c_in_a_method_that_needs_all_writes_nothing(
    press: Path, photos: Path, tmp_path: Path, recipe: Explaining
) -> None:
    whole = recipe.model_copy(update={"method": f"all-or-nothing(press={press})", "objective": "logit(1)"})
    with pytest.raises(KeyboardInterrupt):
        made(photos / "a.png", tmp_path / "a.png", whole)
    assert not (tmp_path / "a.png").exists()


def test_ctrl_c_in_a_later_method_keeps_the_earlier_ones(
    press: Path, photos: Path, tmp_path: Path, recipe: Explaining
) -> None:
    both = recipe.model_copy(update={"method": f"gradient, all-or-nothing(press={press})", "objective": "logit(1)"})
    with pytest.raises(KeyboardInterrupt):
        made(photos / "a.png", tmp_path / "a.npy", both)
    assert np.load(tmp_path / "a.npy").shape == (24, 32, 3)


def test_a_second_ctrl_c_ends_at_once_and_other_handlers_stay() -> None:
    with pytest.raises(KeyboardInterrupt), stoppable() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("the second Ctrl-C did not end the block")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable() as stop:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("target", "settings", "said"),
    [
        ("out.mp4", {"method": "gradient, gradient-x-input"}, "2 methods came, but a film shows one: name one."),
        ("out.mp4", {"show": "sheet"}, "a film shows an overlay or a map"),
        ("out.npy", {}, "out.npy"),
    ],
)
def test_a_film_cannot_show_all(
    film: Path, tmp_path: Path, recipe: Explaining, target: str, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(DreampipeError, match=said):
        made(film, tmp_path / target, recipe.model_copy(update=settings))
