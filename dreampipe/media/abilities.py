"""Try what the libraries of this installation can write."""

from __future__ import annotations

import av
import numpy as np

from dreampipe.errors import DreampipeError
from dreampipe.frames import Frame
from dreampipe.media.encoding import encode
from dreampipe.media.formats import FORMATS
from dreampipe.media.video.codecs import CODECS


def failing_formats() -> tuple[str, ...]:
    """Name the formats of pictures that a small picture cannot be written in, although they are to be written."""
    frame = Frame(np.linspace(0, 1, 16 * 16 * 3, dtype=np.float32).reshape(16, 16, 3))
    failed = []
    for format in FORMATS:
        try:
            if format.writable:
                encode(frame, format)
        except (DreampipeError, OSError, ValueError, ImportError, KeyError):
            failed.append(format.name)
    return tuple(failed)


def missing_codecs() -> tuple[str, ...]:
    """Name the codecs of films whose encoder FFmpeg lacks here."""
    return tuple(codec.name for codec in CODECS.values() if codec.encoder not in av.codecs_available)
