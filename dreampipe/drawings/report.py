"""A report on one picture: its parts as values, as one self-contained page of HTML, and as findings for programs."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import cv2
import numpy as np

from dreampipe.drawings.page import record_script
from dreampipe.drawings.report_style import SCRIPT, STYLE
from dreampipe.frames import Array, Frame
from dreampipe.media import encode
from dreampipe.media.formats import WEBP

_QUALITY = 85
_FINDINGS = '<script type="application/json" id="dreampipe-report">'


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture of a report.

    Attributes:
        words: what it shows, for people who cannot see it.
        pixels: (height, width, 3) float32 in [0, 1].
        label: a line under it; empty for none.
    """

    words: str
    pixels: Array
    label: str = ""


@dataclass(frozen=True, eq=False)
class Exhibit:
    """Pictures that one command makes.

    Attributes:
        caption: what they show, in plain text.
        pictures: at least one.
        command: the command line that makes them; empty for the picture that the report is on.
        lines: short sentences under the pictures, each in its own line.
        is_strip: whether the pictures are small ones in a row.
    """

    caption: str
    pictures: tuple[Shown, ...]
    command: str = ""
    lines: tuple[str, ...] = ()
    is_strip: bool = False


@dataclass(frozen=True)
class Bar:
    """The share of a class in the answer of a model, in [0, 1]."""

    name: str
    share: float


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a report.

    Attributes:
        sentences: what it says, in plain text.
        exhibits: its pictures.
        bars: classes and their shares.
        facts: numbers for programs.
        left_out: a sentence on why there is nothing here; empty if there is something.
        key: its name for links and programs.
        title: its heading.
    """

    sentences: tuple[str, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    bars: tuple[Bar, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    left_out: str = ""
    key: str = ""
    title: str = ""


@dataclass(frozen=True, eq=False)
class Report:
    """A report on one picture.

    Attributes:
        picture: the name of its file.
        model: the name of the model.
        parts: in the order of the page.
        command: the command line that makes the page.
    """

    picture: str
    model: str
    parts: tuple[Part, ...]
    command: str

    @property
    def title(self) -> str:
        return f"{self.picture} as {self.model} sees it"

    @property
    def findings(self) -> Mapping[str, Any]:
        """The words and numbers of the page, without its pictures, as values that JSON holds."""
        parts = {part.key: _findings_of(part) for part in self.parts}
        return {"picture": self.picture, "model": self.model, "command": self.command, "parts": parts}

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All pictures of the page, in order."""
        return tuple(
            Frame(shown.pixels) for part in self.parts for exhibit in part.exhibits for shown in exhibit.pictures
        )

    def html(self, record: str | None = None) -> str:
        """Write the page, for a file in UTF-8; `record` is one JSON object as text, which no browser shows.

        Raises:
            MediaError: a picture cannot be encoded.
        """
        links = "".join(f'<li><a href="#{part.key}">{escape(part.title)}</a></li>' for part in self.parts)
        sections = "\n".join(map(_section, self.parts))
        title = escape(self.title)
        about = "The commands under the pictures run where the picture is. OUT is a name that you choose."
        return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>{record_script(record)}
</head>
<body>
<header>
<h1>{title}</h1>
<p>{about} <code>dreampipe rerun</code> and the name of this page make the page again, as does:</p>
{_command(self.command, "this page")}
</header>
<nav aria-label="Parts of this page"><ul>{links}</ul></nav>
<main>
{sections}
</main>
{_FINDINGS}{_as_json(self.findings)}</script>
<script>{SCRIPT}</script>
</body>
</html>
"""

    def _repr_html_(self) -> str:
        """Return the page, which a notebook shows in a frame of its own."""
        title, page = escape(self.title), escape(self.html())
        return f'<iframe srcdoc="{page}" width="100%" height="800" title="{title}"></iframe>'


def read_findings(page: str) -> str:
    """Read the findings of a page that `Report.html` wrote, as one JSON object in text."""
    text = page.rpartition(_FINDINGS)[2].partition("</script>")[0]
    return json.dumps(json.loads(text), ensure_ascii=False)


def shrink(pixels: Array, size: int) -> Array:
    """Shrink a picture to a longest side of `size` pixels; a smaller one stays as it is."""
    height, width = pixels.shape[:2]
    factor = size / max(height, width)
    if factor >= 1:
        return pixels
    shape = (max(1, round(width * factor)), max(1, round(height * factor)))
    found = cv2.resize(np.asarray(pixels, np.float32), shape, interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(found, 0, 1), np.float32)


def _findings_of(part: Part) -> Mapping[str, Any]:
    if part.left_out:
        return {"title": part.title, "left_out": part.left_out}
    exhibits = [
        {
            "caption": exhibit.caption,
            "pictures": [shown.label or shown.words for shown in exhibit.pictures],
            "command": exhibit.command,
            **({"lines": list(exhibit.lines)} if exhibit.lines else {}),
        }
        for exhibit in part.exhibits
    ]
    return {"title": part.title, "sentences": list(part.sentences), "exhibits": exhibits, **part.facts}


def _as_json(value: Mapping[str, Any]) -> str:
    # The escape means the same in JSON, and no text can end the element.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _section(part: Part) -> str:
    inside = [f"<p>{escape(sentence)}</p>" for sentence in part.sentences]
    if part.left_out:
        inside = [f'<p class="left-out">Left out: {escape(part.left_out)}</p>']
    inside += [_bars(part.bars)] if part.bars else []
    inside += [f'<div class="exhibits">{"".join(map(_figure, part.exhibits))}</div>'] if part.exhibits else []
    lines = "\n".join(inside)
    return (
        f'<section id="{part.key}" aria-labelledby="{part.key}-title">\n'
        f'<h2 id="{part.key}-title">{escape(part.title)}</h2>\n{lines}\n</section>'
    )


def _bars(bars: Sequence[Bar]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(bar.name)}</th><td class="bar" aria-hidden="true">'
        f'<span style="width: {100 * min(1, max(0, bar.share)):.1f}%"></span></td><td>{bar.share:.1%}</td></tr>'
        for bar in bars
    )
    return (
        '<table><caption>The classes of the highest probability</caption><thead class="hidden"><tr><th scope="col">'
        f'class</th><td></td><th scope="col">probability</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _figure(exhibit: Exhibit) -> str:
    pictures = "".join(map(_picture, exhibit.pictures))
    caption = f"<figcaption>{escape(exhibit.caption)}</figcaption>"
    command = _command(exhibit.command, exhibit.caption) if exhibit.command else ""
    lines = "".join(f"<small>{escape(line)}</small>" for line in exhibit.lines)
    kind = ' class="wide"' if len(exhibit.pictures) > 1 or exhibit.is_strip else ""
    row = "strip" if exhibit.is_strip else "pictures"
    return f'<figure{kind}>{caption}<div class="{row}">{pictures}</div>{lines}{command}</figure>'


def _picture(shown: Shown) -> str:
    data = b64encode(encode(Frame(shown.pixels), WEBP, quality=_QUALITY)).decode("ascii")
    height, width = shown.pixels.shape[:2]
    label = f"<small>{escape(shown.label)}</small>" if shown.label else ""
    return (
        f'<div><img src="data:image/webp;base64,{data}" alt="{escape(shown.words)}" width="{width}" '
        f'height="{height}">{label}</div>'
    )


def _command(command: str, what: str) -> str:
    """Write a command line with a button that copies it; without a script there is only the text, to select."""
    return (
        f'<p class="command"><code>{escape(command)}</code>'
        f'<button type="button" hidden aria-label="Copy the command of {escape(what)}">Copy</button></p>'
    )
