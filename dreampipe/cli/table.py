"""Tables that pipe well: plain text in columns, nothing cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dreampipe.cli.terminal import show
from dreampipe.errors import printable


def show_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under a header on stdout; print None and empty cells as a dash, so that each row has all columns."""
    cells = [list(header), *(["-" if cell in (None, "") else printable(str(cell)) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        show("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
