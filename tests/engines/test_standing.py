"""What stands at an output's place: it is skipped, or left alone with a sentence, and never replaced unasked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import render, scene

import dreampipe
from dreampipe import FilmRecipe
from dreampipe.engines import run
from dreampipe.engines.orders import FilmOrder, Order
from dreampipe.events import Began, Done, Event, Failed, Noted, Skipped
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import Manifest, plan, sha256, sidecar_of
from dreampipe.media.locks import lock
from dreampipe.media.video import Encoding
from dreampipe.records.making import Carrying

MANIFEST = ".dreampipe.jsonl"
NO_RECORD = " exists and carries no record that dreampipe made it: move it or use --overwrite."
PROVING = ["png", "jpg", "webp", "avif", "tif", "bmp"]
"""Formats that hold a record, and one whose record lies beside it."""

Dreamed = Callable[..., list[Event]]


@pytest.fixture(scope="module")
def dreamed(tiny_model: Path) -> Dreamed:
    """`dreamed(source, target, steps=3, carrying=..., overwrite=..., encoding=...)`: what one run tells."""

    def run_once(source: Path, target: Path, **words: Any) -> list[Event]:
        orders = {name: words.pop(name) for name in ("overwrite", "carrying") if name in words}
        films = {name: words.pop(name) for name in ("encoding", "end", "fps") if name in words}
        quality = words.pop("quality", None)
        quick = {"model": str(tiny_model), "scaling": "unit", "octaves": 1, "steps": 1, "refresh_steps": 1}
        recipe = FilmRecipe(**{**quick, **words})
        order = Order(recipe.still, quality=quality, film=FilmOrder(recipe, **films, **orders), **orders)
        told: list[Event] = []
        planned = plan(source, target)
        run(planned.jobs, Manifest(planned.folder), order, told.append)
        return told

    return run_once


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp("films") / "clip.mp4", scene(6, 32, 32))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return noise(tmp_path / "in" / "photo.png", 1)


def noise(path: Path, seed: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    dreampipe.write(Frame(np.random.default_rng(seed).random((20, 28, 3), np.float32)), path)
    return path


def end(told: list[Event]) -> Event:
    """What came of the only job; nothing is climbed for a job that is left alone."""
    (event,) = (event for event in told if isinstance(event, Done | Failed | Skipped))
    assert isinstance(event, Done) or not [event for event in told if isinstance(event, Began)]
    return event


def reason(told: list[Event]) -> str:
    event = end(told)
    assert isinstance(event, Failed)
    return event.reason


def lines(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / MANIFEST).read_text().splitlines()]


def say(folder: Path, entries: list[dict[str, str]]) -> None:
    (folder / MANIFEST).write_text("".join(json.dumps(entry) + "\n" for entry in entries))


@pytest.mark.parametrize("suffix", PROVING)
def test_a_manifest_proves_nothing_without_the_file_s_own_record(
    photo: Path, tmp_path: Path, dreamed: Dreamed, suffix: str
) -> None:
    out = tmp_path / "out" / f"a.{suffix}"
    assert isinstance(end(dreamed(photo, out)), Done)
    (entry,) = lines(out.parent)
    sidecar_of(out).unlink(missing_ok=True)
    foreign = noise(out, 7).read_bytes()
    say(out.parent, [entry | {"sha256": sha256(out)}])
    for steps in (1, 2):  # as the manifest says, and otherwise
        assert reason(dreamed(photo, out, steps=steps)) == f"{out}{NO_RECORD}"
    assert out.read_bytes() == foreign
    assert isinstance(end(dreamed(photo, out, overwrite=True)), Done)
    assert out.read_bytes() != foreign


@pytest.mark.parametrize("suffix", PROVING)
def test_a_dream_of_another_source_does_not_prove_a_manifest(
    photo: Path, tmp_path: Path, dreamed: Dreamed, suffix: str
) -> None:
    out, other = tmp_path / "out" / f"a.{suffix}", tmp_path / "other" / f"a.{suffix}"
    dreamed(photo, out)
    dreamed(noise(tmp_path / "in" / "b.png", 2), other)
    (entry,) = lines(out.parent)
    shutil.copy(other, out)
    if sidecar_of(other).exists():
        shutil.copy(sidecar_of(other), sidecar_of(out))
    say(out.parent, [entry | {"sha256": sha256(out)}])
    assert reason(dreamed(photo, out)) == f"{out}{NO_RECORD}"


def test_a_manifest_that_was_copied_with_its_pictures_skips_them_and_gives_none_away(
    photo: Path, tmp_path: Path, dreamed: Dreamed
) -> None:
    dreamed(photo, tmp_path / "out" / "a.png")
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    before = (tmp_path / "copy" / "a.png").read_bytes()
    assert isinstance(end(dreamed(photo, tmp_path / "copy" / "a.png")), Skipped)
    assert "(steps: 1 there, 2 now)" in reason(dreamed(photo, tmp_path / "copy" / "a.png", steps=2))
    assert (tmp_path / "copy" / "a.png").read_bytes() == before


@pytest.mark.parametrize("suffix", PROVING)
def test_what_carries_no_record_is_skipped_unchanged_and_else_kept(
    photo: Path, tmp_path: Path, dreamed: Dreamed, suffix: str
) -> None:
    out, bare = tmp_path / "out" / f"a.{suffix}", Carrying(metadata=False)
    dreamed(photo, out, carrying=bare)
    before = out.read_bytes()
    assert isinstance(end(dreamed(photo, out, carrying=bare)), Skipped)
    assert reason(dreamed(photo, out, carrying=bare, steps=2)) == f"{out}{NO_RECORD}"
    assert reason(dreamed(photo, out)) == f"{out}{NO_RECORD}"
    assert out.read_bytes() == before


OTHERWISE: dict[str, tuple[str, dict[str, Any]]] = {
    "a number": ("(steps: 1 there, 2 now)", {"steps": 2}),
    "several": ("(octaves: 1 there, 2 now; seed: 0 there, 9 now)", {"octaves": 2, "seed": 9}),
    "the objective": ("(objective: third_relu there, first[3] now)", {"objective": "first[3]"}),
    "a switch": ("(keep-colour: no there, yes now)", {"keep_colour": True}),
    "what was not given": ("(step-size: 0.022 there, 0.5 now)", {"step_size": 0.5}),
    "a size": ("(max-size: the default there, 16 now)", {"max_size": 16}),
    "the scaling": ("(scaling: unit there, tf now)", {"scaling": "tf"}),
    "the quality": ("(quality: the default there, 50 now)", {"quality": 50}),
    "no record": ("(no-metadata: no there, yes now)", {"carrying": Carrying(metadata=False)}),
    "a sidecar": ("(sidecar: no there, yes now)", {"carrying": Carrying(sidecar=True)}),
    "the place": ("(--keep-gps, or the version of dreampipe)", {"carrying": Carrying(position=True)}),
}


@pytest.mark.parametrize("kind", OTHERWISE)
def test_what_was_made_otherwise_is_kept_and_the_difference_is_named(
    photo: Path, tmp_path: Path, dreamed: Dreamed, kind: str
) -> None:
    phrase, words = OTHERWISE[kind]
    out = tmp_path / "out" / "a.jpg"
    dreamed(photo, out)
    before = out.read_bytes()
    assert reason(dreamed(photo, out, **words)) == (
        f"{out} was made with other settings {phrase}: use --overwrite, or another output."
    )
    assert out.read_bytes() == before
    assert isinstance(end(dreamed(photo, out, **words, overwrite=True)), Done)
    assert isinstance(end(dreamed(photo, out, **words)), Skipped)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # keras' own, when it saves
def test_another_model_and_other_bytes_of_the_same_are_named(
    photo: Path, tmp_path: Path, dreamed: Dreamed, tiny_model: Path
) -> None:
    import keras

    out, own = tmp_path / "out" / "a.png", tmp_path / "own.keras"
    shutil.copy(tiny_model, own)
    dreamed(photo, out, model=str(own))
    model = keras.saving.load_model(tiny_model)
    model.get_layer("second").bias.assign([0.5] * 12)
    model.save(own)
    assert "(the model own has changed since)" in reason(dreamed(photo, out, model=str(own)))
    assert "(model: own.keras there, motifnet now; " in reason(dreamed(photo, out, model="motifnet", scaling=None))


def test_another_source_is_named(photo: Path, tmp_path: Path, dreamed: Dreamed) -> None:
    out, other = tmp_path / "out" / "a.png", noise(tmp_path / "in" / "other.png", 2)
    dreamed(photo, out)
    expected = f"{out} was made from another source (source: photo.png there, other.png now): use --overwrite, or "
    assert reason(dreamed(other, out)).startswith(expected)
    assert "with other settings (source: photo.png there, other.png now; steps: 1 " in reason(
        dreamed(other, out, steps=2)
    )


def test_a_folder_of_the_output_s_name_is_not_replaced(photo: Path, tmp_path: Path, dreamed: Dreamed) -> None:
    (tmp_path / "out" / "photo.png").mkdir(parents=True)
    assert "was not written by dreampipe" in reason(dreamed(photo.parent, tmp_path / "out"))
    refused = reason(dreamed(photo.parent, tmp_path / "out", overwrite=True))
    assert refused.startswith(f"{tmp_path / 'out' / 'photo.png'} cannot be written (Is a directory)")


def test_a_dangling_link_is_not_replaced(photo: Path, tmp_path: Path, dreamed: Dreamed) -> None:
    out = tmp_path / "out.png"
    out.symlink_to(tmp_path / "elsewhere.png")
    assert "was not written by dreampipe" in reason(dreamed(photo, out))
    assert out.is_symlink() and not (tmp_path / "elsewhere.png").exists()


FILMS: dict[str, tuple[str, dict[str, Any]]] = {
    "recipe": ("(seed: 0 there, 5 now)", {"seed": 5}),
    "codec": ("(codec: the default there, ffv1 now)", {"encoding": Encoding("ffv1")}),
    "part": ("(end: the default there, 0.1s now)", {"end": Fraction(1, 10)}),
    "film only": ("(motion: flow there, none now)", {"motion": "none"}),
}


@pytest.mark.parametrize("suffix, kind", [*(("mkv", kind) for kind in FILMS), ("gif", "recipe"), ("gif", "part")])
def test_a_film_that_was_made_otherwise_is_kept(
    clip: Path, tmp_path: Path, dreamed: Dreamed, suffix: str, kind: str
) -> None:
    phrase, words = FILMS[kind]
    out = tmp_path / f"a.{suffix}"
    dreamed(clip, out)
    before = out.read_bytes()
    assert isinstance(end(dreamed(clip, out)), Skipped)
    assert f"{out} was made with other settings {phrase}" in reason(dreamed(clip, out, **words))
    assert out.read_bytes() == before


@pytest.mark.parametrize("name", ["a.mkv", "a.gif", "a.mp4"])
def test_a_manifest_does_not_give_a_film_away(clip: Path, tmp_path: Path, dreamed: Dreamed, name: str) -> None:
    out = tmp_path / "out" / name
    dreamed(clip, out)
    *_, entry = lines(out.parent)
    sidecar_of(out).unlink(missing_ok=True)
    out.write_bytes(clip.read_bytes())
    say(out.parent, [entry | {"sha256": sha256(out)}])
    assert reason(dreamed(clip, out)) == f"{out}{NO_RECORD}"
    assert out.read_bytes() == clip.read_bytes()


def pictures(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in folder.glob("*.png")}


def test_numbered_pictures_that_a_manifest_alone_names_are_neither_replaced_nor_removed(
    clip: Path, tmp_path: Path, dreamed: Dreamed
) -> None:
    frames = tmp_path / "%02d.png"
    dreamed(clip, frames)
    foreign = {name: sha256(noise(tmp_path / name, number)) for number, name in enumerate(pictures(tmp_path))}
    say(tmp_path, [entry | {"sha256": foreign.get(entry["name"], entry["sha256"])} for entry in lines(tmp_path)])
    assert "was made" in reason(dreamed(clip, frames)) or NO_RECORD in reason(dreamed(clip, frames))
    assert pictures(tmp_path) == foreign
    told = dreamed(clip, frames, end=Fraction(1, 10), overwrite=True)
    assert isinstance(end(told), Done)
    after = pictures(tmp_path)
    replaced = {name for name in foreign if after[name] != foreign[name]}
    assert after.keys() == foreign.keys() and 0 < len(replaced) < len(foreign)
    (note,) = (event.text for event in told if isinstance(event, Noted) and "is no picture of this film" in event.text)
    assert note.startswith(str(tmp_path / min(foreign.keys() - replaced)))


def test_of_numbered_pictures_missing_ones_are_made_again_and_an_edited_one_is_kept(
    clip: Path, tmp_path: Path, dreamed: Dreamed
) -> None:
    frames = tmp_path / "%02d.png"
    dreamed(clip, frames)
    whole = pictures(tmp_path)
    (tmp_path / "02.png").unlink()
    assert isinstance(end(dreamed(clip, frames)), Done)
    assert pictures(tmp_path) == whole
    edited = sha256(noise(tmp_path / "03.png", 3))
    assert "03.png exists and was not written by dreampipe" in reason(dreamed(clip, frames))
    assert sha256(tmp_path / "03.png") == edited


def test_numbered_pictures_without_a_record_are_skipped_whole_and_else_kept(
    clip: Path, tmp_path: Path, dreamed: Dreamed
) -> None:
    frames, bare = tmp_path / "%02d.png", Carrying(metadata=False)
    dreamed(clip, frames, carrying=bare)
    assert isinstance(end(dreamed(clip, frames, carrying=bare)), Skipped)
    before = pictures(tmp_path)
    assert NO_RECORD in reason(dreamed(clip, frames, carrying=bare, steps=2))
    assert pictures(tmp_path) == before


def test_what_another_run_has_made_meanwhile_is_skipped(photo: Path, tmp_path: Path, tiny_model: Path) -> None:
    recipe = FilmRecipe(model=str(tiny_model), scaling="unit", octaves=1, steps=1)
    planned = plan(photo, tmp_path / "out" / "a.png")
    first, second = Manifest(planned.folder), Manifest(planned.folder)  # both read before anything is written
    for manifest, kind in ((first, Done), (second, Skipped)):
        told: list[Event] = []
        run(planned.jobs, manifest, Order(recipe.still), told.append)
        assert isinstance(end(told), kind)


def test_a_picture_that_another_run_makes_is_waited_for_at_the_end(tmp_path: Path, tiny_model: Path) -> None:
    recipe = FilmRecipe(model=str(tiny_model), scaling="unit", octaves=1, steps=1)
    for number, name in enumerate("abcdef"):
        noise(tmp_path / "in" / f"{name}.png", number)
    planned = plan(tmp_path / "in", tmp_path / "out")
    planned.folder.mkdir()
    held = lock(planned.jobs[0].target)
    assert held
    told: list[Event] = []

    def hear(event: Event) -> None:
        told.append(event)
        if isinstance(event, Noted):
            assert event == Noted("a.png", "another run makes this picture, so this one waits for it")
            held.release()

    run(planned.jobs, Manifest(planned.folder), Order(recipe.still), hear)
    assert [event.name for event in told if isinstance(event, Done)] == [f"{name}.png" for name in "bcdefa"]
    assert sorted(path.name for path in planned.folder.iterdir()) == [MANIFEST, *(f"{name}.png" for name in "abcdef")]


def test_alpha_and_bits_of_the_source_do_not_make_its_dream_another(tmp_path: Path, dreamed: Dreamed) -> None:
    rng = np.random.default_rng(3)
    source, out = tmp_path / "deep.tif", tmp_path / "out.tif"
    frame = Frame(rng.random((20, 28, 3), np.float32), alpha=rng.random((20, 28), np.float32))
    dreampipe.write(frame, source, MediaInfo(28, 20, bits=16, alpha=True))
    assert isinstance(end(dreamed(source, out)), Done)
    assert isinstance(end(dreamed(source, out)), Skipped)
