"""What lies beside the picture: sound packet for packet, subtitles, chapters, metadata, and a part of them."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from films import COUNT, render
from full_disk import full_at
from written import frames_of, info_of, packets, seen, survey_of, write_film, write_segments

from dreampipe import read, write
from dreampipe.errors import MediaError
from dreampipe.media.video import Encoding, open_source, target_of
from dreampipe.media.video.packets import PacketWriter, read_packets

SECOND = tuple(range(0, 90_000, 7500))
MILLISECOND = Fraction(1, 1000)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "source.mp4"
    words = {"title": "Sea", "artist": "Nobody"}
    return render(path, time_base=Fraction(1, 12), sound="aac", subtitles=("one", "twö"), chapters=2, metadata=words)


def info_at(path: Path, **changes: Any) -> Any:
    return info_of(path, sound=("aac",), subtitles=("mov_text",), chapters=2, **changes)


def film_of(source: Path, folder: Path, name: str, encoding: Encoding | None = None, **changes: Any) -> Path:
    target = target_of(folder / name, info_at(source, **changes), encoding)
    write_film(target, frames_of(), survey_of(SECOND, 7500), folder / "work")
    return target.path


@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.m4v"])
def test_sound_and_subtitles_are_the_very_packets(source: Path, name: str, tmp_path: Path) -> None:
    path = film_of(source, tmp_path, name)
    assert packets(path, "audio") == packets(source, "audio")
    assert packets(path, "subtitle") == packets(source, "subtitle")


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.gif"])
def test_a_colon_in_a_name_is_no_protocol(
    source: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(source, "a:b.mp4")
    Path("c:d").mkdir()
    encoding = Encoding(drop=True) if name == "film.mkv" else Encoding()
    path = film_of(Path("a:b.mp4"), Path("c:d"), name, encoding)
    with av.open(str(tmp_path / path)) as film:
        assert len(list(film.decode(video=0))) == COUNT


@pytest.mark.parametrize("codec", ["h264", "vp9"])  # one that is decoded ahead of show, and one that is not
def test_matroska_keeps_the_sound_where_it_was(source: Path, codec: str, tmp_path: Path) -> None:
    path = film_of(source, tmp_path, "film.mkv", Encoding(codec, drop=True))
    for (came, data), (time, expected) in zip(packets(path, "audio"), packets(source, "audio"), strict=True):
        assert data == expected
        assert abs(came - time) <= MILLISECOND
    assert seen(path).times[0] == 0


@pytest.mark.parametrize("codec", ["h264", "vp9"])
def test_no_time_in_matroska_is_written_as_a_huge_number(source: Path, codec: str, tmp_path: Path) -> None:
    data = film_of(source, tmp_path, "film.mkv", Encoding(codec, drop=True)).read_bytes()
    first = data.index(b"\x1f\x43\xb6\x75")  # a cluster, and soon in it the time that all of it counts from
    place = data.index(b"\xe7", first + 4)
    length = data[place + 1] & 0x7F
    assert int.from_bytes(data[place + 2 : place + 2 + length], "big") < 1000


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_chapters_and_what_the_container_says_are_kept(source: Path, name: str, tmp_path: Path) -> None:
    film = seen(film_of(source, tmp_path, name, Encoding(drop=True)))
    expected = seen(source).chapters
    assert [chapter["metadata"]["title"] for chapter in film.chapters] == ["part 1", "part 2"]
    for came, chapter in zip(film.chapters, expected, strict=True):
        for edge in ("start", "end"):
            assert abs(came[edge] * came["time_base"] - chapter[edge] * chapter["time_base"]) <= MILLISECOND
    told = {key.lower(): text for key, text in film.metadata.items()}
    assert (told["title"], told["artist"]) == ("Sea", "Nobody")


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_what_is_said_of_the_picture_is_kept(name: str, tmp_path: Path) -> None:
    source = tmp_path / "source.mkv"
    with av.open(str(source), "w") as film, av.open(str(render(tmp_path / "plain.mkv"))) as plain:
        picture = film.add_stream_from_template(plain.streams.video[0])
        picture.metadata.update({"language": "deu", "BPS": "1000"})
        for packet in plain.demux():
            if packet.dts is not None:
                packet.stream = picture
                film.mux(packet)
    target = target_of(tmp_path / name, info_of(source))
    write_film(target, frames_of(), survey_of(SECOND, 7500), tmp_path / "work")
    with av.open(str(target.path)) as film:
        told = film.streams.video[0].metadata
        assert (told["language"], "BPS" in told) == ("deu", False)


def test_a_part_takes_the_sound_of_that_part_along(source: Path, tmp_path: Path) -> None:
    start, end = Fraction(1, 4), Fraction(3, 4)
    target = target_of(tmp_path / "film.mp4", info_at(source, start=start, end=end))
    survey = survey_of((0, 7500, 15_000, 22_500, 30_000, 37_500), 7500)
    target.join(write_segments(target, frames_of(6), survey, tmp_path / "work", (0, 3)), survey)
    step = Fraction(1024, 48_000)
    kept = [(time - start, data) for time, data in packets(source, "audio") if start - step < time < end]
    assert packets(target.path, "audio") == kept
    assert seen(target.path).times[0] == 0
    starts = [chapter["start"] for chapter in seen(target.path).chapters]
    assert starts[0] == 0 and len(starts) == 2


@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv"])
@pytest.mark.parametrize("edges", [
    ((100, 200), (200, 400)), ((250, 300),), ((0, 0), (100, 300)), ((0, 100), (200, 300)), ((0, 900),),
], ids=str)  # fmt: skip
def test_chapters_begin_when_they_began(name: str, edges: tuple[tuple[int, int], ...], tmp_path: Path) -> None:
    source = tmp_path / "source.mkv"
    with av.open(str(source), "w") as film, av.open(str(render(tmp_path / "plain.mkv"))) as plain:
        picture = film.add_stream_from_template(plain.streams.video[0])
        film.set_chapters([
            {"id": at, "start": start, "end": end, "time_base": MILLISECOND, "metadata": {"title": f"part {at}"}}
            for at, (start, end) in enumerate(edges, 1)
        ])  # fmt: skip
        for packet in plain.demux(video=0):
            if packet.size:
                packet.stream = picture
                film.mux(packet)
    media = read(source)
    write(media, tmp_path / name, like=media.info)
    found = [chapter for chapter in seen(tmp_path / name).chapters if chapter["metadata"].get("title")]
    assert [chapter["metadata"]["title"] for chapter in found] == [f"part {number + 1}" for number in range(len(edges))]
    assert [round(chapter["start"] * chapter["time_base"] * 1000) for chapter in found] == [start for start, _ in edges]


def test_a_part_begins_with_the_first_frame_in_it(source: Path, tmp_path: Path) -> None:
    between = Fraction(3, 24)  # frames come every twelfth of a second: the first one after this is at 4/24
    target = target_of(tmp_path / "film.mp4", info_at(source, start=between))
    survey = survey_of((0, 7500), 7500)
    target.join(write_segments(target, frames_of(2), survey, tmp_path / "work", (0,)), survey)
    times = {time for time, _ in packets(target.path, "audio")}
    assert times <= {time - Fraction(4, 24) for time, _ in packets(source, "audio")}


def test_what_the_container_cannot_hold_is_refused_or_left_out(source: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"subtitles \(mov_text\).*write to \.mp4 or \.m4v or \.mov.*--drop-streams"):
        target_of(tmp_path / "film.mkv", info_at(source)).check()
    with pytest.raises(MediaError, match=r"sound \(aac\)"):
        target_of(tmp_path / "film.webm", info_at(source)).check()
    notes = target_of(tmp_path / "film.webm", info_at(source), Encoding(drop=True)).check()
    assert any("sound (aac) and subtitles (mov_text): left out" in note for note in notes)
    path = film_of(source, tmp_path, "film.webm", Encoding(drop=True))
    with av.open(str(path)) as film:
        assert [stream.type for stream in film.streams] == ["video"]


def test_text_subtitles_of_matroska_do_not_fit_into_mp4(tmp_path: Path) -> None:
    source = render(tmp_path / "source.mkv", sound="aac", subtitles=("one",))
    info = info_of(source, sound=("aac",), subtitles=("subrip",))
    with pytest.raises(MediaError, match=r"subtitles \(subrip\).*write to \.mkv"):
        target_of(tmp_path / "film.mp4", info).check()
    kept = target_of(tmp_path / "film.mkv", info)
    write_film(kept, frames_of(), survey_of(), tmp_path / "work")
    assert packets(kept.path, "subtitle") == packets(source, "subtitle")
    assert packets(kept.path, "audio") == packets(source, "audio")


@pytest.mark.parametrize(("sound", "name", "held"), [
    ("libopus", "film.webm", True), ("libopus", "film.mp4", True), ("libmp3lame", "film.mp4", True),
    ("flac", "film.mp4", True), ("pcm_s16le", "film.mkv", True), ("pcm_s16le", "film.webm", False),
    ("flac", "film.mov", False), ("ac3", "film.mov", True), ("ac3", "film.mp4", True), ("eac3", "film.mp4", True),
    ("eac3", "film.mov", True), ("eac3", "film.mkv", True), ("eac3", "film.webm", False), ("alac", "film.mp4", True),
    ("alac", "film.mov", True), ("mp2", "film.mp4", True), ("wavpack", "film.mkv", True),
    ("wavpack", "film.mp4", False),
])  # fmt: skip
def test_many_kinds_of_sound_pass_where_they_fit(sound: str, name: str, held: bool, tmp_path: Path) -> None:
    source = render(tmp_path / "source.mkv", sound=sound)
    target = target_of(tmp_path / name, info_of(source, sound=(sound,)))
    if not held:
        with pytest.raises(MediaError, match="cannot hold sound"):
            target.check()
        return
    write_film(target, frames_of(), survey_of(), tmp_path / "work")
    came, expected = packets(target.path, "audio"), packets(source, "audio")
    assert [data for _, data in came] == [data for _, data in expected]
    assert max(abs(one - other) for (one, _), (other, _) in zip(came, expected, strict=True)) <= MILLISECOND


@pytest.mark.parametrize(("suffix", "codec", "sound"), [
    (".ts", "libx264", "aac"), (".mpg", "mpeg2video", "ac3"), (".mpg", "mpeg2video", "mp2"),
    (".avi", "mpeg4", "libmp3lame"), (".mxf", "mpeg2video", "pcm_s16le"),
])  # fmt: skip
def test_the_sound_of_tapes_and_broadcasts_is_heard_again(suffix: str, codec: str, sound: str, tmp_path: Path) -> None:
    path = render(tmp_path / f"source{suffix}", time_base=Fraction(1, 25), codec=codec, sound=sound)
    media = read(path)
    for name in ("film.mov" if sound == "pcm_s16le" else "film.mp4", "film.mkv"):
        write(media, tmp_path / name, like=media.info)
        before, after = heard(path), heard(tmp_path / name)
        count = min(before.shape[1], after.shape[1])
        assert count > 12_000
        apart = before[:, -count + 2048 :] / 2**31 - after[:, -count + 2048 :] / 2**31
        assert np.abs(apart).max() < 2**-14


def heard(path: Path) -> npt.NDArray[Any]:
    with av.open(str(path)) as film:
        resampler = av.AudioResampler(format="s32p")  # some containers have a codec decoded to floats, others not
        parts = [same.to_ndarray() for frame in film.decode(audio=0) for same in resampler.resample(frame)]
    return np.concatenate(parts, axis=1)


def test_a_stream_that_has_run_for_hours_begins_at_once(tmp_path: Path) -> None:
    path = render(tmp_path / "source.ts", sound="mp2", container={"output_ts_offset": "36000"})
    source = open_source(path)
    survey = source.survey()
    target = target_of(tmp_path / "film.mp4", source.info)
    write_film(target, list(source.frames(survey)), survey, tmp_path / "work")
    film, sound, before = seen(target.path), packets(target.path, "audio"), packets(path, "audio")
    assert min(film.times[0], sound[0][0]) == survey.time(0) - film.times[0] == 0
    assert {came - time for came, time in zip(film.times, seen(path).times, strict=True)} == {-before[0][0]}
    assert [data for _, data in sound] == [data for _, data in before]


@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv"])
def test_sound_before_the_picture_of_a_stream_is_kept(name: str, tmp_path: Path) -> None:
    """The sound of this stream begins at 0 on its clock, and the picture half a second later."""
    path = render(tmp_path / "source.ts", stamps=range(12, 24), sound="mp2")
    media = read(path)
    write(media, tmp_path / name, like=media.info)
    sound, before = packets(tmp_path / name, "audio"), packets(path, "audio")
    assert before[0][0] == 0 and seen(path).times[0] > Fraction(1, 2)
    assert [data for _, data in sound] == [data for _, data in before]
    assert abs(sound[0][0]) <= MILLISECOND
    assert abs(seen(tmp_path / name).times[0] - seen(path).times[0]) <= MILLISECOND
    assert heard(tmp_path / name).shape == heard(path).shape


def test_sound_that_only_the_end_of_a_file_would_refuse_is_refused_at_once(tmp_path: Path) -> None:
    source = render(tmp_path / "source.avi", sound="pcm_s16le")  # its channels have no names there, which mp4 wants
    with pytest.raises(MediaError, match=r"cannot hold sound \(pcm_s16le\).*write to \.mov or \.mkv"):
        target_of(tmp_path / "film.mp4", info_of(source, sound=("pcm_s16le",))).check()


def test_the_source_is_never_overwritten(source: Path) -> None:
    with pytest.raises(MediaError, match="the input itself"):
        target_of(source, info_at(source)).check()


@pytest.mark.parametrize("name", ["film.mp4", "film.gif"])
def test_a_missing_folder_is_said_before_anything_is_decoded(name: str, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="missing"):
        target_of(tmp_path / "none" / name, info_of()).check()


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.gif", "film.png", "film.webp"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    target = target_of(tmp_path / name, info_of())
    segments = write_segments(target, frames_of(), survey_of(), tmp_path / "work")
    with full_at(2000), pytest.raises(MediaError, match="cannot be written"):
        target.join(segments, survey_of())
    with full_at(2000), pytest.raises(MediaError, match="cannot be written"):
        write_segments(target, frames_of(), survey_of(), tmp_path / "again", (0,))
    assert [child.name for child in tmp_path.iterdir() if child.is_file()] == []
    assert list((tmp_path / "again").iterdir()) == []
    target.join(segments, survey_of())


def test_a_segment_that_was_interrupted_is_absent(tmp_path: Path) -> None:
    target = target_of(tmp_path / "film.mp4", info_of())
    with (
        pytest.raises(KeyboardInterrupt),
        target.segment(tmp_path / "one.segment", survey_of(), 0) as add,
    ):
        add(frames_of(1)[0])
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("packets", ["[" * 100_000, "1", '[["0", true, 9]]', "[[0, true, -1]]", "[[0, true]]"])
def test_a_list_of_packets_that_is_none_is_one_sentence(tmp_path: Path, packets: str) -> None:
    path = tmp_path / "000000.segment"
    with path.open("wb") as file:
        PacketWriter(file).finish(b"")
    magic = path.read_bytes().partition(b"{")[0]
    known = f'{{"header": "", "packets": {packets}}}'.encode()
    path.write_bytes(magic + known + len(known).to_bytes(8, "big"))
    with pytest.raises(MediaError, match="is no whole segment"):
        read_packets(path)


def test_segments_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    target, survey = target_of(tmp_path / "film.mp4", info_of()), survey_of()
    segments = write_segments(target, frames_of(), survey, tmp_path / "work")
    with pytest.raises(MediaError, match=f"10 frames in 4 segments.*{COUNT} are expected"):
        target.join(segments[:-1], survey)
    other = write_segments(target_of(tmp_path / "film.mp4", info_of(), Encoding("h265")), frames_of(), survey, tmp_path)
    with pytest.raises(MediaError, match="another encoder"):
        target.join(other, survey)
    with pytest.raises(MediaError, match="cannot be read"):
        target.join([*segments[:-1], tmp_path / "none"], survey)
    segments[1].write_bytes(segments[1].read_bytes()[:-9])
    with pytest.raises(MediaError, match="no whole segment"):
        target.join(segments, survey)
    assert not target.path.exists()


def test_frames_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    target, survey = target_of(tmp_path / "film.mp4", info_of()), survey_of()
    with pytest.raises(MediaError, match="32x48 pixels came for a film of 64x48"):
        write_segments(target, frames_of(1, 32), survey, tmp_path, (0,))
    with pytest.raises(MediaError, match="No frame"):
        write_segments(target, [], survey, tmp_path, (0,))
    broken = frames_of(1)[0]
    broken.pixels[0, 0] = float("nan")
    with pytest.raises(MediaError, match="no numbers"):
        write_segments(target, [broken], survey, tmp_path, (0,))
