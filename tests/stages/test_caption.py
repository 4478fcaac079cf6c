"""Words under a frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dreampipe import Blend, Frame, MediaInfo, Pipeline
from dreampipe.stages import Caption
from dreampipe.stages.dream import SOURCE


def frame(height: int = 40, width: int = 280) -> Frame:
    rng = np.random.default_rng(2)
    pixels, source = (rng.random((height, width, 3), np.float32) for _ in range(2))
    return Frame(pixels, alpha=np.zeros((height, width), np.float32), extras={SOURCE: source})


def test_the_picture_stands_over_white_words_on_black() -> None:
    before = frame()
    (after,) = Caption("mixed4 [12]")(iter([before]))
    assert (after.height, after.width) == (60, 280)
    assert np.array_equal(after.pixels[:40], before.pixels)
    strip = after.pixels[40:]
    assert strip.max() == 1 and strip.min() == 0 and np.array_equal(strip[..., 0], strip[..., 2])
    lit = np.flatnonzero(strip.any((0, 2)))
    assert abs((lit[0] + lit[-1]) / 2 - 140) < 4
    assert after.alpha is not None and after.alpha[:40].max() == 0 and after.alpha[40:].min() == 1


def test_long_words_become_smaller_until_they_fit() -> None:
    (short,), (long,) = (Caption(text)(iter([frame()])) for text in ("eye", "a long line of words " * 4))
    for out in (short, long):
        assert out.pixels[40:, :1].max() == out.pixels[40:, -1:].max() == 0
    assert np.ptp(np.flatnonzero(long.pixels[40:].any((0, 2)))) > 200
    assert next(Caption("x" * 5000)(iter([frame(2, 2)]))).height == 18


LONG = "0.5*logit(eye) + mixed4[3]@center - 3*tv() on motifnet"


@pytest.mark.parametrize("text, width, lines", [("eye", 48, 1), (LONG, 640, 1), (LONG, 280, 1), (LONG, 128, 3)])
def test_words_that_could_not_be_read_in_one_line_are_broken(text: str, width: int, lines: int) -> None:
    (after,) = Caption(text)(iter([frame(40, width)]))
    height = max(16, width // 14)
    assert after.height == 40 + lines * height == Caption(text).output(MediaInfo(width, 40)).height
    assert after.alpha is not None and len(after.alpha) == len(after.extras[SOURCE]) == after.height
    for strip in np.split(after.pixels[40:, :, 0], lines):
        assert np.ptp(np.flatnonzero(strip.max(axis=1) > 0.5)) >= 5  # pixels from the top of a letter to its foot


def test_the_longest_words_end_with_an_ellipsis_and_stay_in_the_picture() -> None:
    for text, lines in (("word " * 100, 4), ("x" * 5000, 1)):
        (after,) = Caption(text)(iter([frame(40, 120)]))
        assert after.height == 40 + lines * 16
        last = after.pixels[-16:, -20:, 0]
        lit = np.flatnonzero(last.any(axis=1))
        assert lit.size and after.pixels[40:, :1].max() < 0.5
        dots = np.flatnonzero(after.pixels[-16:, :, 0].max(axis=0) > 0.3)[-1]
        assert np.flatnonzero(after.pixels[-16:, dots, 0] > 0.3).min() > 8  # at the foot of the line


def test_a_blend_after_it_keeps_the_words() -> None:
    first, last = (
        Pipeline(stages).one(frame()) for stages in ([Blend(0.25), Caption("eye")], [Caption("eye"), Blend(0.25)])
    )
    assert np.allclose(first.pixels, last.pixels, atol=1e-6)


def test_a_line_break_is_a_space() -> None:
    (one,), (other,) = (Caption(text)(iter([frame()])) for text in ("two\nlines", "two lines"))
    assert np.array_equal(one.pixels, other.pixels)


def test_words_of_other_scripts_are_drawn_and_not_all_alike() -> None:
    texts = ("Träumen", "Traumen", "сон", "夢", "꿈", "όνειρο")
    strips = {next(Caption(text)(iter([frame()]))).pixels[40:].tobytes() for text in texts}
    assert len(strips) == len(texts)


def test_words_that_change_stand_in_strips_of_one_height() -> None:
    texts = ("eye", "a long line of words " * 4)
    caption = Caption(lambda frame: texts[frame.index], texts)
    first, second = caption(replace(frame(), index=index) for index in range(2))
    (short,), (long,) = (Caption(text)(iter([frame()])) for text in texts)
    assert second.height == long.height > short.height
    assert np.array_equal(second.pixels, long.pixels)
    assert np.array_equal(first.pixels[: short.height], short.pixels) and not first.pixels[short.height :].any()
    assert caption.output(MediaInfo(280, 40)).height == long.height
    with pytest.raises(ValueError, match="came without words"):
        Caption(lambda frame: "eye")


def test_it_tells_its_height_and_wants_words() -> None:
    assert Caption("夢").output(MediaInfo(280, 40)) == MediaInfo(280, 60)
    for text in ("", " \n"):
        with pytest.raises(ValueError, match="came without words"):
            Caption(text)
