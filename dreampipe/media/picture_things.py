"""The rows of pictures in the table of things; `formats.py` says in which files each thing is looked for."""

from __future__ import annotations

from dreampipe.media.rows import LONGEST, Format
from dreampipe.media.things import KEEP, REPORT, Rule, Thing, by_format, convert, holders, keep_if, rules

_SRGB = convert("the colours become those of sRGB")
_UPRIGHT = convert("the picture is turned upright, and the orientation is reset")
_LABELLED = convert("tones of sRGB stay, other tones become sRGB's with a note, and other colours get a profile")
_INKS = convert("inks become sRGB by their profile")
_WIDENED = convert("a narrow range becomes the whole one, with a note")
_RANGED = convert("the range of floats and wide integers is found by a rule, with a note")
_OLD = convert("none is written, because it would show the source")
_PAPER = convert("they are left out without a note, because a dream has pixels and no size on paper")


def _left_out(key: str, name: str) -> Thing:
    """Return the row of something that fits the source and not its dream."""
    return Thing(key, name, holders(key), rules(), f"What it also holds is left out: {name}.")


def _exif(format: Format) -> Rule:
    if not format.metadata:
        return REPORT
    short = format.exif < LONGEST
    return keep_if(f"up to {format.exif:,} bytes; longer EXIF is left out with a note") if short else KEEP


PICTURE_THINGS = (
    Thing(
        "icc",
        "colour profile",
        holders("icc"),
        rules(_SRGB, _SRGB, **by_format(lambda format: KEEP if format.metadata else _SRGB)),
        "Its profile is left out.",
    ),
    Thing(
        "label",
        "colour labels (gAMA, cHRM, sRGB, cICP, nclx, Adobe RGB in EXIF)",
        holders("label"),
        rules(_SRGB, _SRGB, _LABELLED),
        "Its colours are left out.",
    ),
    Thing("inks", "CMYK", holders("inks"), rules(_INKS, _INKS, _INKS), ""),
    Thing("narrow", "a range from 16 to 235", holders("narrow"), rules(_WIDENED, _WIDENED, _WIDENED), ""),
    Thing("range", "floats and wide integers", holders("range"), rules(_RANGED, _RANGED, _RANGED), ""),
    Thing(
        "exif",
        "EXIF",
        holders("exif"),
        rules(**by_format(_exif)),
        "Its EXIF is left out.",
    ),
    Thing(
        "exif_film", "EXIF of numbered pictures", holders("exif_film"), rules(), "The EXIF of its pictures is left out."
    ),
    Thing("orientation", "EXIF orientation", holders("orientation"), rules(_UPRIGHT, _UPRIGHT, _UPRIGHT), ""),
    Thing("thumbnail", "EXIF thumbnail, previews", holders("thumbnail"), rules(_OLD, _OLD, _OLD), ""),
    Thing(
        "alpha",
        "transparency of a picture",
        holders("alpha"),
        rules(**by_format(lambda format: KEEP if format.alpha else REPORT)),
        "Its transparency is left out.",
    ),
    Thing(
        "deep",
        "16 bits of a picture",
        holders("deep"),
        rules(**by_format(lambda format: KEEP if format.bits > 8 else REPORT)),
        "Its 16 bits become 8.",
    ),
    Thing(
        "frames",
        "further frames or pages of a picture",
        holders("frames"),
        rules(),
        "It has several frames, and only the first was read.",
    ),
    _left_out("gain_map", "a gain map"),
    _left_out("motion", "a film (motion photo)"),
    _left_out("depth_map", "a depth map"),
    _left_out("matte", "a matte"),
    _left_out("audio", "sound"),
    _left_out("further", "further pictures"),
    _left_out("xmp", "XMP"),
    _left_out("iptc", "IPTC"),
    _left_out("origin", "content credentials"),
    _left_out("panorama", "the angles of a panorama"),
    _left_out("text", "text"),
    _left_out("comment", "a comment"),
    _left_out("exif_animation", "EXIF"),
    _left_out("own", "chunks, segments and boxes of one maker"),
    _left_out("after", "bytes after its end"),
    Thing(
        "paper",
        "print resolution, background, time and palette hints outside EXIF",
        holders("paper"),
        rules(_PAPER, _PAPER, _PAPER),
        "",
    ),
    _left_out("map", "map coordinates"),
    _left_out("photoshop", "Photoshop's data"),
    _left_out("layers", "Photoshop's layers"),
)
