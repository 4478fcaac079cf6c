"""Dreams one sample through every preset on motifnet: `python samples/gallery.py [FOLDER]`, by default into docs.

Writes FOLDER/gallery.jpg, a sheet of all of them, and FOLDER/gallery.md, what each is for and where it comes from. The
pictures take some minutes; `python samples/gallery.py --words` writes the page alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dreampipe
from dreampipe import Frame, Recipe, Resize, Visualization
from dreampipe.drawings.contact import Tile, contact_sheet
from dreampipe.frames import Array
from dreampipe.recipes.files import Loaded, presets

HERE = Path(__file__).parent
PICTURE, SIZE, COLUMNS, WIDTH, QUALITY = "hills", 320, 4, 1100, 60
HEAD = f"""# Every preset, on one picture

`dreampipe dream samples/{PICTURE}.jpg dream.jpg --recipe NAME` dreams a picture with a preset, and options override
it. `dreampipe recipes show NAME` prints a preset, to start your own file with. This page shows all of them on
`motifnet`, the model that comes with dreampipe, at {SIZE} pixels: the source first, then the presets in the order of
the table. `python samples/gallery.py` makes this page.

![{PICTURE}.jpg through every preset](gallery.jpg)

| preset | of | what it is for | source |
|---|---|---|---|
"""
TAIL = """
The published presets follow their sources step by step, but on `motifnet` they look like `motifnet`, which has seen
motifs drawn by code and no photograph. A preset's table `objectives` names the layers for each model, so that
`--model inception_v3` and others climb the layers of the publications. `film` and `hires` are for moving and for large
pictures, which a small still cannot show.
"""


def page() -> str:
    """The page's text."""
    return HEAD + "".join(map(_row, presets())) + TAIL


def _row(preset: Loaded) -> str:
    return f"| `{preset.name}` | {preset.command} | {preset.about} | {preset.source or 'dreampipe'} |\n"


def tiles(source: Array, **settings: Any) -> Iterator[Tile]:
    """The source and what each preset makes of it, over its name.

    Args:
        source: (height, width, 3) float32 in [0, 1].
        settings: over those of every preset.
    """
    yield Tile("source", source)
    for preset in presets():
        yield Tile(preset.name, _drawn(preset, source, settings))


def _drawn(preset: Loaded, source: Array, settings: dict[str, Any]) -> Array:
    if preset.command == "visualize":
        recipe = preset.of(Visualization, **{"size": min(source.shape[:2]), **settings})
        return recipe.drawn(recipe.run().image).pixels
    return preset.of(Recipe, **settings).pipeline().one(Frame(source)).pixels


def main(arguments: list[str]) -> None:
    words = "--words" in arguments
    (folder,) = [Path(name) for name in arguments if name != "--words"] or [HERE.parent / "docs"]
    folder.joinpath("gallery.md").write_text(page(), encoding="utf-8")
    if not words:
        (source,) = Resize(SIZE)(iter(dreampipe.read(HERE / f"{PICTURE}.jpg")))
        (sheet,) = Resize(WIDTH)(iter([contact_sheet(list(tiles(source.pixels)), SIZE, COLUMNS)]))
        dreampipe.write(sheet, folder / "gallery.jpg", quality=QUALITY)


if __name__ == "__main__":
    main(sys.argv[1:])
