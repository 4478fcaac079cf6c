"""The rows of pictures in the table of things."""

from __future__ import annotations

from dreampipe.media.things import ANIMATIONS, KEEP, REPORT, Thing, convert, keep_if, rules

_TAGGED = ("png", "jpeg", "webp", "tiff", "avif")  # they hold profiles, EXIF and XMP, and so do these inputs:
_READ = (*_TAGGED, "heif")
_SRGB = convert("the colours become those of sRGB")
_UPRIGHT = convert("the picture is turned upright, and the orientation is reset")
_LABELLED = convert("tones of sRGB stay, other tones become sRGB's with a note, and other colours get a profile")
_INKS = convert("inks become sRGB by their profile")
_WIDENED = convert("a narrow range becomes the whole one, with a note")
_RANGED = convert("the range of floats and wide integers is found by a rule, with a note")
_OLD = convert("none is written, because it would show the source")
_PAPER = convert("they are left out without a note, because a dream has pixels and no size on paper")


def _left_out(key: str, name: str, *held_by: str) -> Thing:
    """Return the row of something that fits the source and not its dream."""
    return Thing(key, name, held_by, rules(), f"What it also holds is left out: {name}.")


PICTURE_THINGS = (
    Thing(
        "icc", "colour profile", (*_READ, *ANIMATIONS), rules(_SRGB, _SRGB, KEEP, bmp=_SRGB), "Its profile is left out."
    ),
    Thing(
        "label",
        "colour labels (gAMA, cHRM, sRGB, cICP, nclx, sequence headers, tags of EXIF and TIFF)",
        (*_READ, "bmp"),
        rules(_SRGB, _SRGB, _LABELLED),
        "Its colours are left out.",
    ),
    Thing("inks", "CMYK", ("jpeg", "tiff"), rules(_INKS, _INKS, _INKS), ""),
    Thing("narrow", "a range from 16 to 235", ("png", "avif"), rules(_WIDENED, _WIDENED, _WIDENED), ""),
    Thing("range", "floats and wide integers", ("tiff",), rules(_RANGED, _RANGED, _RANGED), ""),
    Thing(
        "exif",
        "EXIF",
        _READ,
        rules(pictures=KEEP, jpeg=keep_if("up to 65,527 bytes; longer EXIF is left out with a note"), bmp=REPORT),
        "Its EXIF is left out.",
    ),
    Thing("exif_film", "EXIF of numbered pictures", _READ, rules(), "The EXIF of its pictures is left out."),
    Thing("orientation", "EXIF orientation", _READ, rules(_UPRIGHT, _UPRIGHT, _UPRIGHT), ""),
    Thing("thumbnail", "EXIF thumbnail, previews", _READ, rules(_OLD, _OLD, _OLD), ""),
    Thing(
        "alpha",
        "transparency of a picture",
        (*_READ, "bmp", "gif"),
        rules(pictures=KEEP, jpeg=REPORT),
        "Its transparency is left out.",
    ),
    Thing("deep", "16 bits of a picture", ("png", "tiff", "avif"), rules(png=KEEP, tiff=KEEP), "Its 16 bits become 8."),
    Thing(
        "frames",
        "further frames or pages of a picture",
        ("tiff", "avif", "heif", *ANIMATIONS),
        rules(),
        "It has several frames, and only the first was read.",
    ),
    _left_out("gain_map", "a gain map", "png", "jpeg", "avif", "heif"),
    _left_out("motion", "a film (motion photo)", "png", "jpeg", "webp", "avif", "heif"),
    _left_out("depth_map", "a depth map", "jpeg", "avif", "heif"),
    _left_out("matte", "a matte", "heif"),
    _left_out("audio", "sound", "jpeg"),
    _left_out("further", "further pictures", "png", "jpeg", "webp", "tiff", "heif"),
    _left_out("xmp", "XMP", *_READ, "animated webp", "animated png"),
    _left_out("iptc", "IPTC", "jpeg", "tiff"),
    _left_out("origin", "content credentials", "png", "jpeg", "webp", "avif", "heif"),
    _left_out("panorama", "the angles of a panorama", "jpeg"),
    _left_out("text", "text", "png", "animated png"),
    _left_out("comment", "a comment", "jpeg", "animated gif"),
    _left_out("exif_animation", "EXIF", "animated webp"),
    _left_out("own", "chunks, segments and boxes of one maker", "png", "jpeg", "webp", "avif", "heif"),
    _left_out("after", "bytes after its end", "png", "jpeg", "webp", "avif", "heif"),
    _left_out("aspect", "the shape of pixels that are not square", "png", "jpeg", "avif", "heif"),
    Thing(
        "paper",
        "print resolution, background, time and palette hints outside EXIF",
        ("png", "jpeg", "bmp"),
        rules(_PAPER, _PAPER, _PAPER),
        "",
    ),
    _left_out("map", "map coordinates", "tiff"),
    _left_out("photoshop", "Photoshop's data", "tiff"),
    _left_out("layers", "Photoshop's layers", "tiff"),
)
