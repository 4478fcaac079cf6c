"""Influence as a task: the labelled pictures behind an answer, or the labels that look wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from dreampipe.drawings.influence import draw_influence, page_of, suspects_of, table_of, tiles_of
from dreampipe.drawings.labelled import find_classes, read_again
from dreampipe.drawings.page import is_page, is_table
from dreampipe.drawings.reading import read_all
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import keep_picture, settle_sidecar, text_within
from dreampipe.engines.task import Place
from dreampipe.errors import MediaError, RecipeError
from dreampipe.events import Began, Drawn, Noted, Progressed, Started, Tell, Written, ignore
from dreampipe.explanations.adversarial.victim import name_of
from dreampipe.explanations.explaining import fit
from dreampipe.explanations.influence.features import Reader
from dreampipe.explanations.influence.influencing import Influence, Labelled, check_members, influence, suspect
from dreampipe.explanations.influence.seen import Numbers
from dreampipe.explanations.question import Work
from dreampipe.frames import Array
from dreampipe.media import MAX_PIXELS, decode, decode_hashed, format_of, write_whole
from dreampipe.media.profiles import to_srgb
from dreampipe.recipes.influencing import Influencing
from dreampipe.recipes.named import files
from dreampipe.records.again import Again
from dreampipe.records.making import Carrying, Making
from dreampipe.records.record import Output


@dataclass(frozen=True)
class InfluenceTask:
    """The labelled pictures that argue for or against an answer, or labels ranked by suspicion.

    Attributes:
        photo: the picture whose answer is explained; None to rank labels.
        recipe: the labelled pictures and the method.
        place: where it goes; its suffix chooses the form.
        max_pixels: refuse a larger picture.
    """

    photo: Path | None
    recipe: Influencing
    place: Place
    max_pixels: int = MAX_PIXELS
    resumes: ClassVar[bool] = False

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that makes a recorded output again."""
        assert isinstance(again.recipe, Influencing)
        photo = None if again.recipe.mislabelled else again.dreamed
        return cls(photo, again.recipe, Place(Path(out), carrying, overwrite), max_pixels)

    @property
    def name(self) -> str:
        return self.photo.name if self.photo else self.recipe.labelled

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {str(self.place.path): self.place.path}

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the recipe, the pictures and the place; raises DreampipeError."""
        cards = self.recipe.members()
        notes: tuple[str, ...] = ()
        self.recipe.chosen()
        self.recipe.class_number()
        find_classes(cards[-1], self.recipe.labelled)
        inputs: tuple[str | Path, ...] = files(self.recipe.model_dump())
        if self.photo is None:
            if not self.recipe.mislabelled:
                raise RecipeError("No picture came, but its answer is to be explained: give it, or --mislabelled.")
        else:
            if self.recipe.mislabelled:
                raise RecipeError(f"{self.photo} came to rank labels, but no picture is explained then: leave it out.")
            frame, info = decode(self.photo, self.max_pixels)
            fit(cards[-1].held((), head=True), frame.pixels, self.recipe.max_size, str(self.photo))
            inputs, notes = (self.photo, *inputs), info.notes
        self.place.check(self._check_form, inputs, dry)
        return (*cards[-1].notes, *notes)

    def forecast(self) -> Iterator[Forecast]:
        yield Forecast(self.name, (self.place.path,))

    def _check_form(self, path: Path) -> object:
        if self.recipe.mislabelled and not is_table(path):
            raise MediaError(f"{path} came for ranked labels, but they are a table: name a .csv file.")
        return is_page(path) or is_table(path) or format_of(path, " .html .csv")

    def run(self, tell: Tell = ignore) -> None:
        """Read the pictures, weigh them, and write what was found; raises DreampipeError."""
        tell(Began(self.name))
        tell(Started(1))
        readers = tuple(Reader.of(card, self.recipe.max_size) for card in self.recipe.members())
        check_members(readers)
        work = Work(np.random.default_rng(self.recipe.seed))
        photo = None if self.photo is None else decode_hashed(self.photo, self.max_pixels)
        pixels = None if photo is None else to_srgb(photo[0].pixels, photo[1].icc)
        queries = [] if pixels is None else [reader.read([pixels], work)[0] for reader in readers]
        labelled = read_all(self.recipe, readers, work, tell, lambda share: tell(Progressed(self.name, share)))
        method = self.recipe.chosen()
        if self.photo is None or photo is None or pixels is None:
            doubts = suspect(labelled, method)
            tell(Drawn(self.name))
            self._keep_suspects(labelled, doubts)
            notes: tuple[str, ...] = ()
        else:
            found = influence(labelled, queries, method, self.recipe.class_number())
            tell(Drawn(self.name))
            self._keep(found, pixels, (self.photo, photo[2]))
            notes = found.notes
        tell(Written(str(self.place.path)))
        for note in (*work.notes, *notes):
            tell(Noted(self.name, note))

    def _keep(self, found: Influence, picture: Array, source: tuple[Path, str]) -> None:
        recipe, path = self.recipe, self.place.path
        name = partial(name_of, recipe.card())
        if is_table(path):
            text = table_of(found, name)
            self._keep_text(text, "table", (5, len(found.names)), lambda record: text, source)
            return

        def read(of: str) -> Array:
            return read_again(recipe.labelled, of, recipe.max_size, trained=True)

        tiles = tiles_of(found, picture, read, name, recipe.top, recipe.size)
        if is_page(path):
            size = (tiles[0].pixels.shape[1], tiles[0].pixels.shape[0])
            self._keep_text(page_of(found, tiles, name), "page", size, lambda r: page_of(found, tiles, name, r), source)
            return
        making = Making("influence", recipe, {"form": "sheet"})
        keep_picture(draw_influence(tiles, recipe.size), path, making, self.place.carrying, source=source)

    def _keep_suspects(self, labelled: Labelled, doubts: Numbers) -> None:
        reader = labelled.readers[-1]
        answers = (labelled.features[-1] @ reader.weights).argmax(1)
        name = partial(name_of, self.recipe.card())
        text = suspects_of(labelled.names, labelled.labels, answers, doubts, name)
        self._keep_text(text, "table", (5, len(labelled.names)), lambda record: text)

    def _keep_text(
        self,
        text: str,
        form: str,
        size: tuple[int, int],
        write: Callable[[str | None], str],
        source: tuple[Path, str] | None = None,
    ) -> None:
        """Write a page or a table.

        Args:
            text: what is written, without a record.
            form: `page` or `table`.
            size: width and height of the picture that is explained; columns and rows of a table.
            write: puts a record into the text, if it holds one.
            source: the picture that is explained and its SHA-256.
        """
        path, carrying = self.place.path, self.place.carrying
        making = Making("influence", self.recipe, {"form": form})
        pixels = hashlib.sha256(text.encode()).hexdigest()
        record = making.record(path, Output(pixels=pixels, width=size[0], height=size[1], bits=8), source)
        data = write(text_within(carrying, record)).encode()
        settle_sidecar(path, carrying, record, hashlib.sha256(data).hexdigest())
        write_whole(path, data)
