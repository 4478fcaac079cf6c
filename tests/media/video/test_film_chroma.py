"""The layout of a film's colours stays what it was where the codec has it; else it is said, and `chroma` chooses."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from films import BT709, TICK, Pixels, render
from written import info_of

import dreampipe
from dreampipe.errors import MediaError
from dreampipe.media.video import Colour, Encoding, FilmInfo, target_of
from dreampipe.media.video.codecs import CODECS
from dreampipe.media.video.layouts import LAYOUTS, layout_of, spoken

RGB = Colour(2, 1, 13, 0)


def lines(count: int = 2, bits: int = 8) -> list[Pixels]:
    """Red lines of one pixel in each direction, which colours for blocks of pixels smear."""
    picture = np.full((48, 64, 3), 40, np.uint8)
    picture[4::6, 32:] = picture[:, 3:32:6] = (220, 30, 30)
    wide = picture.astype(np.uint16) * 257
    return [wide if bits > 8 else picture] * count


def stored(path: Path) -> str:
    with av.open(str(path)) as film:
        return next(film.decode(video=0)).format.name


def copied(source: Path, out: Path, encoding: Encoding | None = None) -> tuple[str, float, tuple[str, ...]]:
    """Write a film again; its pixel format, what its pixels lost of 255 on average, and what was said."""
    film = dreampipe.read(source)
    assert isinstance(film.info, FilmInfo)
    notes = target_of(out, film.info, encoding).check()
    dreampipe.write(film, out, like=film.info, encoding=encoding)
    pairs = zip(film, dreampipe.read(out), strict=True)
    return stored(out), max(float(np.abs(a.pixels - b.pixels).mean()) * 255 for a, b in pairs), notes


SOURCES = {
    "444": ("source.mp4", "libx264", "yuv444p", BT709),
    "422": ("source.mp4", "libx264", "yuv422p", BT709),
    "422 10": ("source.mov", "prores_ks", "yuv422p10le", BT709),
    "444 10": ("source.mp4", "libx265", "yuv444p10le", BT709),
    "rgb": ("source.mkv", "ffv1", "bgr0", RGB),
    "rgb 10": ("source.mkv", "ffv1", "gbrp10le", RGB),
    "411": ("source.mkv", "ffv1", "yuv411p", BT709),
    "440": ("source.mkv", "ffv1", "yuv440p", BT709),
}
# The decoder of ProRes 4444 gives 12 bits, whatever was encoded.
KEPT = [
    ("444", "out.mp4", None, "yuv444p"),
    ("444", "out.mp4", "h265", "yuv444p"),
    ("444", "out.webm", None, "yuv444p"),
    ("444", "out.mov", "prores", "yuv444p12le"),
    ("444", "out.mkv", "ffv1", "yuv444p"),
    ("422", "out.mp4", None, "yuv422p"),
    ("422", "out.webm", None, "yuv422p"),
    ("422 10", "out.mp4", None, "yuv422p10le"),
    ("422 10", "out.mp4", "h264", "yuv422p10le"),
    ("422 10", "out.mov", "prores", "yuv422p10le"),
    ("444 10", "out.mov", None, "yuv444p10le"),
    ("rgb", "out.mp4", None, "yuv444p"),
    ("rgb", "out.mkv", "ffv1", "bgr0"),
    ("rgb 10", "out.mov", "prores", "yuv444p12le"),
    ("rgb 10", "out.mkv", "ffv1", "gbrp10le"),
    ("411", "out.mp4", None, "yuv422p"),
    ("440", "out.mp4", None, "yuv444p"),
]


def rendered(kind: str, folder: Path) -> Path:
    name, codec, pixel_format, colour = SOURCES[kind]
    options = {"libx264": {"qp": "0"}, "libx265": {"x265-params": "log-level=none"}}.get(codec, {})
    bits = 16 if "10" in pixel_format else 8
    return render(folder / name, lines(bits=bits), codec=codec, pixel_format=pixel_format, colour=colour,
                  options=options)  # fmt: skip


@pytest.mark.parametrize(("kind", "out", "codec", "kept"), KEPT)
def test_one_pixel_lines_of_red_stay(kind: str, out: str, codec: str | None, kept: str, tmp_path: Path) -> None:
    pixel_format, loss, notes = copied(rendered(kind, tmp_path), tmp_path / out, Encoding(codec, None if codec else 5))
    assert pixel_format == kept
    assert loss < 4
    asked = codec not in ("prores", "ffv1")
    assert any("--chroma 420" in note for note in notes) == asked


@pytest.mark.parametrize(("kind", "had"), [("444", "4:4:4"), ("422", "4:2:2"), ("rgb", "RGB")])
def test_a_codec_without_that_layout_says_so(kind: str, had: str, tmp_path: Path) -> None:
    pixel_format, _, notes = copied(rendered(kind, tmp_path), tmp_path / "out.webm", Encoding("av1"))
    assert pixel_format == "yuv420p"
    (note,) = (note for note in notes if "4:2:0" in note)
    assert had in note


@pytest.mark.parametrize("chroma", LAYOUTS)
@pytest.mark.parametrize(("kind", "end"), [("444", ""), ("422 10", "10le"), ("rgb", "")])
def test_a_layout_can_be_chosen(kind: str, end: str, chroma: str, tmp_path: Path) -> None:
    pixel_format, _, notes = copied(rendered(kind, tmp_path), tmp_path / "out.mp4", Encoding(chroma=chroma))
    assert pixel_format == f"yuv{chroma}p{end}"
    assert not any("4:" in note for note in notes)


@pytest.mark.parametrize(
    ("encoding", "name", "size", "said"),
    [
        (Encoding("av1", chroma="444"), "a.mp4", (64, 48), r"4:4:4 came for av1.*4:2:0"),
        (Encoding("prores", chroma="420"), "a.mov", (64, 48), r"4:2:0 came for prores.*4:2:2, 4:4:4"),
        (Encoding("h264", chroma="420"), "a.mp4", (65, 48), r"4:2:0 came for h264 at 65x48.*4:4:4"),
        (Encoding(chroma="4:4:4"), "a.mp4", (64, 48), r"420, 422 or 444"),
        (Encoding(chroma="420"), "a.gif", (64, 48), r"only a film has one"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(
    encoding: Encoding, name: str, size: tuple[int, int], said: str, tmp_path: Path
) -> None:
    with pytest.raises(MediaError, match=said):
        target_of(tmp_path / name, info_of(width=size[0], height=size[1]), encoding)


def test_pictures_become_films_that_play_everywhere_and_this_is_said(tmp_path: Path) -> None:
    pictures = info_of(pixel_format="rgb24", codec="png", format="png")
    target: Any = target_of(tmp_path / "out.mp4", pictures)
    assert target.form.pixel_format == "yuv420p"
    assert any("--chroma 444" in note for note in target.check())
    plain: Any = target_of(tmp_path / "out.mp4", info_of())
    assert plain.form.pixel_format == "yuv420p"
    assert plain.check() == ()


def test_grey_films_have_room_for_colours(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "grey.mkv"), "w") as film:
        video: Any = film.add_stream("ffv1", rate=24)
        video.width, video.height, video.pix_fmt = 64, 48, "gray"
        ramp = np.arange(64, dtype=np.uint8)[None].repeat(48, 0) * 4
        frame = av.VideoFrame.from_ndarray(ramp, "gray")
        frame.pts, frame.time_base = 0, TICK
        film.mux([*video.encode(frame), *video.encode(None)])
    assert copied(tmp_path / "grey.mkv", tmp_path / "a.mp4")[0] == "yuv420p"
    assert copied(tmp_path / "grey.mkv", tmp_path / "b.mkv", Encoding("ffv1"))[:2] == ("bgr0", 0)


def test_names_tell_what_libavutil_knows_of_every_pixel_format() -> None:
    """The smallest layout that keeps each colour: its blocks are no larger than the format's."""
    asked = 0
    names: Any = av.video.format
    for name in names.names:
        format = av.VideoFormat(name)
        layout = layout_of(name)
        if not format.components:  # of graphics cards
            continue
        across, down = 8 // format.chroma_width(8), 8 // format.chroma_height(8)
        if layout in LAYOUTS:
            blocks = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}
            fits = [known for known, (x, y) in blocks.items() if x <= across and y <= down]
            assert layout == fits[0], name
            asked += 1
        else:
            one = len(format.components) - any(component.is_alpha for component in format.components) == 1
            assert layout == ("grey" if one and not format.has_palette else "rgb"), name
    assert asked > 100


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_encoders_know_the_formats_of_the_table(codec: Any) -> None:
    known = {format.name for format in av.codec.Codec(codec.encoder, "w").video_formats or ()}
    assert set(codec.formats) <= known


def test_layouts_are_spoken_as_people_write_them() -> None:
    assert [spoken(layout) for layout in (*LAYOUTS, "rgb")] == ["4:2:0", "4:2:2", "4:4:4", "RGB"]


def test_the_choice_is_part_of_the_key_where_there_is_one() -> None:
    """Films of versions that knew no choice count as finished."""
    assert Encoding("h264", 5).key == "Encoding(codec='h264', crf=5, drop=False)"
    assert Encoding("h264", 5, chroma="444").key != Encoding("h264", 5).key
    assert Encoding(chroma="444").key != Encoding(chroma="422").key


def test_flashes_leave_no_ghosts_in_av1_of_10_bits(tmp_path: Path) -> None:
    """SVT-AV1's preset 8 leaves blocks of the flash behind, 70 levels of 255 at CRF 5."""
    rng = np.random.default_rng(0)
    still = rng.uniform(0.1, 0.5, (23, 40, 1)).repeat(4, 0).repeat(4, 1).repeat(3, 2)[:90].astype(np.float32)
    flash = np.full_like(still, 0.95)
    pictures = [flash if index in (7, 11) else np.roll(still, (index, 2 * index), (0, 1)) for index in range(16)]
    info = info_of(width=160, height=90, bits=10, pixel_format="yuv420p10le", colour=BT709, rate=Fraction(24))
    frames = [dreampipe.Frame(picture, index) for index, picture in enumerate(pictures)]
    for crf, bound in ((1, 2), (5, 5)):
        out = tmp_path / f"{crf}.webm"
        dreampipe.write(frames, out, like=info, encoding=Encoding("av1", crf))
        for frame, picture in zip(dreampipe.read(out), pictures, strict=True):
            blocks = np.abs(frame.pixels - picture)[:88].reshape(22, 4, 40, 4, 3).mean((1, 3, 4))
            assert blocks.max() * 255 < bound
