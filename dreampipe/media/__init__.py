"""Files to frames and frames to files; no other room opens a picture.

    formats.py     FORMATS, the table of formats: a row holds all facts about one; rows.py, the types of rows
    bounds.py      how much is decoded: the one rule that every reader checks before it decodes
    headers.py     what a file declares, read without its decoder; embedded.py, the same of pictures within a TIFF
    decoding.py    a file to a Frame and its MediaInfo; bad input becomes one sentence
    decoded.py     what a decoder gets and returns; the decoders are pillow.py, tiff.py, heif.py
    encoding.py    a Frame to the bytes of a file; encoders.py, the encoders
    abilities.py   what can be written here, tried
    samples.py     the numbers that an encoder gets, and their hash
    tiff_samples.py the samples of a TIFF as colours; luma.py, luma and chroma, and Lab
    palettes.py    palettes of labels
    png.py         what is in a PNG besides pixels
    ranges.py      which numbers of a TIFF are black and white; nodata.py, which of them stand for no data
    further.py     what is in a file besides its picture; signs.py, how its kind is told; trailers.py, after its end
    directories.py the tags of TIFF and EXIF, as bytes
    taking.py      anything that holds a picture to frames and back; arrays.py, tensors.py, the kinds of arrays
    animation.py   frames to one animation
    maps.py        maps of numbers to .npy and floating-point TIFF
    masks.py       grey levels that say where a picture is dreamed
    comparing.py   hashes of all decoded pixels of a file
    metadata.py    EXIF, orientation and colour profiles
    profiles.py    colours to sRGB, for files that can hold no profile; grey profiles as RGB
    colour.py      the light that numbers mean: transfer functions, primaries, HDR to SDR
    labels.py      what a file says that its numbers mean; tag_labels.py, in tags; sequences.py, in coded pictures;
                   showing.py, the rule that makes them a frame's
    items.py       the items of an AVIF or HEIF; avif.py, exact colours of an AVIF
    things.py      what a file can hold besides pixels, and what becomes of it; film_things.py, picture_things.py, the
                   rows; deciding.py, one look into them; fidelity.py, the page docs/fidelity.md
    privacy.py     the words of a source that are left out: where it was taken, or all of them
    records.py     how a file was made, stored in it or next to it; chunks.py, xmp.py, where in a file
    writing.py     bytes to a file, whole or not at all
    folders.py     which inputs become which outputs; jobs.py, one of these; patterns.py, names of numbered pictures
    listing.py     which files of a folder are read, and which are left out; kinds.py, what a file is; order.py, the
                   order of names
    manifest.py    which outputs were written, from which sources, by which recipe
    locks.py       one run at a time makes an output
    work.py        the folder in which a film grows until it is whole; owner.py, which process works there; stored.py,
                   the checks of what is stored in it
    own.py         files and folders of our own, opened and removed without touching anything foreign
    released.py    segments that are removed once the film holds their bytes, and how they come back
    storage/       object stores: addresses as paths in a mirror on this disk
    video/         films

Values are kept: 8 and 16 bits pass through float32 in [0, 1] and come out as they were, and colour profiles travel with
the file's own numbers. Colours of HDR, of linear light and of inks become those of sRGB, and in a file that can hold no
profile (BMP, films) all do.

A new format is a row in `formats.py`, which names its functions, and a module with them. A new codec or container of
films is a row in `video/codecs.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media.animation import check_animation, write_animation
from dreampipe.media.bounds import MAX_PIXELS
from dreampipe.media.decoding import decode, decode_hashed
from dreampipe.media.encoding import encode
from dreampipe.media.folders import Inputs, Plan, plan
from dreampipe.media.formats import format_of, losses
from dreampipe.media.jobs import Job, check_regular
from dreampipe.media.kinds import Kind, kind_of
from dreampipe.media.manifest import Entry, Manifest, fingerprint, sha256
from dreampipe.media.masks import fit_mask, mask_notes, read_mask
from dreampipe.media.privacy import without_metadata, without_position
from dreampipe.media.records import carries, read_record, sidecar_of, write_sidecar
from dreampipe.media.samples import FramesHash, samples_sha256
from dreampipe.media.video import Encoding, FilmInfo
from dreampipe.media.video.codecs import CONTAINERS
from dreampipe.media.video.meaning import as_picture
from dreampipe.media.video.reading import Frames
from dreampipe.media.video.sources import open_source
from dreampipe.media.video.whole import write_film
from dreampipe.media.writing import check_writable, make_folder, write_whole

__all__ = [
    "MAX_PIXELS",
    "Entry",
    "FramesHash",
    "Inputs",
    "Job",
    "Manifest",
    "Media",
    "Plan",
    "carries",
    "check_animation",
    "check_regular",
    "check_writable",
    "decode",
    "decode_hashed",
    "encode",
    "fingerprint",
    "fit_mask",
    "format_of",
    "losses",
    "make_folder",
    "mask_notes",
    "plan",
    "read",
    "read_mask",
    "read_record",
    "samples_sha256",
    "sha256",
    "sidecar_of",
    "without_metadata",
    "without_position",
    "write",
    "write_animation",
    "write_sidecar",
    "write_whole",
]


@dataclass(frozen=True)
class Media:
    """A file that has been read: iterate over it for its frames, as often as you like.

    Attributes:
        path: where it was read.
        info: what the file says of itself; hand it to `write(..., like=info)`.
        frames: one for a picture; those of a film are decoded whenever they are asked for, never all at once.
    """

    path: Path
    info: MediaInfo
    frames: Sequence[Frame]

    def __iter__(self) -> Iterator[Frame]:
        return iter(self.frames)

    @property
    def cuts(self) -> tuple[int, ...]:
        """Indices of a film's frames that begin a shot, without 0; the first call looks through the film."""
        return self.frames.survey.cuts if isinstance(self.frames, Frames) else ()


def read(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Media:
    """Read a picture or a film; the file's bytes decide which, and its name where they say nothing.

    Raises:
        MediaError: the file is missing, is neither, is damaged, or has more than `max_pixels` pixels.
    """
    path = Path(path)
    if kind_of(path) is Kind.FILM:
        source = open_source(path, max_pixels=max_pixels)
        return Media(path, source.info, Frames(source))
    frame, info = decode(path, max_pixels)
    return Media(path, info, (frame,))


def write(
    frames: Iterable[Frame] | Frame,
    path: str | os.PathLike[str],
    like: MediaInfo | None = None,
    *,
    quality: int | None = None,
    encoding: Encoding | None = None,
    record: str | None = None,
) -> None:
    """Write one frame as a picture or many as a film, in the format of the path's suffix, whole or not at all.

    It is a film where the suffix is a film's, or where `like` is a film's and more than a single `Frame` comes: then
    also an animation, or numbered pictures in a folder. Frames without times are shown 24 a second.

    Args:
        frames: a frame, or an iterable of them; of exactly one for a picture. One of a film becomes sRGB.
        path: its folder must exist; a file that is there is replaced.
        like: for a picture, depth, alpha, colour profile and EXIF are taken from it where the format can hold them;
            without it the picture has 8 bits, the frame's alpha and no metadata. For a film, depth, colours, rotation,
            sound, subtitles, chapters and metadata; without it the film is a picture alone, 8 bits.
        quality: of a picture, 1 to 100 for the lossy formats; None for their default.
        encoding: of a film; None for what suits the suffix and the depth.
        record: how it was made, one JSON object as text; where the format cannot hold it, it is written beside the
            file into its sidecar, as `sidecar_of` names it.

    Raises:
        MediaError: the suffix is unknown, there is no frame or one too many, the record is none, or the file cannot be
            written.
    """
    film = like if isinstance(like, FilmInfo) else None
    if Path(path).suffix.lower() in CONTAINERS or (film and not isinstance(frames, Frame)):
        if quality is not None:
            raise MediaError(f"A quality of {quality} came for {path}, but a film has a CRF: give it an encoding.")
        write_film([frames] if isinstance(frames, Frame) else frames, path, film, encoding, record=record)
    else:
        path, frame = Path(path), _only(frames, path)
        shown = as_picture(frame, film) if film else frame
        write_whole(path, encode(shown, format_of(path), like, quality, record))
    if record is not None and not carries(path):
        write_sidecar(path, record)


def _only(frames: Iterable[Frame] | Frame, path: Path) -> Frame:
    came = [frames] if isinstance(frames, Frame) else list(islice(frames, 2))
    if len(came) != 1:
        count = "no frame" if not came else "more than one frame"
        raise MediaError(f"{count.capitalize()} came for {path}, but a picture is one frame: hand over exactly one.")
    return came[0]
