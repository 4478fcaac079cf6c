"""The table of things against what the pipeline does: for every thing a film, into every kind of output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from holding_films import MAKERS, UNMADE

import dreampipe
from dreampipe.media.deciding import THINGS, sentence_of
from dreampipe.media.things import FILMS, Fate, Found
from dreampipe.media.video import Encoding, FilmInfo, open_source, target_of
from dreampipe.media.video.holding import held

NAMES = {
    "mp4": "out.mp4", "mov": "out.mov", "mkv": "out.mkv", "webm": "out.webm", "animated gif": "out.gif",
    "animated webp": "out.webp", "animated png": "out.png", "png": "out/%d.png", "jpeg": "out/%d.jpg",
    "webp": "out/%d.webp", "tiff": "out/%d.tif", "avif": "out/%d.avif", "bmp": "out/%d.bmp",
}  # fmt: skip
SAID_ELSEWHERE = {"aspect": "pixels' shape", "times": "keep no times"}
"""Things whose sentences are made from the numbers of a film, and words of them."""
SEEN: dict[str, Callable[[FilmInfo], bool]] = {
    "tags": lambda info: True,
    "edits": lambda info: True,
    "encoder": lambda info: True,
    "times": lambda info: len(set(np.diff(open_source(info.path).survey().stamps))) == 3,
    "crop": lambda info: info.width == 32,
    "turn": lambda info: info.rotation == 90,
    "aspect": lambda info: info.aspect != 1,
    "attachments": lambda info: Found("attachments") in info.found,
    "sphere_1": lambda info: Found("spherical") in info.found,
    "gop": lambda info: info.timecode == "01:02:03:04",
}
"""How a thing is seen in a file, where the survey of a film does not list it by its key."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {key: make(folder / f"{key}.mp4") for key, make in MAKERS.items()}


def holds(info: FilmInfo, key: str) -> bool:
    return SEEN[key](info) if key in SEEN else key in {found.key for found in held(info)}


def test_every_thing_of_films_has_a_film_or_a_reason() -> None:
    of_films = {key for key, thing in THINGS.items() if set(thing.held_by) & set(FILMS)}
    assert of_films == MAKERS.keys() | UNMADE.keys()
    assert not MAKERS.keys() & UNMADE.keys()


@pytest.mark.parametrize("key", MAKERS)
def test_a_film_is_found_to_hold_it(key: str, films: dict[str, Path]) -> None:
    assert holds(open_source(films[key]).info, key)


@pytest.mark.parametrize("key", MAKERS)
def test_it_is_reported_exactly_where_the_table_says(key: str, films: dict[str, Path], tmp_path: Path) -> None:
    film = open_source(films[key])
    (found, *_) = [found for found in held(film.info) if found.key == key] or [Found(key)]
    for output, name in NAMES.items():
        notes = (*film.info.notes, *target_of(tmp_path / name, film.info, drop(output)).check())
        reported = THINGS[key].rules[output].fate is Fate.REPORTED
        sentence = SAID_ELSEWHERE.get(key, sentence_of(found))
        assert len([note for note in notes if sentence in note]) == reported, output


def drop(output: str) -> Encoding | None:
    return Encoding(drop=True) if output in FILMS else None


@pytest.mark.parametrize("output", [film for film in FILMS if film != "mov"])  # made as mp4 is; other tests make it
@pytest.mark.parametrize("key", [key for key in MAKERS if THINGS[key].rules["mp4"].fate is not Fate.REPORTED])
def test_what_is_kept_is_in_the_film(key: str, output: str, films: dict[str, Path], tmp_path: Path) -> None:
    media = dreampipe.read(films[key])
    refused = key in ("sound", "subtitles", "attachments") and not fits(key, output)
    if THINGS[key].rules[output].fate is Fate.REPORTED or refused:
        return
    path = tmp_path / NAMES[output]
    codec = "h264" if output == "mkv" else None
    dreampipe.write(media, path, like=media.info, encoding=Encoding(codec, drop=True))
    assert holds(open_source(path).info, key)


def fits(key: str, output: str) -> bool:
    """Say whether a container takes the codec of the film that is made here: AAC, mov_text and a font."""
    return output in {"sound": {"mp4", "mov", "mkv"}, "subtitles": {"mp4", "mov"}, "attachments": {"mkv"}}[key]
