"""`dreampipe dream` over films: what comes out, what its options do, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from films import BT709, BT2020_HLG, FULL, TICK, Colour, render, scene
from PIL import Image
from written import Film, colour_of, packets, seen

import dreampipe

COUNT = 16
CUT = 9
VARIABLE = (0, 3000, 3001, 9000, 12_000, 20_000, 40_000, 40_007, 41_000, 45_000, 47_777, 60_000, 60_001, 70_000, 71_000)


def shots(bits: int = 8) -> list[Any]:
    """Two shots, the second of them dark where the first is bright."""
    last = 2**bits - 1
    return [*scene(CUT, bits=bits), *(last - picture for picture in scene(COUNT - CUT, seed=3, bits=bits))]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "clip.mp4"
    return render(path, shots(), sound="aac", colour=BT709, rotation=90, subtitles=["one", "two"], chapters=2)


@pytest.fixture
def quick(tiny_model: Path) -> tuple[str, ...]:
    """Options for a dream that takes no time."""
    model = ("--model", str(tiny_model), "--scaling", "unit", "--octaves", "1")
    return (*model, "--steps", "2", "--refresh-steps", "1", "--step-size", "0.05")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def events(result: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def count(result: Any, kind: str) -> int:
    return sum(event["event"] == kind for event in events(result))


def decoded(path: Path) -> list[Any]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def chapters(film: Film) -> list[tuple[str, Fraction, Fraction]]:
    return [(c["metadata"]["title"], c["start"] * c["time_base"], c["end"] * c["time_base"]) for c in film.chapters]


def differ(first: Path, second: Path) -> bool:
    return any((a != b).any() for a, b in zip(decoded(first), decoded(second), strict=True))


def test_a_film_differs_from_its_source_in_its_picture_alone(call, quick, clip, tmp_path):
    result = call("dream", clip, tmp_path / "out.mp4", *quick)
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'out.mp4'}\n")
    assert result.stderr.endswith("\n1 done, 0 skipped, 0 failed\n")
    assert names(tmp_path) == [".dreampipe.jsonl", "out.mp4"]
    source, film = seen(clip), seen(tmp_path / "out.mp4")
    assert film.times == source.times == [index * TICK for index in range(COUNT)]
    assert film.durations == source.durations
    assert film.first.rotation == source.first.rotation == 90
    assert colour_of(film.first) == colour_of(source.first) == BT709
    assert chapters(film) == chapters(source)
    assert [title for title, _, _ in chapters(film)] == ["part 1", "part 2"]
    for kind in ("audio", "subtitle"):
        assert packets(tmp_path / "out.mp4", kind) == packets(clip, kind)
    changes = [np.abs(a.astype(int) - b).mean() for a, b in zip(source.pixels, film.pixels, strict=True)]
    assert min(changes) > 1


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_variable_rate_stays_to_the_tick(call, quick, tmp_path, suffix):
    source = render(tmp_path / "in.mp4", scene(len(VARIABLE)), time_base=Fraction(1, 90_000), stamps=VARIABLE)
    assert call("dream", source, tmp_path / f"out{suffix}", *quick).exit_code == 0
    assert seen(tmp_path / f"out{suffix}").times == [stamp * Fraction(1, 90_000) for stamp in VARIABLE]


@pytest.mark.parametrize(("colour", "pixel_format"), [(BT2020_HLG, "yuv420p10le"), (FULL, "yuv420p")])
def test_depth_and_colours_stay(call, quick, tmp_path, colour: Colour, pixel_format: str):
    bits = 16 if "10" in pixel_format else 8
    source = render(tmp_path / "in.mkv", shots(bits), codec="libx264", pixel_format=pixel_format, colour=colour)
    assert call("dream", source, tmp_path / "out.mp4", *quick).exit_code == 0
    film = seen(tmp_path / "out.mp4")
    assert colour_of(film.first) == colour
    assert (film.first.format.components[0].bits, film.tag) == ((10, "hvc1") if bits > 8 else (8, "avc1"))


def test_codec_and_crf_choose(call, quick, clip, tmp_path):
    sizes = []
    for crf in (10, 40):
        out = tmp_path / f"{crf}.mkv"
        assert call("dream", clip, out, *quick, "--drop-streams", "--codec", "vp9", "--crf", crf).exit_code == 0
        with av.open(str(out)) as film:
            assert film.streams.video[0].codec.canonical_name == "vp9"
        sizes.append(out.stat().st_size)
    assert sizes[0] > sizes[1]


def test_numbered_pictures_in_and_out(call, quick, tmp_path):
    (tmp_path / "in").mkdir()
    for index, picture in enumerate(scene(11)):
        Image.fromarray(picture).save(tmp_path / "in" / f"take {index}.png")
    assert call("dream", tmp_path / "in", tmp_path / "out.mp4", *quick, "--fps", "30000/1001").exit_code == 0
    film = seen(tmp_path / "out.mp4")
    assert film.times == [index * Fraction(1001, 30_000) for index in range(11)]

    assert call("dream", tmp_path / "out.mp4", tmp_path / "frames", *quick).exit_code == 0
    beside = [".dreampipe.jsonl", *(f"{n:06d}.png" for n in range(1, 12)), "frames.dream.json"]
    assert names(tmp_path / "frames") == beside
    assert dreampipe.read(tmp_path / "frames" / "000011.png").info.width == 64
    assert names(tmp_path) == [".dreampipe.jsonl", "frames", "in", "out.mp4"]


def test_pictures_of_a_pattern_are_redone_and_never_mixed_with_others(call, quick, clip, tmp_path):
    words = ("dream", clip, tmp_path / "a" / "x%03d.jpg")
    assert call(*words, *quick).exit_code == 0
    beside = [".dreampipe.jsonl", "x%03d.jpg.dream.json"]
    assert names(tmp_path / "a") == [*beside, *(f"x{n:03d}.jpg" for n in range(1, COUNT + 1))]
    assert "1 skipped" in call(*words, *quick).stderr
    refused = call(*words, *quick, "--end", "0.2")
    assert refused.exit_code == 1
    assert "x%03d.jpg was made with other settings (end: the default there, 0.2s now): use --overw" in refused.stderr
    assert names(tmp_path / "a") == [*beside, *(f"x{n:03d}.jpg" for n in range(1, COUNT + 1))]
    assert "1 done" in call(*words, *quick, "--end", "0.2", "--overwrite").stderr
    assert names(tmp_path / "a") == [*beside, *(f"x{n:03d}.jpg" for n in range(1, 6))]

    Image.fromarray(scene(1)[0]).save(tmp_path / "a" / "x777.jpg")
    refused = call(*words, *quick, "--end", "0.3")
    assert refused.exit_code == 1
    assert "x777.jpg exists and was not written by dreampipe" in refused.stderr
    assert call(*words, *quick, "--end", "0.3", "--overwrite").exit_code == 0
    assert (tmp_path / "a" / "x777.jpg").exists()


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animated_picture_out(call, quick, clip, tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    result = call("dream", clip, out, *quick)
    assert result.exit_code == 0
    assert "Its sound (aac) is left out." in result.stderr
    with Image.open(out) as film:
        assert (film.n_frames, film.size) == (COUNT, (48, 64))  # upright


def test_an_animated_picture_in(call, quick, tmp_path):
    pictures = [Image.fromarray(picture) for picture in scene(5)]
    pictures[0].save(tmp_path / "in.gif", save_all=True, append_images=pictures[1:], duration=[100, 50, 70, 100, 30])
    assert call("dream", tmp_path / "in.gif", tmp_path / "out.mp4", *quick).exit_code == 0
    film = seen(tmp_path / "out.mp4")
    assert film.times == [Fraction(time, 100) for time in (0, 10, 15, 22, 32)]
    assert sum(film.durations) == Fraction(35, 100)


def test_a_part_of_a_film_with_its_sound(call, quick, clip, tmp_path):
    assert call("dream", clip, tmp_path / "out.mp4", *quick, "--start", "0.25", "--end", "0.5").exit_code == 0
    assert seen(tmp_path / "out.mp4").times == [index * TICK for index in range(6)]
    whole, part = packets(clip, "audio"), packets(tmp_path / "out.mp4", "audio")
    first = whole.index(next(packet for packet in whole if packet[1] == part[0][1]))
    assert part == [(time - Fraction(1, 4), data) for time, data in whole[first : first + len(part)]]
    assert abs(len(part) * Fraction(1024, 48_000) - Fraction(1, 4)) < 2 * Fraction(1024, 48_000)


def test_every_so_many_frames_are_dreamed_and_all_are_written(call, quick, clip, tmp_path):
    result = call("dream", clip, tmp_path / "out.mp4", *quick, "--every", "4", "--events")
    assert count(result, "framed") == len(decoded(tmp_path / "out.mp4")) == COUNT
    whole, refreshed = 2, (CUT - 1) // 4 + (COUNT - CUT - 1) // 4  # two shots, each begun with a whole dream
    assert count(result, "stepped") == 2 * whole + refreshed


def test_motions(call, quick, clip, tmp_path):
    steps = {}
    for motion in ("none", "blend", "flow"):
        result = call("dream", clip, tmp_path / f"{motion}.mp4", *quick, "--motion", motion, "--every", "1", "--events")
        assert result.exit_code == 0
        steps[motion] = count(result, "stepped")
    assert steps == {"none": 2 * COUNT, "blend": 2 * COUNT, "flow": 2 * 2 + (COUNT - 2)}
    assert differ(tmp_path / "none.mp4", tmp_path / "blend.mp4")
    assert differ(tmp_path / "none.mp4", tmp_path / "flow.mp4")


def test_max_size_is_told_and_the_film_keeps_its_size(call, quick, clip, tmp_path):
    result = call("dream", clip, tmp_path / "out.mp4", *quick, "--max-size", "32")
    assert "Note on out.mp4: dreamed at 24x32 and enlarged onto the full 48x64\n" in result.stderr
    assert seen(tmp_path / "out.mp4").first.width == 64


@pytest.mark.parametrize("motion", ["flow", "blend", "none"])
def test_a_preview_lies_beside_the_output_and_tells_the_time(call, quick, tmp_path, motion):
    source = render(tmp_path / "in.mp4", scene(6, 320, 192))
    result = call("dream", source, tmp_path / "out.mp4", *quick, "--preview", "--motion", motion)
    assert result.exit_code == 0
    assert "the whole film, 6 frames of 320x192, takes about" in result.stderr
    assert names(tmp_path) == [".dreampipe.jsonl", "in.mp4", "out.preview.mp4"]
    first = seen(tmp_path / "out.preview.mp4").first
    assert (first.width, first.height) == (256, 154)


def test_a_preview_of_numbered_pictures_is_a_film_beside_their_folder(call, quick, clip, tmp_path):
    assert call("dream", clip, tmp_path / "frames", *quick, "--preview").exit_code == 0
    assert names(tmp_path) == ["frames", "frames.preview.mp4"]
    assert len(decoded(tmp_path / "frames.preview.mp4")) == COUNT
    assert "0 done, 1 skipped" in call("dream", clip, tmp_path / "frames", *quick, "--preview").stderr


def test_keyframes_change_the_film_from_their_time_on(call, quick, clip, tmp_path):
    whole = call("dream", clip, tmp_path / "a.mp4", *quick, "--every", "1", "--codec", "h264", "--crf", "0")
    assert whole.exit_code == 0
    at = ("--at", "0.3s:objective=first_relu", "--every", "1", "--crf", "0")
    assert call("dream", clip, tmp_path / "b.mp4", *quick, *at).exit_code == 0
    pairs = zip(decoded(tmp_path / "a.mp4"), decoded(tmp_path / "b.mp4"), strict=True)
    equal = [bool((a == b).all()) for a, b in pairs]
    assert equal == [True] * 8 + [False] * (COUNT - 8)


def test_a_second_run_skips_and_another_recipe_or_source_does_not(call, quick, clip, tmp_path):
    source = tmp_path / "in.mp4"
    source.write_bytes(clip.read_bytes())
    words = ("dream", source, tmp_path / "out" / "dream.mp4", *quick)
    (tmp_path / "out").mkdir()
    assert "1 done" in call(*words).stderr
    before = (tmp_path / "out" / "dream.mp4").read_bytes()
    assert "0 done, 1 skipped, 0 failed" in call(*words).stderr
    refused = call(*words, "--seed", "7", "--crf", "30")
    why = "was made with other settings (seed: 0 there, 7 now; crf: the default there, 30 now): use --overwrite"
    assert refused.exit_code == 1 and why in refused.stderr
    assert (tmp_path / "out" / "dream.mp4").read_bytes() == before
    assert "1 done" in call(*words, "--seed", "7", "--overwrite").stderr
    assert "1 done" in call(*words, "--overwrite").stderr
    assert (tmp_path / "out" / "dream.mp4").read_bytes() == before
    render(source, shots()[::-1])
    assert "was made from another source (in.mp4 has changed since): " in call(*words).stderr
    assert "1 done" in call(*words, "--overwrite").stderr
    assert names(tmp_path / "out") == [".dreampipe.jsonl", "dream.mp4"]


def test_work_that_is_kept_lies_beside_the_film(call, quick, clip, tmp_path):
    words = ("dream", clip, tmp_path / "out.mp4", *quick, "--keep-work")
    assert call(*words).exit_code == 0
    assert names(tmp_path) == [".dreampipe.jsonl", ".out.mp4.dreampipe", "out.mp4"]
    kept = names(tmp_path / ".out.mp4.dreampipe")
    assert [name for name in kept if name.endswith(".segment")] == ["000000.segment", "000001.segment"]
    assert "1 skipped" in call(*words[:-1]).stderr
    assert names(tmp_path / ".out.mp4.dreampipe") == kept


def test_a_film_that_is_not_ours_is_replaced_only_if_that_is_said(call, quick, clip, tmp_path):
    out = tmp_path / "out.mp4"
    out.write_bytes(b"mine")
    refused = call("dream", clip, out, *quick)
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"Failed out.mp4: {out} exists and was not written by dreampipe: ")
    assert (out.read_bytes(), names(tmp_path)) == (b"mine", ["out.mp4"])
    assert call("dream", clip, out, *quick, "--overwrite").exit_code == 0
    assert len(decoded(out)) == COUNT


def test_a_film_makes_the_folders_that_it_is_to_lie_in(call, quick, clip, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_bytes(clip.read_bytes())
    assert call("dream", tmp_path / "in", tmp_path / "out" / "deep", *quick).exit_code == 0
    assert names(tmp_path / "out" / "deep") == [".dreampipe.jsonl", "a.mp4"]


def test_a_folder_of_pictures_and_films(call, quick, clip, pictures, tmp_path):
    (pictures / "b2.mp4").write_bytes(clip.read_bytes())
    (pictures / "broken.mkv").write_bytes(b"no film")
    result = call("dream", pictures, tmp_path / "out", *quick)
    assert result.exit_code == 1
    assert "Failed broken.mkv: " in result.stderr
    assert result.stderr.endswith("4 done, 0 skipped, 1 failed\n")
    assert names(tmp_path / "out") == [".dreampipe.jsonl", "a.png", "b.png", "b2.mp4", "c.png"]
    assert len(decoded(tmp_path / "out" / "b2.mp4")) == COUNT
    (pictures / "broken.mkv").unlink()
    assert "0 done, 4 skipped" in call("dream", pictures, tmp_path / "out", *quick).stderr


def renamed_picture(path: Path) -> None:
    Image.fromarray(scene(1)[0]).save(path, "PNG")


def only_sound(path: Path) -> None:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 48_000, 0
        film.mux([*stream.encode(frame), *stream.encode(None)])


def no_frames(path: Path) -> None:
    with av.open(str(path), "w") as film:
        stream: Any = film.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        film.start_encoding()


def without_its_index(path: Path) -> None:
    render(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no video": (only_sound, "has no video (it holds audio), but a film is expected"),
    "no frames": (no_frames, "film is expected"),
    "no index": (without_its_index, "lacks the index"),
    "empty": (lambda path: path.write_bytes(b""), "is empty (0 bytes)"),
    "text": (lambda path: path.write_text("a\n" * 999), "does not hold a film that can be read"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_film_is_one_sentence(call, quick, tmp_path, kind):
    make, reason = BROKEN[kind]
    make(tmp_path / "in.mp4")
    result = call("dream", tmp_path / "in.mp4", tmp_path / "out.mp4", *quick)
    assert_failed(result, reason)
    assert names(tmp_path) == ["in.mp4"]


def test_a_picture_with_the_name_of_a_film_is_a_still(call, quick, tmp_path):
    renamed_picture(tmp_path / "in.mp4")
    result = call("dream", tmp_path / "in.mp4", tmp_path / "out.mp4", *quick)
    assert result.exit_code == 2
    assert "in.mp4 is a still, but" in result.stderr and "dreampipe zoom" in result.stderr
    assert call("dream", tmp_path / "in.mp4", tmp_path / "out.png", *quick).exit_code == 0


def assert_failed(result: Any, reason: str) -> None:
    assert result.exit_code == 1
    failed, counts = result.stderr.splitlines()[-2:]
    assert failed.startswith("Failed out.") and reason in failed
    assert ". " not in failed
    assert counts == "0 done, 0 skipped, 1 failed"
    assert "Traceback" not in result.stderr


def test_a_film_that_was_cut_off_is_dreamed_as_far_as_it_goes(call, quick, tmp_path):
    source = render(tmp_path / "in.mp4", scene(30), container={"movflags": "+faststart"}, options={"crf": "5"})
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 3 // 5])
    result = call("dream", source, tmp_path / "out.mp4", *quick)
    assert result.exit_code == 1
    film = seen(tmp_path / "out.mp4")
    assert 5 < len(film.times) < 30
    assert f"{source} holds {len(film.times)} of 30 frames" in result.stderr
    assert f"What is there was made into {tmp_path / 'out.mp4'}." in result.stderr
    assert names(tmp_path) == [".dreampipe.jsonl", "in.mp4", "out.mp4"]
    before = (tmp_path / "out.mp4").stat()
    again = call("dream", source, tmp_path / "out.mp4", *quick)
    assert (again.exit_code, again.stderr.splitlines()) == (1, result.stderr.splitlines()[-2:])  # no frame is dreamed
    assert (tmp_path / "out.mp4").stat() == before


def test_damaged_frames_are_told_and_the_rest_is_dreamed(call, quick, tmp_path):
    source = render(tmp_path / "in.mp4", scene(24), options={"crf": "5", "g": "6"})
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    source.write_bytes(data)
    result = call("dream", source, tmp_path / "out.mp4", *quick)
    assert result.exit_code == 1
    assert "damaged" in result.stderr and "Traceback" not in result.stderr
    assert len(seen(tmp_path / "out.mp4").times) >= 12


def test_repeated_stamps_are_moved_apart_and_told(call, quick, tmp_path):
    stamps = (0, 1, 2, 500, 501, 1000, 1500, 2000)  # of 1/12000 s: Matroska counts in thousandths
    source = render(
        tmp_path / "in.mkv",
        scene(8),
        codec="ffv1",
        pixel_format="yuv444p",
        time_base=Fraction(1, 12_000),
        stamps=stamps,
    )
    result = call("dream", source, tmp_path / "out.mkv", *quick)
    assert result.exit_code == 0
    assert "whose time does not rise come one tick after the one before (3)." in result.stderr
    film = seen(tmp_path / "out.mkv")
    assert film.times == [Fraction(time, 1000) for time in (0, 1, 2, 42, 43, 83, 125, 167)]


def test_sound_that_the_container_cannot_hold(call, quick, clip, tmp_path):
    words = ("dream", clip, tmp_path / "out.webm", *quick)
    refused = call(*words)
    assert_failed(refused, "out.webm cannot hold sound (aac)")
    assert names(tmp_path) == []
    assert call(*words, "--drop-streams").exit_code == 0
    with av.open(str(tmp_path / "out.webm")) as film:
        assert [stream.type for stream in film.streams] == ["video"]


REFUSED = {
    "a part behind the end": (("--start", "5"), "has no frame from 5 to its end"),
    "a rate for a film with times": (("--fps", "24"), "has times of its own"),
    "too many pixels": (("--max-pixels", "100"), "says that it has 64x48 pixels"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_settings_that_do_not_fit_the_film(call, quick, clip, tmp_path, kind):
    words, reason = REFUSED[kind]
    assert_failed(call("dream", clip, tmp_path / "out.mp4", *quick, *words), reason)
    assert names(tmp_path) == []


WRONG = {
    "a codec that the container does not hold": (("--codec", "prores"), "prores came for a .mp4 file"),
    "no codec": (("--codec", "h266"), "did you mean h265 or h264"),
    "a CRF that is none": (("--crf", "77"), "h264 takes 0 to 51"),
    "a time": (("--start", "soon"), "--start came as 'soon'"),
    "a rate": (("--fps", "0"), "--fps came as '0'"),
    "a keyframe": (("--at", "5s:colour=2"), "colour"),
    "a motion": (("--motion", "dance"), "dance"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_arguments_that_are_wrong_whatever_the_film(call, clip, tmp_path, kind):
    words, reason = WRONG[kind]
    result = call("dream", clip, tmp_path / "out.mp4", *words)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "words", [("--start", "1"), ("--fps", "24"), ("--codec", "h264"), ("--crf", "0"), ("--keep-work",)]
)
def test_what_is_of_films_alone_is_refused_for_pictures(call, quick, clip, pictures, tmp_path, words):
    result = call("dream", pictures, tmp_path / "out", *quick, *words)
    assert result.exit_code == 2
    assert result.stderr == f"Error: {words[0]} came for pictures, but films alone take that: leave it out.\n"
    assert not (tmp_path / "out").exists()
    (pictures / "b2.mp4").write_bytes(clip.read_bytes())
    if "--start" not in words and "--fps" not in words:
        assert call("dream", pictures, tmp_path / "out", *quick, *words).exit_code == 0


def test_an_output_in_what_is_no_folder(call, quick, clip, tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    result = call("dream", clip, tmp_path / "file" / "out.mp4", *quick)
    assert result.exit_code == 2
    assert f"{tmp_path / 'file'}" in result.stderr and "Traceback" not in result.stderr
    assert names(tmp_path) == ["file"]


def test_an_output_that_is_the_input(call, quick, clip):
    before = clip.read_bytes()
    result = call("dream", clip, clip, *quick)
    assert result.exit_code == 2
    assert "inputs are never overwritten" in result.stderr
    assert clip.read_bytes() == before
