"""Inputs and outputs are paired, and every clash is found before anything is read."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from dreampipe.errors import MediaError
from dreampipe.media import Job, carries, plan, sidecar_of
from dreampipe.media.video import FilmInfo, target_of
from dreampipe.media.video.forms import FILM_SUFFIXES, is_animated, is_film
from dreampipe.media.video.targets import Pictures

FILM = FilmInfo(8, 6, time_base=Fraction(1, 24), codec="rawvideo", pixel_format="rgb24")


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(source: Path | str, target: Path | str, *, recursive: bool = False, format: str | None = None) -> list[str]:
    planned = plan(source, target, recursive=recursive, format=format)
    for job in planned.jobs:
        assert job.target == planned.folder / job.name
        assert job.source.is_file() and not job.film
    return [job.name for job in planned.jobs]


def refused(source: Path, target: Path, *words: str, recursive: bool = False, format: str | None = None) -> None:
    with pytest.raises(MediaError) as raised:
        plan(source, target, recursive=recursive, format=format)
    for word in words:
        assert word in str(raised.value)


def test_a_folder_in_natural_order(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a10.png", "a2.jpg", "A1.webp", "b.TIFF", "a2b.bmp", "é.avif", "07.png", "7.jpg", "7a1.png")
    assert names(tmp_path / "in", tmp_path / "out") == [
        "7.jpg", "07.png", "7a1.png", "A1.webp", "a2.jpg", "a2b.bmp", "a10.png", "b.TIFF", "é.avif",
    ]  # fmt: skip


def test_only_pictures_that_are_not_hidden(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.png", "b.txt", "c", ".hidden.png", ".dreampipe.jsonl", ".f.mp4", "x.png/inside.txt")
    assert names(tmp_path / "in", tmp_path / "out") == ["a.png"]
    touch(tmp_path / "in", ".cache/d.png", "deep/er/e.png")
    assert names(tmp_path / "in", tmp_path / "out", recursive=True) == ["a.png", "deep/er/e.png"]


def test_the_output_within_the_input_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "sub/b.png", "out/old.png", "out/sub/older.png")
    assert names(tmp_path, tmp_path / "out", recursive=True) == ["a.png", "sub/b.png"]
    (tmp_path / "link").symlink_to(tmp_path / "out")
    assert names(tmp_path, tmp_path / "link", recursive=True) == ["a.png", "sub/b.png"]


def test_links_that_go_in_circles_do_no_harm(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.png", "sub/b.png")
    (tmp_path / "in/sub/up").symlink_to(tmp_path / "in")
    (tmp_path / "in/linked.png").symlink_to(tmp_path / "in/a.png")
    assert names(tmp_path / "in", tmp_path / "out", recursive=True) == ["a.png", "linked.png", "sub/b.png"]


def test_the_format_decides_the_suffix(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.png", "b.JPEG", "c.d.gif", "e.tif")
    source, target = tmp_path / "in", tmp_path / "out"
    assert names(source, target) == ["a.png", "b.JPEG", "c.d.png", "e.tif"]
    assert plan(source, target).notes == ("Pictures with .gif are written as .png.",)
    assert names(source, target, format="jpg") == ["a.jpg", "b.JPEG", "c.d.jpg", "e.jpg"]
    assert names(source, target, format=".WebP") == ["a.webp", "b.webp", "c.d.webp", "e.webp"]
    assert names(source, target, format="tiff") == ["a.tiff", "b.tiff", "c.d.tiff", "e.tif"]
    for unknown in ("gif", "heic", "", "png/../x"):
        refused(source, target, "png jpg", format=unknown)


def test_one_picture_to_a_file_or_into_a_folder(tmp_path: Path) -> None:
    source = touch(tmp_path, "a.png", "there/x.txt", "odd", "b.gif") / "a.png"
    assert names(source, tmp_path / "b.webp") == ["b.webp"]
    assert names(source, tmp_path / "there") == ["a.png"]
    assert names(source, f"{tmp_path}/new/") == ["a.png"]
    assert names(source, f"{tmp_path}/new/", format="avif") == ["a.avif"]
    assert names(source, tmp_path / "b.tif", format="tiff") == ["b.tif"]
    assert names(tmp_path / "odd", tmp_path / "there") == ["odd.png"]
    assert plan(tmp_path / "odd", tmp_path / "there").notes == ("Pictures with no suffix are written as .png.",)
    assert names(tmp_path / "odd", tmp_path / "x.jpg") == ["x.jpg"]
    assert plan(source, tmp_path / "b.webp").folder == tmp_path
    refused(source, tmp_path / "b", "no suffix", ".webp")
    refused(source, tmp_path / "b.txt", ".txt", ".webp")
    refused(source, tmp_path / "b.jpg", "jpeg", "png", format="png")


def test_a_folder_needs_a_folder(tmp_path: Path) -> None:
    source = touch(tmp_path, "in/a.png", "file", "pic.png") / "in"
    refused(source, tmp_path / "file", "is a file")
    refused(source, tmp_path / "new.png", "suffix of a picture")


def test_nothing_to_do_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "in/x.txt", "in/deep/a.png")
    refused(tmp_path / "none", tmp_path / "out", "none does not exist")
    refused(tmp_path / "in", tmp_path / "out", ".png", ".tiff", "--recursive")
    touch(tmp_path, "empty/x.txt")
    with pytest.raises(MediaError, match="holds no pictures") as raised:
        plan(tmp_path / "empty", tmp_path / "out", recursive=True)
    assert "--recursive" not in str(raised.value)


def test_two_inputs_for_one_output(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.png", "a.jpg")
    assert names(tmp_path / "in", tmp_path / "out") == ["a.jpg", "a.png"]
    assert names(tmp_path / "in", tmp_path / "out", format="webp") == ["a.jpg.webp", "a.png.webp"]
    touch(tmp_path / "case", "b.png", "B.png")
    refused(tmp_path / "case", tmp_path / "out", "b.png", "B.png")
    touch(tmp_path / "accents", "caf\u00e9.png", "cafe\u0301.png")
    refused(tmp_path / "accents", tmp_path / "out", "one of them")
    touch(tmp_path / "deep", "x/a.png", "y/a.png")
    assert names(tmp_path / "deep", tmp_path / "out", recursive=True) == ["x/a.png", "y/a.png"]


def test_a_new_suffix_that_clashes_leaves_the_old_one_in_the_name(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name in ("IMG_4.jpg", "IMG_4.jpg_original", "x.HEIC", "X.png", "y.gif", "below/z.gif", "below/z.bmp"):
        (source / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (2, 2)).save(source / name, "JPEG" if "jpg" in name else "GIF" if "gif" in name else "PNG")
    planned = plan(source, tmp_path / "out", recursive=True)
    assert {job.source.relative_to(source).as_posix(): job.name for job in planned.jobs} == {
        "IMG_4.jpg": "IMG_4.jpg",
        "IMG_4.jpg_original": "IMG_4.jpg_original.jpg",
        "x.HEIC": "x.HEIC.png",
        "X.png": "X.png",
        "y.gif": "y.png",
        "below/z.gif": "below/z.png",
        "below/z.bmp": "below/z.bmp",
    }
    assert planned.notes[-1].endswith("so that no two files become one (2 files in all).")
    touch(source, "x.HEIC.png")
    refused(source, tmp_path / "out", "x.HEIC", "x.HEIC.png")


def test_an_output_that_is_an_input(tmp_path: Path) -> None:
    source = touch(tmp_path / "in", "a.png")
    refused(source, source, "never overwritten")
    refused(source, tmp_path / "in" / ".." / "in", "never overwritten")
    (tmp_path / "again").symlink_to(source)
    refused(source, tmp_path / "again", "never overwritten")
    refused(source / "a.png", source / "a.png", "never overwritten")
    refused(source / "a.png", source, "never overwritten")
    (tmp_path / "soft.png").symlink_to(source / "a.png")
    os.link(source / "a.png", tmp_path / "hard.png")
    refused(source / "a.png", tmp_path / "soft.png", "never overwritten")
    refused(source / "a.png", tmp_path / "hard.png", "never overwritten")


def test_an_output_that_is_another_input(tmp_path: Path) -> None:
    touch(tmp_path / "a", "b/x.png", "b/b/x.png")
    refused(tmp_path / "a" / "b", tmp_path / "a", "never overwritten", recursive=True)


def test_a_folder_that_may_not_be_listed(locked: Path) -> None:
    planned = plan(locked, locked / "out", recursive=True)
    assert [job.name for job in planned.jobs] == ["secret.png"]
    (note,) = planned.notes
    assert str(locked / "closed") in note and "left out" in note
    refused(locked / "closed", locked / "out", "cannot be listed", "Permission denied")


def test_planning_clears_away_what_killed_runs_left(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = f".dreampipe-{gone.pid}-0123abcd.part"
    touch(tmp_path, "in/a.png", "in/deep/b.png", f"out/{left}", f"out/deep/{left}", f"other/{left}", "out/mine.png")
    plan(tmp_path / "in", tmp_path / "out", recursive=True)
    assert not (tmp_path / "out" / left).exists()
    assert not (tmp_path / "out/deep" / left).exists()
    assert (tmp_path / "other" / left).exists()
    assert (tmp_path / "out/mine.png").exists()


# Films


def animated(path: Path, frames: int = 3) -> Path:
    """A picture of so many frames."""
    pictures = [Image.new("RGB", (8, 6), (60 * index, 0, 0)) for index in range(frames)]
    pictures[0].save(path, save_all=frames > 1, append_images=pictures[1:])
    return path


def job(source: Path, target: Path | str, format: str | None = None) -> Job:
    """The one job of a plan, which is a film."""
    (only,) = plan(source, target, format=format).jobs
    assert only.film and only.source == source
    return only


@pytest.mark.parametrize("suffix", [".mp4", ".MKV", ".mov", ".webm", ".gif", ".webp", ".png", ".apng"])
def test_a_film_becomes_a_film_or_an_animated_picture(tmp_path: Path, suffix: str) -> None:
    source, target = touch(tmp_path, "clip.avi") / "clip.avi", tmp_path / "out" / f"dream{suffix}"
    assert job(source, target) == Job(source, target, f"dream{suffix}", film=True)
    assert plan(source, target).folder == tmp_path / "out"


@pytest.mark.parametrize("target", ["new/", "there", "there/", "frames"])
def test_a_film_becomes_numbered_pictures_in_a_folder(tmp_path: Path, target: str) -> None:
    source = touch(tmp_path, "clip.mp4", "there/x.txt") / "clip.mp4"
    folder = tmp_path / target.rstrip("/")
    made = job(source, f"{tmp_path}/{target}")
    assert made.target == folder
    assert plan(source, f"{tmp_path}/{target}").folder == folder


def test_a_film_becomes_pictures_that_are_named_with_a_number(tmp_path: Path) -> None:
    source = touch(tmp_path, "clip.mp4") / "clip.mp4"
    made = job(source, tmp_path / "out" / "%05d.jpg")
    assert (made.target, made.name) == (tmp_path / "out" / "%05d.jpg", "%05d.jpg")
    assert plan(source, made.target).folder == tmp_path / "out"


@pytest.mark.parametrize(
    "name",
    ["50%dream.jpg", "before 50%dark.png", "100%.png", "my%20dream.webp", "a%0dream.png", "100%%.jpg", "%dé.png"],
)
def test_a_per_cent_sign_in_the_name_of_a_still_is_one(tmp_path: Path, name: str) -> None:
    source = touch(tmp_path, "a.png", f"in/{name}") / "a.png"
    assert names(source, tmp_path / name) == [name]
    assert names(source, f"{tmp_path}/100% dreams/") == ["a.png"]
    assert names(source, tmp_path / "%d" / name) == [name]
    assert names(tmp_path / "in", tmp_path / "100% dreams") == [name]
    assert carries(name) and sidecar_of(name) == Path(f"{name}.dream.json")


@pytest.mark.parametrize("target", ["100% dreams/%05d.png", "50%dark/x%d.jpg", "%d/%03d.png", "50% %05d.png"])
def test_a_number_is_looked_for_in_the_last_part_of_a_film_s_pictures(tmp_path: Path, target: str) -> None:
    source = touch(tmp_path, "clip.mp4") / "clip.mp4"
    made = job(source, tmp_path / target)
    assert made.target == tmp_path / target
    assert target_of(made.target, FILM).path == tmp_path / target


@pytest.mark.parametrize("target", ["100% dreams/", "100% dreams", "take%d", "50%dark"])
def test_a_film_s_folder_may_have_a_per_cent_sign(tmp_path: Path, target: str) -> None:
    source = touch(tmp_path, "clip.mp4") / "clip.mp4"
    made = job(source, f"{tmp_path}/{target}")
    assert target_of(made.target, FILM).path == tmp_path / target.rstrip("/") / "%06d.png"


@pytest.mark.parametrize("target", ["50%dream.mp4", "50%dream.gif", "50%d.mp4", "50%dream.png"])
def test_a_film_or_an_animated_picture_may_have_a_per_cent_sign(tmp_path: Path, target: str) -> None:
    source = touch(tmp_path, "clip.mp4") / "clip.mp4"
    assert not isinstance(target_of(job(source, tmp_path / target).target, FILM), Pictures)


@pytest.mark.parametrize("folder", ["frames.png", "out.v2", "there.mp4", "..", "."])
def test_a_folder_with_the_name_of_a_file_or_none_stays_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    source = touch(tmp_path, "clip.mp4", "there.mp4/x.txt", "here/x.txt") / "clip.mp4"
    monkeypatch.chdir(tmp_path / "here")
    made = job(source, f"{folder}/")
    assert (made.target, made.name) == (Path(folder) / "%06d.png", "%06d.png")
    assert plan(source, f"{folder}/").folder == Path(folder)


@pytest.mark.parametrize("target", ["dream.mp4", "dream.GIF", "dream.webm", "dream.apng", "%05d.png"])
def test_a_folder_of_pictures_becomes_a_film(tmp_path: Path, target: str) -> None:
    source = touch(tmp_path, "in/1.png", "in/2.png") / "in"
    assert job(source, tmp_path / target) == Job(source, tmp_path / target, target, film=True)
    assert job(source, source / "dream.mp4").target == source / "dream.mp4"
    refused(source, source / "dream.gif", "one of the pictures in", "outside of it")


def test_a_folder_named_as_a_film_is_a_folder(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.png", "in/b.avi", "out.mp4/x.txt", "clip.mp4")
    assert [each.name for each in plan(tmp_path / "in", tmp_path / "out.mp4").jobs] == ["a.png", "b.mp4"]
    assert [each.name for each in plan(tmp_path / "in", f"{tmp_path}/new.mp4/").jobs] == ["a.png", "b.mp4"]
    assert plan(tmp_path / "clip.mp4", tmp_path / "out.mp4").folder == tmp_path / "out.mp4"
    touch(tmp_path, "old.avi/1.png")
    assert [each.film for each in plan(tmp_path / "old.avi", tmp_path / "out").jobs] == [False]


def test_a_folder_with_pictures_and_films_becomes_both(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.png", "b2.MOV", "b10.mp4", "c.avi", "d.txt", ".e.mp4", "f.mp4/g.mkv", "h.gif")
    planned = plan(tmp_path / "in", tmp_path / "out")
    assert [(each.name, each.film) for each in planned.jobs] == [
        *(("a.png", False), ("b2.MOV", True), ("b10.mp4", True), ("c.mp4", True), ("h.png", False))
    ]
    assert all(each.target == tmp_path / "out" / each.name for each in planned.jobs)
    assert planned.notes == ("Films with .avi are written as .mp4.", "Pictures with .gif are written as .png.")
    deep = plan(tmp_path / "in", tmp_path / "out", recursive=True).jobs
    assert ("f.mp4/g.mkv", True) in [(each.name, each.film) for each in deep]


def test_the_format_is_of_pictures_and_leaves_films_theirs(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.png", "b.mov", "c.avi")
    planned = plan(tmp_path / "in", tmp_path / "out", format="webp")
    assert [each.name for each in planned.jobs] == ["a.webp", "b.mov", "c.mp4"]
    refused(tmp_path / "in", tmp_path / "out", "png jpg", format="mp4")


def test_a_film_s_name_and_a_format_are_one_too_many(tmp_path: Path) -> None:
    source = touch(tmp_path, "clip.mp4") / "clip.mp4"
    refused(source, tmp_path / "dream.mkv", "format webp", "leave one out", format="webp")
    refused(source, tmp_path / "frames", "format jpg", "frames/%05d.jpg", format="jpg")
    assert job(source, tmp_path / "%05d.jpg", format="jpg").name == "%05d.jpg"


def test_two_films_for_one_output(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.avi", "a.mp4", "b.mp4", "b.png")
    planned = plan(tmp_path / "in", tmp_path / "out")
    assert [job.name for job in planned.jobs] == ["a.avi.mp4", "a.mp4", "b.mp4", "b.png"]


def test_a_film_that_is_its_own_output(tmp_path: Path) -> None:
    touch(tmp_path, "clip.mp4", "other.mp4")
    refused(tmp_path / "clip.mp4", tmp_path / "clip.mp4", "never overwritten")
    refused(animated(tmp_path / "a.gif"), tmp_path / "a.gif", "never overwritten")
    assert job(tmp_path / "clip.mp4", tmp_path / "other.mp4").target == tmp_path / "other.mp4"


@pytest.mark.parametrize("target", ["dream.mp4", "dream.gif", "dream.mkv"])
def test_a_still_becomes_no_film_but_by_another_command(tmp_path: Path, target: str) -> None:
    for source in (touch(tmp_path, "a.png") / "a.png", animated(tmp_path / "one.gif", frames=1)):
        with pytest.raises(MediaError) as caught:
            plan(source, tmp_path / target)
        assert str(caught.value) == (
            f"{source} is a still, but {tmp_path / target} is a film: make one of it with dreampipe zoom."
        )


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animated_picture_becomes_a_film(tmp_path: Path, suffix: str) -> None:
    source = animated(tmp_path / f"a{suffix}")
    for target in ("dream.mp4", "dream.gif", "dream.webp", "dream.png", "%05d.jpg", "frames", "new/"):
        assert job(source, f"{tmp_path}/{target}").target == tmp_path / target


def test_or_a_still_of_its_first_frame_where_that_is_asked_for(tmp_path: Path) -> None:
    animated(tmp_path / "a.gif")
    assert [each.film for each in plan(tmp_path / "a.gif", tmp_path / "dream.jpg").jobs] == [False]
    animated(touch(tmp_path, "in/x.txt") / "in" / "a.webp")
    assert [each.film for each in plan(tmp_path / "in", tmp_path / "out", format="jpg").jobs] == [False]
    assert [each.film for each in plan(tmp_path / "in", tmp_path / "out", animate=False).jobs] == [False]
    assert [each.film for each in plan(tmp_path / "in", tmp_path / "out").jobs] == [True]


def test_what_is_neither_a_film_nor_a_picture_is_called_neither(tmp_path: Path) -> None:
    source = tmp_path / "sound.mp3"
    source.write_bytes(b"ID3")
    refused(source, tmp_path / "film.mp4", "sound.mp3 is neither a film nor a picture", "film.mp4 is a film")


def test_a_still_becomes_no_numbered_pictures(tmp_path: Path) -> None:
    source = animated(tmp_path / "a.png", frames=1)
    refused(source, tmp_path / "%05d.png", "is a still, but numbered pictures are made of films", "dreampipe zoom")
    (only,) = plan(source, f"{tmp_path}/new/").jobs
    assert not only.film


def test_a_still_in_a_form_that_can_be_animated_stays_a_still(tmp_path: Path) -> None:
    (only,) = plan(animated(tmp_path / "a.webp", frames=1), tmp_path / "dream.webp").jobs
    assert not only.film


# What names and files say


def test_a_film_is_known_by_its_suffix() -> None:
    assert all(is_film(Path(f"a{suffix}")) and is_film(Path(f"A{suffix.upper()}")) for suffix in FILM_SUFFIXES)
    assert not any(is_film(Path(name)) for name in ("a.gif", "a.png", "a", ".mp4", "mp4", "a.mp4.txt"))


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_whatever_is_damaged_is_not_known_to_be_animated(tmp_path: Path, suffix: str) -> None:
    whole = animated(tmp_path / f"a{suffix}").read_bytes()
    assert is_animated(tmp_path / f"a{suffix}")
    damaged = tmp_path / "damaged"
    for at in range(0, len(whole), 3):
        damaged.write_bytes(whole[:at])
        assert is_animated(damaged) in (True, False)
        damaged.write_bytes(whole[:at] + b"\xff\0\xff" + whole[at + 3 :])
        assert is_animated(damaged) in (True, False)


def test_what_is_no_file_is_not_animated_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "two.tif", save_all=True, append_images=[Image.new("RGB", (4, 4))])
    for name in ("none.png", "pipe.png", ".", "two.tif"):
        assert not is_animated(tmp_path / name)
    refused(tmp_path / "pipe.png", tmp_path / "dream.mp4", "no regular file, but a film")
