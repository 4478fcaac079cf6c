"""Films the sample clip: `python samples/film.py OUT.mp4`, two seconds above the clouds at sunset, with a chord.

The camera glides to the right and sinks into the clouds; what is low in the picture is near, and passes faster. A
butterfly beats its wings across it. Every frame is the mean of several moments while the shutter is open, each painted
at twice the size of the film. Lengths are in heights of the film, from its middle; times in seconds.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.models.motifnet.motifs import MOTIFS
from dreampipe.models.motifnet.scenery import PLACES

Array = npt.NDArray[np.float32]
WIDTH, HEIGHT, RATE, SECONDS = 512, 288, 24, 2
FINE = 2
"""Pixels painted for one of the film, in each direction."""
MOMENTS, SHUTTER = 5, 0.5
"""How often the open shutter looks, and the share of a frame for which it is open."""
WINGBEAT = 2.5
"""Beats a second."""
BT709 = (1, 1, 1, 1)
"""Range (limited), matrix, primaries and transfer of colours, by their numbers in ISO/IEC 23091-2 and FFmpeg."""
SAMPLE_RATE = 44_100
CHORD = (146.83, 220.0, 277.18, 369.99, 554.37)
"""D major with its seventh, in hertz."""


@cache
def clouds() -> Array:
    return PLACES["clouds"](np.random.default_rng(9), HEIGHT * FINE, round(2.2 * HEIGHT) * FINE)


@cache
def butterfly() -> Array:
    """Its colours multiplied by its mask, then the mask; a square from -1.1 to 1.1."""
    axis = np.linspace(-1.1, 1.1, 96 * FINE, dtype=np.float32)
    picture, mask = MOTIFS["butterfly"](np.random.default_rng(8), *np.meshgrid(axis, axis))
    mask = np.clip(mask, 0, 1)[..., None]
    return np.concatenate([np.clip(picture, 0, 1) * mask, mask], -1)


def frame(number: int) -> Array:
    """A frame of the film: (height, width, 3) RGB in [0, 1]."""
    instants = (number + SHUTTER * np.arange(MOMENTS) / MOMENTS) / RATE
    return np.asarray(np.mean([moment(float(time)) for time in instants], 0), np.float32)


def moment(time: float) -> Array:
    """What the shutter sees at once: (height, width, 3)."""
    x, y = _grid()
    front = _butterfly(x, y, time)
    picture = _clouds(x, y, time) * (1 - front[..., 3:]) + front[..., :3]
    return np.asarray(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.float32)


@cache
def _grid() -> tuple[Array, Array]:
    """The place of every painted pixel."""
    x, y = ((np.arange(n * FINE, dtype=np.float32) + 0.5 - n * FINE / 2) / (HEIGHT * FINE) for n in (WIDTH, HEIGHT))
    return np.tile(x, (len(y), 1)), np.tile(y[:, None], (1, len(x)))


def _clouds(x: Array, y: Array, time: float) -> Array:
    zoom = 1.07 + 0.05 * time
    nearness = 0.9 + y
    right, down = x / zoom + 0.13 * (time - SECONDS / 2) * nearness, y / zoom + 0.02 * (time - SECONDS / 2)
    return _looked_up(clouds(), right, down, HEIGHT * FINE)


def _butterfly(x: Array, y: Array, time: float) -> Array:
    """It flies to the upper right, its wings narrow when they are up, and rises a little when they come down."""
    beat = 2 * np.pi * WINGBEAT * time
    right = x - (-0.55 + 0.52 * time)
    down = y - (0.2 - 0.16 * time + 0.014 * np.sin(beat))
    turn, radius, spread = 0.75 + 0.12 * np.sin(3 * time), 0.19 + 0.02 * time, 0.66 + 0.34 * np.cos(beat)
    u = (np.cos(turn) * right + np.sin(turn) * down) / (radius * spread)
    v = (np.cos(turn) * down - np.sin(turn) * right) / radius
    return _looked_up(butterfly(), u, v, len(butterfly()) / 2.2)


def _looked_up(picture: Array, right: Array, down: Array, scale: float) -> Array:
    """A picture at places from its middle, of which `scale` of its pixels make 1; black and clear beside it."""
    rows, columns = picture.shape[:2]
    x, y = right * scale + (columns - 1) / 2, down * scale + (rows - 1) / 2
    return np.asarray(cv2.remap(picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC), np.float32)


def chord() -> Array:
    """The sound of the film: (2, samples). Its notes enter one after the other, softly, and die away."""
    time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    sides = np.zeros((2, len(time)))
    for number, pitch in enumerate(CHORD):
        since = np.maximum(time - 0.13 * number, 0)
        swell = (1 - np.exp(-since / 0.03)) * np.exp(-since / 0.9)
        note = sum(np.sin(2 * np.pi * pitch * over * since) * np.exp(-over * since) / over**2 for over in (1, 2, 3))
        side = 0.25 + 0.5 * number / (len(CHORD) - 1)
        sides += 0.3 * swell * note * np.sqrt([[1 - side], [side]])
    return np.asarray(sides * np.minimum(1, (SECONDS - time) / 0.2), np.float32)


def film(path: Path, count: int = SECONDS * RATE) -> None:
    """The first `count` frames as H.264 and the whole chord as AAC, in a container by the path's suffix."""
    with av.open(path, "w") as out:
        picture = out.add_stream("libx264", RATE, options={"crf": "12", "preset": "slow"})
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        context = picture.codec_context
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = BT709
        sound = out.add_stream("aac", SAMPLE_RATE, layout="stereo")
        samples = av.AudioFrame.from_ndarray(chord(), "fltp", "stereo")
        samples.sample_rate, samples.pts = SAMPLE_RATE, 0
        out.mux([*sound.encode(samples), *sound.encode(None)])
        for number in range(count):
            pixels = np.asarray(np.clip(frame(number) * 255 + 0.5, 0, 255), np.uint8)
            shown = av.VideoFrame.from_ndarray(pixels, "rgb24")
            shown = shown.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            shown.pts = number
            out.mux(picture.encode(shown))
        out.mux(picture.encode(None))


if __name__ == "__main__":
    film(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "clip.mp4")
