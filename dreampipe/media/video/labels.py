"""Labels of the picture of a film (HDR10, 360 degrees, stereo 3D), written into any container.

MP4 and QuickTime films get the boxes themselves, once they are finished. For Matroska, PyAV can give a new stream no
more than a display matrix, but a stream copied from another one keeps all side data: so an empty film in memory has a
stream that says what is wanted, and FFmpeg's muxer writes that in its own way.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from io import BytesIO
from typing import IO, Any

import av

from dreampipe.media.video.boxtree import Box, walk
from dreampipe.media.video.codecs import Container
from dreampipe.media.video.coding import Form
from dreampipe.media.video.info import FilmInfo, Label

_SIGNS = {"h264": b"avc1", "h265": b"hvc1", "av1": b"av01", "vp9": b"vp09", "prores": b"apch", "ffv1": b"FFV1"}
"""How a sample entry names each codec."""


def labels_for(info: FilmInfo, form: Form, container: Container) -> tuple[Label, ...]:
    """Return the labels of a film that still fit it as it is stored, and that a container takes."""
    gone = set()
    if form.colour.transfer != info.colour.transfer:
        gone |= {"mastering", "light"}
    if not container.exact and (form.rotation or form.mirrored):  # Matroska says both in one place
        gone.add("spherical")
    if not container.exact and form.aspect != 1:  # FFmpeg writes either
        gone.add("stereo")
    return tuple(label for label in info.labels if label.key not in gone)


def add_labelled(film: Any, form: Form, labels: Iterable[Label]) -> Any:
    """Add the stream of a picture with these labels to a new film, its encoder's header included."""
    from dreampipe.media.video.segments import open_encoder

    encoder = open_encoder(form)
    with av.open(BytesIO(_template(form, b"".join(label.box for label in labels)))) as template:
        stream = film.add_stream_from_template(template.streams.video[0], opaque=True)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = form.width, form.height, form.pixel_format
    context.framerate, context.sample_aspect_ratio = form.rate, form.aspect
    context.color_range, context.colorspace = form.colour.range, form.colour.matrix
    context.color_primaries, context.color_trc = form.colour.primaries, form.colour.transfer
    context.extradata = encoder.extradata
    if encoder.codec_tag.strip("\0"):
        context.codec_tag = encoder.codec_tag
    if encoder.profile:
        context.profile = encoder.profile
    return stream


def _template(form: Form, boxes: bytes) -> bytes:
    """Return a QuickTime film without a frame, whose stream has that codec and those boxes."""
    plain = BytesIO()
    options = {"movflags": "+empty_moov+frag_keyframe"}
    with av.open(plain, "w", format="mov", container_options=options) as film:
        stream: Any = film.add_mux_stream("rawvideo", rate=form.rate, width=form.width, height=form.height)
        stream.pix_fmt = "rgb24"
        film.start_encoding()
    sign = _SIGNS[form.codec.name]
    return _with_boxes(plain.getvalue().replace(b"raw ", sign, 1), boxes)


def insert(file: IO[bytes], labels: Iterable[Label]) -> None:
    """Put labels into a finished film made of boxes, whose index comes first and has room for them behind it.

    FFmpeg would write some of them into an MP4 only, and beside them one that contradicts them.
    """
    boxes = b"".join(label.box for label in labels)
    index, room = _index(file)
    file.seek(index.place)
    data = _with_boxes(file.read(index.size), boxes)
    file.seek(index.place)
    file.write(data + struct.pack(">I4s", room.size - len(boxes), b"free"))


def _index(file: IO[bytes]) -> tuple[Box, Box]:
    """Return the box of a film's index, and the empty one that follows."""
    tops = [box for box in walk(file) if box.parent == ""]
    place = next(number for number, box in enumerate(tops) if box.kind == "moov")
    return tops[place], tops[place + 1]


def _with_boxes(data: bytes, boxes: bytes) -> bytes:
    """Return a film's index with boxes at the end of its picture's sample entry; all boxes around them grow."""
    grown = bytearray(data)
    entry = next(box for box in walk(BytesIO(data)) if box.parent == "stsd")
    around = [box for box in walk(BytesIO(data)) if box.place <= entry.place < box.place + box.size]
    for box in around:
        struct.pack_into(">I", grown, box.place, box.size + len(boxes))
    end = entry.place + entry.size
    return bytes(grown[:end]) + boxes + bytes(grown[end:])
