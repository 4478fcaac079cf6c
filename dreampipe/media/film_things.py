"""The rows of films and animations in the table of things."""

from __future__ import annotations

from dreampipe.media.things import (
    ANIMATIONS,
    FILMS,
    INPUTS,
    KEEP,
    READ_ONLY_FILMS,
    REPORT,
    Thing,
    by_animation,
    by_format,
    convert,
    keep_if,
    rules,
)

_FILMS = (*FILMS, *READ_ONLY_FILMS)
_BOXED = ("mp4", "mov")
_BOXED_OR_MATROSKA = ("mp4", "mov", "mkv", "webm")
_CROPPED = convert("they are left out, with a note")
_FITTING = keep_if("where the container takes its codec; a note names another container, or it is left out")
_UPRIGHT = convert("the frames are turned upright")
_ENCODED = convert("the picture is encoded anew, and says so itself")
_DRAWN = convert("the decoder draws it into the picture")
_PLAYS = convert("each format counts in its own way: GIF repeats, WebP and PNG plays")
_SOLID = convert("what is less than half solid is left out, and a note says so")
_QUARTER = convert("WebP keeps one colour for four pixels")
_TONES = convert("they become those of sRGB, with a note")

FILM_THINGS = (
    # Streams of a film.
    Thing("sound", "sound", _FILMS, rules(films=_FITTING), "Its sound{} is left out."),
    Thing("subtitles", "subtitles", _FILMS, rules(films=_FITTING), "Its subtitles{} are left out."),
    Thing("attachments", "attachments (fonts)", ("mkv",), rules(films=_FITTING), "Its attachments{} are left out."),
    Thing("chapters", "chapters", _FILMS, rules(films=KEEP), "Its chapters{} are left out."),
    Thing(
        "unknown_stream",
        "sound, subtitles or data in a codec that is not known",
        _FILMS,
        rules(),
        "Its {} cannot be copied, because no codec is known for it: left out.",
    ),
    Thing("data", "tracks of data (telemetry of cameras)", _FILMS, rules(), "Its {} is left out."),
    Thing("cover", "cover picture", _FILMS, rules(), "Its cover is left out."),
    Thing(
        "other_video",
        "further streams of pictures",
        _FILMS,
        rules(),
        "Of its {} streams of pictures one is dreamed; the others are left out.",
    ),
    Thing("tags", "title, artist and other tags", _FILMS, rules(films=KEEP), "Its tags{} are left out."),
    # Times and order.
    Thing(
        "edits",
        "edit list",
        _BOXED,
        rules(*[convert("it is applied: what it hides is left out; a note reports other speeds")] * 3),
        "Its edit list is left out.",
    ),
    Thing(
        "times",
        "frames of varying duration",
        _FILMS,
        rules(KEEP, convert("each format counts in its own ticks")),
        "Numbered pictures keep no times: each is a frame.",
    ),
    Thing(
        "timecode",
        "timecode",
        _FILMS,
        rules(
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
        rules(animations=_PLAYS),
        "That it plays {} is left out: its player decides.",
    ),
    # Side data of the picture of a film.
    Thing(
        "mastering", "HDR10 mastering display", _FILMS, rules(films=KEEP), "Its HDR10 mastering display is left out."
    ),
    Thing("light", "HDR10 light levels", _FILMS, rules(films=KEEP), "Its HDR10 light levels are left out."),
    Thing(
        "spherical",
        "360 degree projection",
        _FILMS,
        rules(films=keep_if("equirectangular and cube map, where the film is not turned in a Matroska file")),
        "That it is a 360 degree film{} is left out.",
    ),
    Thing(
        "sphere_1",
        "360 degree projection as XML (version 1)",
        _BOXED,
        rules(films=convert("it becomes version 2")),
        "That it is a 360 degree film is left out.",
    ),
    Thing(
        "stereo",
        "stereo 3D layout",
        _FILMS,
        rules(films=keep_if("side by side and top-bottom, where pixels are square in a Matroska file")),
        "Its stereo 3D layout{} is left out.",
    ),
    Thing("captions", "closed captions (CEA-608, CEA-708)", _FILMS, rules(), "Its closed captions are left out."),
    Thing(
        "hdr10plus",
        "HDR10+, HDR Vivid and other dynamic metadata",
        _FILMS,
        rules(),
        "Its dynamic HDR metadata is left out, because it no longer fits.",
    ),
    Thing(
        "dolby",
        "Dolby Vision",
        _FILMS,
        rules(),
        "Its Dolby Vision metadata is left out, because it no longer fits: its base layer is dreamed.",
    ),
    Thing("ambient", "ambient viewing environment", _FILMS, rules(), "Its ambient viewing environment is left out."),
    Thing("afd", "active format (AFD), pan and scan", _FILMS, rules(), "Its active format (AFD) is left out."),
    Thing(
        "gop",
        "timecodes of groups of pictures (MPEG-2)",
        _FILMS,
        rules(*[convert("the first one becomes the timecode of the film")] * 3),
        "The timecodes of its groups of pictures are left out.",
    ),
    Thing("frame_time", "timecodes within frames", _FILMS, rules(), "The timecodes within its frames are left out."),
    Thing("grain", "film grain parameters", _FILMS, rules(_DRAWN, _DRAWN, _DRAWN), "Its film grain is left out."),
    Thing(
        "user",
        "user data of other programs within frames (SEI)",
        _FILMS,
        rules(),
        "User data of another program within its frames is left out.",
    ),
    Thing(
        "encoder",
        "encoder settings, and what decoders note for themselves",
        _FILMS,
        rules(_ENCODED, _ENCODED, _ENCODED),
        "Its encoder settings are left out.",
    ),
    Thing(
        "profile_film",
        "colour profile within frames of a film",
        _FILMS,
        rules(),
        "The colour profile of its frames is left out.",
    ),
    Thing(
        "crop",
        "pixels that are not to be shown (clean aperture, PixelCrop)",
        _BOXED_OR_MATROSKA,
        rules(_CROPPED, _CROPPED, _CROPPED),
        "That some of its pixels are not to be shown is left out.",
    ),
    Thing("turn", "orientation of a film", _FILMS, rules(KEEP, _UPRIGHT, _UPRIGHT), "Its orientation is left out."),
    Thing(
        "aspect",
        "shape of a pixel that is not square",
        _FILMS,
        rules(KEEP, mkv=keep_if("as h264 and h265"), webm=REPORT),
        "Its pixels' shape{} is lost: they are shown square.",
    ),
    Thing("film_xmp", "XMP", _BOXED, rules(), "Its XMP is left out."),
    Thing(
        "meaning",
        "HDR and wide colours (transfer, primaries, matrix, range)",
        _FILMS,
        rules(
            keep_if("numbers and label, where the codec has as many bits; HDR in 8 bits becomes sRGB, with a note"),
            _TONES,
            _TONES,
        ),
        "Its colours are left out.",
    ),
    Thing(
        "excursions",
        "numbers beyond black and white (under 16 and over 235 of 8 bits)",
        _FILMS,
        rules(),
        "Parts of it are whiter than white or blacker than black (outside 16 to 235 of 8 bits), and are cut off there.",
    ),
    Thing(
        "alpha_film",
        "transparency of a film or an animation",
        (*_FILMS, *ANIMATIONS),
        rules(
            keep_if("as ProRes, VP9 or FFV1, which its default is then; otherwise it is drawn over black, with a note"),
            mp4=REPORT,
            **by_animation(lambda animation: KEEP if animation.levels else _SOLID),
            **by_format(lambda format: KEEP if format.alpha else REPORT),
        ),
        "Its transparency is left out: it is drawn over black.",
    ),
    Thing(
        "chroma",
        "colours at their full size (4:2:2, 4:4:4, RGB)",
        _FILMS,
        rules(
            keep_if("where the codec has them; --chroma chooses, and a note reports a loss"),
            **by_animation(lambda animation: KEEP if animation.chroma else _QUARTER),
            **by_format(lambda format: KEEP if format.chroma else _QUARTER),
        ),
        "Its colours are kept for several pixels together.",
    ),
    Thing(
        "depth_film",
        "10, 12 and 16 bits of a film",
        _FILMS,
        rules(
            keep_if("10 bits as h264, h265, AV1 and ProRes, all as FFV1; a note reports a loss"),
            **by_format(lambda format: KEEP if format.bits > 8 else REPORT),
        ),
        "Its bits become 8.",
    ),
    Thing(
        "interlaced",
        "interlaced frames",
        _FILMS,
        rules(),
        "It is interlaced, and its frames are read as they are stored.",
    ),
    Thing("unknown", "anything else", INPUTS, rules(), "It holds {}, which is not known here: left out."),
)
