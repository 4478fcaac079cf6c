"""Segments, and the source's sound, subtitles and chapters, to one film: packets are copied, none is encoded anew.

Times. A segment's packets say which frame they are; the survey says when that is shown, and this is the time they
get, to the tick. Decoding runs ahead of show by as many frames as the segment that needs the most: packet `k` is
decoded when frame `k - delay` is shown, which rises over all segments and is never later than the packet's own show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from heapq import merge
from math import ceil, lcm
from pathlib import Path
from typing import Any, get_args

import av
from av.packet import PacketSideData, PktSideDataT

from dreampipe.errors import MediaError
from dreampipe.media.boxes import append_box
from dreampipe.media.records import check_text
from dreampipe.media.video.beside import Beside, Timed, loses_tags
from dreampipe.media.video.codecs import TAG, Container
from dreampipe.media.video.coding import Form
from dreampipe.media.video.info import FilmInfo, Label, Survey
from dreampipe.media.video.labels import add_labelled, insert, labels_for
from dreampipe.media.video.orientation import set_orientation
from dreampipe.media.video.packets import BLOCK_ADDITION, Packets, read_packets
from dreampipe.media.video.releasing import Releasing
from dreampipe.media.video.scheduling import keep_scheduling
from dreampipe.media.video.sinks import Gauge, Sink, aside, room_for
from dreampipe.media.writing import take_name, unwritable, writing_whole

# FFmpeg else moves all of a Matroska film until no time in it is below nought: by 21 ms where sound begins with the
# silence that its encoder needs.
# Nor is it to hold back what it has written.
_AS_THEY_COME = {"avoid_negative_ts": "disabled", "flush_packets": "1"}
# FFmpeg draws random numbers for a Matroska film and its tracks, so that equal films would differ.
_REPEATABLE = {"fflags": "+bitexact"}
_CLOCK_LIMIT = 2**31 - 1
# Matroska counts from its first packet, in numbers that take no sign, and keeps no time of decoding: the picture goes
# ahead of the silence.
_LEAD = Fraction(1, 10)


def join(
    path: Path,
    container: Container,
    form: Form,
    info: FilmInfo,
    survey: Survey,
    segments: Sequence[Path],
    drop: bool,
    on_joined: Callable[[Path], None] | None = None,
    record: str | None = None,
) -> None:
    """Write the film of these segments; see `Target.join`.

    Args:
        path: the film's file.
        container: what kind it is.
        form: how its picture is stored, as when the segments were made.
        info: where sound, subtitles and chapters come from.
        survey: when each frame is shown.
        segments: their files, in order.
        drop: leave out what the container cannot hold.
        on_joined: called with each segment that may be removed.
        record: how it was made; None for none.

    Raises:
        MediaError: a segment is damaged or of another film, their frames are not as many as the survey's, or the file
            cannot be written.
    """
    parts = [read_packets(segment) for segment in segments]
    count = sum(map(len, parts))
    if count != len(survey):
        raise MediaError(
            f"{count} frames in {len(parts)} segments came for {path}, but {len(survey)} are expected: "
            "dream the film anew."
        )
    muxing = _Muxing(container, form, info, survey, parts, drop, None if record is None else check_text(record))
    if on_joined is None:
        with writing_whole(path) as temporary:
            muxing.make(path, temporary)
    else:
        half = path.with_name(f"{path.name}.half")
        try:
            half.unlink(missing_ok=True)  # of a run that was killed; a link in its place is never written through
        except OSError as problem:
            raise unwritable(path, problem) from None
        muxing.make(path, half, Releasing(path, half, parts, form.codec.name, on_joined).look)
        take_name(half, path)


@dataclass(frozen=True)
class _Muxing:
    """The arguments of `join`, which writes the packets of a film into its file."""

    container: Container
    form: Form
    info: FilmInfo
    survey: Survey
    parts: Sequence[Packets]
    drop: bool
    record: str | None

    @property
    def labels(self) -> tuple[Label, ...]:
        return labels_for(self.info, self.form, self.container)

    def make(self, path: Path, temporary: Path, look: Callable[[Sink], None] = lambda sink: None) -> None:
        """Write the film `path` under a temporary name; what looks at it does so after each packet."""
        try:
            with temporary.open("w+b") as file:
                aside(partial(self._make, Sink(file), look))
                if self.record and self.container.exact:
                    append_box(file, self.record.encode())
                if self.labels and self.container.exact:
                    insert(file, self.labels)
        except OSError as problem:
            raise unwritable(path, problem) from None

    def _make(self, sink: Sink, look: Callable[[Sink], None], go_on: Callable[[], None]) -> None:
        def on_packet() -> None:
            go_on()
            look(sink)

        try:
            options = self._index_first(go_on) if self.container.exact else {}
            self._write(sink, options, on_packet)
        except av.FFmpegError as problem:
            raise sink.problem or OSError(problem.errno, problem.strerror) from problem

    def _index_first(self, on_packet: Callable[[], None]) -> dict[str, str]:
        """The muxer's options that keep room for the index at the front, by writing the whole film to nowhere."""
        gauge = Gauge()
        packets = self._write(gauge, {}, on_packet)
        labels = sum(len(label.box) for label in self.labels)
        return {"moov_size": str(room_for(gauge, packets) + labels)}

    def _write(self, sink: Sink | Gauge, options: Mapping[str, str], on_packet: Callable[[], None]) -> int:
        """Write the film, each packet at once; the number of packets."""
        count = 0
        with (
            Beside(self.info, self.container.muxer, self.drop) as beside,
            self._open(sink, options, beside) as film,
        ):
            lead = Fraction(0) if self.container.exact else _LEAD
            ticks = _Ticks(self.survey, self.parts, lead)
            labels = () if self.container.exact else self.labels
            picture = _picture(film, self.form, self.survey.time_base, labels)
            if any(part.header != (picture.codec_context.extradata or b"") for part in self.parts):
                raise MediaError("The segments of this film come from another encoder: remove them, and dream it anew.")
            beside.add_to(film)
            if self.record and not self.container.exact:
                film.metadata[TAG] = self.record
            film.start_encoding()
            for timed in merge(_time_packets(self.parts, picture, ticks), beside.packets(), key=_due):
                film.mux_one(timed.packet)
                count += 1
                on_packet()
        return count

    def _open(self, sink: Sink | Gauge, options: Mapping[str, str], beside: Beside) -> Any:
        settings = {**_AS_THEY_COME, **options}
        if self.container.exact:
            if loses_tags(self.container.muxer, beside.tags):
                settings["movflags"] = "use_metadata_tags"  # as QuickTime's own keys, which take any name
            settings["movie_timescale"] = str(_clock(self.survey.time_base, beside.rates))
        else:
            settings |= _REPEATABLE
        return av.open(sink, "w", format=self.container.muxer, container_options=settings)


def _clock(time_base: Fraction, rates: Sequence[int]) -> int:
    """Ticks a second of the film's header, else 1000, that say exactly when a stream begins that begins late."""
    shared = lcm(time_base.denominator, 1000)
    exact = lcm(shared, *rates)
    return next((clock for clock in (exact, shared) if clock <= _CLOCK_LIMIT), time_base.denominator)


def _due(timed: Timed) -> Fraction:
    return timed.due


def _picture(film: Any, form: Form, time_base: Fraction, labels: Sequence[Label]) -> Any:
    """The stream of the picture; its encoder, opened as for the segments, gives it its header and encodes nothing."""
    stream = add_labelled(film, form, labels) if labels else film.add_stream(form.codec.encoder, rate=form.rate)
    if not labels:
        form.configure(stream.codec_context)
        with keep_scheduling():
            stream.codec_context.open()
    stream.time_base = time_base
    set_orientation(stream, form.rotation, form.mirrored)
    return stream


def _time_packets(parts: Sequence[Packets], stream: Any, ticks: _Ticks) -> Iterator[Timed]:
    first = order = 0
    for part in parts:
        for encoded in part:
            packet = av.Packet(encoded.data)
            packet.pts, packet.dts = ticks.shown(first + encoded.place), ticks.decoded(order)
            packet.duration, packet.time_base = ticks.lasting(first + encoded.place), ticks.base
            packet.is_keyframe, packet.stream = encoded.key, stream
            if encoded.beside:
                packet.set_sidedata(_side_data(encoded.beside))
            order += 1
            yield Timed(packet.dts * ticks.base, packet)
        first += len(part)


def _side_data(beside: bytes) -> PacketSideData:
    held: Any = PacketSideData(get_args(PktSideDataT).index(BLOCK_ADDITION), len(beside))  # type: ignore[call-arg]
    held.update(beside)
    return held  # type: ignore[no-any-return]


class _Ticks:
    """When frames are decoded and shown, in ticks of `base`.

    Decoding begins before the first show by what it is ahead of the last one: containers that keep only how long after
    one packet the next is decoded take the sum of it all for the length of the film.
    """

    def __init__(self, survey: Survey, parts: Sequence[Packets], lead: Fraction) -> None:
        self.base = survey.time_base
        self._stamps: list[int] = survey.stamps.tolist()
        self._ends: list[int] = [*self._stamps[1:], self._stamps[-1] + survey.last]
        step = self._ends[0] - self._stamps[0]
        self._delay: int = max(part.delay for part in parts) + ceil(lead / (step * self.base))
        last = len(survey) - len(parts[-1]) + parts[-1].index[-1][0]
        latest = self._stamps[max(0, len(survey) - 1 - self._delay)]
        self._begun = max(self._delay, self._ends[-1] - self.lasting(last) - latest)

    def shown(self, index: int) -> int:
        return self._stamps[index]

    def lasting(self, index: int) -> int:
        return self._ends[index] - self._stamps[index]

    def decoded(self, order: int) -> int:
        index = order - self._delay
        return self._stamps[index] if index >= 0 else self._stamps[0] + self._begun * index // self._delay
