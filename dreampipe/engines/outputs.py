"""The output of a film: what is there already, and how a new film gets there: recorded first, then whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from dreampipe.engines.keeping import settle_sidecar, sidecar_fits, write_embedded
from dreampipe.engines.producing import Production, key_of
from dreampipe.engines.standing import describe_foreign, describe_mixed, is_proven, own_record, refusal
from dreampipe.media import Entry, Job, Manifest, sha256
from dreampipe.media.patterns import IN_A_FOLDER
from dreampipe.media.video import Target
from dreampipe.media.video.numbering import digest, is_numbered, list_others, list_pictures, standing
from dreampipe.media.video.targets import Pictures
from dreampipe.media.work import Work
from dreampipe.media.writing import take_name, unwritable
from dreampipe.records.making import Carrying
from dreampipe.records.record import Record


@dataclass(frozen=True, eq=False)
class Output:
    """The output of a film: a file, or numbered pictures, each with an entry of its own in the manifest.

    Attributes:
        job: the film.
        target: its form.
        manifest: the list of the files that runs have written there.
        source_sha256, order_sha256: the hashes of the source and of how it is dreamed.
        carrying: what the film carries apart from its frames.
    """

    job: Job
    target: Target
    manifest: Manifest
    source_sha256: str
    order_sha256: str
    carrying: Carrying

    @cached_property
    def key(self) -> str:
        """The key of this film in its work folder."""
        return key_of(self.source_sha256, self.order_sha256)

    def finished(self) -> Entry | None:
        """Find the manifest's entry of exactly this film, if the film is there; else None."""
        (_, entry), path = self._found, self.target.path
        if entry is None or not self._is_same(entry):
            return None
        whole = sidecar_fits(path, self.carrying, entry.sha256)
        return entry if whole and is_proven(path, entry, self.carrying, film=True) else None

    @cached_property
    def _found(self) -> tuple[bool, Entry | None]:
        """Look whether a file is there, and find its entry in the manifest; it is hashed once, because that takes long.

        The file is looked for first: one that another run names in between is not foreign.
        """
        there = os.path.lexists(self.job.target)
        found = digest(standing(self.target.path)) if isinstance(self.target, Pictures) else None
        return there, self.manifest.standing(self.job, found)

    def _is_same(self, entry: Entry) -> bool:
        return (entry.source_sha256, entry.recipe_sha256) == (self.source_sha256, self.order_sha256)

    def refusal(self, work: Work, key: str, now: Callable[[Record], Record]) -> str:
        """Write a sentence on why the existing file is not replaced; empty if it may be, or if there is none.

        Args:
            work: where the segments are.
            key: the key of this film in `work`: a film that is half published from there may be completed.
            now: builds the record of the film to be made from that of the existing one.
        """
        if isinstance(self.target, Pictures):
            pattern = self.target.path
            others = list_others(pattern.parent) if pattern.name == IN_A_FOLDER else []
            return describe_mixed(pattern.parent, others) if others else self._find_refused(pattern, work, key, now)
        there, entry = self._found
        return refusal(self.job.target, entry, self.carrying, True, now) if there else ""

    def _find_refused(self, pattern: Path, work: Work, key: str, now: Callable[[Record], Record]) -> str:
        there = standing(pattern)
        newest = self.manifest.newest(self.job)
        own = self._own(begun=work.begun(key) is not None) if newest and self._is_same(newest) else {}
        others = [name for name, file_sha256 in there.items() if own.get(name) != file_sha256]
        if not others:
            return ""  # some or all of this very film
        unknown = [name for name in others if newest is None or not self.manifest.ours(self._picture(name))]
        if unknown:
            return describe_foreign(pattern.with_name(unknown[0]))
        return refusal(pattern, newest, self.carrying, True, now)

    def _own(self, begun: bool = False) -> dict[str, str]:
        """List the pictures of the newest film here, with their SHA-256; none if its record does not agree.

        Args:
            begun: whether the work folder is that of this film, which proves as much as a record.
        """
        newest = self.manifest.newest(self.job)
        if newest is None:
            return {}
        like = self.manifest.find_alike(newest)
        pictures = {name: file_sha256 for name, file_sha256 in like.items() if is_numbered(self.target.path, name)}
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
            target_at: builds the same form at another path, with a record in it; not called for pictures.
            record: how the film was made.

        Returns:
            A note on pictures of another film among those of this one; empty if there are none.
        """
        if isinstance(self.target, Pictures):
            return self._take_pictures(production, work, record)
        joined = target_at(work.folder / self.job.target.name, write_embedded(self.job.target, self.carrying, record))
        production.join(work, joined)
        file_sha256 = sha256(joined.path)
        settle_sidecar(self.job.target, self.carrying, record, file_sha256)
        self._record(self.job, file_sha256, production)
        take_name(joined.path, self.job.target)
        return ""

    def _take_pictures(self, production: Production, work: Work, record: Record) -> str:
        pictures = list_pictures(self.target.path, production.segments(work))
        left = self._remove_longer(pictures)
        settle_sidecar(self.target.path, self.carrying, record, digest(pictures))
        for name, file_sha256 in pictures.items():
            self._record(self._picture(name), file_sha256, production)
        self._record(self.job, digest(pictures), production)
        production.join(work, self.target)
        if not left:
            return ""
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        return f"{self.target.path.with_name(left[0])}{more} is no picture of this film: remove what you do not want"

    def _remove_longer(self, pictures: Mapping[str, str]) -> list[str]:
        """Remove the pictures of a longer film here, while its record is still there to prove that they are its own.

        Returns:
            The names of the pictures that nothing proves; they stay.
        """
        own, left = self._own(), []
        for name, file_sha256 in standing(self.target.path).items():
            if name in pictures:
                continue
            if own.get(name) != file_sha256:
                left.append(name)
                continue
            try:
                self.target.path.with_name(name).unlink(missing_ok=True)
            except OSError as problem:
                raise unwritable(self.target.path.with_name(name), problem) from None
        return left

    def _record(self, job: Job, file_sha256: str, production: Production) -> None:
        self.manifest.record(job, self.source_sha256, self.order_sha256, file_sha256, production.survey.problem or "")
