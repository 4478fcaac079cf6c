"""Lay out dreams on one self-contained page of HTML, each beside what it was made from."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dreampipe.drawings.page import record_script
from dreampipe.frames import Array, Frame
from dreampipe.media import encode
from dreampipe.media.formats import WEBP

_QUALITY = 82
PLAYED = (".mp4", ".m4v", ".mov", ".webm")
"""The suffixes of films that browsers play."""

_STYLE = """
:root { color-scheme: dark; }
body { margin: 0; padding: 1rem; background: #111; color: #eee; font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.4rem; overflow-wrap: anywhere; }
header p { margin: .25rem 0 0; max-width: 60rem; color: #aaa; }
main { display: grid; gap: 1rem; margin-top: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); }
figure { margin: 0; padding: .5rem; border-radius: .5rem; background: #1c1c1c;
  content-visibility: auto; contain-intrinsic-size: auto 16rem; }
figure:hover { background: #2a2a2a; }
.pair { display: flex; gap: 4px; align-items: center; justify-content: center; color: inherit; }
.pair > * { flex: 0 1 auto; min-width: 0; max-width: 100%; height: auto; border-radius: 3px; }
.pair > .two { max-width: calc(50% - 2px); }
figcaption { margin-top: .35rem; overflow-wrap: anywhere; }
small { display: block; color: #aaa; }
a { color: #9cf; }
a:focus-visible, video:focus-visible { outline: 3px solid #6cf; outline-offset: 2px; }
.close { display: none; }
figure:target { position: fixed; inset: 0; z-index: 1; display: flex; flex-direction: column; justify-content: center;
  overflow: auto; border-radius: 0; background: #111; content-visibility: visible; }
figure:target .pair > * { width: 100%; max-height: 80vh; object-fit: contain; }
figure:target figcaption { text-align: center; }
figure:target .close { display: block; position: absolute; top: 0; right: 0; padding: .75rem 1rem; font-size: 1.5rem;
  text-decoration: none; }
@media (max-width: 40rem) and (orientation: portrait) {
  figure:target .pair { flex-direction: column; }
  figure:target .pair > * { max-width: 100%; max-height: 42vh; }
}
@media print { body, figure { background: none; color: #000; } figure { break-inside: avoid; }
  header p, small { color: #444; } a { color: #036; } }
"""
# The page works without it: arrows go to the neighbours of the picture that is shown large, and Escape closes it.
_SCRIPT = """
addEventListener("keydown", event => {
  const shown = document.querySelector("figure:target");
  if (!shown || event.target.tagName === "VIDEO") return;
  const next = {ArrowRight: shown.nextElementSibling, ArrowLeft: shown.previousElementSibling}[event.key];
  if (event.key === "Escape") location.hash = "_";
  else if (next) location.hash = next.id;
  else return;
  event.preventDefault();
});
"""


@dataclass(frozen=True, eq=False)
class Dreamed:
    """A dream of a gallery.

    Attributes:
        name: of its file, printable.
        after: the dream, (height, width, 3) float32 in [0, 1]; of a film the first frame.
        before: what it was made from, alike; None if that is not there.
        words: how it was made.
        note: why there is no `before`; empty if there is.
        address: of the file, from the page, quoted for a link.
        film: whether it is a film or an animation.
    """

    name: str
    after: Array
    before: Array | None
    words: str
    note: str
    address: str
    film: bool = False


def write_figure(dreamed: Dreamed, number: int) -> str:
    """Write the element of one dream; `number` makes its link, `#dream-12`.

    Raises:
        MediaError: a picture cannot be encoded.
    """
    anchor, name = f"dream-{number}", escape(dreamed.name)
    kind = "" if dreamed.before is None else "two"
    before = "" if dreamed.before is None else _image(dreamed.before, f"{dreamed.name}, before", kind)
    suffix = dreamed.name[dreamed.name.rfind(".") :].lower() if "." in dreamed.name else ""
    if dreamed.film and suffix in PLAYED:
        after = _video(dreamed, kind)
        pair = f'<div class="pair">{before}{after}</div>'
    else:
        after = _image(dreamed.after, f"{dreamed.name}, after" if before else dreamed.name, kind)
        pair = f'<a class="pair" href="#{anchor}" aria-label="{name}, larger">{before}{after}</a>'
    file = f'<a href="{escape(dreamed.address)}">{name}</a>'
    lines = "".join(f"<small>{escape(line)}</small>" for line in (dreamed.words, dreamed.note) if line)
    # A link to nowhere, as "#" would also scroll to the top.
    close = '<a class="close" href="#_" aria-label="Close">✕</a>'
    return f'<figure id="{anchor}">{pair}<figcaption>{file}{lines}</figcaption>{close}</figure>'


def gallery_page(figures: Sequence[str], title: str, notes: Sequence[str] = (), record: str | None = None) -> str:
    """Write the page.

    Args:
        figures: the elements that `write_figure` wrote, in order.
        title: the title of the page, in plain text.
        notes: sentences under the title, in plain text.
        record: how the page was made, one JSON object as text; no browser shows it.

    Returns:
        The text of the page, for a file in UTF-8.
    """
    paragraphs = "".join(f"\n<p>{escape(note)}</p>" for note in notes)
    main = "\n".join(figures)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>{record_script(record)}
</head>
<body>
<header>
<h1>{escape(title)}</h1>{paragraphs}
</header>
<main>
{main}
</main>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _data(pixels: Array) -> str:
    return f"data:image/webp;base64,{b64encode(encode(Frame(pixels), WEBP, quality=_QUALITY)).decode('ascii')}"


def _image(pixels: Array, words: str, kind: str) -> str:
    height, width = pixels.shape[:2]
    size = f'width="{width}" height="{height}" loading="lazy" decoding="async"'
    return f'<img class="{kind}" src="{_data(pixels)}" alt="{escape(words)}" {size}>'


def _video(dreamed: Dreamed, kind: str) -> str:
    height, width = dreamed.after.shape[:2]
    what = f'src="{escape(dreamed.address)}" poster="{_data(dreamed.after)}" aria-label="{escape(dreamed.name)}"'
    return f'<video class="{kind}" {what} width="{width}" height="{height}" controls loop preload="none"></video>'
