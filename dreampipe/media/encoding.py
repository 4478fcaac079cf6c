"""A Frame to the bytes of a picture file: rounded once, at the very end.

The row of a format names its encoder, which is loaded when first used.
"""

from __future__ import annotations

from dataclasses import dataclass

from dreampipe.errors import MediaError
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media.metadata import rgb_profile, upright_exif
from dreampipe.media.records import checked
from dreampipe.media.rows import LONGEST, Format, load
from dreampipe.media.samples import Samples, samples_of


@dataclass(frozen=True, eq=False)
class Parts:
    """All that a file is made of: samples (height, width, 3 or 4), and the metadata."""

    samples: Samples
    exif: bytes | None
    icc: bytes | None
    record: bytes | None
    quality: int


def encode(
    frame: Frame,
    format: Format,
    like: MediaInfo | None = None,
    quality: int | None = None,
    record: str | None = None,
) -> bytes:
    """The bytes of a picture file.

    Values outside [0, 1] are clipped. Depth, alpha, colour profile and EXIF are taken from `like` where the format can
    hold them; without it the picture has 8 bits, the frame's alpha and no metadata.

    Args:
        frame: what to write.
        format: one that can be written, as `format_of` gives it.
        like: what the result is to resemble.
        quality: 1 to 100 for the lossy formats; None for the format's default.
        record: how it was made, one JSON object as text; left out where the format has no place for one, which
            `records.carries` tells.

    Raises:
        MediaError: the quality is out of range, a value is not a number, the record is none, or the format cannot hold
            such a picture.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise MediaError(f"The quality came as {quality}, but 1 to 100 is expected: choose one in that range.")
    exif, icc = (upright_exif(like.exif)[0], rgb_profile(like.icc)) if like and format.metadata else (None, None)
    exif = None if len(exif or b"") > format.exif else exif
    icc = None if len(icc or b"") > LONGEST else icc
    said = checked(record).encode() if record is not None and format.records else None
    parts = Parts(samples_of(frame, format, like), exif, icc, said, quality or format.quality or 0)
    try:
        data: bytes = load(format.encode)(parts)
        return data
    except Exception as problem:  # the codecs raise whatever they happen to meet
        reason = " ".join(str(problem).split()).rstrip(".")
        raise MediaError(
            f"A picture of {frame.width}x{frame.height} pixels cannot be written as {format.name} ({reason}): "
            "choose another format or a smaller size."
        ) from problem
