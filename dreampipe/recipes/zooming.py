"""The endless dive as a recipe: how a still is dreamed, how the camera moves, and for how long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from dreampipe.ascent import Ascent
from dreampipe.ascent.octaves import Size, fit
from dreampipe.errors import RecipeError
from dreampipe.frames import Array, Frame
from dreampipe.media.video import FilmInfo, Survey
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.fields import DREAM, EXPERT_FILMS, FILMS, Shown
from dreampipe.recipes.keyframes import parse_rate
from dreampipe.stages import Dream, Resize
from dreampipe.stages.camera import Camera
from dreampipe.stages.zoom import Zoom, held

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"


def _fps(value: Any) -> str:
    """A rate of one spelling: 30, 25/2, 30000/1001."""
    try:
        return str(parse_rate(str(value)))
    except RecipeError:
        raise PydanticCustomError("fps", "frames a second such as 24 or 30000/1001") from None


def _shift(value: Any) -> str:
    """A shift of one spelling: 2,-0.5."""
    text = value if isinstance(value, str) else ",".join(map(str, value)) if isinstance(value, list | tuple) else ""
    match = re.fullmatch(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*", text)
    if not match or max(abs(float(part)) for part in match.groups()) > 4096:
        raise PydanticCustomError("shift", "pixels to the right and down, at most 4096 each, such as 2,-0.5")
    return ",".join(f"{float(part) + 0:g}" for part in match.groups())


# What a file may say beside text.
_RATE = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]})
_PAIR = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}]}
)


class Zooming(Climbing):
    """Settings of a film out of one still, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    objective: Annotated[str | None, Shown(DREAM, unset="the model's own")] = Field(
        None, description="What to climb, for example each(mixed5), mixed4[12]@center or logit(eye)."
    )
    size: Annotated[int, Shown(FILMS)] = Field(
        1280, ge=16, le=8192, description="Longest side of the film, in pixels; smaller pictures keep their size."
    )
    max_size: Annotated[int | None, Shown(DREAM, unset="what fits into the free memory")] = Field(
        None, ge=1, description="Longest side to dream at; larger films keep their size."
    )
    seconds: Annotated[float, Shown(FILMS)] = Field(
        10, gt=0, le=86400, allow_inf_nan=False, description="Length of the film, in seconds."
    )
    fps: Annotated[str, BeforeValidator(_fps), _RATE, Shown(FILMS)] = Field(
        "30", description="Frame rate, for example 30, 29.97 or 30000/1001."
    )
    zoom: Annotated[float, Shown(FILMS)] = Field(
        1.03, ge=0.5, le=2, allow_inf_nan=False, description="Enlargement from each frame to the next."
    )
    turn: Annotated[float, Shown(FILMS)] = Field(
        1.0,
        ge=-180,
        le=180,
        allow_inf_nan=False,
        description="Rotation from each frame to the next, in degrees counterclockwise.",
    )
    shift: Annotated[str, BeforeValidator(_shift), _PAIR, Shown(FILMS)] = Field(
        "0,0", description="Pixels that the camera moves right and down in each frame."
    )
    loop: Annotated[bool, Shown(FILMS)] = Field(False, description="End the film where it began.")
    refresh_steps: Annotated[int, Shown(EXPERT_FILMS)] = Field(
        2, ge=0, le=1000, description="Steps at each size in each frame after the first."
    )
    refresh_octaves: Annotated[int, Shown(EXPERT_FILMS)] = Field(
        3, ge=1, le=32, description="Number of sizes to climb at in each frame after the first, the full size included."
    )

    @property
    def of_picture(self) -> bool:
        return True

    @property
    def rate(self) -> Fraction:
        """Frames a second."""
        return Fraction(self.fps)

    @property
    def count(self) -> int:
        """Frames of the film; raises RecipeError where there is none."""
        count = round(Fraction(repr(self.seconds)) * self.rate)
        if not count:
            raise RecipeError(
                f"{self.seconds:g} seconds at {self.fps} frames a second came, but that is less than one frame: "
                "give more of either."
            )
        return count

    def camera(self) -> Camera:
        """How the picture moves from frame to frame."""
        right, down = map(float, self.shift.split(","))
        return Camera(self.zoom, self.turn, (right, down))

    def ascent(self) -> Ascent:
        """How the still is dreamed; raises DreampipeError for what is not there, before anything is loaded."""
        return self.ascent_of(self.card().objective if self.objective is None else self.objective)

    def zoom_of(self, max_size: int | None = None, begun: Array | None = None, **heard: Any) -> Zoom:
        """The stage; raises DreampipeError as `ascent`.

        Args:
            max_size: longest side to climb at, where the recipe says none.
            begun: the dream to go on from, as of `Zoom`.
            heard: `on_step` and `on_note` of `Dream`.
        """
        ascent = self.ascent()
        few = replace(ascent, octaves=self.octave_row(self.refresh_octaves, rounds=1), steps=self.refresh_steps)
        dream = Dream(ascent, self.seed, self.max_size or max_size, **heard)
        return Zoom(dream, few, self.count, self.camera(), self.loop, begun=begun)

    def film(self, still: Frame, first: int = 0, begun: Array | None = None, **how: Any) -> Iterator[Frame]:
        """The frames of the film of a still of any size.

        Args:
            first: the index of the first frame to make.
            begun: (height, width, 3), the dream of the one before it, where there is one.
            how: `max_size`, `on_step` and `on_note` of `zoom_of`.
        """
        return self.zoom_of(begun=begun, **how)(held(self.framed(still), self.count, self.rate, first))

    def survey(self) -> Survey:
        """When the frames are shown."""
        return Survey(np.arange(self.count, dtype=np.int64), 1, 1 / self.rate)

    def info(self, height: int, width: int) -> FilmInfo:
        """What the film of a still of this size says of itself."""
        height, width = self.film_size(height, width)
        rate = self.rate
        return FilmInfo(
            width=width, height=height, time_base=1 / rate, rate=rate, codec="rawvideo", pixel_format="rgb24"
        )

    def film_size(self, height: int, width: int) -> Size:
        """Height and width of the film of a still of this size: even, for most films store colours in blocks of 2x2."""
        height, width = Resize(self.size).size(height, width)
        return max(2, height // 2 * 2), max(2, width // 2 * 2)

    def framed(self, still: Frame) -> Frame:
        """The still at the size of the film, without its alpha."""
        return Frame(fit(still.pixels, self.film_size(still.height, still.width)))

    def sha256(self) -> str:
        """The hash of all that decides the film beside its still: settings, model bytes, files it names."""
        return self.hashed(self.ascent())
