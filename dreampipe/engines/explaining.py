"""Explain pictures: the methods of a recipe, one after the other, and what is written of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from dreampipe.drawings.explanations import draw_explanations
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import keep_maps, keep_picture
from dreampipe.engines.makers import Loaded, Made, Write
from dreampipe.engines.orders import Order
from dreampipe.engines.stopping import Stop, stoppable
from dreampipe.errors import DreampipeError, OpeningError
from dreampipe.events import Noted, Progressed, Tell
from dreampipe.explanations import Explanation
from dreampipe.explanations.attribution import Method
from dreampipe.explanations.explaining import ask, choose_suitable, explain, say_left_out, seen_size, top_class
from dreampipe.explanations.question import Question
from dreampipe.explanations.reading import write_in_full
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

    def foresee(self, loaded: Loaded) -> Forecast:
        size = seen_size(self._recipe.card(), (loaded.frame.height, loaded.frame.width), self._recipe.max_size)
        return Forecast(str(loaded.job.source), (loaded.job.target,), size)

    def make(self, loaded: Loaded) -> Made:
        recipe, pixels = self._recipe, to_srgb(loaded.frame.pixels, loaded.info.icc)
        objective = recipe.objective
        if not objective:
            objective = top_class(recipe.card(), pixels, recipe.max_size)
            self.tell(Noted("", TOP.format(objective)))
        question = ask(recipe.card(), objective)
        methods, _ = choose_suitable(recipe.methods(), question)  # the check has told of the others
        with stoppable() as stop:
            found, whole = explain_all(recipe, question, methods, pixels, self.tell, stop)
        self.stopped = stop()
        for note in notes_of(found):
            self.tell(Noted("", note))
        if not whole:
            self.tell(Noted("", "What was ready is written; the same command makes the whole."))
        full, drawn = ", ".join(map(write_in_full, methods)), draw(recipe, found, loaded.job.target)
        return Made(partial(self._keep, loaded, found, full, drawn, whole), whole)

    def _keep(
        self, loaded: Loaded, found: Sequence[Explanation], methods: str, drawn: Frame | None, whole: bool, write: Write
    ) -> None:
        """Write what was drawn; the maps themselves if nothing was."""
        job, carrying = loaded.job, self.order.carrying
        source, settings = (job.source, loaded.source_sha256), {"objective": found[0].objective, "method": methods}
        making = self.making if whole else replace(self.making, options={**self.making.options, "partial": True})
        if drawn is None:
            maps, names = np.stack([one.map for one in found]), [str(one.method) for one in found]
            keep_maps(maps, names, job.target, making, carrying, source, settings, write)
        else:
            keep_picture(drawn, job.target, making, carrying, None, self.order.quality, source, settings, write)


def explain_all(
    recipe: Explaining, question: Question, methods: Sequence[Method], pixels: Array, tell: Tell, stop: Stop
) -> tuple[list[Explanation], bool]:
    """Explain a picture (height, width, 3) by each method, and say whether the result is whole.

    A method that fails, for example because it does not suit the model or the picture, is left out with a note if
    another one has a result. The result is not whole if the user stopped.

    Raises:
        DreampipeError: every method failed, or the model cannot be opened.
        KeyboardInterrupt: the user stopped before a method had any result.
    """
    found: list[Explanation] = []
    refused: list[tuple[Method, DreampipeError]] = []
    announced = [False]

    def progress(share: float) -> None:
        if stop() and not announced[0]:
            announced[0] = True
            tell(Noted("", "Stopping with what is ready; Ctrl-C again stops at once."))
        tell(Progressed("", (len(found) + len(refused) + share) / len(methods)))

    explain_one = partial(
        explain, question, pixels, seed=recipe.seed, max_size=recipe.max_size, progress=progress, stopping=stop
    )
    for method in methods:
        try:
            found.append(explain_one(method))
        except OpeningError:
            raise
        except DreampipeError as error:
            refused.append((method, error))
        except KeyboardInterrupt:
            if not found or stop.asked != 1:
                raise
        progress(0)
        if stop():
            break
    if not found:
        raise KeyboardInterrupt if stop() else refused[0][1]
    for method, reason in refused:
        tell(Noted("", say_left_out(method, reason)))
    return found, len(found) + len(refused) == len(methods) and not any(one.partial for one in found)


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
