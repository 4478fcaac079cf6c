"""Accuracy over the bound of attacks: as a chart, as a page with the same chart, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.drawings.page import record_script
from dreampipe.explanations.adversarial.norms import NORMS
from dreampipe.explanations.adversarial.robustness import Robustness
from dreampipe.frames import Frame, dequantize
from dreampipe.stages.lettering import draw_text

Bytes = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 960, 640
"""The size of the chart, in pixels."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 40, 56, 88
_COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))
"""Colours that people who see colours in pairs tell apart (Okabe and Ito 2008)."""
_WHITE, _GREY = (240, 240, 240), (110, 110, 110)
_ROW, _LEGEND = 26, 400
"""The height of a line of the legend, and its width."""


def table_of(measured: Robustness) -> str:
    """Write a table in CSV: a row for each bound and attack, with the standard error of the accuracy."""
    rows = ["norm,eps,attack,accuracy,standard_error,pictures"]
    for name, accuracies in _series(measured):
        for eps, accuracy in zip(measured.eps, accuracies, strict=True):
            error = measured.error(accuracy)
            attack = f'"{name}"' if "," in name else name
            rows.append(f"{measured.norm},{eps:.6g},{attack},{accuracy:.6g},{error:.6g},{measured.count}")
    return "\n".join(rows) + "\n"


def draw_curves(measured: Robustness, title: str) -> Frame:
    """Draw the accuracy against each attack, against all of them together, and without one: a dashed line."""
    page = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    _write(page, title, (0, 12), WIDTH, 32)
    for percent in range(0, 101, 20):
        _, y = _place(measured, 0, percent / 100)
        cv2.line(page, (_LEFT, y), (WIDTH - _RIGHT, y), (50, 50, 50), 1)
        _write(page, f"{percent}%", (0, y - 12), _LEFT - 8, 24)
    for eps in _ticks(measured):
        x, y = _place(measured, eps, 0)
        cv2.line(page, (x, y), (x, y + 6), _GREY, 1)
        _write(page, NORMS[measured.norm].write(eps), (x - 50, y + 8), 100, 24)
    _write(page, f"bound of the change, {measured.norm}", (_LEFT, HEIGHT - 40), WIDTH - _LEFT - _RIGHT, 28)
    left, top = _find_room(measured)
    for number, (name, accuracies) in enumerate(_series(measured)):
        worst = number == len(measured.curves)
        colour = _WHITE if worst else _COLOURS[number % len(_COLOURS)]
        points = [_place(measured, *at) for at in zip(measured.eps, accuracies, strict=True)]
        _draw_line(page, points, colour, 3 if worst else 2)
        _write(page, _label(measured, name, accuracies), (left, top + number * _ROW), _LEGEND, 22, colour)
    _, y = _place(measured, 0, measured.clean)
    for x in range(_LEFT, WIDTH - _RIGHT, 14):
        cv2.line(page, (x, y), (min(x + 7, WIDTH - _RIGHT), y), _WHITE, 1)
    at = (left, top + (len(measured.curves) + 1) * _ROW)
    _write(page, f"clean: {measured.clean:.1%} (dashed)", at, _LEGEND, 22)
    return Frame(dequantize(page))


def page_of(measured: Robustness, title: str, record: str | None = None) -> str:
    """Write a page of HTML with the chart, the table and the notes; `record` is as of `atlas_page`."""
    rows = "".join(
        "<tr><th>{}</th>{}</tr>".format(
            escape(_mark(measured, name)), "".join(f"<td>{accuracy:.1%}</td>" for accuracy in accuracies)
        )
        for name, accuracies in _series(measured)
    )
    heads = "".join(f"<th>{NORMS[measured.norm].write(eps)}</th>" for eps in measured.eps)
    notes = "".join(f"<p>{escape(note)}</p>" for note in measured.notes)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
:root {{ color-scheme: dark; }}
body {{ margin: 0; padding: 1.5rem; background: #111; color: #eee; font: 15px/1.5 system-ui, sans-serif; }}
h1 {{ margin: 0; font-size: 1.5rem; }}
p {{ max-width: 60rem; color: #aaa; }}
svg {{ min-width: 40rem; max-width: {WIDTH}px; width: 100%; height: auto; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; margin-top: 1rem; }}
th, td {{ padding: .25rem .75rem; border-bottom: 1px solid #333; text-align: right; }}
th:first-child {{ text-align: left; }}
</style>{record_script(record)}
</head>
<body>
<h1>{escape(title)}</h1>
<p>Accuracy on {measured.count} pictures over the bound of the change in {measured.norm}. Clean: {measured.clean:.1%};
the strongest attack is {escape(measured.strongest.name)}.</p>{notes}
<div class="wide" role="region" aria-label="The curves" tabindex="0">
{_svg(measured)}
</div>
<div class="wide" role="region" aria-label="The table" tabindex="0">
<table><tr><th>{measured.norm} bound</th>{heads}</tr>{rows}</table>
</div>
</body>
</html>
"""


def _series(measured: Robustness) -> list[tuple[str, tuple[float, ...]]]:
    return [*((curve.name, curve.accuracy) for curve in measured.curves), ("all together", measured.worst)]


def _mark(measured: Robustness, name: str) -> str:
    strongest = len(measured.curves) > 1 and name == measured.strongest.name
    return f"{name} (worst method)" if strongest else name


def _label(measured: Robustness, name: str, accuracies: Sequence[float]) -> str:
    return f"{_mark(measured, name)}: {accuracies[-1]:.1%}"


def _ticks(measured: Robustness) -> list[float]:
    """Choose the bounds that are written under the chart: none nearer to the last one than their words are wide."""
    chosen: list[float] = []
    for eps in reversed(measured.eps):
        if not chosen or _place(measured, chosen[-1], 0)[0] - _place(measured, eps, 0)[0] >= 84:
            chosen.append(eps)
    return chosen


def _place(measured: Robustness, eps: float, accuracy: float) -> tuple[int, int]:
    across = eps / measured.eps[-1] if measured.eps[-1] else 0.0
    x = _LEFT + across * (WIDTH - _LEFT - _RIGHT)
    return round(x), round(_TOP + (1 - accuracy) * (HEIGHT - _TOP - _BOTTOM))


def _find_room(measured: Robustness) -> tuple[int, int]:
    """Find the upper left corner of the legend, below on the left or above on the right: where fewer curves pass."""
    height = (len(measured.curves) + 2) * _ROW
    corners = ((_LEFT + 8, HEIGHT - _BOTTOM - height - 8), (WIDTH - _RIGHT - _LEGEND, _TOP + 8))
    across = np.linspace(0, measured.eps[-1], 100)
    lines = [np.interp(across, measured.eps, accuracies) for _, accuracies in _series(measured)]
    points = [_place(measured, eps, accuracy) for line in lines for eps, accuracy in zip(across, line, strict=True)]

    def count_hits(corner: tuple[int, int]) -> int:
        left, top = corner
        return sum(left <= x <= left + _LEGEND and top <= y <= top + height for x, y in points)

    return min(corners, key=count_hits)


def _draw_line(
    page: npt.NDArray[np.uint8], points: Sequence[tuple[int, int]], colour: tuple[int, ...], wide: int
) -> None:
    for one, other in pairwise(points):
        cv2.line(page, one, other, colour, wide, cv2.LINE_AA)
    for point in points:
        cv2.circle(page, point, wide + 2, colour, -1, cv2.LINE_AA)


def _write(
    page: Bytes,
    text: str,
    at: tuple[int, int],
    width: int,
    height: int,
    colour: tuple[int, ...] = _WHITE,
) -> None:
    """Write one line of words in the middle of a rectangle whose upper left corner is at (x, y)."""
    x, y = max(0, min(at[0], WIDTH - width)), max(0, min(at[1], HEIGHT - height))
    words = draw_text(text, width, height).astype(np.float32) / 255 * np.array(colour, np.float32)
    part = page[y : y + height, x : x + width]
    np.maximum(part, words.astype(np.uint8), out=part)


def _svg(measured: Robustness) -> str:
    parts = []
    for percent in range(0, 101, 20):
        _, y = _place(measured, 0, percent / 100)
        parts.append(f'<line x1="{_LEFT}" y1="{y}" x2="{WIDTH - _RIGHT}" y2="{y}" stroke="#333"/>')
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 5}" text-anchor="end">{percent}%</text>')
    for eps in _ticks(measured):
        x, y = _place(measured, eps, 0)
        parts.append(f'<text x="{x}" y="{y + 24}" text-anchor="middle">{NORMS[measured.norm].write(eps)}</text>')
    left, top = _find_room(measured)
    for number, (name, accuracies) in enumerate(_series(measured)):
        colour = _WHITE if number == len(measured.curves) else _COLOURS[number % len(_COLOURS)]
        points = " ".join("{},{}".format(*_place(measured, *at)) for at in zip(measured.eps, accuracies, strict=True))
        line = f'fill="none" stroke="rgb{colour}" stroke-width="2.5"'
        parts.append(f'<polyline points="{points}" {line}/>')
        at = f'x="{left + _LEGEND // 2}" y="{top + 16 + number * _ROW}" text-anchor="middle"'
        words = escape(_label(measured, name, accuracies))
        parts.append(f'<text {at} style="fill:rgb{colour}">{words}</text>')
    _, y = _place(measured, 0, measured.clean)
    parts.append(f'<line x1="{_LEFT}" y1="{y}" x2="{WIDTH - _RIGHT}" y2="{y}" stroke="#eee" stroke-dasharray="7"/>')
    parts.append(f'<text x="{_LEFT + 8}" y="{y - 6}">clean {measured.clean:.1%}</text>')
    drawn = "\n".join(parts)
    return f"""<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Accuracy over the bound of the change">
<style>text {{ fill: #eee; font: 15px system-ui, sans-serif; }}</style>
{drawn}
</svg>"""
