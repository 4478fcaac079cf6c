"""Attacks as tasks: an adversary and its sheet, and the accuracy of a model under attacks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from dreampipe.drawings.attacks import draw_attack
from dreampipe.drawings.curves import HEIGHT, WIDTH, draw_curves, page_of, table_of
from dreampipe.drawings.labelled import count_labelled, find_classes, labelled_pictures
from dreampipe.drawings.page import is_page, is_table
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import keep_picture, settle_sidecar, text_within
from dreampipe.engines.task import Place
from dreampipe.errors import MediaError
from dreampipe.events import Began, Drawn, Noted, Progressed, Started, Tell, Written, ignore
from dreampipe.explanations.adversarial.attacking import Adversary, Answer, attack_picture
from dreampipe.explanations.adversarial.norms import NORMS
from dreampipe.explanations.adversarial.robustness import Robustness as Measured
from dreampipe.explanations.adversarial.robustness import measure_robustness
from dreampipe.explanations.explaining import fit, seen_size
from dreampipe.explanations.question import Work
from dreampipe.explanations.reading import write_in_full
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import MAX_PIXELS, decode, decode_hashed, format_of, losses, write_whole
from dreampipe.media.profiles import to_srgb
from dreampipe.recipes.attacking import Attacking, Robustness
from dreampipe.recipes.named import files
from dreampipe.records.again import Again
from dreampipe.records.making import Carrying, Making
from dreampipe.records.record import Output

_CONVERTED = "The colours are converted from the picture's profile to sRGB, in which the model sees them."


@dataclass(frozen=True)
class AttackTask:
    """A picture that is changed so that a model answers otherwise, a sheet of it, or both.

    Attributes:
        photo: the picture to change.
        recipe: how.
        picture: where the adversary goes; None for no adversary.
        sheet: where the sheet goes; None for no sheet.
        bits: of the adversary's values; None for those of its source, as far as the format holds them.
        max_pixels: refuse a larger picture.
    """

    photo: Path
    recipe: Attacking
    picture: Place | None
    sheet: Place | None = None
    bits: int | None = None
    max_pixels: int = MAX_PIXELS
    resumes: ClassVar[bool] = False

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that makes a recorded adversary or sheet again."""
        assert isinstance(again.recipe, Attacking)
        place, sheet = Place(Path(out), carrying, overwrite), again.option("sheet")
        first, second = (None, place) if sheet else (place, None)
        return cls(again.dreamed, again.recipe, first, second, again.option("bits"), max_pixels)

    @property
    def name(self) -> str:
        return self.photo.name

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {str(place.path): place.path for place in (self.picture, self.sheet) if place}

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the recipe, the picture and both places; raises DreampipeError."""
        attack, card = self.recipe.attack(), self.recipe.victim()
        self.recipe.check_target()
        if self.bits not in (None, 8, 16):
            raise MediaError(f"bits came as {self.bits}, but 8 or 16 are expected: choose one.")
        info = self._read()[1]
        if self.picture and self.sheet and self.picture.path.resolve() == self.sheet.path.resolve():
            raise MediaError(f"{self.sheet.path} came as OUT and for --sheet: give the sheet another name.")
        inputs: tuple[str | Path, ...] = (self.photo, *files(self.recipe.model_dump()))
        for place in (self.picture, self.sheet):
            if place:
                place.check(inputs=inputs, dry=dry)
        alone = "A universal change is meant for many pictures, but here it is made for one."
        lost: tuple[str, ...] = ()
        if self.picture:
            lost = losses(format_of(self.picture.path), replace(info, bits=self.bits or info.bits))
        return (*card.notes, *info.notes, *lost, *((alone,) if attack.together else ()))

    def check_picture(self) -> tuple[str, ...]:
        """Check the picture alone; raises DreampipeError if it cannot be read or is too small for the model."""
        return self._read()[1].notes

    def _read(self) -> tuple[Frame, MediaInfo]:
        frame, info = decode(self.photo, self.max_pixels)
        fit(self.recipe.victim().held((), head=True), frame.pixels, self.recipe.max_size, str(self.photo))
        return frame, info

    def forecast(self) -> Iterator[Forecast]:
        frame, _ = decode(self.photo, self.max_pixels)
        size = seen_size(self.recipe.card(), (frame.height, frame.width), self.recipe.max_size)
        yield Forecast(self.name, tuple(self.outputs.values()), size)

    def run(self, tell: Tell = ignore) -> None:
        """Attack, write the adversary and the sheet, and tell whether the written file fools; raises DreampipeError."""
        frame, info, source_sha256 = decode_hashed(self.photo, self.max_pixels)
        pixels = to_srgb(frame.pixels, info.icc)
        recipe, card = self.recipe, self.recipe.card()
        most = format_of(self.picture.path).bits if self.picture else 16
        bits = min(self.bits or info.bits, most)
        tell(Began(self.name))
        tell(Started(1))
        work = Work(np.random.default_rng(recipe.seed), lambda share: tell(Progressed(self.name, share)))
        found = attack_picture(
            card,
            pixels,
            recipe.attack(),
            target=recipe.target or "",
            bits=bits,
            seed=recipe.seed,
            max_size=recipe.max_size,
            work=work,
        )
        tell(Drawn(self.name))
        source, chosen = (self.photo, source_sha256), {"method": write_in_full(recipe.attack())}
        if self.picture:
            making = Making("attack", recipe, {"bits": bits})
            like = replace(info, bits=bits, icc=info.icc if pixels is frame.pixels else None)
            shown = Frame(found.pixels, alpha=frame.alpha)
            keep_picture(shown, self.picture.path, making, self.picture.carrying, like, source=source, settings=chosen)
            tell(Written(str(self.picture.path)))
            found = found.check(card, decode(self.picture.path, self.max_pixels)[0].pixels, recipe.max_size)
        if self.sheet:
            making = Making("attack", recipe, {"bits": bits, "sheet": True})
            drawn = draw_attack(found, recipe.size)
            keep_picture(drawn, self.sheet.path, making, self.sheet.carrying, source=source, settings=chosen)
            tell(Written(str(self.sheet.path)))
        converted = () if pixels is frame.pixels else (_CONVERTED,)
        for note in (*converted, *found.notes, *say_result(found)):
            tell(Noted(self.name, note))


def say_result(found: Adversary) -> tuple[str, ...]:
    """Write what an attack came to, in sentences for the user."""
    distance = f"{found.norm.write(found.distance)} in {found.norm.name}"
    change, said = f"with a change of {distance}", []
    if found.distance > found.eps * (1 + 1e-6) + 1e-7:
        limit = f"the bound of {found.norm.write(found.eps)}"
        said.append(f"The written file differs by {distance}, more than {limit}: write a lossless format.")
    elif np.isfinite(found.eps):
        change += f" within the bound of {found.norm.write(found.eps)}"
    if not found.fools and found.eps == 0:
        return (*said, f"The model answers {_quoted(found.after)}, because a bound of 0 gives the picture back.")
    if not found.fools:
        aim = f" and not {found.target!r}" if found.target else ""
        advice = "give a larger eps, more steps or another method"
        return (*said, f"The model still answers {_quoted(found.after)}{aim}, {change}: {advice}.")
    return (*said, f"The model answered {_quoted(found.before)} and answers {_quoted(found.after)} now, {change}.")


def _quoted(answer: Answer) -> str:
    """Write an answer in a sentence, which the name of a class such as "nothing" would change without its quotes."""
    name = answer.name if answer.name.isdecimal() else repr(answer.name)
    return f"{name} ({answer.probability:.1%})"


@dataclass(frozen=True)
class RobustnessTask:
    """The accuracy of a model over the bound of attacks, as a chart, a page of HTML or a table.

    Attributes:
        recipe: the pictures and the attacks.
        place: where it goes; its suffix chooses the form.
    """

    recipe: Robustness
    place: Place
    resumes: ClassVar[bool] = False

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that makes a recorded curve again."""
        assert isinstance(again.recipe, Robustness)
        return cls(again.recipe, Place(Path(out), carrying, overwrite))

    @property
    def name(self) -> str:
        return self.recipe.labelled

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {str(self.place.path): self.place.path}

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the recipe, the folder and the place; raises DreampipeError."""
        card = self.recipe.victim()
        self.recipe.attacks()
        find_classes(card, self.recipe.labelled)
        self.place.check(lambda path: is_page(path) or is_table(path) or format_of(path, " .html .csv"), dry=dry)
        return card.notes

    def forecast(self) -> Iterator[Forecast]:
        yield Forecast(self.name, (self.place.path,))

    def run(self, tell: Tell = ignore) -> None:
        """Attack all pictures, and write the accuracy; raises DreampipeError."""
        recipe, card = self.recipe, self.recipe.card()
        tell(Began(self.name))
        tell(Started(1))
        labelled = labelled_pictures(card, recipe.labelled, recipe.count, recipe.max_size, tell)
        attacks = recipe.attacks()
        measured = measure_robustness(
            card,
            labelled,
            attacks,
            recipe.bounds_of(attacks[0]),
            seed=recipe.seed,
            max_size=recipe.max_size,
            expected=count_labelled(recipe.labelled, recipe.count),
            progress=lambda share: tell(Progressed(self.name, share)),
        )
        tell(Drawn(self.name))
        self._keep(measured, f"{card.name} under attack")
        tell(Written(str(self.place.path)))
        for note in measured.notes:
            tell(Noted(self.name, note))
        last, least = measured.eps[-1], measured.worst[-1]
        said = f"{measured.clean:.1%} of {measured.count} pictures are named rightly, and {least:.1%}"
        tell(Noted(self.name, f"{said} under all attacks at {NORMS[measured.norm].write(last)} in {measured.norm}."))

    def _keep(self, measured: Measured, title: str) -> None:
        path, carrying = self.place.path, self.place.carrying
        form = "page" if is_page(path) else "table" if is_table(path) else "chart"
        making = Making("robustness", self.recipe, {"form": form})
        if form == "chart":
            keep_picture(draw_curves(measured, title), path, making, carrying)
            return
        text = table_of(measured) if form == "table" else page_of(measured, title)
        pixels = hashlib.sha256(text.encode()).hexdigest()
        record = making.record(path, Output(pixels=pixels, width=WIDTH, height=HEIGHT, bits=8))
        if form == "page":
            text = page_of(measured, title, text_within(carrying, record))
        data = text.encode()
        settle_sidecar(path, carrying, record, hashlib.sha256(data).hexdigest())
        write_whole(path, data)
