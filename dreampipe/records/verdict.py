"""The verdict on an output that was made again: whether its pixels are the same, and if not, why.

Two things are compared: the frames before encoding, by the hashes in both records, and what both files show, decoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dreampipe.backend.choosing import BACKENDS
from dreampipe.errors import printable
from dreampipe.media.formats import format_of_suffix
from dreampipe.records.again import Again
from dreampipe.records.compared import how_far_apart
from dreampipe.records.making import LIBRARIES
from dreampipe.records.record import Record

_COMPUTING = ("backend", "device", "machine", "dreampipe", "precision", "the precision", *BACKENDS, *LIBRARIES)
_COMPUTED = re.compile(f"({'|'.join(_COMPUTING)}) was |a GPU computes ")
"""The reasons of a difference that should be small: what computes is another, and not what it computes."""


@dataclass(frozen=True)
class Verdict:
    """The result of making an output again.

    Attributes:
        frames: whether the frames before encoding are those of the record.
        files: whether both files show the same pixels; None if the first file is missing.
        reasons: phrases on what has changed; if there is none, nothing explains a difference.
    """

    frames: bool
    files: bool | None
    reasons: tuple[str, ...]

    @property
    def explained(self) -> bool:
        """Say whether the pixels are the same, or the reason for their difference is known."""
        return (self.frames and self.files is not False) or bool(self.reasons)

    def __str__(self) -> str:
        why = "; ".join(self.reasons) or "nothing that is recorded does"
        match self.frames, self.files:
            case True, True:
                return "the pixels are the same"
            case True, None:
                return "the frames before encoding are the same; the first file is not there to compare with"
            case True, False:
                return f"the frames before encoding are the same, but the pixels in the files differ: {why}"
            case False, True:
                because = f": {why}" if self.reasons else ""
                return f"the pixels in the files are the same, but not those that the record describes{because}"
        return f"the pixels differ: {why}"


def verdict(begun: Again, made: Record, first: Path, second: Path, files: bool | None) -> Verdict:
    """Compare an output with the one whose record it was made from.

    Args:
        begun: the first record, and what it names.
        made: the record of the new output.
        first, second: the two outputs.
        files: whether they show the same pixels; None if the first is missing.
    """
    was, now = begun.record.output, made.output
    forms = (
        ("size", f"{was.width}x{was.height}", f"{now.width}x{now.height}"),
        ("depth", f"{was.bits} bits", f"{now.bits} bits"),
        ("transparency", "kept" if was.alpha else "left out", "kept" if now.alpha else "left out"),
        ("number of frames", str(was.frames or 1), str(now.frames or 1)),
    )
    frames = was.pixels == now.pixels
    reasons = [*begun.changes, *begun.others]
    reasons += [f"the {what} was {old} and is {new}" for what, old, new in forms if old != new]
    devices = begun.record.versions.get("device"), made.versions.get("device")
    if all(devices) and devices[0] != devices[1] and not any(reason.startswith("device was") for reason in reasons):
        reasons.append(f"device was {printable(str(devices[0]))} and is {devices[1]}")
    if not frames and any(record.versions.get("repeatable") == "no" for record in (begun.record, made)):
        reasons.append("a GPU computes other bits in each run without --repeatable")
    if files is False and any(_COMPUTED.match(reason) for reason in reasons):
        reasons += how_far_apart(first, second)
    if begun.record.model != made.model and not reasons:  # the first model was not on the disk before
        reasons.append("the model is another than it was")
    if frames and files is False:
        kinds = _kind(first), _kind(second)
        reasons += [f"the format was {kinds[0]} and is {kinds[1]}"] if kinds[0] != kinds[1] else []
        reasons += [begun.edit] if begun.edit else []
    return Verdict(frames, files, tuple(reasons))


def _kind(path: Path) -> str:
    """The format of a picture, or the suffix of another output, for people."""
    format = format_of_suffix(path)
    return format.name if format else path.suffix.lower().removeprefix(".") or "a folder"
