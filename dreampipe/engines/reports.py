"""A report as a task: one page on a picture and what a model makes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

from dreampipe.drawings.concept_pictures import check_shown
from dreampipe.drawings.labelled import find_classes, is_labels
from dreampipe.drawings.page import is_page
from dreampipe.drawings.report import Exhibit, Part, Report, Shown, shrink
from dreampipe.engines.drawings import film_output
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import settle_sidecar, text_within
from dreampipe.engines.report_parts import PARTS, naming, telling_once
from dreampipe.engines.report_subject import Make, Subject, settle
from dreampipe.engines.sources import Sources, describe, find_record_of
from dreampipe.engines.task import Place
from dreampipe.errors import DreampipeError, MediaError, OpeningError, StorageError, printable
from dreampipe.events import Began, Drawn, Noted, Started, Tell, Written, ignore
from dreampipe.explanations.adversarial.attacking import answer
from dreampipe.explanations.explaining import seen_size
from dreampipe.frames import Frame
from dreampipe.media import MAX_PIXELS, decode, decode_hashed, write_whole
from dreampipe.media.profiles import to_srgb
from dreampipe.recipes.attacking import MOTIFS
from dreampipe.recipes.finding import Finding
from dreampipe.recipes.named import files
from dreampipe.recipes.printing import command_line, quote, quote_path
from dreampipe.recipes.reporting import Reporting
from dreampipe.records.again import Again
from dreampipe.records.making import Carrying, Making


@dataclass(frozen=True)
class ReportTask:
    """A report on a picture.

    Attributes:
        photo: the picture.
        recipe: the model, the training pictures, and the sizes.
        place: where the page goes.
        max_pixels: refuse a larger picture.
    """

    photo: Path
    recipe: Reporting
    place: Place
    max_pixels: int = MAX_PIXELS
    resumes: ClassVar[bool] = False

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that makes a recorded report again."""
        assert isinstance(again.recipe, Reporting)
        return cls(again.dreamed, again.recipe, Place(Path(out), carrying, overwrite), max_pixels)

    @property
    def name(self) -> str:
        return self.photo.name

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {str(self.place.path): self.place.path}

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the recipe, the picture, the training pictures and the place; raises DreampipeError."""
        card = self.recipe.card()
        frame, info = decode(self.photo, self.max_pixels)
        held = card.held((), head=card.outputs != 0)
        seen_size(held, (frame.height, frame.width), self.recipe.max_size, str(self.photo))
        check_training_pictures(self.recipe)
        self.place.check(_check_page, (self.photo, *files(self.recipe.model_dump())), dry)
        alpha = ("Its transparency is left out.",) if frame.alpha is not None else ()
        return (*card.notes, *info.notes, *alpha)

    def forecast(self) -> Iterator[Forecast]:
        frame, _ = decode(self.photo, self.max_pixels)
        size = seen_size(self.recipe.card(), (frame.height, frame.width), self.recipe.max_size)
        yield Forecast(self.name, (self.place.path,), size)

    def run(self, tell: Tell = ignore) -> None:
        """Make all parts, and write the page; a part that cannot be made is left out with a note.

        Raises:
            DreampipeError: the picture cannot be read, the model cannot be opened, or the page cannot be written.
        """
        frame, info, sha256 = decode_hashed(self.photo, self.max_pixels)
        tell(Began(self.name))
        subject = Subject(self.recipe, self.photo.name, to_srgb(frame.pixels, info.icc), info.bits)
        report = compose(subject, tell, self.photo)
        self._keep(report, subject, sha256)
        tell(Written(str(self.place.path)))

    def _keep(self, report: Report, subject: Subject, sha256: str) -> None:
        path, carrying = self.place.path, self.place.carrying
        making = Making("report", self.recipe, {"page": True})
        record = making.record(path, film_output(report.frames or (Frame(subject.shown()),)), (self.photo, sha256))
        page = report.html(text_within(carrying, record)).encode()
        settle_sidecar(path, carrying, record, hashlib.sha256(page).hexdigest())
        write_whole(path, page)


def check_training_pictures(recipe: Reporting) -> None:
    """Raise MediaError if the labelled pictures are neither there nor motifs; labels are looked at later."""
    labelled = recipe.chosen_labelled
    if labelled is None or labelled == MOTIFS:
        return
    if is_labels(Path(labelled)):
        find_classes(recipe.card(), labelled)
    else:
        check_shown(Finding.of(folder=labelled, model=recipe.model))


def compose(subject: Subject, tell: Tell, photo: Path | None = None) -> Report:
    """Make all parts of a report.

    Args:
        subject: the picture.
        tell: hears of each part.
        photo: the file of the picture, whose record says what it was before; None for none.

    Raises:
        OpeningError: the model cannot be opened.
        StorageError: the disk is full.
    """
    makes: dict[str, tuple[str, Make]] = dict(PARTS)
    if photo is not None:
        makes["origin"] = ("Before and after", partial(show_origin, photo=photo))
    tell = telling_once(tell)
    tell(Started(len(makes)))
    parts = []
    for key, (title, make) in makes.items():
        try:
            part = make(subject, naming(tell, title))
        except (OpeningError, StorageError):
            raise
        except (DreampipeError, MemoryError) as error:
            part = Part(left_out=_hide_folder(str(error), subject.recipe) or "it does not fit into memory.")
            tell(Noted(subject.name, f"The part '{title}' is left out: {part.left_out}"))
        parts.append(replace(part, key=key, title=title))
        tell(Drawn(title, left_out=bool(part.left_out)))
    flags = {"labelled": "--pictures"}
    command = command_line("report", (subject.name, "OUT.html"), subject.recipe, flags)
    return Report(printable(subject.name), subject.card.name, tuple(parts), command)


def _hide_folder(text: str, recipe: Reporting) -> str:
    """Name the training pictures without the folders above them, as a page is shown to others."""
    if recipe.labelled is None:
        return text
    path = Path(recipe.labelled)
    return text.replace(str(path), path.name) if path.name else text


def show_origin(subject: Subject, tell: Tell, photo: Path) -> Part:
    """Show a dream next to the picture that it was made from, and what the model says of both.

    Raises:
        MediaError: the picture is no dream, or the picture that it was made from is not there.
    """
    record = find_record_of(photo)
    if record is None:
        raise MediaError("The picture carries no record that dreampipe made it, so nothing is known of it before.")
    source, note = Sources(photo.parent).find(photo, Path(photo.name), record)
    if source is None:
        raise MediaError(f"The picture was {note}: put that next to it.")
    frame, info = decode(source)
    before = to_srgb(frame.pixels, info.icc)
    made = describe(record)
    sentences = [f"The picture was made by {made}."]
    facts = {"made": made, "source": printable(source.name)}
    if subject.card.outputs not in (0, 1):
        answers = [answer(subject.card, pixels, subject.recipe.max_size) for pixels in (before, subject.pixels)]
        sentences.append(f"{subject.card.name} answered {answers[0]} before, and answers {answers[1]} now.")
        facts |= {"before": answers[0].name, "after": answers[1].name}
    shown = (
        Shown("the picture before", settle(shrink(before, subject.recipe.size)), "before"),
        Shown("the picture after", subject.shown(), "after"),
    )
    command = f"dreampipe rerun {quote_path(subject.name)} {quote(f'OUT{photo.suffix}')}"
    return Part(tuple(sentences), (Exhibit("Before and after.", shown, command),), facts=facts)


def _check_page(path: Path) -> None:
    if not is_page(path):
        raise MediaError(f"{path} is no page, but a report is one: give it a name that ends in .html.")
