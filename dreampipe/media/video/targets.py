"""The form of an output by its name: a film of packets, an animated picture, or numbered pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.formats import ANIMATED, ANIMATED_SUFFIXES, animation_of, format_of, format_of_suffix
from dreampipe.media.patterns import is_pattern, pattern_of
from dreampipe.media.rows import Animation
from dreampipe.media.video.codecs import CODECS, CONTAINERS, Codec, Container, codec_named
from dreampipe.media.video.coding import Form, form_of
from dreampipe.media.video.info import FilmInfo, Survey
from dreampipe.media.video.meaning import keeps_meaning, stored_numbers
from dreampipe.media.video.numbering import is_whole, pictures_segment, publish
from dreampipe.media.video.protocols import Encoding, Target

TARGET_SUFFIXES = " ".join((*CONTAINERS, *ANIMATED))
"""The suffixes of films and animations that are written, as text for a sentence."""

# A film and its segments take so many times the film's room while they are joined, if those that are in it go.
_JOINED = 1.5
# Bits that a pixel of a dream takes, roughly, in pictures with and without loss.
_LOSSY_BITS, _PLAIN_BITS, _DEEP_BITS = 6.0, 20.0, 48.0


@dataclass(frozen=True)
class FilmFile:
    """A film of packets; a `Target`.

    Attributes:
        path: the file.
        info: what the film is to say of itself; sound and all else apart from the picture come from `info.path`.
        encoding: how it is to be encoded.
        record: how it was made, to be written by `join`; None for none.
    """

    path: Path
    info: FilmInfo
    encoding: Encoding
    record: str | None = None

    @property
    def container(self) -> Container:
        return CONTAINERS[self.path.suffix.lower()]

    @property
    def codec(self) -> Codec:
        return codec_named(self.encoding.codec, self.container, self.info.bits, self.info.alpha)

    @property
    def form(self) -> Form:
        codec = self.codec
        alpha = self.info.alpha and self.container.muxer in codec.alpha_in
        return form_of(replace(self.info, alpha=alpha), codec, self.encoding.crf, self.encoding.chroma)

    def check(self) -> tuple[str, ...]:
        from dreampipe.media.video.checking import check_film

        return check_film(self.path, self.container, self.form, self.info, self.encoding)

    def need(self, survey: Survey, keep: bool = False) -> int:
        """See `Target.need`; all else than the picture is taken to be as large as the source's file."""
        beside = self.info.path.stat().st_size if self.info.path and (self.info.sound or self.info.subtitles) else 0
        return round((2 if keep else _JOINED) * _bytes(self.info, survey, self.form.bits)) + beside

    def segment(self, path: Path, survey: Survey, first: int) -> AbstractContextManager[Callable[[Frame], None]]:
        from dreampipe.media.video.segments import segment

        form = self.form
        numbers = stored_numbers(self.info, keeps_meaning(self.info, form.deep))
        return segment(path, form, (self.info.height, self.info.width), numbers)

    def whole(self, segment: Path) -> bool:
        return True

    def join(self, segments: Sequence[Path], survey: Survey, on_joined: Callable[[Path], None] | None = None) -> None:
        from dreampipe.media.video.joining import join

        drop = self.encoding.drop
        join(self.path, self.container, self.form, self.info, survey, segments, drop, on_joined, self.record)


@dataclass(frozen=True)
class AnimationFile:
    """An animation; a `Target`.

    Attributes:
        path: the file.
        animation: the facts of its format.
        info: what its frames are.
        record: how it was made, which `join` writes if the format holds one; None for no record.
    """

    path: Path
    animation: Animation
    info: FilmInfo
    record: str | None = None

    @property
    def form(self) -> Form:
        """The form of the segments: upright and without loss, in 8 bits of RGB and perhaps alpha."""
        plain = FilmInfo(
            width=self.info.width,
            height=self.info.height,
            alpha=self.info.alpha,
            time_base=self.info.time_base,
            rate=self.info.rate,
            codec="rawvideo",
            pixel_format="rgb24",
        )
        return form_of(plain, CODECS["ffv1"], None)

    def check(self) -> tuple[str, ...]:
        from dreampipe.media.video.checking import check_animation

        return check_animation(self.path, self.animation, self.info)

    def need(self, survey: Survey, keep: bool = False) -> int:
        """See `Target.need`."""
        return _bytes(self.info, survey, self.form.bits + self.animation.cost)

    def segment(self, path: Path, survey: Survey, first: int) -> AbstractContextManager[Callable[[Frame], None]]:
        from dreampipe.media.video.segments import segment

        size = (self.info.height, self.info.width)
        return segment(path, self.form, size, stored_numbers(self.info, kept=False))

    def whole(self, segment: Path) -> bool:
        return True

    def join(self, segments: Sequence[Path], survey: Survey, on_joined: Callable[[Path], None] | None = None) -> None:
        from dreampipe.media.video.animations import join_animation

        size = (self.info.width, self.info.height)
        plays = self.info.plays or 0
        join_animation(self.path, self.animation, size, survey, segments, self.info.alpha, self.record, plays)


@dataclass(frozen=True)
class Pictures:
    """A folder of numbered pictures; a `Target`.

    Attributes:
        path: the pictures' names, with the place of the number: "frames/%06d.png".
        info: what its frames are.
    """

    path: Path
    info: FilmInfo

    def check(self) -> tuple[str, ...]:
        from dreampipe.media.video.checking import check_pictures_place

        return check_pictures_place(self.path, self.info)

    def need(self, survey: Survey, keep: bool = False) -> int:
        """See `Target.need`."""
        format = format_of(self.path)
        bits = _LOSSY_BITS if format.quality else _PLAIN_BITS if self.info.bits <= 8 or format.bits <= 8 else _DEEP_BITS
        return _bytes(self.info, survey, bits)

    def segment(self, path: Path, survey: Survey, first: int) -> AbstractContextManager[Callable[[Frame], None]]:
        return pictures_segment(path, self.path, self.info, first)

    def whole(self, segment: Path) -> bool:
        return is_whole(self.path, segment)

    def join(self, segments: Sequence[Path], survey: Survey, on_joined: Callable[[Path], None] | None = None) -> None:
        publish(self.path, len(survey), segments)


def _bytes(info: FilmInfo, survey: Survey, bits: float) -> int:
    return round(info.width * info.height * len(survey) * bits / 8)


def target_of(
    path: str | os.PathLike[str], info: FilmInfo, encoding: Encoding | None = None, record: str | None = None
) -> Target:
    """Choose the target of a film by its name; `check` says whether it can be written there.

    Args:
        path: the name of a film, with a suffix of `CONTAINERS`; of an animation, with one of `ANIMATED`; of a folder;
            or of pictures, with the place of their number ("frames/%05d.jpg"). A name without a suffix, or text that
            ends in a separator, is a folder's; an existing folder is one whatever its name.
        info: what the film is to say of itself.
        encoding: how it is to be encoded; only a film has a choice.
        record: how it was made, which `join` writes; numbered pictures and GIF have no place for it.

    Raises:
        MediaError: the name has none of these forms, or the encoding is not for a film of that name.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    encoding = encoding or Encoding()
    if suffix in CONTAINERS and not os.path.isdir(target):
        film = FilmFile(target, info, encoding, record)
        film.form  # noqa: B018 - refuses a codec or a CRF that is none
        return film
    if (encoding.codec, encoding.crf, encoding.chroma) != (None, None, None):
        raise MediaError(
            f"A codec, a CRF or a chroma came for {target}, but only a film has one: leave it out, or name one of "
            f"{' '.join(CONTAINERS)}."
        )
    if is_pattern(target) or not suffix or os.path.isdir(target) or os.fspath(path).endswith(("/", os.sep)):
        return Pictures(pattern_of(target), info)
    if animation := animation_of(target):
        return AnimationFile(target, animation, info, record)
    picture = format_of_suffix(target)
    numbered = f"%05d{suffix if picture and picture.writable else '.png'}"
    raise MediaError(
        f"{target} has the suffix {target.suffix}, but a film becomes one of {' '.join(CONTAINERS)}, an animated "
        f"{ANIMATED_SUFFIXES}, or numbered pictures in a folder: give it one of them, or a number as {numbered}."
    )
