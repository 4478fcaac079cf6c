"""`dreampipe report`: one page on a picture, whole in itself, whose commands make what it shows."""

from __future__ import annotations

import base64
import io
import json
import re
import shlex
import shutil
from contextlib import chdir
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import dreampipe
from dreampipe.cli.app import app
from dreampipe.drawings.report import shrink
from dreampipe.frames import Frame
from dreampipe.media import decode
from dreampipe.records.carried import record_of

PARTS = ("answer", "why", "concepts", "influence", "dreams", "adversary", "origin")
LUMA = np.array([0.299, 0.587, 0.114])
VOID = {"meta", "img", "link", "br", "hr", "input"}


class Page(HTMLParser):
    """The elements of a page, its pictures, its headings and its commands; every element that opens is closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str]]] = []
        self.pictures: list[np.ndarray] = []
        self.texts: dict[str, list[str]] = {}
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.found.append((tag, held))
        if tag == "img":
            assert held["src"].startswith("data:image/webp;base64,") and held["alt"]
            with Image.open(io.BytesIO(base64.b64decode(held["src"].split(",")[1]))) as picture:
                assert (str(picture.width), str(picture.height)) == (held["width"], held["height"])
                self.pictures.append(np.asarray(picture.convert("RGB"), np.float32) / 255)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def how(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.chdir(tiny_model.parent)  # a record names the model's file alone
    return ("--model", tiny_model.name, "--scaling", "unit", "--size", "48")


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of noise for each of the five classes of the tiny model, so that whatever it answers has some."""
    folder, rng = tmp_path_factory.mktemp("labelled"), np.random.default_rng(0)
    for label in range(5):
        (folder / "classes" / str(label)).mkdir(parents=True)
        for number in range(2):
            pixels = rng.random((40, 48, 3), np.float32)
            dreampipe.write(Frame(pixels), folder / "classes" / str(label) / f"{number}.png")
    return folder / "classes"


class Made(NamedTuple):
    """A folder with a report and all that its commands name, and what the command printed."""

    folder: Path
    stdout: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, classes: Path) -> Made:
    """A report with every part, on a dream that is next to its source."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(classes, folder / "classes")
    shutil.copy(tiny_model, folder)
    dreampipe.write(Frame(np.random.default_rng(5).random((48, 64, 3), np.float32)), folder / "a.png")
    how = ("--model", tiny_model.name, "--scaling", "unit")
    with chdir(folder):
        words = ("dream", "a.png", "dreamed.png", *how, "--octaves", "1", "--steps", "2", "--step-size", "0.2")
        assert CliRunner().invoke(app, words).exit_code == 0
        words = ("report", "dreamed.png", "report.html", "--pictures", "classes", *how, "--size", "48", "--json")
        result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.stderr
    return Made(folder, result.stdout)


@pytest.fixture
def whole(made: Made, monkeypatch: pytest.MonkeyPatch) -> Made:
    """The same, and its folder is the current one."""
    monkeypatch.chdir(made.folder)
    return made


@pytest.mark.smoke
def test_a_page_has_every_part_and_needs_no_other_file(whole: Made) -> None:
    page = Page(Path("report.html"))
    assert [section["id"] for section in page.all("section")] == list(PARTS)
    assert "Left out" not in page.text
    links = [link["href"] for link in page.all("a")]
    assert links == [f"#{key}" for key in PARTS]
    assert len(page.texts["h1"]) == 1 and len(page.texts["h2"]) == len(PARTS) and page.all("html") == [{"lang": "en"}]
    assert not re.search(r'(src|href)="(?!data:|#)|url\(|@import|https?://', page.text)
    assert len(page.all("img")) == len(page.pictures) >= 20
    assert all("tabindex" not in attributes for _, attributes in page.found)  # so the order of focus is that of reading
    assert len(page.all("button")) == len(page.texts["code"]) - 1  # one code is a word in a sentence


def test_its_findings_are_printed_as_json(whole: Made) -> None:
    found = json.loads(whole.stdout)
    assert whole.stdout.count("\n") == 1 and found["picture"] == "dreamed.png" and list(found["parts"]) == list(PARTS)
    classes = found["parts"]["answer"]["classes"]
    assert sum(one["probability"] for one in classes) == pytest.approx(1, abs=1e-4)
    assert [one["probability"] for one in classes] == sorted((one["probability"] for one in classes), reverse=True)
    methods = found["parts"]["why"]["methods"]
    assert len({one["family"] for one in methods}) == 3 and all("On motifs 0." in one["score"] for one in methods)
    assert found["parts"]["adversary"]["before"] == classes[0]["class"] != found["parts"]["adversary"]["after"]
    assert found["parts"]["dreams"]["classes"] == [one["class"] for one in classes[:2]]
    assert found["parts"]["origin"]["source"] == "a.png"
    shares = [one["share"] for one in found["parts"]["influence"]["methods"][1]["for"]]
    assert shares == sorted(shares, reverse=True)


def test_each_command_on_the_page_runs_and_makes_what_is_shown(call: Any, whole: Made) -> None:
    page = Page(Path("report.html"))
    commands = [shlex.split(text) for text in page.texts["code"] if text != "dreampipe rerun"]
    assert {words[1] for words in commands} == {
        *("report", "explain", "concepts", "influence", "dream", "attack", "rerun"),
    }
    for number, words in enumerate(dict.fromkeys(map(tuple, commands))):
        named = [re.sub("^OUT", f"out{number}", word) for word in words[1:]]
        short = ("--octaves", "1", "--steps", "1") if words[1] == "concepts" else ()  # the numbers are the same
        result = call(*named, *short)
        assert result.exit_code == 0, (words, result.stderr)
        made = next(Path(word) for word in named if word.startswith("out"))
        if words[1] == "dream":
            small = shrink(decode(made)[0].pixels, 48)
            same = [shown for shown in page.pictures if shown.shape == small.shape]
            # WebP halves the detail of colours, but not that of light.
            assert max(np.corrcoef((small @ LUMA).ravel(), (shown @ LUMA).ravel())[0, 1] for shown in same) > 0.95
        if words[1] == "report":
            assert made.read_bytes() == Path("report.html").read_bytes()


def test_a_rerun_makes_the_page_again(call: Any, whole: Made) -> None:
    result = call("rerun", "report.html", "again.html")
    assert (result.exit_code, result.stdout) == (0, "the pixels are the same\n")
    assert Path("again.html").read_bytes() == Path("report.html").read_bytes()
    rows = call("info", "report.html").stdout
    assert "dreampipe report" in rows and re.search(r"\d+ pictures, 8 bits", rows) and "frames" not in rows
    assert record_of(Path("report.html")).source.path == "dreamed.png"  # type: ignore[union-attr]


def test_what_is_missing_is_left_out_and_said(
    call: Any, headless: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(headless.parent)
    out = tmp_path / "report.html"
    result = call("report", pictures / "a.png", out, "--model", headless.name, "--scaling", "unit", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["parts"]
    assert [key for key in PARTS if "left_out" in found[key]] == list(PARTS[1:])
    assert "has no head" in found["why"]["left_out"] and "no head" in found["answer"]["sentences"][0]
    assert "give --pictures" in found["concepts"]["left_out"] and "no record" in found["origin"]["left_out"]
    for key in PARTS[1:]:
        assert f"is left out: {found[key]['left_out']}" in result.stderr
        assert found[key]["left_out"] in out.read_text().replace("&#x27;", "'")
    assert len(Page(out).pictures) == 1


def test_training_pictures_without_labels_leave_influence_out(
    call: Any, how: Any, pictures: Path, tmp_path: Path
) -> None:
    words = ("report", pictures / "a.png", tmp_path / "r.html", "--pictures", pictures, *how, "--json")
    result = call(*words)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["parts"]
    assert "has no labels" in found["influence"]["left_out"]
    assert str(pictures) not in (tmp_path / "r.html").read_text()  # a page says nothing of folders
    assert "left_out" not in found["dreams"]


def test_a_training_picture_that_cannot_be_read_is_named_once(
    call: Any, how: Any, classes: Path, tmp_path: Path
) -> None:
    shutil.copytree(classes, tmp_path / "classes")
    (tmp_path / "classes" / "0" / "broken.png").write_bytes(b"no picture")
    photo = next((classes / "1").iterdir())
    result = call("report", photo, tmp_path / "r.html", "--pictures", tmp_path / "classes", *how)
    assert result.exit_code == 0 and result.stderr.count("broken.png") == 1


def test_an_answer_that_no_training_picture_has_leaves_influence_out(
    call: Any, how: Any, classes: Path, tmp_path: Path
) -> None:
    photo = next((classes / "1").iterdir())
    result = call("report", photo, tmp_path / "r.html", "--pictures", classes, *how, "--json")
    answer = json.loads(result.stdout)["parts"]["answer"]["classes"][0]["class"]
    shutil.copytree(classes, tmp_path / "few", ignore=shutil.ignore_patterns(answer))
    result = call("report", photo, tmp_path / "few.html", "--pictures", tmp_path / "few", *how, "--json")
    said = json.loads(result.stdout)["parts"]["influence"]["left_out"]
    assert f"answers {answer}, but none of" in said and "--count" in said and "--label" not in said


def test_a_name_of_two_lines_is_shown_on_one(call: Any, how: Any, pictures: Path, tmp_path: Path) -> None:
    photo = shutil.copy(pictures / "a.png", tmp_path / "two\nlines.png")
    result = call("report", photo, tmp_path / "r.html", *how)
    assert result.exit_code == 0
    commands = Page(tmp_path / "r.html").texts["code"]
    assert any("$'two\\nlines.png' OUT.html" in command for command in commands)
    assert not any("\n" in command for command in commands)


def test_pictures_fill_their_cards_and_small_ones_are_in_rows(whole: Made) -> None:
    page = Page(Path("report.html"))
    kinds = [div["class"] for div in page.all("div") if "class" in div]
    assert kinds.count("strip") >= 4 and kinds.count("pictures") == 1 + 3 + 2 + 1 + 1  # concepts and training pictures
    scores = [line for line in page.texts["small"] if "(edges: " in line]
    assert len(scores) == 6 and max(map(len, scores)) < 90  # two short lines for each map


def test_labels_that_the_model_lacks_leave_influence_out(call: Any, how: Any, pictures: Path, tmp_path: Path) -> None:
    shutil.copytree(pictures, tmp_path / "labelled" / "walrus")
    result = call("report", pictures / "a.png", tmp_path / "r.html", "--pictures", tmp_path / "labelled", *how)
    assert result.exit_code == 0 and "walrus" in result.stderr


@pytest.mark.parametrize(
    "words, said",
    [
        (("gone.png", "out.html"), "gone.png"),
        (("PICTURE", "out.png"), "is no page"),
        (("PICTURE", "out.html", "--pictures", "gone"), "does not exist"),
        (("PICTURE", "out.html", "--pictures", "EMPTY"), "holds no pictures"),
        (("PICTURE", "out.html", "--json", "--events"), "--json and --events"),
        (("TINY", "out.html", "--model", "motifnet"), "pixels along each side"),
        (("PICTURE", "out.html", "--count", "1"), "count came as 1"),
    ],
)
def test_bad_input_is_one_sentence(
    call: Any, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    dreampipe.write(Frame(np.full((4, 4, 3), 0.5, np.float32)), "tiny.png")
    places = {"PICTURE": pictures / "a.png", "EMPTY": tmp_path / "empty", "TINY": "tiny.png"}
    result = call("report", *(places.get(word, word) for word in words))
    assert result.exit_code == 2 and result.stdout == ""
    assert said in result.stderr and result.stderr.splitlines()[-1].startswith("Error: ")
    assert not Path("out.html").exists()


def test_a_name_cannot_break_the_page(call: Any, how: Any, pictures: Path, tmp_path: Path) -> None:
    photo = shutil.copy(pictures / "a.png", tmp_path / "<script>&'\" b.png")
    result = call("report", photo, tmp_path / "r.html", *how)
    assert result.exit_code == 0
    page = Page(tmp_path / "r.html")
    assert len(page.all("script")) == 3 and Path(photo).name in page.texts["h1"][0]


def test_the_library_gives_the_same_report(tiny_model: Path, whole: Made) -> None:
    settings: Any = {"model": tiny_model.name, "scaling": "unit", "size": 48}
    found = dreampipe.report("dreamed.png", "classes", **settings)
    assert json.loads(json.dumps(found.findings)) == json.loads(whole.stdout)
    read = Page(Path("report.html"))
    assert found.html().count("<img") == len(read.pictures) and "<iframe" in found._repr_html_()
    pixels = np.asarray(Image.open("dreamed.png"))
    without = dreampipe.report(pixels, **settings)
    assert [part.key for part in without.parts] == list(PARTS[:-1]) and without.picture == "PICTURE"
    assert without.parts[0].bars == found.parts[0].bars


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    values = [int(part * (2 // len(part)), 16) / 255 for part in re.findall("." * (len(digits) // 3), digits)]
    light = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def test_words_have_contrast_in_light_and_dark() -> None:
    from dreampipe.drawings.report_style import STYLE

    schemes = [dict(re.findall(r"--(\w+): (#\w+)", part)) for part in re.findall(r":root \{(.*?)\}", STYLE, re.S)]
    assert len(schemes) == 2 and schemes[0].keys() == schemes[1].keys()
    for scheme in schemes:
        for text, ground in [("text", "page"), ("text", "card"), ("text", "code"), ("muted", "card"), ("link", "page")]:
            one, other = sorted((luminance(scheme[text]), luminance(scheme[ground])))
            assert (other + 0.05) / (one + 0.05) >= 7, (text, ground, scheme)
