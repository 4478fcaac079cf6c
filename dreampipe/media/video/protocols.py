"""The two ends of a film: a `Source` that frames come from and a `Target` that they go to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dreampipe.frames import Frame
from dreampipe.media.video.info import FilmInfo, Survey


class Source(Protocol):
    """The source of a film's frames; frozen and picklable, and holds nothing open."""

    @property
    def info(self) -> FilmInfo: ...

    def sha256(self) -> str:
        """The SHA-256 of all that decides its frames and its sound, in hexadecimal."""
        ...

    def survey(self, on_frame: Callable[[int], None] | None = None) -> Survey:
        """One pass over all frames: their stamps, where shots begin, what is damaged. Memory stays flat.

        Args:
            on_frame: told how many frames have been seen, after each.

        Raises:
            MediaError: there is no frame that can be decoded.
        """
        ...

    def frames(self, survey: Survey, first: int = 0) -> Iterator[Frame]:
        """The frames from index `first` on, upright; the very same ones whatever `first` is.

        Raises:
            MediaError: the file is no longer what was surveyed.
        """
        ...


@dataclass(frozen=True)
class Encoding:
    """The encoding that the user asks for.

    Attributes:
        codec: "h264", "h265", "av1", "vp9", "prores" or "ffv1"; None for what suits the container and the depth.
        crf: constant rate factor, lower is better; None for the codec's default.
        chroma: the layout of colours, "420", "422" or "444"; None for that of the source, where the codec has it.
        drop: leave out streams that the container cannot hold, instead of refusing.
    """

    codec: str | None = None
    crf: int | None = None
    drop: bool = False
    chroma: str | None = None

    @property
    def key(self) -> str:
        """Name all that it decides, for a hash; as earlier versions did where they knew all of it."""
        chroma = f", chroma={self.chroma!r}" if self.chroma else ""
        return f"Encoding(codec={self.codec!r}, crf={self.crf!r}, drop={self.drop!r}{chroma})"


class Target(Protocol):
    """The target of a film's frames; frozen and picklable, and holds nothing open."""

    @property
    def path(self) -> Path: ...

    @property
    def info(self) -> FilmInfo:
        """The facts for the film's header."""
        ...

    def check(self) -> tuple[str, ...]:
        """Sentences on what will be lost, before anything is decoded.

        Raises:
            MediaError: the film cannot be written there in that form.
        """
        ...

    def need(self, survey: Survey, keep: bool = False) -> int:
        """Bytes that its segments and the film take on the disk together, roughly and rather too many.

        Args:
            survey: how many frames it has.
            keep: whether all segments stay until the film is whole.
        """
        ...

    def segment(self, path: Path, survey: Survey, first: int) -> AbstractContextManager[Callable[[Frame], None]]:
        """Open one segment that begins with frame `first`; call what comes with each of its frames, in order.

        After the block the file `path` is whole and on the disk; it is absent when the block raised.
        """
        ...

    def whole(self, segment: Path) -> bool:
        """Say whether the other files that a segment's file names are unchanged; raises MediaError."""
        ...

    def join(self, segments: Sequence[Path], survey: Survey, on_joined: Callable[[Path], None] | None = None) -> None:
        """Make the film of its segments; its name appears only when it is whole, and nothing is left where it fails.

        With `on_joined` the segments lie with the film in a folder of their own, and this is told of each that may be
        removed. What then is left there brings back all that were removed: see `released.Journal`.
        """
        ...
