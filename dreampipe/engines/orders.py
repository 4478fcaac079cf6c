"""Orders: how a run makes every picture, and every film."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Self

import dreampipe
from dreampipe.errors import MediaError
from dreampipe.media import MAX_PIXELS, Inputs, Job
from dreampipe.media.video import Encoding, FilmInfo, check_part, target_of
from dreampipe.recipes import Explaining, FilmRecipe, Recipe
from dreampipe.recipes.keyframes import parse_rate, parse_time, print_time
from dreampipe.recipes.tasks import TASKS, Option, command_of
from dreampipe.records.again import Again
from dreampipe.records.making import USUAL, Carrying, Making

_ANY = FilmInfo(width=2, height=2, time_base=Fraction(1), rate=None, codec="rawvideo", pixel_format="rgb24")
"""Any film, in place of one that is not open yet."""


@dataclass(frozen=True)
class FilmOrder:
    """The order for films: how a run makes each one.

    Attributes:
        recipe: how to dream or explain.
        encoding: how to encode the output.
        start, end: seconds; only the part between them is read. None for the ends of the film.
        fps: frame rate of numbered pictures; None for 24.
        preview: dream a small version, and estimate how long the whole film takes.
        max_pixels: refuse larger films.
        overwrite: whether to replace files that are not this very output.
        keep_work: keep the segments of a finished film.
        carrying: what the output carries apart from its frames.
        whole: see pictures and frames whole where half of the free memory has room, as `fitting.choose` says.
    """

    recipe: FilmRecipe | Explaining
    encoding: Encoding = field(default_factory=Encoding)
    start: Fraction | None = None
    end: Fraction | None = None
    fps: Fraction | None = None
    preview: bool = False
    max_pixels: int = MAX_PIXELS
    overwrite: bool = False
    keep_work: bool = False
    carrying: Carrying = USUAL
    whole: bool = False

    @classmethod
    def remade(cls, again: Again, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the order by which a recorded dream or explanation is made again: whole, if it names no tile."""
        assert isinstance(again.recipe, FilmRecipe | Explaining)
        start, end, fps = map(again.option, ("start", "end", "fps"))
        return cls(
            recipe=again.recipe,
            encoding=Encoding(
                again.option("codec"), again.option("crf"), bool(again.option("drop_streams")), again.option("chroma")
            ),
            start=parse_time(start) if start else None,
            end=parse_time(end) if end else None,
            fps=parse_rate(fps) if fps else None,
            preview=bool(again.option("preview")),
            max_pixels=max_pixels,
            overwrite=overwrite,
            carrying=carrying,
            whole=True,
        )

    def of(self, job: Job) -> Self:
        """Return the order for one film: an animated picture of a folder takes none of the encoding of its films."""
        return replace(self, encoding=Encoding()) if job.animated else self

    def check_options(self, jobs: Iterable[Job]) -> None:
        """Raise MediaError for a part that is none, and for options of films if there is no film."""
        check_part(self.start, self.end)
        options = {
            "start": self.start,
            "end": self.end,
            "fps": self.fps,
            "codec": self.encoding.codec,
            "crf": self.encoding.crf,
            "chroma": self.encoding.chroma,
            "drop-streams": self.encoding.drop or None,
            "keep-work": self.keep_work or None,
        }
        of_animations = () if not any(job.film for job in jobs) else ("start", "end", "keep-work")
        films = any(job.film and not job.animated for job in jobs)
        came = [f"--{name}" for name, value in options.items() if value is not None and name not in of_animations]
        if came and not films:
            raise MediaError(f"{' and '.join(came)} came for pictures, but films alone take that: leave it out.")

    def check(self, jobs: Iterable[Job]) -> None:
        """Raise MediaError for an encoding that one of these films cannot have, before any is opened."""
        for job in jobs:
            if job.film:
                target_of(job.target, _ANY, self.of(job).encoding)

    def sha256(self) -> str:
        """Hash everything that decides an output's frames, apart from its source."""
        deciding = (
            self.recipe.film_sha256(),
            self.encoding.key,
            self.preview,
            self.carrying.key,
            dreampipe.__version__,
        )
        return hashlib.sha256(json.dumps(deciding).encode()).hexdigest()

    def sha256_of_part(self) -> str:
        """Hash what `sha256` does and the part of the source that is read, where nothing has opened that source."""
        part = (self.start, self.end, self.fps)
        told = f"{self.sha256()} {' '.join(map(str, part))}"
        return self.sha256() if part == (None, None, None) else hashlib.sha256(told.encode()).hexdigest()

    @property
    def making(self) -> Making:
        """The records of the films."""
        times = {"start": self.start, "end": self.end}
        options: dict[str, Option | None] = {
            "codec": self.encoding.codec,
            "crf": self.encoding.crf,
            "chroma": self.encoding.chroma,
            "drop_streams": self.encoding.drop,
            "fps": None if self.fps is None else str(self.fps),
            "preview": self.preview,
            **{name: None if time is None else print_time(time) for name, time in times.items()},
        }
        command = command_of(type(self.recipe))
        return Making(command, self.recipe, {key: options[key] for key in options if key in TASKS[command].options})


@dataclass(frozen=True)
class Order:
    """The order for pictures: how a run makes each one, and its films.

    Attributes:
        recipe: how to dream or explain.
        max_pixels: refuse larger pictures before decoding them.
        quality: of lossy formats, 1 to 100; None for each format's default.
        overwrite: whether to replace files that are not this very output.
        film: how to make the films; None if there are none.
        carrying: what an output carries apart from its pixels.
    """

    recipe: Recipe | Explaining
    max_pixels: int = MAX_PIXELS
    quality: int | None = None
    overwrite: bool = False
    film: FilmOrder | None = None
    carrying: Carrying = USUAL

    def sha256(self, whole: bool = True) -> str:
        """Hash everything that decides an output's bytes, apart from its source.

        Args:
            whole: False for the hash of an output that the user stopped, which a second run makes again.
        """
        if not whole:
            return hashlib.sha256(f"{self.sha256()} stopped".encode()).hexdigest()
        return hashlib.sha256(f"{self.recipe.sha256()} {self.quality} {self.carrying.key}".encode()).hexdigest()


def name_inputs(source: Inputs) -> str:
    """Name the input of a run for messages; several by their number."""
    return os.fspath(source) if isinstance(source, str | os.PathLike) else f"{len(source)} inputs"
