"""Segments, and the source's sound, subtitles and chapters, to one film: packets are copied, none is encoded anew.

Times. A segment's packets say which frame they are; the survey says when that is shown, and this is the time they
get, to the tick. Decoding runs ahead of show by as many frames as the segment that needs the most: packet `k` is
decoded when frame `k - delay` is shown, which rises over all segments and is never later than the packet's own show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from heapq import merge
from math import ceil, lcm
from pathlib import Path
from typing import Any

import av

from dreampipe.errors import MediaError
from dreampipe.media.video.beside import Beside, Timed
from dreampipe.media.video.codecs import Container
from dreampipe.media.video.coding import Form
from dreampipe.media.video.info import FilmInfo, Survey
from dreampipe.media.video.packets import Packets, read_packets
from dreampipe.media.writing import unwritable, written_whole

# FFmpeg else moves all of a Matroska film until no time in it is below nought: by 21 ms where sound begins with the
# silence that its encoder needs.
_AS_THEY_ARE = {"avoid_negative_ts": "disabled"}
_CLOCK_LIMIT = 2**31 - 1
# Matroska counts from its first packet, in numbers that take no sign, and keeps no time of decoding: the picture goes
# ahead of the silence.
_LEAD = Fraction(1, 10)


def join(
    path: Path, container: Container, form: Form, info: FilmInfo, survey: Survey, segments: Sequence[Path], drop: bool
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
    with written_whole(path) as temporary:
        try:
            _mux(temporary, container, form, info, survey, parts, drop)
        except av.FFmpegError as problem:
            raise unwritable(path, OSError(problem.errno, problem.strerror)) from problem


def _mux(
    path: Path,
    container: Container,
    form: Form,
    info: FilmInfo,
    survey: Survey,
    parts: Sequence[Packets],
    drop: bool,
) -> None:
    with Beside(info, container.muxer, drop) as beside, _opened(path, container, survey, beside) as film:
        ticks = _Ticks(survey, beside.lateness, parts, Fraction(0) if container.exact else _LEAD)
        picture = _picture(film, form, survey.time_base)
        if any(part.header != (picture.codec_context.extradata or b"") for part in parts):
            raise MediaError("The segments of this film come from another encoder: remove them, and dream it anew.")
        beside.add_to(film)
        film.start_encoding()
        for timed in merge(_timed(parts, picture, ticks), beside.packets(), key=_due):
            film.mux_one(timed.packet)


def _opened(path: Path, container: Container, survey: Survey, beside: Beside) -> Any:
    options = {**container.options, **_AS_THEY_ARE}
    if container.exact:
        options["movie_timescale"] = str(_clock(survey.time_base, beside.rates))
    return av.open(str(path), "w", format=container.muxer, container_options=options)


def _clock(time_base: Fraction, rates: Sequence[int]) -> int:
    """Ticks a second of the film's header, else 1000, that say exactly when a stream begins that begins late."""
    shared = lcm(time_base.denominator, 1000)
    exact = lcm(shared, *rates)
    return next((clock for clock in (exact, shared) if clock <= _CLOCK_LIMIT), time_base.denominator)


def _due(timed: Timed) -> Fraction:
    return timed.due


def _picture(film: Any, form: Form, time_base: Fraction) -> Any:
    """The stream of the picture; its encoder, opened as for the segments, gives it its header and encodes nothing."""
    stream = film.add_stream(form.codec.encoder, rate=form.rate)
    form.configure(stream.codec_context)
    stream.time_base = time_base
    if form.rotation:
        stream.set_display_rotation(form.rotation)
    stream.codec_context.open()
    return stream


def _timed(parts: Sequence[Packets], stream: Any, ticks: _Ticks) -> Iterator[Timed]:
    first = order = 0
    for part in parts:
        for encoded in part:
            packet = av.Packet(encoded.data)
            packet.pts, packet.dts = ticks.shown(first + encoded.place), ticks.decoded(order)
            packet.duration, packet.time_base = ticks.lasting(first + encoded.place), ticks.base
            packet.is_keyframe, packet.stream = encoded.key, stream
            order += 1
            yield Timed(packet.dts * ticks.base, packet)
        first += len(part)


class _Ticks:
    """When frames are decoded and shown, in ticks of `base`.

    Decoding begins before the first show by what it is ahead of the last one: containers that keep only how long after
    one packet the next is decoded take the sum of it all for the length of the film.
    """

    def __init__(self, survey: Survey, lateness: Fraction, parts: Sequence[Packets], lead: Fraction) -> None:
        self.base = survey.time_base
        self._stamps: list[int] = (survey.stamps - round(lateness / survey.time_base)).tolist()
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
