"""What the name of an output says of its form: a film by packets, an animated picture, or numbered pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.video.codecs import CONTAINERS, Codec, Container, Form, codec_named, form_of
from dreampipe.media.video.info import FilmInfo, Survey
from dreampipe.media.video.protocols import Encoding, Target


@dataclass(frozen=True)
class Film:
    """A film of packets; a `Target`.

    Attributes:
        path: the file.
        info: what the film is to say of itself; sound and all else beside the picture come from `info.path`.
        encoding: how it is to be encoded.
    """

    path: Path
    info: FilmInfo
    encoding: Encoding

    @property
    def container(self) -> Container:
        return CONTAINERS[self.path.suffix.lower()]

    @property
    def codec(self) -> Codec:
        return codec_named(self.encoding.codec, self.container, self.info.bits)

    @property
    def form(self) -> Form:
        return form_of(self.info, self.codec, self.encoding.crf)

    def check(self) -> tuple[str, ...]:
        from dreampipe.media.video.checking import check_film

        return check_film(self.path, self.container, self.form, self.info, self.encoding.drop)

    def segment(self, path: Path, survey: Survey, first: int) -> AbstractContextManager[Callable[[Frame], None]]:
        from dreampipe.media.video.segments import segment

        return segment(path, self.form, (self.info.height, self.info.width))

    def join(self, segments: Sequence[Path], survey: Survey) -> None:
        from dreampipe.media.video.joining import join

        join(self.path, self.container, self.form, self.info, survey, segments, self.encoding.drop)


def target_of(path: str | os.PathLike[str], info: FilmInfo, encoding: Encoding | None = None) -> Target:
    """Where a film is to go, by the form of its name.

    Args:
        path: a name ending in .mp4, .m4v, .mov, .mkv or .webm for a film.
        info: what it is to say of itself.
        encoding: how it is to be encoded.

    Raises:
        MediaError: the name has another form.
    """
    target = Path(path)
    if target.suffix.lower() in CONTAINERS:
        return Film(target, info, encoding or Encoding())
    raise MediaError(f"{target} is no film.")
