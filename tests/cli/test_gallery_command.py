"""`dreampipe gallery`: a page of dreams, before and after, that is whole in itself."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import scene
from PIL import Image

import dreampipe
from dreampipe.drawings.page import find_record
from dreampipe.frames import Frame
from dreampipe.records.carried import record_of


class Figures(HTMLParser):
    """The figures of a page: for each its pictures as arrays, its links, its films and its text."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self.tags: list[str] = []
        self._open = False
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.append(tag)
        if tag == "figure":
            self.found.append({"id": held["id"], "images": [], "alts": [], "links": [], "films": [], "text": ""})
            self._open = True
        elif tag in ("img", "video"):
            data = held["src" if tag == "img" else "poster"] or ""
            assert data.startswith("data:image/webp;base64,")
            with Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))) as picture:
                self.found[-1]["images"].append(np.asarray(picture.convert("RGB"), np.float32) / 255)
            self.found[-1]["alts"].append(held.get("alt") or held.get("aria-label"))
            if tag == "video":
                assert held["preload"] == "none"
                self.found[-1]["films"].append(held["src"])
            else:
                assert held["loading"] == "lazy"
        elif tag == "a":
            self.found[-1]["links"].append(held["href"])

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "figure"

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found[-1]["text"] += f"{data} "


@pytest.fixture
def quick(tiny_model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[str, ...]:
    monkeypatch.chdir(tmp_path)
    return ("--model", str(tiny_model), "--scaling", "unit", "--octaves", "1", "--steps", "1", "--refresh-steps", "1")


@pytest.fixture
def dreams(call: Any, quick: Any, pictures: Path, tmp_path: Path) -> Path:
    """The dreams of three pictures, in a folder beside that of the pictures."""
    assert call("dream", pictures, tmp_path / "dreams", *quick, "--step-size", "0.2").exit_code == 0
    return tmp_path / "dreams"


def test_each_dream_is_beside_its_source(call: Any, dreams: Path, pictures: Path, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "g.html"
    result = call("gallery", dreams, page, "--size", "32")
    assert (result.exit_code, "Note" in result.stderr) == (0, False)
    found = Figures(page).found
    assert [figure["alts"] for figure in found] == [[f"{n}.png, before", f"{n}.png, after"] for n in "abc"]
    for figure, name in zip(found, "abc", strict=True):
        for shown, folder in zip(figure["images"], (pictures, dreams), strict=True):
            assert shown.shape == (24, 32, 3)
            with Image.open(folder / f"{name}.png") as picture:
                small = np.asarray(picture.convert("RGB").resize((32, 24), Image.Resampling.BOX), np.float32) / 255
            assert np.corrcoef(shown.mean(axis=2).ravel(), small.mean(axis=2).ravel())[0, 1] > 0.8
        assert figure["links"] == [f"#{figure['id']}", f"../dreams/{name}.png", "#_"]
        assert "dream: third_relu on tiny" in figure["text"]


def test_the_page_is_whole_in_itself_and_fits_a_phone(call: Any, dreams: Path, tmp_path: Path) -> None:
    page = tmp_path / "g.html"
    assert call("gallery", dreams, page).exit_code == 0
    text = page.read_text()
    assert "http" not in re.sub(r"base64,[\w+/=]+", "", text).replace(find_record(text) or "", "")
    assert not {"link", "iframe", "object", "embed"} & {*Figures(page).tags}
    assert 'content="width=device-width' in text and "minmax(min(100%, 30rem), 1fr)" in text
    assert "Escape" in text and "ArrowRight" in text


def test_a_source_that_is_gone_or_another_is_told(call: Any, dreams: Path, pictures: Path, tmp_path: Path) -> None:
    dreampipe.write(Frame(np.zeros((48, 64, 3), np.float32)), pictures / "a.png")
    (pictures / "b.png").rename(tmp_path / "b.png")  # beside the folders, where it is looked for
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (pictures / "c.png").rename(tmp_path / "deep" / "er" / "c.png")
    shutil.copy(tmp_path / "b.png", dreams / "foreign.png")
    result = call("gallery", dreams, tmp_path / "g.html")
    assert result.exit_code == 0
    assert "Note: 1 file carries no record that dreampipe made, so it is left out.\n" in result.stderr
    assert "Note: The source of 2 dreams was not found: name its folder with --sources.\n" in result.stderr
    found = Figures(tmp_path / "g.html").found
    assert [len(figure["images"]) for figure in found] == [1, 2, 1]
    assert "made from a.png, which is not there" in found[0]["text"]
    assert call("gallery", dreams, tmp_path / "h.html", "--sources", tmp_path / "deep").exit_code == 0
    assert [len(figure["images"]) for figure in Figures(tmp_path / "h.html").found] == [1, 2, 2]


def test_films_animations_and_drawings(call: Any, quick: Any, tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "in").mkdir()
    out = tmp_path / "out"
    first, *others = map(Image.fromarray, scene(3))
    first.save(tmp_path / "in" / "moving.gif", save_all=True, append_images=others, duration=80)
    assert call("dream", tmp_path / "in", out, *quick).exit_code == 0
    assert call("dream", tmp_path / "in" / "moving.gif", out / "a & b.mp4", *quick).exit_code == 0
    own = ("--model", tiny_model, "--scaling", "unit", "--size", "32", "--steps", "0")
    assert call("visualize", "third[3]", out / "unit.png", *own).exit_code == 0
    why = ("explain", tmp_path / "in" / "moving.gif", out / "why.jpg", *own[:4], "--method", "gradient")
    assert call(*why).exit_code == 0
    assert call("gallery", out, tmp_path / "g.html").exit_code == 0
    film, moving, unit, explained = Figures(tmp_path / "g.html").found
    assert film["films"] == ["out/a%20%26%20b.mp4"] and len(film["images"]) == 2
    assert moving["films"] == [] and len(moving["images"]) == 2 and "out/moving.gif" in moving["links"]
    assert "drawn from nothing" in unit["text"] and len(unit["images"]) == 1
    assert "explain: " in explained["text"] and len(explained["images"]) == 2


def test_a_second_run_makes_the_same_page_and_rerun_too(call: Any, dreams: Path, tmp_path: Path) -> None:
    for name in ("g.html", "h.html"):
        assert call("gallery", dreams, tmp_path / name, "--recursive").exit_code == 0
    assert (tmp_path / "g.html").read_bytes() == (tmp_path / "h.html").read_bytes()
    record = record_of(tmp_path / "g.html")
    assert record.model is None and record.recipe["recursive"] is True
    result = call("rerun", tmp_path / "g.html", tmp_path / "i.html")
    assert (result.exit_code, result.stdout) == (0, "the pixels are the same\n")
    moved = call("rerun", tmp_path / "g.html", tmp_path / "deep" / "er" / "i.html")  # whose links differ
    assert (moved.exit_code, moved.stdout) == (0, "the pixels are the same\n")
    changed = call("rerun", tmp_path / "g.html", tmp_path / "j.html", "--set", "size=40")
    assert changed.stdout == "the pixels differ: size was 512 and is 40; the size was 64x48 and is 40x30\n"
    assert "gallery" in call("info", tmp_path / "g.html").stdout
    assert find_record(tmp_path.joinpath("g.html").read_text()) is not None
    bare = tmp_path / "bare.html"
    assert call("gallery", dreams, bare, "--no-metadata").exit_code == 0
    assert find_record(bare.read_text()) is None


def test_names_are_shown_and_never_run(call: Any, quick: Any, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    name = "<script>alert(1)<& \"'.png"
    (pictures / "a.png").rename(tmp_path / "in" / name)
    assert call("dream", tmp_path / "in", tmp_path / "out", *quick).exit_code == 0
    assert call("gallery", tmp_path / "out", tmp_path / "g.html").exit_code == 0
    (figure,) = Figures(tmp_path / "g.html").found
    assert name in figure["text"] and Figures(tmp_path / "g.html").tags.count("script") == 2


def test_a_dream_that_cannot_be_read_fails_alone(call: Any, dreams: Path, tmp_path: Path) -> None:
    whole = (dreams / "b.png").read_bytes()
    at = whole.index(b"IDAT")
    (dreams / "b.png").write_bytes(whole[: at + 20])
    result = call("gallery", dreams, tmp_path / "g.html")
    shown = len(Figures(tmp_path / "g.html").found)
    assert shown == 2 or "b.png" in result.stderr
    assert (result.exit_code == 1) == ("Failed b.png" in result.stderr)


WRONG = {
    ("nowhere", "g.html"): "nowhere is no folder, but one of pictures is expected",
    ("empty", "g.html"): "empty holds no pictures, but dreams are expected",
    ("pictures", "g.png"): "g.png is no page, but a gallery is one",
    ("pictures", "there.html"): "there.html exists: give another name, or --overwrite.",
    ("pictures", "g.html", "--sources", "gone"): "gone is no folder",
    ("pictures", "g.html", "--size", "3"): "size came as 3",
    ("pictures", "g.html", "--model", "motifnet"): "--model",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_refused(call: Any, pictures: Path, tmp_path: Path, words: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "there.html").touch()
    result = call("gallery", *words)
    assert (result.exit_code, WRONG[words] in result.stderr) == (2, True), result.stderr
    assert not (tmp_path / "g.html").exists()


def test_the_folder_of_a_film_in_numbered_pictures_is_told_from_one_without_dreams(
    call: Any, quick: Any, tmp_path: Path
) -> None:
    first, *others = map(Image.fromarray, scene(3))
    first.save(tmp_path / "moving.gif", save_all=True, append_images=others, duration=80)
    assert call("dream", tmp_path / "moving.gif", tmp_path / "film", *quick).exit_code == 0
    result = call("gallery", tmp_path / "film", tmp_path / "g.html")
    assert (result.exit_code, "film is a film in numbered pictures, but a gallery shows" in result.stderr) == (2, True)


def test_a_folder_without_dreams_makes_no_page(call: Any, pictures: Path, tmp_path: Path) -> None:
    for how in ((), ("--dry-run",)):
        result = call("gallery", pictures, tmp_path / "g.html", *how)
        assert (result.exit_code, "holds no dream that carries its record" in result.stderr) == (2, True)
    assert not (tmp_path / "g.html").exists()


def test_folders_that_are_left_out_are_told(call: Any, dreams: Path, tmp_path: Path) -> None:
    shutil.copytree(dreams, dreams / "more")
    for how in ((), ("--dry-run", "--overwrite")):
        result = call("gallery", dreams, tmp_path / "g.html", *how)
        assert result.exit_code == 0
        assert f"Note: Left out: 1 folder (--recursive) in {dreams}.\n" in result.stderr
    assert "Left out" not in call("gallery", dreams, tmp_path / "h.html", "--recursive").stderr
    outer = tmp_path / "outer"
    shutil.copytree(dreams, outer / "dreams")
    refused = call("gallery", outer, tmp_path / "i.html")
    assert refused.exit_code == 2
    assert "outer holds no pictures (left out: 1 folder (--recursive)), but" in refused.stderr


def test_it_loads_no_model(dreams: Path, tmp_path: Path) -> None:
    program = """
import sys
from dreampipe.cli import main
try:
    main()
finally:
    print({"keras", "tensorflow"} & {*sys.modules})
"""
    shown = subprocess.run(
        [sys.executable, "-c", program, "gallery", str(dreams), str(tmp_path / "g.html"), "--quiet"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.endswith("set()\n")
