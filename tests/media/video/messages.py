"""Messages put into H.264 films by hand (SEI): captions, active formats and others, which no encoder at hand writes."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import av
from films import render, scene

_PICTURES = (1, 5)

CAPTIONS = (4, b"\xb5\x00\x31GA94\x03" + bytes([0x41, 0xFF]) + b"\xfc\x14\x2c" + b"\xff")
ACTIVE_FORMAT = (4, b"\xb5\x00\x31DTG1" + bytes([0x41, 0xF9]))
USER = (5, bytes(range(16)) + b"what another program says")
AMBIENT = (148, struct.pack(">IHH", 314, 15_635, 16_450))


def with_message(path: Path, kind: int, payload: bytes, first: int = 0) -> Path:
    """Render an mp4 whose frames from `first` on carry a message."""
    raw = render(path.with_suffix(".h264"), scene(6), options={"bf": "0"})
    parts = re.split(b"(?:\x00)?\x00\x00\x01", raw.read_bytes())[1:]
    out, count = b"", 0
    for part in parts:
        if part[0] & 31 in _PICTURES:
            out += b"\0\0\0\1" + _message(kind, payload) if count >= first else b""
            count += 1
        out += b"\0\0\0\1" + part
    assert count == 6
    raw.write_bytes(out)
    with av.open(str(raw)) as source, av.open(str(path), "w") as film:
        stream = film.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(packet for packet in source.demux(video=0) if packet.size):
            packet.pts = packet.dts = round(index / 24 / packet.time_base)
            packet.stream = stream
            film.mux(packet)
    return path


def _message(kind: int, payload: bytes) -> bytes:
    assert kind < 255 and len(payload) < 255
    body = bytes([kind, len(payload)]) + payload + b"\x80"
    return b"\x06" + re.sub(b"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", body)
