"""The page of an atlas: whole in itself, linked, and told to who cannot see it."""

from __future__ import annotations

from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from dreampipe.drawings.contact import Tile
from dreampipe.drawings.page import atlas_page

VOID = {"meta", "img", "link", "br", "hr", "input"}


class Read(HTMLParser):
    """Every element with its attributes, what text stands in which kind, and whether all that opens is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text: list[tuple[str, str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.text.append((self.open[-1], data))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


def flat(value: float, size: int = 16) -> np.ndarray:
    return np.full((size, size, 3), value, np.float32)


def tiles() -> list[Tile]:
    return [
        Tile("mixed4[0]", flat(0.25), (flat(0.5, 8), flat(0.75, 8)), ("an eye", "a <spiral>"), "channel-0"),
        Tile("mixed4[12]", flat(1.0), (), (), "channel-12"),
        Tile("<b>&\"'", flat(0.0), (flat(0.5, 8),)),
    ]


def test_each_tile_has_its_anchor_its_pictures_and_its_words():
    read = Read(atlas_page(tiles(), "mixed4 & <more>", ["A note <i>."]))
    assert [figure["id"] for figure in read.all("figure")] == ["channel-0", "channel-12", "tile-2"]
    assert [image["alt"] for image in read.all("img")] == [
        *("mixed4[0]", "an eye", "a <spiral>", "mixed4[12]"),
        *("<b>&\"'", "<b>&\"'"),
    ]
    assert {("title", "mixed4 & <more>"), ("h1", "mixed4 & <more>"), ("p", "A note <i>.")} <= set(read.text)
    targets = {link["href"] for link in read.all("a")} - {"#_"}
    assert targets == {"#channel-0", "#channel-12", "#tile-2"}


def test_the_pictures_are_inside_of_it():
    for attributes, value in zip(Read(atlas_page(tiles(), "x")).all("img"), (0.25, 0.5, 0.75, 1, 0, 0.5), strict=True):
        kind, data = attributes["src"].split(",")
        assert kind == "data:image/webp;base64"
        with Image.open(BytesIO(b64decode(data))) as image:
            assert image.size == (int(attributes["width"]), int(attributes["height"]))
            assert np.abs(np.asarray(image) / 255 - value).max() < 0.03


def test_it_asks_for_nothing_from_anywhere_and_runs_nothing():
    page = atlas_page(tiles(), "x")
    read = Read(page)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in read.found}
    assert "http" not in page and "url(" not in page and "@import" not in page
    assert read.all("html")[0]["lang"] == "en"
    assert read.all("meta")[0]["charset"] == "utf-8"
    page.encode()


def test_no_tile_and_an_anchor_twice_are_refused():
    twice = [Tile("x", flat(0.5), anchor="same")] * 2
    for given in ([], twice):
        with pytest.raises(ValueError, match="at least 1 is expected, each of another anchor"):
            atlas_page(given, "x")
