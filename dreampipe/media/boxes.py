"""Records in the files that are made of boxes (ISO 14496-12): MP4, QuickTime, AVIF.

In a film it is an XMP packet in a box behind all others, as ISO 16684-3 has it: none of the source's own tags has to
give way to it, and players pass it over. FFmpeg shows it with `-export_xmp 1`.
"""

from __future__ import annotations

import os
import struct
from typing import IO

from dreampipe.media.bounds import MOST_BYTES
from dreampipe.media.chunks import of_packet, whole
from dreampipe.media.xmp import packet, record_in

_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def append_box(file: IO[bytes], record: bytes) -> None:
    """Append a record to a finished film, where nothing else has to move."""
    body = _XMP + packet(record)
    file.seek(0, os.SEEK_END)
    file.write(struct.pack(">I4s", len(body) + 8, b"uuid") + body)


def film_record(file: IO[bytes]) -> bytes | None:
    """The record of an MP4 or QuickTime film; raises ValueError where it is damaged, or the film is cut short."""
    at, end = 0, file.seek(0, os.SEEK_END)
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", whole(file, 8))
        head = 8
        if size == 1:
            size, head = int.from_bytes(whole(file, 8), "big"), 16
        size = size or end - at
        if size < head:  # no box, but what another program has appended
            return None
        if kind == b"uuid" and file.read(len(_XMP)) == _XMP:
            return of_packet(file, size - head - len(_XMP))
        at += size
    if at > end:
        raise ValueError("the file is cut short")
    return None


def avif_record(file: IO[bytes]) -> bytes | None:
    """The record of an AVIF; raises ValueError where it is damaged, or the file cannot be read."""
    from PIL import AvifImagePlugin

    if file.seek(0, os.SEEK_END) > MOST_BYTES:  # its decoder takes the whole file into memory
        raise ValueError(f"the file is longer than {MOST_BYTES:,} bytes")
    file.seek(0)
    try:
        found = AvifImagePlugin.AvifImageFile(file).info.get("xmp")
    except Exception as problem:  # on broken bytes it raises whatever it happens to meet
        raise ValueError(" ".join(str(problem).split()).rstrip(".")) from None
    return record_in(found) if found else None
