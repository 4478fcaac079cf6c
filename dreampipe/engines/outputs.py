"""What stands at a film's place, and how a new film comes there: recorded first, then whole under its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dreampipe.engines.keeping import embedded, settle_sidecar, sidecar_fits
from dreampipe.engines.producing import Production
from dreampipe.media import Job, Manifest, sha256
from dreampipe.media.video import Target
from dreampipe.media.video.numbering import digest, listed, standing
from dreampipe.media.video.targets import Pictures
from dreampipe.media.work import Work
from dreampipe.media.writing import take_name, unwritable
from dreampipe.recipes.records.making import Carrying
from dreampipe.recipes.records.record import Record


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

    def finished(self) -> bool:
        """Whether this very film stands there."""
        found = digest(standing(self.target.path)) if isinstance(self.target, Pictures) else None
        if not self.manifest.finished(self.job, self.source_sha256, self.order_sha256, found):
            return False
        return sidecar_fits(self.target.path, self.carrying, self.manifest.digest(self.job))

    def foreign(self) -> Path | None:
        """A file that stands there and was not written by dreampipe."""
        return next((job.target for job in self._standing() if not self.manifest.ours(job)), None)

    def _standing(self) -> Iterator[Job]:
        if isinstance(self.target, Pictures):
            yield from map(self._picture, standing(self.target.path))
        elif self.job.target.exists():
            yield self.job

    def _picture(self, name: str) -> Job:
        return replace(self.job, name=name, target=self.target.path.with_name(name))

    def take(
        self,
        production: Production,
        work: Work,
        target_at: Callable[[Path, str | None], Target],
        record: Record,
    ) -> None:
        """Join the film, and give it its name; raises MediaError.

        Args:
            production: has made all segments.
            work: where they are.
            target_at: the same form at another path, with the text of a record in it; not asked for pictures.
            record: how it was made.
        """
        if isinstance(self.target, Pictures):
            self._take_pictures(production, work, record)
            return
        beside = target_at(work.folder / self.job.target.name, embedded(self.job.target, self.carrying, record))
        production.join(work, beside)
        said = sha256(beside.path)
        settle_sidecar(self.job.target, self.carrying, record, said)
        self._record(self.job, said, production)
        take_name(beside.path, self.job.target)

    def _take_pictures(self, production: Production, work: Work, record: Record) -> None:
        pictures = listed(self.target.path, production.segments(work))
        settle_sidecar(self.target.path, self.carrying, record, digest(pictures))
        for name, said in pictures.items():
            self._record(self._picture(name), said, production)
        self._record(self.job, digest(pictures), production)
        for job in self._standing():
            if job.name not in pictures and self.manifest.ours(job):  # of a film that was longer
                try:
                    job.target.unlink(missing_ok=True)
                except OSError as problem:
                    raise unwritable(job.target, problem) from None
        production.join(work, self.target)

    def _record(self, job: Job, said: str, production: Production) -> None:
        self.manifest.record(job, self.source_sha256, self.order_sha256, said, production.survey.problem or "")
