"""The table of what a file can hold besides plain pixels, and what becomes of each thing in each kind of output.

A source lists what it holds as `Found` values, and `deciding.py` looks each one up: it is kept, converted by a named
rule, or reported in one sentence. Whatever the table does not know is "unknown", and that is reported, too. The page
`docs/fidelity.md` is this table, printed by `python -m dreampipe.media.fidelity`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

FILMS = ("mp4", "mov", "mkv", "webm")
ANIMATIONS = ("animated gif", "animated webp", "animated png")
PICTURES = ("png", "jpeg", "webp", "tiff", "avif", "bmp")
OUTPUTS = (*FILMS, *ANIMATIONS, *PICTURES)
"""The kinds of files that are written; .m4v counts as mp4, and numbered pictures count as what each of them is."""
READ_ONLY_FILMS = ("avi", "mpeg-ts", "mxf")
READ_ONLY_PICTURES = ("gif",)
INPUTS = (*FILMS, *READ_ONLY_FILMS, *ANIMATIONS, *PICTURES, *READ_ONLY_PICTURES)


class Fate(Enum):
    """What becomes of a thing."""

    KEPT = "kept"
    CONVERTED = "converted"
    REPORTED = "reported"


@dataclass(frozen=True)
class Rule:
    """What becomes of one thing in one kind of output.

    Attributes:
        fate: kept, converted or reported.
        how: how it is converted, or the condition under which it is kept, for the page.
    """

    fate: Fate
    how: str = ""


@dataclass(frozen=True)
class Found:
    """A thing that a source holds.

    Attributes:
        key: which one, as in `THINGS`; any other counts as unknown.
        detail: what exactly was found, for the sentence.
    """

    key: str
    detail: str = ""


KEEP = Rule(Fate.KEPT)
REPORT = Rule(Fate.REPORTED)


def convert(how: str) -> Rule:
    """Return the rule of a thing that comes out in another form."""
    return Rule(Fate.CONVERTED, how)


def keep_if(how: str) -> Rule:
    """Return the rule of a thing that is kept under a condition, and reported or refused otherwise."""
    return Rule(Fate.KEPT, how)


@dataclass(frozen=True)
class Thing:
    """One thing that a file can hold.

    Attributes:
        key: its name in code.
        name: its name on the page.
        held_by: the kinds of inputs in which it is looked for.
        rules: what becomes of it in each of `OUTPUTS`.
        lost: the sentence that reports it; "{}" stands for the detail that was found.
    """

    key: str
    name: str
    held_by: tuple[str, ...]
    rules: Mapping[str, Rule]
    lost: str


def _rules(
    films: Rule = REPORT, animations: Rule = REPORT, pictures: Rule = REPORT, **some: Rule
) -> Mapping[str, Rule]:
    """Return a rule for each of `OUTPUTS`: one for each group, and others for the outputs that `some` names."""
    groups = {FILMS: films, ANIMATIONS: animations, PICTURES: pictures}
    rules = {output: rule for group, rule in groups.items() for output in group}
    return MappingProxyType(rules | {name.replace("_", " "): rule for name, rule in some.items()})


_FILMS = (*FILMS, *READ_ONLY_FILMS)
_BOXED = ("mp4", "mov")
_TAGGED = ("png", "jpeg", "webp", "tiff", "avif")  # pictures that hold profiles, EXIF and XMP
_ALL = tuple(dict.fromkeys(INPUTS))
_FITTING = keep_if("where the container takes its codec; another container is named otherwise, or it is left out")
_SRGB = convert("its colours become those of sRGB")
_UPRIGHT = convert("the frames are turned upright")
_ENCODED = convert("the picture is encoded anew, and says so itself")
_DRAWN = convert("the decoder draws it into the picture")
_PLAYS = convert("each format counts in its own way: GIF repeats, WebP and PNG plays")

_ROWS = (
    # Streams of a film.
    Thing("sound", "sound", _FILMS, _rules(films=_FITTING), "Its sound{} is left out."),
    Thing("subtitles", "subtitles", _FILMS, _rules(films=_FITTING), "Its subtitles{} are left out."),
    Thing("attachments", "attachments (fonts)", ("mkv",), _rules(films=_FITTING), "Its attachments{} are left out."),
    Thing("chapters", "chapters", _FILMS, _rules(films=KEEP), "Its chapters{} are left out."),
    Thing(
        "unknown_stream",
        "sound, subtitles or data in a codec that is not known",
        _FILMS,
        _rules(),
        "Its {} cannot be copied, because no codec is known for it: left out.",
    ),
    Thing("data", "tracks of data (telemetry of cameras)", _FILMS, _rules(), "Its {} is left out."),
    Thing("cover", "cover picture", _FILMS, _rules(), "Its cover is left out."),
    Thing(
        "other_video",
        "further streams of pictures",
        _FILMS,
        _rules(),
        "Of its {} streams of pictures one is dreamed; the others are left out.",
    ),
    Thing("tags", "title, artist and other tags", _FILMS, _rules(films=KEEP), "Its tags{} are left out."),
    # Times and order.
    Thing(
        "edits",
        "edit list",
        _BOXED,
        _rules(*[convert("it is applied: what it hides is left out")] * 3),
        "Its edit list is left out.",
    ),
    Thing(
        "times",
        "frames of varying duration",
        _FILMS,
        _rules(KEEP, convert("each format counts in its own ticks")),
        "They keep no times: each is a frame.",
    ),
    Thing(
        "timecode",
        "timecode",
        _FILMS,
        _rules(
            films=keep_if("as a timecode track, where the frame rate is one that timecodes know"),
            mkv=convert("it becomes a tag"),
            webm=convert("it becomes a tag"),
        ),
        "Its timecode{} is left out.",
    ),
    Thing(
        "plays",
        "number of plays",
        ANIMATIONS,
        _rules(animations=_PLAYS),
        "That it plays {} is left out: its player decides.",
    ),
    # Side data of the picture of a film.
    Thing(
        "mastering", "HDR10 mastering display", _FILMS, _rules(films=KEEP), "Its HDR10 mastering display is left out."
    ),
    Thing("light", "HDR10 light levels", _FILMS, _rules(films=KEEP), "Its HDR10 light levels are left out."),
    Thing(
        "spherical",
        "360 degree projection",
        _FILMS,
        _rules(films=keep_if("equirectangular and cube map, where the film is not turned in a Matroska file")),
        "That it is a 360 degree film{} is left out.",
    ),
    Thing(
        "sphere_1",
        "360 degree projection as XML (version 1)",
        _BOXED,
        _rules(films=convert("it becomes version 2")),
        "That it is a 360 degree film is left out.",
    ),
    Thing(
        "stereo",
        "stereo 3D layout",
        _FILMS,
        _rules(films=keep_if("side by side and top-bottom, where pixels are square in a Matroska file")),
        "Its stereo 3D layout{} is left out.",
    ),
    Thing("captions", "closed captions (CEA-608, CEA-708)", _FILMS, _rules(), "Its closed captions are left out."),
    Thing(
        "hdr10plus",
        "HDR10+, HDR Vivid and other dynamic metadata",
        _FILMS,
        _rules(),
        "Its dynamic HDR metadata is left out, because it no longer fits.",
    ),
    Thing(
        "dolby",
        "Dolby Vision",
        _FILMS,
        _rules(),
        "Its Dolby Vision metadata is left out, because it no longer fits: its base layer is dreamed.",
    ),
    Thing("ambient", "ambient viewing environment", _FILMS, _rules(), "Its ambient viewing environment is left out."),
    Thing("afd", "active format (AFD), pan and scan", _FILMS, _rules(), "Its active format (AFD) is left out."),
    Thing(
        "gop",
        "timecodes of groups of pictures (MPEG-2)",
        _FILMS,
        _rules(*[convert("the first one becomes the timecode of the film")] * 3),
        "The timecodes of its groups of pictures are left out.",
    ),
    Thing("frame_time", "timecodes within frames", _FILMS, _rules(), "The timecodes within its frames are left out."),
    Thing("grain", "film grain parameters", _FILMS, _rules(_DRAWN, _DRAWN, _DRAWN), "Its film grain is left out."),
    Thing(
        "user",
        "user data of other programs within frames (SEI)",
        _FILMS,
        _rules(),
        "User data of another program within its frames is left out.",
    ),
    Thing(
        "encoder",
        "encoder settings, and what decoders note for themselves",
        _FILMS,
        _rules(_ENCODED, _ENCODED, _ENCODED),
        "Its encoder settings are left out.",
    ),
    Thing(
        "profile_film",
        "colour profile within frames of a film",
        _FILMS,
        _rules(),
        "The colour profile of its frames is left out.",
    ),
    Thing("turn", "orientation of a film", _FILMS, _rules(KEEP, _UPRIGHT, _UPRIGHT), "Its orientation is left out."),
    Thing(
        "aspect",
        "shape of a pixel that is not square",
        _FILMS,
        _rules(KEEP, mkv=keep_if("as h264 and h265"), webm=REPORT),
        "Its pixels' shape{} is lost: they are shown square.",
    ),
    Thing("film_xmp", "XMP", _BOXED, _rules(), "Its XMP is left out."),
    # Pictures.
    Thing(
        "icc",
        "colour profile",
        (*_TAGGED, *ANIMATIONS),
        _rules(_SRGB, _SRGB, KEEP, bmp=_SRGB),
        "Its colour profile is left out.",
    ),
    Thing("exif", "EXIF", _TAGGED, _rules(pictures=KEEP, bmp=REPORT), "Its EXIF is left out."),
    Thing("orientation", "EXIF orientation", _TAGGED, _rules(_UPRIGHT, _UPRIGHT, _UPRIGHT), ""),
    Thing(
        "alpha",
        "transparency of a picture",
        ("png", "webp", "tiff", "avif", "bmp", "gif"),
        _rules(pictures=KEEP, jpeg=REPORT),
        "Its transparency is left out.",
    ),
    Thing(
        "deep",
        "16 bits of a picture",
        ("png", "tiff"),
        _rules(REPORT, REPORT, REPORT, png=KEEP, tiff=KEEP),
        "Its 16 bits become 8.",
    ),
    # All.
    Thing("unknown", "anything else", _ALL, _rules(), "It holds {}, which is not known here: left out."),
)
THINGS: Mapping[str, Thing] = MappingProxyType({thing.key: thing for thing in _ROWS})
"""The closed table, by key."""
