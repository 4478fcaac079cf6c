"""Checks of what a film file cannot hold, made before anything is decoded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from dreampipe.errors import MediaError
from dreampipe.media.deciding import report, sentence_of
from dreampipe.media.formats import format_of
from dreampipe.media.rows import Animation
from dreampipe.media.things import Found
from dreampipe.media.video.beside import fits_nowhere, holds, other_streams, timecode_at
from dreampipe.media.video.codecs import CONTAINERS, Container
from dreampipe.media.video.coding import Form
from dreampipe.media.video.holding import KINDS, list_held
from dreampipe.media.video.info import FilmInfo
from dreampipe.media.video.labels import labels_for
from dreampipe.media.video.layouts import GREY, RGB, fitting, layout_of, spoken
from dreampipe.media.video.meaning import describe_conversion, keeps_meaning
from dreampipe.media.video.opening import container_of
from dreampipe.media.video.protocols import Encoding
from dreampipe.media.video.segments import open_encoder
from dreampipe.media.writing import unwritable


def check_film(path: Path, container: Container, form: Form, info: FilmInfo, encoding: Encoding) -> tuple[str, ...]:
    """Try out a film that is to be written; see `Target.check`."""
    check_place(path, info)
    open_encoder(form)
    return (
        *_picture_notes(path, container, form, info, encoding.chroma),
        *_profile_notes(path, info),
        *_stream_notes(path, container, form, info, encoding.drop),
        *_note_held(container, form, info),
    )


def check_animation(path: Path, animation: Animation, info: FilmInfo) -> tuple[str, ...]:
    """List what an animation loses of a film, a sentence each; raises MediaError if it cannot be written."""
    check_place(path, info)
    most = animation.side
    if most is not None and max(info.width, info.height) > most:
        raise MediaError(
            f"An animation of {info.width}x{info.height} pixels cannot be written to {path}, which takes sides up to "
            f"{most:,}: choose another format or a smaller size."
        )
    lost = {
        f"Its {info.bits} bits become 8.": info.bits > 8,
        "Its transparency becomes one bit: what is less than half solid is left out, all else is solid.": (
            info.alpha and not animation.levels
        ),
        f"Its pixels' shape, {info.aspect}, is lost: they are shown square.": info.aspect != 1,
        f"Its {info.plays or 0:,} plays become {animation.plays:,}.": (info.plays or 0) > animation.plays,
        "It counts in hundredths of a second, and what is shown for less than two of them, browsers show for ten.": (
            info.rate is not None and animation.tick > Fraction(1, 1000) and info.rate > 50
        ),
    }
    told = describe_conversion(info)
    converted = [f"Its {told}"] if told else []
    said = [*(what for what, so in lost.items() if so), *converted]
    return (
        *(f"{path.suffix}: {what}" for what in said),
        *report(list_held(info), animation.name),
        *_profile_notes(path, info),
    )


def check_pictures_place(pattern: Path, info: FilmInfo) -> tuple[str, ...]:
    """Sentences on what numbered pictures lose of a film; raises MediaError where they cannot be written."""
    folder = pattern.parent
    if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise unwritable(folder, OSError("it is read-only" if folder.is_dir() else "it is a file"))
    if info.path is not None and info.path.is_dir() and folder.exists() and info.path.samefile(folder):
        raise MediaError(f"{folder} is the input folder itself, but inputs are never overwritten: name another output.")
    lost = {
        "Numbered pictures keep no times: each is a frame.": True,
        "Their transparency is left out: they are drawn over black.": info.alpha and not format_of(pattern).alpha,
        f"Their {info.bits} bits become 8.": info.bits > format_of(pattern).bits,
        f"Their pixels' shape, {info.aspect}, is lost: they are shown square.": info.aspect != 1,
    }
    told = describe_conversion(info)
    converted = [f"Their {told}"] if told else []
    lost_things = report(list_held(info), format_of(pattern).name)
    return (*(what for what, so in lost.items() if so), *converted, *lost_things)


def check_place(path: Path, info: FilmInfo) -> None:
    """Raise MediaError unless a file can be written there that is not the source itself."""
    if info.path and os.path.exists(path) and path.samefile(info.path):
        raise MediaError(f"{path} is the input itself, but inputs are never overwritten: name another output.")
    if os.path.isdir(path):
        raise MediaError(f"{path} is a folder, but a film is expected: name a file in it.")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise unwritable(path, OSError(f"its folder is {'read-only' if path.parent.is_dir() else 'missing'}"))


def _picture_notes(path: Path, container: Container, form: Form, info: FilmInfo, chroma: str | None) -> Iterator[str]:
    kept = 10 if "10le" in form.pixel_format else 16 if "16le" in form.pixel_format else info.bits if form.deep else 8
    if kept < info.bits:
        yield f"As {form.codec.name}, its {info.bits} bits become {kept}."
    yield from _layout_notes(form, info, chroma)
    if not keeps_meaning(info, form.deep) and (told := describe_conversion(info)):
        yield f"As {form.codec.name} of 8 bits, its {told}"
    if info.alpha and not form.alpha:
        yield (
            f"As {form.codec.name} in {path.suffix}, its transparency is left out: it is drawn over black. .webm and "
            ".mov keep it."
        )
    # Of these codecs, FFmpeg's Matroska writer learns the shape of a pixel only from H.264 and H.265.
    if not container.exact and form.aspect != 1 and form.codec.name not in ("h264", "h265"):
        yield f"Its pixels' shape, {form.aspect}, is lost as {form.codec.name} in {path.suffix}: they are shown square."


def _layout_notes(form: Form, info: FilmInfo, chroma: str | None) -> Iterator[str]:
    """Say where each pixel's own colour gets lost, or is kept for a price; not where the user has chosen."""
    name, kept, size = form.codec.name, form.layout, f"{form.width}x{form.height}"
    drawn = info.codec == "rawvideo" and info.path is None  # by dreampipe itself
    had = layout_of(info.pixel_format)
    if chroma is not None or kept == RGB or name in ("prores", "ffv1") or drawn:
        had = GREY  # nothing to say
    if name in ("h264", "h265") and not fitting("420", form.width, form.height) and kept != "420":
        yield (
            f"Its odd size, {size}, is kept by colours at full size ({spoken(kept)}), which some players do not show: "
            "make both sides even for those."
        )
    elif had not in (GREY, "420") and kept != "420":
        yield (
            f"Its colours are kept as {spoken(kept)}, which some players do not show: --chroma 420 makes the file "
            "smaller, and plays everywhere."
        )
    if had not in (GREY, "420") and kept < ("444" if had == RGB else had):
        way = "--chroma 444 keeps them" if "yuv444p" in form.codec.formats else "h264, h265 and vp9 can keep them"
        yield f"As {name}, its colours ({spoken(had)}) are stored for blocks of pixels ({spoken(kept)}): {way}."


def _profile_notes(path: Path, info: FilmInfo) -> Iterator[str]:
    if info.icc:
        yield f"As {path.suffix}, which holds no colour profile, its colours become those of sRGB."


def _stream_notes(path: Path, container: Container, form: Form, info: FilmInfo, drop: bool) -> Iterator[str]:
    if info.path is None:
        return
    with container_of(info.path) as source:
        unheld = [stream for stream in other_streams(source) if not holds(container.muxer, stream)]
        if not drop and not all(map(fits_nowhere, unheld)):
            raise MediaError(
                f"{path} cannot hold {_name_streams(unheld)} of {info.path.name}: "
                f"{_homes(source, form)}, or leave out what does not fit with --drop-streams."
            )
        if unheld:
            yield f"{path.suffix} cannot hold its {_name_streams(unheld)}: left out."


def _note_held(container: Container, form: Form, info: FilmInfo) -> Iterator[str]:
    """Yield a sentence for each thing that the film does not take along."""
    kept = labels_for(info, form, container)
    yield from (sentence_of(Found(label.key)) for label in info.labels if label not in kept)
    if info.timecode and timecode_at(info, Fraction(0)) is None:
        yield sentence_of(Found("timecode", f" ({info.timecode})"))
    yield from report(list_held(info), container.suffixes[0].removeprefix("."))


def _name_streams(streams: list[Any]) -> str:
    """ "sound (aac) and subtitles (subrip)"."""
    names: dict[str, list[str]] = {}
    for stream in streams:
        codec = "no known codec" if stream.codec_context is None else stream.codec_context.codec.canonical_name
        names.setdefault(KINDS[stream.type], []).append(codec)
    return " and ".join(f"{kind} ({', '.join(codecs)})" for kind, codecs in names.items())


def _homes(source: Any, form: Form) -> str:
    """Which containers would take the codec and every stream of the source."""
    streams = [stream for stream in other_streams(source) if not fits_nowhere(stream)]
    homes = [
        suffix
        for suffix, container in CONTAINERS.items()
        if container.muxer in form.codec.containers and all(holds(container.muxer, stream) for stream in streams)
    ]
    return f"write to {' or '.join(homes)}" if homes else "no other container can either with this codec"
