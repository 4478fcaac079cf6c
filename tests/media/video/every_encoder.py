"""Encodes with every encoder and prints the SHA-256 of each result as JSON: `every_encoder.py [--one-processor]`.

A program of its own, because what it is tested for is the same result in processes that differ.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import encode, read, write_whole
from dreampipe.media.formats import ANIMATED, FORMATS
from dreampipe.media.video import Encoding, FilmInfo, Survey, open_source, target_of
from dreampipe.media.video.codecs import CODECS, CONTAINERS, Codec
from dreampipe.media.video.coding import Form, form_of
from dreampipe.media.video.layouts import has_alpha
from dreampipe.media.video.packets import BLOCK_ADDITION
from dreampipe.media.video.pixels import pack

COUNT = 10
SIZES = ((70, 50), (65, 49))
LARGE = (734, 722)  # from half a million pixels on, AVIF is cut into tiles where there are several threads


def moving(width: int, height: int) -> Iterator[npt.NDArray[np.float32]]:
    """Waves that move under a little noise: enough for x264 to weigh one frame against the next."""
    noise = np.random.default_rng(5)
    y, x = np.mgrid[:height, :width]
    for at in range(COUNT):
        waves = [np.sin((x + 2 * at) / 7 + y / 9), np.cos((x - 3 * at) / 11), np.sin((y + at) / 5)]
        frame = 0.5 + 0.4 * np.stack(waves, axis=-1) + noise.normal(0, 0.03, (height, width, 3))
        yield np.clip(frame, 0, 1).astype(np.float32)


def info_of(width: int, height: int, source: tuple[str, int] = ("yuv420p", 8)) -> FilmInfo:
    name, bits = source
    rate = Fraction(24)
    alpha = has_alpha(name)
    return FilmInfo(width, height, bits, alpha, time_base=1 / rate, rate=rate, codec="rawvideo", pixel_format=name)


def forms(codec: Codec) -> dict[str, Form]:
    """Each way to store a film with this codec, by what tells it apart."""
    depths = {"10le": 10, "12le": 12, "16le": 16}
    sources = [("yuv420p", 8), *((name, depths.get(name[-4:], 8)) for name in codec.formats)]
    odd = sources[:3]
    every = [
        form_of(info_of(*size, source), codec, None) for size in SIZES for source in (odd if size[0] % 2 else sources)
    ]
    return {f"{codec.name} {form.pixel_format} {form.width}x{form.height}": form for form in every}


def stream(form: Form, threads: int | None) -> bytes:
    """What an encoder makes of the moving waves, with our own number of threads or another."""
    context: Any = av.CodecContext.create(form.codec.encoder, "w")
    form.configure(context)
    context.thread_count = threads or context.thread_count
    context.open()
    packets = []
    for at, pixels in enumerate(moving(form.width, form.height)):
        frame = pack(pixels, form.pixel_format, form.colour, pixels[..., 0])
        frame.pts, frame.time_base = at, 1 / form.rate
        packets += context.encode(frame)
    packets += context.encode(None)
    beside = [bytes(one) for packet in packets for one in packet.iter_sidedata() if one.data_type == BLOCK_ADDITION]
    return b"".join([context.extradata or b"", *map(bytes, packets), *beside])


def streams(names: list[str]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        for case, form in forms(CODECS[name]).items():
            yield case, stream(form, None)
            yield f"{case}, one thread", stream(form, 1)


def films(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Whole films and animated pictures, and the frames that are read from them again."""
    survey = Survey(stamps=np.arange(COUNT, dtype=np.int64), last=1, time_base=Fraction(1, 24))
    places = [
        (f"{codec.name}{container.suffixes[0]}", codec.name)
        for codec in CODECS.values()
        for container in dict.fromkeys(CONTAINERS.values())
        if container.muxer in codec.containers
    ]
    for name, codec in [*places, *((f"animation{suffix}", None) for suffix in ANIMATED)]:
        target = target_of(folder / name, info_of(70, 50), Encoding(codec))
        with target.segment(folder / "segment", survey, 0) as add:
            for at, pixels in enumerate(moving(70, 50)):
                add(Frame(pixels, at))
        target.join([folder / "segment"], survey)
        yield name, target.path.read_bytes()
        source = open_source(target.path)
        yield f"frames of {name}", b"".join(frame.pixels.tobytes() for frame in source.frames(source.survey()))


def stills(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Pictures of every format that is written, and what is read from them again."""
    pixels = next(moving(*LARGE))
    for format in (format for format in FORMATS if format.writable):
        for bits in sorted({8, format.bits}):
            for alpha in (pixels[..., 0].copy(), None) if format.alpha else (None,):
                like = MediaInfo(*LARGE, bits=bits, alpha=alpha is not None)
                case = f"{format.name} {bits} bits{'' if alpha is None else ' alpha'}"
                data = encode(Frame(pixels, alpha=alpha), format, like, None)
                yield case, data
                path = folder / f"still{format.suffixes[0]}"
                write_whole(path, data)
                frame = read(path).frames[0]
                held = [frame.pixels] if frame.alpha is None else [frame.pixels, frame.alpha]
                yield f"pixels of {case}", b"".join(array.tobytes() for array in held)


def main() -> None:
    if "--one-processor" in sys.argv and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        if "--h264" in sys.argv:
            made = dict(streams(["h264"]))
        else:
            made = dict(streams(list(CODECS))) | dict(films(Path(folder))) | dict(stills(Path(folder)))
    json.dump({case: hashlib.sha256(data).hexdigest() for case, data in made.items()}, sys.stdout)


if __name__ == "__main__":
    main()
