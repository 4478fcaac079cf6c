"""Explain pictures: the methods of a recipe, one after the other, and what is written of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from dreampipe.drawings.explanations import draw_explanations
from dreampipe.engines.keeping import keep_maps, keep_picture
from dreampipe.engines.makers import Loaded, Made, Write
from dreampipe.engines.orders import Order
from dreampipe.engines.stopping import Stop, stoppable
from dreampipe.errors import ModelError, ObjectiveError, OpeningError
from dreampipe.events import Noted, Progressed, Tell
from dreampipe.explanations import Explanation
from dreampipe.explanations.attribution import Method
from dreampipe.explanations.explaining import ask, explain, seen_size, top_class
from dreampipe.explanations.question import Question
from dreampipe.frames import Array, Frame
from dreampipe.media.maps import is_map
from dreampipe.media.profiles import to_srgb
from dreampipe.recipes import Explaining
from dreampipe.records.making import Making

TOP = "{} is explained, the top class."


@dataclass
class Explainer:
    """Explains pictures; a `Maker`.

    Attributes:
        order: how.
        tell: hears the progress and the notes, without names.
    """

    order: Order
    tell: Tell
    stopped: bool = False
    making: Making = field(init=False)

    def __post_init__(self) -> None:
        self.making = Making("explain", self._recipe, {"quality": self.order.quality})

    @property
    def _recipe(self) -> Explaining:
        assert isinstance(self.order.recipe, Explaining)
        return self.order.recipe

    def losses(self, loaded: Loaded) -> tuple[str, ...]:
        return ("Its transparency is left out.",) if loaded.frame.alpha is not None else ()

    def make(self, loaded: Loaded) -> Made:
        recipe, icc = self._recipe, loaded.info.icc
        pixels = to_srgb(loaded.frame.pixels, icc) if icc else loaded.frame.pixels
        objective = recipe.objective
        if not objective:
            objective = top_class(recipe.card(), pixels, recipe.max_size)
            self.tell(Noted("", TOP.format(objective)))
        question, methods = ask(recipe.card(), objective), recipe.methods()
        with stoppable() as stop:
            found, whole = explain_all(recipe, question, methods, pixels, self.tell, stop)
        self.stopped = stop()
        for note in notes_of(found):
            self.tell(Noted("", note))
        if not whole:
            self.tell(Noted("", "What was ready is written; the same command makes the whole."))
        return Made(partial(self._keep, loaded, found, draw(recipe, found, loaded.job.target), whole), whole)

    def _keep(
        self, loaded: Loaded, found: Sequence[Explanation], drawn: Frame | None, whole: bool, write: Write
    ) -> None:
        """Write what was drawn; the maps themselves if nothing was."""
        job, carrying = loaded.job, self.order.carrying
        source, settings = (job.source, loaded.source_sha256), {"objective": found[0].objective}
        making = self.making if whole else replace(self.making, options={**self.making.options, "partial": True})
        if drawn is None:
            maps, names = np.stack([one.map for one in found]), [str(one.method) for one in found]
            keep_maps(maps, names, job.target, making, carrying, source, settings, write)
        else:
            keep_picture(drawn, job.target, making, carrying, None, self.order.quality, source, settings, write)


def explain_all(
    recipe: Explaining, question: Question, methods: Sequence[Method], pixels: Array, tell: Tell, stop: Stop
) -> tuple[list[Explanation], bool]:
    """Explain a picture (height, width, 3) by each method; fewer of them if the user stops.

    Where the recipe asks for all methods, those that do not suit the model are left out, and a note says so.

    Returns:
        The explanations, and whether they are whole: the user did not stop.

    Raises:
        DreampipeError: a method does not suit the model or the picture.
        KeyboardInterrupt: the user stopped before a method had any result.
    """
    found: list[Explanation] = []
    unsuited: list[str] = []
    seen_size(question.card, (pixels.shape[0], pixels.shape[1]), recipe.max_size)  # no method suits a small picture
    progress = _Progress(tell, stop, len(methods))
    for method in methods:
        try:
            found.append(
                explain(
                    question,
                    pixels,
                    method,
                    seed=recipe.seed,
                    max_size=recipe.max_size,
                    progress=progress,
                    stopping=stop,
                )
            )
        except KeyboardInterrupt:
            if not found or stop.asked > 1:
                raise
            break
        except (ModelError, ObjectiveError) as error:
            last = method is methods[-1] and not found
            if last or not recipe.leaves_out or isinstance(error, OpeningError):
                raise
            unsuited.append(method.name)
        progress.finish_method()
        if stop():
            break
    if unsuited:
        names = f"{', '.join(unsuited)} cannot explain {question.text} of {question.card.name}"
        tell(Noted("", f"{names}, so they are left out: name one alone to read why."))
    return found, progress.done == len(methods) and not any(one.partial for one in found)


@dataclass
class _Progress:
    """Tells the share of all methods that is done, and once that the user has asked to stop."""

    tell: Tell
    stop: Stop
    count: int
    done: int = 0
    announced: bool = False

    def __call__(self, share: float) -> None:
        if self.stop() and not self.announced:
            self.announced = True
            self.tell(Noted("", "Stopping with what is ready; Ctrl-C again stops at once."))
        self.tell(Progressed("", (self.done + share) / self.count))

    def finish_method(self) -> None:
        self.done += 1
        self(0)


def notes_of(found: Sequence[Explanation]) -> tuple[str, ...]:
    """List the notes of explanations, each once; of several methods, under the names of those that it is about."""
    names: dict[str, list[str]] = {}
    for one in found:
        for note in one.notes:
            names.setdefault(note, []).append(one.method.name)
    return tuple(note if len(found) == 1 else f"{', '.join(about)}: {note}" for note, about in names.items())


def draw(recipe: Explaining, found: Sequence[Explanation], target: Path) -> Frame | None:
    """Draw the picture that a recipe asks for; None if the target takes the numbers of the maps."""
    if is_map(target):
        return None
    match recipe.show:
        case "overlay":
            return Frame(found[0].overlay())
        case "map":
            return Frame(found[0].picture())
    return draw_explanations(found, recipe.size)
