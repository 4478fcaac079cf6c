"""The recipe of a dive: how a still is dreamed, how the camera moves, and for how long. `drawings.dive` draws it."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from dreampipe.ascent import Ascent
from dreampipe.ascent.octaves import Size
from dreampipe.errors import RecipeError
from dreampipe.events import Tell, ignore
from dreampipe.frames import Array
from dreampipe.media.video import FilmInfo, Survey
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.fields import DREAM, EXPERT_FILMS, FILMS, Shown
from dreampipe.recipes.keyframes import parse_rate
from dreampipe.stages import Dream, Resize
from dreampipe.stages.camera import Camera
from dreampipe.stages.zoom import Zoom

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"


def _spell_rate(value: Any) -> str:
    """Write a frame rate in its one spelling: 30, 25/2, 30000/1001."""
    try:
        return str(parse_rate(str(value)))
    except RecipeError:
        raise PydanticCustomError("fps", "frames a second such as 24 or 30000/1001") from None


def _spell_shift(value: Any) -> str:
    """Write a shift in its one spelling: 2,-0.5."""
    text = value if isinstance(value, str) else ",".join(map(str, value)) if isinstance(value, list | tuple) else ""
    match = re.fullmatch(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*", text)
    if not match or max(abs(float(part)) for part in match.groups()) > 4096:
        raise PydanticCustomError("shift", "pixels to the right and down, at most 4096 each, such as 2,-0.5")
    return ",".join(repr(float(part) + 0).removesuffix(".0") for part in match.groups())


# The schema of what a file may hold: text, or these.
_RATE = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]})
_PAIR = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}]}
)


class Zooming(Climbing):
    """Settings of a film that dives into one still, with their defaults and ranges.

    The command line once called the camera's settings `scale` and `rotate`, so those of the ascent are for files alone.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    from_files: ClassVar[tuple[str, ...]] = ("scale", "rotate")

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
    fps: Annotated[str, BeforeValidator(_spell_rate), _RATE, Shown(FILMS)] = Field(
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
    shift: Annotated[str, BeforeValidator(_spell_shift), _PAIR, Shown(FILMS)] = Field(
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
        """The frame rate, in frames per second."""
        return Fraction(self.fps)

    @property
    def count(self) -> int:
        """The number of frames; raises RecipeError if the film is shorter than one."""
        count = round(Fraction(repr(self.seconds)) * self.rate)
        if not count:
            raise RecipeError(
                f"{self.seconds:g} seconds at {self.fps} frames a second came, but that is less than one frame: "
                "give more of either."
            )
        return count

    def camera(self) -> Camera:
        """Build the camera, which moves the picture from frame to frame."""
        right, down = map(float, self.shift.split(","))
        return Camera(self.zoom, self.turn, (right, down))

    def ascent(self) -> Ascent:
        """Build the ascent of the still; raises DreampipeError for a wrong objective, model or setting."""
        return self.ascent_of(self.card().objective if self.objective is None else self.objective)

    def zoom_of(self, max_size: int | None = None, begun: Array | None = None, tell: Tell = ignore) -> Zoom:
        """Build the stage; raises DreampipeError as `ascent` does.

        Args:
            max_size: longest side to climb at if the recipe has none.
            begun: the dream to continue from, as in `Zoom`.
            tell: hears each step and what had to be decided, as `Dream` tells them.
        """
        ascent = self.ascent()
        few = replace(ascent, octaves=self.octave_row(self.refresh_octaves, rounds=1), steps=self.refresh_steps)
        dream = Dream(ascent, self.seed, self.max_size or max_size, tell=tell)
        return Zoom(dream, few, self.count, self.camera(), self.loop, begun=begun)

    def survey(self) -> Survey:
        """List the times of the frames."""
        return Survey(np.arange(self.count, dtype=np.int64), 1, 1 / self.rate)

    def info(self, height: int, width: int) -> FilmInfo:
        """Describe the film of a still of this size."""
        height, width = self.film_size(height, width)
        rate = self.rate
        return FilmInfo(
            width=width, height=height, time_base=1 / rate, rate=rate, codec="rawvideo", pixel_format="rgb24"
        )

    def film_size(self, height: int, width: int) -> Size:
        """Compute height and width of the film of a still: even, as most films store colours in blocks of 2x2."""
        height, width = Resize(self.size).size(height, width)
        return max(2, height // 2 * 2), max(2, width // 2 * 2)

    def sha256(self) -> str:
        """Hash everything that decides the film apart from its still: settings, the model's bytes, and named files."""
        return self.hash_ascent(self.ascent())
