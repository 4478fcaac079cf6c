"""The concepts of a layer as a task: a sheet, a page, or a file of directions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePath
from typing import ClassVar, Self

import numpy as np

from dreampipe.drawings.concepts import Findings, check_finding, draw_findings, look
from dreampipe.drawings.contact import Tile, contact_sheet
from dreampipe.drawings.page import atlas_page, is_page
from dreampipe.engines.drawings import film_output
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import keep_picture, settle_sidecar, text_within
from dreampipe.engines.task import Place
from dreampipe.events import Began, Drawn, Noted, Started, Tell, Written, ignore
from dreampipe.frames import Frame
from dreampipe.media import format_of, write_whole
from dreampipe.recipes import earlier
from dreampipe.recipes.finding import Finding
from dreampipe.recipes.named import files
from dreampipe.records.again import Again
from dreampipe.records.making import Carrying, Making
from dreampipe.records.record import Output


def is_directions(path: PurePath) -> bool:
    """Say whether a path has the suffix of a file of directions."""
    return path.suffix.lower() == ".npz"


@dataclass(frozen=True)
class ConceptsTask:
    """The concepts of a layer, found or given.

    Attributes:
        recipe: what to look for, and where.
        place: where it goes; its suffix chooses a sheet, a page or a file of directions.
    """

    recipe: Finding
    place: Place
    resumes: ClassVar[bool] = False

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that looks for recorded concepts again."""
        assert isinstance(again.recipe, Finding)
        return cls(again.recipe, Place(Path(out), carrying, overwrite))

    @property
    def name(self) -> str:
        return self.recipe.folder

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {str(self.place.path): self.place.path}

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the recipe, the folders and the place; raises DreampipeError."""
        check_finding(self.recipe)
        inputs = [name for name in files(self.recipe.model_dump()) if not Path(name).is_dir()]
        self.place.check(
            lambda path: is_page(path) or is_directions(path) or format_of(path, " .html .npz"), inputs, dry
        )
        return earlier.notes(self.recipe)

    def forecast(self) -> Iterator[Forecast]:
        yield Forecast(self.name, (self.place.path,))

    def run(self, tell: Tell = ignore) -> None:
        """Look for the concepts, draw them, and write them; raises DreampipeError."""
        tell(Began(self.name))
        tell(Started(1))
        findings = look(self.recipe, tell)
        path = self.place.path
        if is_directions(path):
            self._keep_directions(findings)
        else:
            tiles = draw_findings(self.recipe, findings, tell)
            if is_page(path):
                self._keep_page(findings, tiles)
            else:
                making = Making("concepts", self.recipe, {"form": "sheet"})
                keep_picture(contact_sheet(tiles, self.recipe.size), path, making, self.place.carrying)
        tell(Drawn(self.name))
        tell(Written(str(path)))
        for note in findings.notes:
            tell(Noted(self.name, note))

    def _keep_page(self, findings: Findings, tiles: Sequence[Tile]) -> None:
        path, carrying = self.place.path, self.place.carrying
        shown = [Frame(pixels) for tile in tiles for pixels in (tile.pixels, *tile.smaller)]
        record = Making("concepts", self.recipe, {"form": "page"}).record(path, film_output(shown))
        title = f"Concepts of {findings.layer} of {self.recipe.card().name}"
        page = atlas_page(tiles, title, findings.notes, text_within(carrying, record)).encode()
        settle_sidecar(path, carrying, record, hashlib.sha256(page).hexdigest())
        write_whole(path, page)

    def _keep_directions(self, findings: Findings) -> None:
        """Write the directions, (concepts, channels) float32, with the layer and a label of each."""
        path, carrying, written = self.place.path, self.place.carrying, BytesIO()
        directions = findings.directions
        np.savez(written, directions=directions, layer=np.str_(findings.layer), labels=np.array(findings.labels))
        count, channels = directions.shape
        pixels = hashlib.sha256(f"{directions.shape}".encode() + directions.tobytes()).hexdigest()
        record = Making("concepts", self.recipe, {"form": "directions"}).record(
            path, Output(pixels=pixels, width=channels, height=count, bits=32)
        )
        data = written.getvalue()
        settle_sidecar(path, carrying, record, hashlib.sha256(data).hexdigest())
        write_whole(path, data)
