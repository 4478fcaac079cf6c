"""Explain one film: a first pass over some frames chooses what is explained and one scale for all colours."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from dreampipe.ascent.octaves import Size
from dreampipe.engines.explaining import TOP
from dreampipe.engines.filming import Chosen, Filming
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import likeness
from dreampipe.engines.pacing import ahead
from dreampipe.events import Progressed
from dreampipe.explanations import Explanation
from dreampipe.explanations.explaining import ask, class_logits, explain, name_class, seen_size
from dreampipe.explanations.reading import write_in_full
from dreampipe.frames import Array, Frame
from dreampipe.media.video import Survey, Target, target_of
from dreampipe.recipes import Explaining

FIRST_PASS = 12
"""The frames of the first pass, evenly spread."""


@dataclass(frozen=True, eq=False)
class ExplainedFilm(Filming):
    """The making of an explained film: each frame's overlay or map, in colours of one scale."""

    @property
    def recipe(self) -> Explaining:
        assert isinstance(self.order.recipe, Explaining)
        return self.order.recipe

    def target(self, path: os.PathLike[str], record: str | None = None) -> Target:
        return target_of(path, likeness(self.source.info, self.order.carrying), self.order.encoding, record)

    def open(self) -> None:
        from dreampipe.models.opening import open_model

        open_model(self.recipe.card())

    def choose(self, survey: Survey) -> Chosen:
        objective = self.recipe.objective or self._top_class(survey)
        passing = enumerate(self._some(survey), 1)
        scale = max(self._tell_share(self._explain(frame, objective).scale, at, survey) for at, frame in passing)
        return {"objective": objective, "scale": scale}

    def _top_class(self, survey: Survey) -> str:
        """Name the class with the largest mean logit over some frames."""
        card, size = self.recipe.card(), self.recipe.max_size
        logits = [class_logits(card, frame.pixels, size) for frame in self._some(survey)]
        return name_class(card, int(np.mean(logits, axis=0).argmax()))

    def _some(self, survey: Survey) -> Iterator[Frame]:
        """Yield the frames of the first pass."""
        chosen = set(np.linspace(0, len(survey) - 1, min(len(survey), FIRST_PASS)).round().astype(int).tolist())
        for frame in self.source.frames(survey):
            if frame.index in chosen:
                yield frame
            if frame.index == max(chosen):
                return

    def _tell_share(self, scale: float, done: int, survey: Survey) -> float:
        self.tell(Progressed(self.job.name, done / min(len(survey), FIRST_PASS)))
        return scale

    def _explain(self, frame: Frame, objective: str) -> Explanation:
        recipe = self.recipe
        (method,) = recipe.methods()
        question = ask(recipe.card(), objective)
        return explain(question, frame.pixels, method, seed=recipe.seed, max_size=recipe.max_size)

    def is_choice(self, chosen: Chosen) -> bool:
        objective, scale = chosen["objective"], chosen["scale"]
        asked = isinstance(objective, str) and objective != "" and self.recipe.objective in ("", objective)
        return asked and isinstance(scale, float) and math.isfinite(scale) and scale >= 0

    def announce(self, survey: Survey, chosen: Chosen) -> None:
        if not self.recipe.objective:
            self.note(TOP.format(chosen["objective"]))
        frames = min(len(survey), FIRST_PASS)
        self.note(
            f"The colours have one scale in the whole film: the full colour is {chosen['scale']:.2g} a pixel, the "
            f"largest of {frames} evenly spread frames."
        )

    def settings(self, chosen: Chosen) -> Mapping[str, Any]:
        return {"objective": chosen["objective"], "method": ", ".join(map(write_in_full, self.recipe.methods()))}

    def plan(self, survey: Survey, chosen: Chosen, parts: Sequence[range]) -> None:
        return None  # its time is not estimated

    def frames(self, survey: Survey, chosen: Chosen, indices: range, carried: Array | None) -> Iterator[Frame]:
        noted = False
        with closing(ahead(self.source_frames(survey, indices), "decode")) as coming:
            for frame in coming:
                found = self._explain(frame, chosen["objective"])
                for note in () if noted else found.notes:  # those of other frames would repeat them
                    self.note(note)
                noted = True
                draw = found.picture if self.recipe.show == "map" else found.overlay
                yield replace(frame, pixels=draw(chosen["scale"]), extras=MappingProxyType({}))

    def foresee_frames(self, survey: Survey) -> Forecast:
        info, recipe = self.source.info, self.recipe
        size = seen_size(recipe.card(), (info.height, info.width), recipe.max_size)
        return Forecast(str(self.job.source), (self.job.target,), size, len(survey))

    def carry(self, frame: Frame) -> Array:
        return np.zeros((1, 1, 3), np.float32)  # frames are explained independently

    @property
    def carried_size(self) -> Size:
        return 1, 1

    @property
    def independent(self) -> bool:
        return True
