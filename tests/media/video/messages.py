"""Messages put into H.264 films by hand (SEI): captions, active formats and others, which no encoder at hand writes."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import av
from films import render, scene

_PICTURES, _PARAMETERS = (1, 5), 32
_START, _PREFIX = b"\0\0\0\1", {"libx264": b"\x06", "libx265": b"\x4e\x01"}


def _packed(bits: str) -> bytes:
    """Return a text of bits as bytes, filled up with a one and zeros."""
    bits += "1" if len(bits) % 8 else ""
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


CAPTIONS = (4, b"\xb5\x00\x31GA94\x03" + bytes([0x41, 0xFF]) + b"\xfc\x14\x2c" + b"\xff")
ACTIVE_FORMAT = (4, b"\xb5\x00\x31DTG1" + bytes([0x41, 0xF9]))
USER = (5, bytes(range(16)) + b"what another program says")
_HDR10_PLUS = "01" + f"{1000:027b}" + "0" + f"{50_000:017b}" * 4 + "0000" + f"{0:010b}" + "000"
HDR10_PLUS = (4, b"\xb5\x00\x3c\x00\x01\x04\x01" + _packed(_HDR10_PLUS))
CLOCK = (136, _packed("01" + "1" + "0" + "00000" + "100" + f"{4:09b}{3:06b}{2:06b}{1:05b}" + "00000"))
"""One window without curves (SMPTE ST 2094-40), and the timecode 01:02:03:04 (ITU-T H.265, D.2.27)."""
AMBIENT = (148, struct.pack(">IHH", 314, 15_635, 16_450))


def with_message(path: Path, kind: int, payload: bytes, first: int = 0, codec: str = "libx264") -> Path:
    """Render an mp4 whose frames from `first` on carry a message; H.265 as H.264 has it."""
    quiet = {"x265-params": "log-level=none:bframes=0"} if codec == "libx265" else {"bf": "0"}
    raw = render(path.with_suffix(".h264" if codec == "libx264" else ".hevc"), scene(6), codec=codec, options=quiet)
    parts = re.split(b"(?:\x00)?\x00\x00\x01", raw.read_bytes())[1:]
    out, count = b"", 0
    for part in parts:
        if part[0] & 31 in _PICTURES if codec == "libx264" else part[0] >> 1 < _PARAMETERS:
            out += _START + _PREFIX[codec] + _message(kind, payload) if count >= first else b""
            count += 1
        out += _START + part
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
    return re.sub(b"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", body)
