"""Lay labelled tiles out on one self-contained page of HTML: an atlas to scroll, search and link into."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from itertools import chain, repeat
from math import ceil
from pathlib import PurePath

from dreampipe.drawings.contact import Tile, count_rows
from dreampipe.errors import MediaError
from dreampipe.frames import Array, Frame
from dreampipe.media import encode
from dreampipe.media.formats import WEBP

_PAGES = (".html", ".htm")
_QUALITY = 90
_RECORD = '<script type="application/json" id="dreampipe-record">'

# The tile in the link (`:target`) is shown large over the page, without a script.
_STYLE = """
:root { color-scheme: dark; --side: SIDEpx; --across: ACROSS; }
body { margin: 0; padding: 1.5rem; background: #111; color: #eee; font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.5rem; }
header p { margin: .25rem 0 0; max-width: 60rem; color: #aaa; }
main { display: grid; gap: 1rem; margin-top: 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, WIDTHpx), 1fr)); }
figure { margin: 0; padding: .5rem; border-radius: .5rem; background: #1c1c1c; text-align: center; }
.pictures { display: flex; justify-content: center; gap: 3px; }
.pictures > a { flex: none; width: var(--side); }
.beside { --cell: calc((var(--side) - (var(--rows) - 1) * 3px) / var(--rows));
  display: grid; gap: 3px; grid-auto-flow: column; grid-template-rows: repeat(var(--rows), var(--cell)); }
.beside > img { width: var(--cell); height: var(--cell); }
img { display: block; width: 100%; height: auto; border-radius: 3px; object-fit: contain; }
figcaption { margin-top: .35rem; overflow-wrap: anywhere; }
a { color: inherit; text-decoration: none; }
a:focus-visible { outline: 3px solid #6cf; outline-offset: 2px; }
figure:hover { background: #2a2a2a; }
.close { display: none; }
figure:target { position: fixed; inset: 0; z-index: 1; display: flex; flex-direction: column; justify-content: center;
  --side: min(75vh, (100vw - 3rem) / var(--across)); border-radius: 0; background: #111; font-size: 1.25rem; }
figure:target .close { display: block; position: absolute; inset: 0; text-align: right; padding: 1rem 1.5rem; }
figure:target .pictures, figure:target figcaption { position: relative; pointer-events: none; }
figure:target .pictures > a { cursor: default; }
@media print { body, figure { background: none; color: #000; } figure { break-inside: avoid; }
  header p { color: #444; } }
"""


def is_page(path: PurePath) -> bool:
    """Say whether a path has the suffix of a page."""
    return path.suffix.lower() in _PAGES


def is_table(path: PurePath) -> bool:
    """Say whether a path has the suffix of a table."""
    return path.suffix.lower() == ".csv"


def atlas_page(tiles: Sequence[Tile], title: str, notes: Sequence[str] = (), record: str | None = None) -> str:
    """Write a dark page with all tiles in a grid and all pictures in it; a click on a tile shows it large.

    Args:
        tiles: at least one. A tile's `anchor`, or `tile-N` if it is empty, links to it: `atlas.html#channel-12` opens
            the page with that tile shown large. Its `names` are the alternative texts of its smaller pictures.
        title: the title of the page, in plain text.
        notes: sentences under the title, in plain text.
        record: how the page was made, one JSON object as text; no browser shows it.

    Returns:
        The text of the page, for a file in UTF-8.

    Raises:
        ValueError: there is no tile, or two have the same anchor.
        MediaError: a picture cannot be encoded, because its values are not numbers.
    """
    anchors = [tile.anchor or f"tile-{number}" for number, tile in enumerate(tiles)]
    if not tiles or len(set(anchors)) < len(anchors):
        raise ValueError(f"A page came with {len(tiles)} tiles, but at least 1 is expected, each of another anchor.")
    side = max(tile.pixels.shape[1] for tile in tiles)
    most = max(len(tile.smaller) for tile in tiles)
    rows = count_rows(most) or 1
    across = 1 + ceil(most / rows) / rows  # in widths of the picture, with the smaller ones
    style = _STYLE
    for word, value in (("SIDE", side), ("ACROSS", round(across, 3)), ("WIDTH", round(side * across + 30))):
        style = style.replace(word, str(value))
    figures = "\n".join(_figure(tile, anchor) for tile, anchor in zip(tiles, anchors, strict=True))
    paragraphs = "".join(f"\n<p>{escape(note)}</p>" for note in notes)
    script = record_script(record)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{style}</style>{script}
</head>
<body>
<header>
<h1>{escape(title)}</h1>{paragraphs}
</header>
<main>
{figures}
</main>
</body>
</html>
"""


def record_script(record: str | None) -> str:
    """Write the element of a page's head that holds its record; empty for none."""
    # The escape means the same in JSON, and no text can end the element.
    return "\n{}{}</script>".format(_RECORD, record.replace("<", "\\u003c")) if record else ""


def find_record(page: str) -> str | None:
    """Find the record of a page that `atlas_page` made; None if it has none. Raises MediaError if it is cut short."""
    before, found, after = page.partition(_RECORD)
    text, end, _ = after.partition("</script>")
    if not found or "</head>" in before:  # the text after the head may come from anywhere
        return None
    if not end:
        raise MediaError("The record in this page is cut short: take another copy of it.")
    return text


def _figure(tile: Tile, anchor: str) -> str:
    label, own = escape(tile.label), escape(anchor)
    picture = f'<a href="#{own}" aria-label="{label}, larger">{_image(tile.pixels, tile.label)}</a>'
    names = chain(tile.names, repeat(tile.label))
    others = "".join(_image(pixels, name) for pixels, name in zip(tile.smaller, names, strict=False))
    if others:
        others = f'<div class="beside" style="--rows: {count_rows(len(tile.smaller))}">{others}</div>'
    # A link to nowhere, as "#" would also scroll to the top.
    close = '<a class="close" href="#_" aria-label="Close">✕</a>'
    return (
        f'<figure id="{own}">{close}<div class="pictures">{picture}{others}</div>'
        f'<figcaption><a href="#{own}">{label}</a></figcaption></figure>'
    )


def _image(pixels: Array, words: str) -> str:
    data = b64encode(encode(Frame(pixels), WEBP, quality=_QUALITY)).decode("ascii")
    height, width = pixels.shape[:2]
    source = f'src="data:image/webp;base64,{data}" alt="{escape(words)}"'
    return f'<img {source} width="{width}" height="{height}" loading="lazy">'
