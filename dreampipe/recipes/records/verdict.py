"""What came of making an output once more: whether its pixels are the same, and why not as far as that is known."""

from __future__ import annotations

from dataclasses import dataclass

from dreampipe.recipes.records.again import Again
from dreampipe.recipes.records.record import Record


@dataclass(frozen=True)
class Verdict:
    """What came of making it once more.

    Attributes:
        same: whether the pixels are the same.
        reasons: what is another, each as a phrase; where there is none, nothing is known that explains a difference.
    """

    same: bool
    reasons: tuple[str, ...]

    @property
    def explained(self) -> bool:
        """Whether the pixels are the same, or something is known that makes them differ."""
        return self.same or bool(self.reasons)

    def __str__(self) -> str:
        if self.same:
            return "the pixels are the same"
        return f"the pixels differ: {'; '.join(self.reasons) or 'nothing that is recorded does'}"


def verdict(begun: Again, made: Record) -> Verdict:
    """How an output compares to the one whose record it was made from."""
    was, now = begun.record.output, made.output
    forms = (
        ("size", f"{was.width}x{was.height}", f"{now.width}x{now.height}"),
        ("depth", f"{was.bits} bits", f"{now.bits} bits"),
        ("transparency", "kept" if was.alpha else "left out", "kept" if now.alpha else "left out"),
        ("number of frames", str(was.frames or 1), str(now.frames or 1)),
    )
    reasons = [*begun.changes, *begun.others]
    reasons += [f"the {what} was {old} and is {new}" for what, old, new in forms if old != new]
    if begun.record.model != made.model and not reasons:  # which was not on the disk before
        reasons.append("the model is another than it was")
    return Verdict(was.pixels == now.pixels, tuple(reasons))
