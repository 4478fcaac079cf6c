"""What stands at a film's place, and how a new film comes there: recorded first, then whole under its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from dreampipe.engines.keeping import embedded, settle_sidecar, sidecar_fits
from dreampipe.engines.producing import Production
from dreampipe.engines.standing import foreign, own_record, proven, refusal
from dreampipe.media import Entry, Job, Manifest, sha256
from dreampipe.media.video import Target
from dreampipe.media.video.numbering import digest, is_numbered, listed, standing
from dreampipe.media.video.targets import Pictures
from dreampipe.media.work import Work
from dreampipe.media.writing import take_name, unwritable
from dreampipe.records.making import Carrying
from dreampipe.records.record import Record


@dataclass(frozen=True, eq=False)
class Output:
    """The place of a film: a file, or numbered pictures, of which each has an entry of its own in the manifest too.

    Attributes:
        job: the film.
        target: its form.
        manifest: the record of what has been written there.
        source_sha256, order_sha256: what the film is made of, and how.
        carrying: what it carries beside its frames.
    """

    job: Job
    target: Target
    manifest: Manifest
    source_sha256: str
    order_sha256: str
    carrying: Carrying

    def finished(self) -> Entry | None:
        """Find the manifest's entry of exactly this film, if the film is there; else None."""
        entry, path = self._entry, self.target.path
        if entry is None or not self._is_same(entry):
            return None
        whole = sidecar_fits(path, self.carrying, entry.sha256)
        return entry if whole and proven(path, entry, self.carrying, film=True) else None

    @cached_property
    def _entry(self) -> Entry | None:
        """The manifest's entry of the film that is there; hashing it takes a while, so it happens once."""
        found = digest(standing(self.target.path)) if isinstance(self.target, Pictures) else None
        return self.manifest.standing(self.job, found)

    def _is_same(self, entry: Entry) -> bool:
        return (entry.source_sha256, entry.recipe_sha256) == (self.source_sha256, self.order_sha256)

    def refusal(self, work: Work, key: str, now: Callable[[Record], Record]) -> str:
        """Why what stands there is not replaced unasked, as a sentence; empty where it may be, or nothing is there.

        Args:
            work: where the segments are.
            key: of this film there: what has begun to be published from it may be completed.
            now: from the record of the film that stands there, that of the film to be made.
        """
        if isinstance(self.target, Pictures):
            return self._refused_pictures(self.target.path, work, key, now)
        if not os.path.lexists(self.job.target):
            return ""
        return refusal(self.job.target, self._entry, self.carrying, True, now)

    def _refused_pictures(self, pattern: Path, work: Work, key: str, now: Callable[[Record], Record]) -> str:
        there = standing(pattern)
        newest = self.manifest.newest(self.job)
        own = self._own(begun=work.begun(key) is not None) if newest and self._is_same(newest) else {}
        others = [name for name, said in there.items() if own.get(name) != said]
        if not others:
            return ""  # some or all of this very film
        unknown = [name for name in others if newest is None or not self.manifest.ours(self._picture(name))]
        if unknown:
            return foreign(pattern.with_name(unknown[0]))
        return refusal(pattern, newest, self.carrying, True, now)

    def _own(self, begun: bool = False) -> dict[str, str]:
        """The SHA-256 by name of the pictures of the newest film here; none where its record does not agree.

        Args:
            begun: whether the work folder tells of this film, which says as much as a record.
        """
        newest = self.manifest.newest(self.job)
        if newest is None:
            return {}
        like = self.manifest.made_like(newest)
        pictures = {name: said for name, said in like.items() if is_numbered(self.target.path, name)}
        agree = begun or own_record(self.target.path, newest, film=True) is not None
        return pictures if agree and digest(pictures) == newest.sha256 else {}

    def _picture(self, name: str) -> Job:
        return replace(self.job, name=name, target=self.target.path.with_name(name))

    def take(
        self,
        production: Production,
        work: Work,
        target_at: Callable[[Path, str | None], Target],
        record: Record,
    ) -> str:
        """Join the film, and give it its name; raises MediaError.

        Args:
            production: has made all segments.
            work: where they are.
            target_at: the same form at another path, with the text of a record in it; not asked for pictures.
            record: how it was made.

        Returns:
            A note on pictures of another film that stand among those of this one; empty where there are none.
        """
        if isinstance(self.target, Pictures):
            return self._take_pictures(production, work, record)
        beside = target_at(work.folder / self.job.target.name, embedded(self.job.target, self.carrying, record))
        production.join(work, beside)
        said = sha256(beside.path)
        settle_sidecar(self.job.target, self.carrying, record, said)
        self._record(self.job, said, production)
        take_name(beside.path, self.job.target)
        return ""

    def _take_pictures(self, production: Production, work: Work, record: Record) -> str:
        pictures = listed(self.target.path, production.segments(work))
        left = self._remove_longer(pictures)
        settle_sidecar(self.target.path, self.carrying, record, digest(pictures))
        for name, said in pictures.items():
            self._record(self._picture(name), said, production)
        self._record(self.job, digest(pictures), production)
        production.join(work, self.target)
        if not left:
            return ""
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        return f"{self.target.path.with_name(left[0])}{more} is no picture of this film: remove what you do not want"

    def _remove_longer(self, pictures: Mapping[str, str]) -> list[str]:
        """Remove the pictures of a film here that was longer, while its record still stands there to prove them.

        Returns:
            The names of those that nothing proves, which are left.
        """
        own, left = self._own(), []
        for name, said in standing(self.target.path).items():
            if name in pictures:
                continue
            if own.get(name) != said:
                left.append(name)
                continue
            try:
                self.target.path.with_name(name).unlink(missing_ok=True)
            except OSError as problem:
                raise unwritable(self.target.path.with_name(name), problem) from None
        return left

    def _record(self, job: Job, said: str, production: Production) -> None:
        self.manifest.record(job, self.source_sha256, self.order_sha256, said, production.survey.problem or "")
