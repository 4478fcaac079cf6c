"""Of a damaged film what is there is used, and said; what is no film is answered with one sentence."""

from __future__ import annotations

import os
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from films import COUNT, HEIGHT, WIDTH, render, scene
from PIL import Image

from dreampipe import read
from dreampipe.errors import MediaError
from dreampipe.media.video import Source, Survey, open_source

LONG = 96


def refused(path: Path, *words: str, **how: Fraction) -> str:
    with pytest.raises(MediaError) as raised:
        open_source(path, **how)
    text = str(raised.value)
    assert str(path) in text
    assert "\n" not in text and text.endswith(".")
    for word in words:
        assert word in text
    return text


def cut_off(path: Path, part: Fraction) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


def surveyed(path: Path, **how: Fraction) -> tuple[Source, Survey]:
    source = open_source(path, **how)
    return source, source.survey()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 96 frames with sound, its index in front and a key frame every half second."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    front = {"movflags": "faststart"}
    return render(path, scene(LONG), sound="aac", options={"g": "12"}, container=front)


def test_a_film_cut_off_says_how_much_it_holds(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(whole.read_bytes())
    source, survey = surveyed(cut_off(path, Fraction(3, 5)))
    assert LONG // 3 < len(survey) < LONG
    assert survey.problem == (
        f"{path} holds {len(survey)} of {LONG} frames: what is there is used; a whole copy would give all of it."
    )
    complete = open_source(whole)
    for mine, other in zip(source.frames(survey), complete.frames(complete.survey()), strict=False):
        assert np.array_equal(mine.pixels, other.pixels)


@pytest.mark.parametrize("name, codec", [("film.mkv", "libx264"), ("film.avi", "mpeg4")])
def test_what_declares_no_frames_declares_its_length(tmp_path: Path, name: str, codec: str) -> None:
    path = render(tmp_path / name, scene(LONG), codec=codec, options={"g": "12"})
    assert surveyed(path)[1].problem is None
    _, survey = surveyed(cut_off(path, Fraction(3, 5)))
    assert LONG // 6 < len(survey) < LONG
    assert survey.problem is not None
    assert f"after {len(survey)} frames" in survey.problem
    assert " of 4.0" in survey.problem


def test_a_part_before_the_end_of_a_film_cut_off_is_whole(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(whole.read_bytes())
    cut_off(path, Fraction(3, 5))
    _, survey = surveyed(path, start=Fraction(1, 2), end=Fraction(1))
    assert (len(survey), survey.problem) == (12, None)
    _, survey = surveyed(path, start=Fraction(1, 2))
    assert survey.problem is not None and "of 4.00 seconds" in survey.problem


def test_sound_that_goes_on_longer_is_no_damage(tmp_path: Path) -> None:
    stamps = [*range(COUNT - 1), 60]
    for suffix in (".mp4", ".mkv"):
        path = render(tmp_path / f"film{suffix}", stamps=stamps, sound="aac")
        assert surveyed(path)[1].problem is None


@pytest.mark.parametrize("place", [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)])
def test_damage_in_the_middle_is_passed_over_and_told(whole: Path, tmp_path: Path, place: Fraction) -> None:
    data = bytearray(whole.read_bytes())
    with av.open(str(whole)) as film:
        packets = [(packet.pos, packet.size) for packet in film.demux(video=0) if packet.size]
    start, size = packets[int(len(packets) * place)]
    assert start is not None
    data[start + 4 : start + size] = bytes(255 - byte for byte in data[start + 4 : start + size])
    (tmp_path / "film.mp4").write_bytes(data)
    source, survey = surveyed(tmp_path / "film.mp4")
    assert LONG - 12 <= len(survey) < LONG
    assert survey.problem is not None and f"lacks {LONG - len(survey)} frames" in survey.problem
    once, again = list(source.frames(survey)), list(source.frames(survey, 40))
    assert len(once) == len(survey)
    assert all(np.array_equal(one.pixels, other.pixels) for one, other in zip(once[40:], again, strict=True))


def test_an_animation_cut_off_says_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    first, *rest = [Image.fromarray(rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)) for _ in range(COUNT)]
    for name in ("film.gif", "film.png"):
        first.save(tmp_path / name, save_all=True, append_images=rest, duration=40)
        _, survey = surveyed(cut_off(tmp_path / name, Fraction(3, 5)))
        assert 3 < len(survey) < COUNT
        assert survey.problem is not None and f"{len(survey)} " in survey.problem


def test_what_is_no_film(tmp_path: Path, whole: Path) -> None:
    refused(tmp_path / "none.mp4", "does not exist")
    refused(tmp_path, "holds no pictures")
    (tmp_path / "empty.mp4").touch()
    refused(tmp_path / "empty.mp4", "0 bytes")
    (tmp_path / "text.mkv").write_text("Dear diary, today I was named .mkv.")
    refused(tmp_path / "text.mkv", "does not hold a film")
    os.mkfifo(tmp_path / "pipe.mp4")
    refused(tmp_path / "pipe.mp4", "no regular file")


@pytest.mark.parametrize("format", ["png", "jpeg", "gif", "webp", "tiff", "bmp"])
def test_a_picture_named_like_a_film_is_called_a_picture(tmp_path: Path, format: str) -> None:
    path = tmp_path / "film.mp4"
    Image.new("RGB", (8, 6)).save(path, format)
    refused(path, f"holds a picture ({format})")
    assert read(path).info.format == format


def test_a_film_without_its_index(tmp_path: Path) -> None:
    path = render(tmp_path / "film.mp4")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])
    refused(path, "lacks the index", "cut off")


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "film.mp4"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(8000))
    refused(tmp_path / "film.mp4", "has no video (it holds audio)")


def test_an_encrypted_film_is_refused(tmp_path: Path) -> None:
    secret = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "76a6c65c" * 4, "encryption_kid": "a7e61c37" * 4}
    for _ in range(4):  # each is ciphered with another start, and now and then one decodes by chance
        refused(render(tmp_path / "film.mp4", container=secret), "is encrypted: convert it first")


def test_a_codec_that_is_not_known(tmp_path: Path) -> None:
    path = render(tmp_path / "film.mkv", codec="ffv1")
    path.write_bytes(path.read_bytes().replace(b"V_FFV1", b"V_XXX9"))
    refused(path, "codec that is not known")


def test_a_list_of_other_files_is_not_followed(tmp_path: Path) -> None:
    render(tmp_path / "real.ts")
    (tmp_path / "film.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nreal.ts\n#EXT-X-ENDLIST\n")
    refused(tmp_path / "film.mp4", "does not hold a film")
    (tmp_path / "list.txt").write_text("ffconcat version 1.0\nfile real.ts\n")
    refused(tmp_path / "list.txt", "does not hold a film")


def test_a_name_with_a_colon_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    render(tmp_path / "film.mp4").rename("http:film é.mp4")
    assert open_source("http:film é.mp4").info.width == WIDTH


def test_a_film_that_may_not_be_read(locked: Path) -> None:
    refused(locked / "secret.png", "cannot be opened", "Permission denied")


def test_a_rate_for_what_has_times_of_its_own(whole: Path, tmp_path: Path) -> None:
    refused(whole, "times of its own", fps=Fraction(12))
    with pytest.raises(MediaError, match="more than 0"):
        open_source(tmp_path, fps=Fraction(0))


def test_a_film_that_grows_midway_is_held_to_the_limit(tmp_path: Path) -> None:
    small, large = render(tmp_path / "1.h264", scene(4)), render(tmp_path / "2.h264", scene(4, 128, 96))
    (tmp_path / "film.h264").write_bytes(small.read_bytes() + large.read_bytes())
    survey = open_source(tmp_path / "film.h264", max_pixels=6000).survey()
    assert len(survey) == 4
    assert survey.problem is not None and "cannot be decoded" in survey.problem
