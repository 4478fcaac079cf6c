"""The frames of a film for those who only want to iterate over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

from dreampipe.frames import Frame
from dreampipe.media.video.info import Survey
from dreampipe.media.video.protocols import Source


class Frames(Sequence[Frame]):
    """The frames of a film, decoded anew whenever they are asked for; memory stays flat.

    Args:
        source: where they come from.
    """

    def __init__(self, source: Source) -> None:
        self.source = source

    @cached_property
    def survey(self) -> Survey:
        """The result of a first pass: stamps, cuts, and in `problem` what is missing or damaged."""
        return self.source.survey()

    def __len__(self) -> int:
        return len(self.survey)

    def __iter__(self) -> Iterator[Frame]:
        return self.source.frames(self.survey)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Frame, ...]: ...
    def __getitem__(self, index: int | slice) -> Frame | tuple[Frame, ...]:
        """One frame, or those of a slice; all frames before the first of them are decoded, too."""
        chosen = range(len(self))[index]
        if isinstance(chosen, int):
            return next(self.source.frames(self.survey, chosen))
        if not chosen:
            return ()
        first, last = min(chosen), max(chosen)
        coming = zip(range(first, last + 1), self.source.frames(self.survey, first), strict=False)
        kept = {number: frame for number, frame in coming if number in chosen}
        return tuple(kept[number] for number in chosen)
