"""The film that films are measured on, rendered by our own code: `python benchmarks/clip.py OUT.mp4 [--frames 96]`.

The camera pans to and fro, zooms and rolls a little over a painted place; a motif flies across it and hides what is
behind; at two thirds of the frames there is a hard cut to another place; and a tone sounds throughout. `frames` is the
same film without a file, of any length and size in flat memory. `truths` is the true motion in it, known exactly
because everything that is seen lies on one of two planes, each moved by a matrix.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.models.motifnet.motifs import MOTIFS
from dreampipe.models.motifnet.scenery import PLACES

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.float64]
"""3 x 3, of homogeneous coordinates in the plane."""

RATE = 24
BT709 = (1, 1, 1, 1)
"""Range (limited), matrix, primaries and transfer of colours, by their numbers in ISO/IEC 23091-2 and FFmpeg."""
SAMPLE_RATE = 48_000
TONE = 440.0
GROUND = 1.7
"""The size of the painted ground, in sizes of the film: the camera never sees its edge."""
REACH = 1.1
"""Half the side of a motif's picture; the motif itself ends at 1."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The true motion from one frame to the next. Soft edges, where two things are seen at once, are neither seen nor
    hidden.

    Attributes:
        flow: (height, width, 2), pixels right and down from each pixel to its place in the frame before.
        seen: (height, width) bool, the places that the frame before shows.
        hidden: (height, width) bool, the places that were covered or lay more than a pixel outside of it.
    """

    flow: Array
    seen: Mask
    hidden: Mask


@dataclass(frozen=True)
class Shot:
    """One place with one motif over it. Lengths are in heights of the film, from its middle; times in seconds."""

    place: str
    seed: int
    motif: str
    radius: float
    phase: float
    size: tuple[int, int]

    @cached_property
    def ground(self) -> Bytes:
        """The place, (rows, columns, 3), one of its pixels for one of the film before the zoom."""
        width, height = (round(GROUND * side) for side in self.size)
        return _bytes(PLACES[self.place](np.random.default_rng(self.seed), height, width))

    @cached_property
    def thing(self) -> Array:
        """The motif, (rows, columns, 4), its colours multiplied by its mask, then the mask."""
        axis = np.linspace(-REACH, REACH, round(2.6 * REACH * self.radius * self.size[1]), dtype=np.float32)
        u, v = np.meshgrid(axis, axis)
        picture, mask = MOTIFS[self.motif](np.random.default_rng(self.seed), u, v)
        mask = np.clip(mask, 0, 1)[..., None]
        return np.concatenate([np.clip(picture, 0, 1) * mask, mask], -1)

    def camera(self, time: float) -> Matrix:
        """From the film onto the ground, both in heights from their middles."""
        zoom = 1.14 * np.exp(0.09 * np.sin(0.8 * time))
        right, down = 0.3 * np.sin(0.9 * time - 0.6), 0.08 * np.sin(0.5 * time)
        return _placed(1 / zoom, 0.02 * np.sin(0.7 * time), right, down)

    def flight(self, time: float) -> Matrix:
        """From the motif, a square from -1 to 1, onto the ground."""
        right, down = 0.6 * np.sin(1.1 * time + self.phase), 0.13 * np.sin(1.9 * time)
        return _placed(self.radius, 0.15 * np.cos(1.9 * time), right, down)

    def planes(self, time: float) -> tuple[Matrix, Matrix]:
        """From pixels of the film to pixels of the ground, and to those of the motif."""
        (width, height), (rows, columns), side = self.size, self.ground.shape[:2], len(self.thing)
        heights = self.camera(time) @ np.linalg.inv(_pixels(height, width, height))
        motif = _pixels((side - 1) / (2 * REACH), side, side) @ np.linalg.inv(self.flight(time)) @ heights
        return _pixels(height, columns, rows) @ heights, motif

    def frame(self, time: float) -> Bytes:
        """The film at a time: (height, width, 3) RGB."""
        ground, motif = self.planes(time)
        back = _seen(self.ground, ground, self.size, cv2.INTER_CUBIC)
        front = _seen(self.thing, motif, self.size, cv2.INTER_LINEAR)
        return _bytes(back / np.float32(255) * (1 - front[..., 3:]) + front[..., :3])

    def truth(self, time: float, before: float) -> Truth:
        """The motion that led from the time before to this time."""
        (ground, motif), (ground_before, motif_before) = self.planes(time), self.planes(before)
        front, front_before = (
            _seen(self.thing, plane, self.size, cv2.INTER_LINEAR)[..., 3] for plane in (motif, motif_before)
        )
        back = _sources(np.linalg.inv(ground_before) @ ground, self.size)
        there = _sources(np.linalg.inv(motif_before) @ motif, self.size)
        source = np.where(front[..., None] > 0.5, there, back)
        cover = cv2.remap(front_before, source[..., 0], source[..., 1], cv2.INTER_LINEAR)
        seen = np.where(front > 0.5, front > 0.95, np.maximum(front, cover) < 0.05) & _inside(source, self.size, 0)
        hidden = (front < 0.05) & (cover > 0.95) | ~_inside(source, self.size, 1)
        return Truth(np.asarray(source - _sources(np.eye(3), self.size), np.float32), seen, hidden)


def shots(count: int, size: tuple[int, int]) -> tuple[tuple[Shot, range], ...]:
    """The two shots of a film of `count` frames, and the frames of each."""
    cut = count * 2 // 3
    first = Shot("hills", 24, "bird", 0.2, -1.0, size)
    second = Shot("clouds", 20, "butterfly", 0.22, 2.8, size)
    return (first, range(cut)), (second, range(cut, count))


def frames(count: int = 96, size: tuple[int, int] = (640, 360)) -> Iterator[Bytes]:
    """The film, frame by frame: (height, width, 3) uint8 RGB. `size` is (width, height)."""
    for shot, numbers in shots(count, size):
        for number in numbers:
            yield shot.frame(number / RATE)


def truths(count: int = 96, size: tuple[int, int] = (640, 360)) -> Iterator[Truth | None]:
    """The true motion, frame by frame; None for the first frame of each shot, which comes from nowhere."""
    for shot, numbers in shots(count, size):
        for number in numbers:
            yield None if number == numbers[0] else shot.truth(number / RATE, (number - 1) / RATE)


def tone(count: int) -> Array:
    """The sound for that many frames: (2, samples), a tone that swells to and fro between the two sides."""
    time = np.arange(count * SAMPLE_RATE // RATE) / SAMPLE_RATE
    wave = 0.3 * np.sin(2 * np.pi * TONE * time) * np.minimum(1, 50 * np.minimum(time, time[-1] - time))
    side = 0.5 + 0.4 * np.sin(np.pi * time)
    return np.asarray(np.stack([wave * side, wave * (1 - side)]), np.float32)


def write(path: Path, count: int = 96, size: tuple[int, int] = (640, 360)) -> None:
    """The film as H.264 and its sound as AAC, in a container by the path's suffix."""
    with av.open(path, "w") as film:
        picture = film.add_stream("libx264", RATE, options={"crf": "16"})
        picture.width, picture.height = size
        picture.pix_fmt = "yuv420p"
        context = picture.codec_context
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = BT709
        sound = film.add_stream("aac", SAMPLE_RATE, layout="stereo")
        samples = av.AudioFrame.from_ndarray(np.ascontiguousarray(tone(count)), "fltp", "stereo")
        samples.sample_rate, samples.pts = SAMPLE_RATE, 0
        film.mux([*sound.encode(samples), *sound.encode(None)])
        for number, pixels in enumerate(frames(count, size)):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            frame.pts = number
            film.mux(picture.encode(frame))
        film.mux(picture.encode(None))


def size_of(text: str) -> tuple[int, int]:
    """`WIDTHxHEIGHT` as numbers; raises ValueError."""
    width, height = (int(side) for side in text.split("x"))
    return width, height


def _bytes(picture: Array) -> Bytes:
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)


def _placed(scale: float, angle: float, right: float, down: float) -> Matrix:
    """Scaled, turned by an angle in radians, then moved."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, right], [sin, cos, down], [0, 0, 1]])


def _pixels(scale: float, width: int, height: int) -> Matrix:
    """From lengths from the middle of a picture to its pixels, `scale` of them for a length of 1."""
    return _placed(scale, 0, (width - 1) / 2, (height - 1) / 2)


def _seen(picture: Array | Bytes, plane: Matrix, size: tuple[int, int], how: int) -> Array:
    """A picture as it is seen on a plane, black and clear beside it."""
    return np.asarray(cv2.warpAffine(picture, plane[:2], size, flags=how | cv2.WARP_INVERSE_MAP), np.float32)


def _sources(plane: Matrix, size: tuple[int, int]) -> Array:
    """Where on a plane each pixel lies: (height, width, 2)."""
    column, row = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    return np.asarray(np.stack([column, row], -1) @ plane[:2, :2].T + plane[:2, 2], np.float32)


def _inside(places: Array, size: tuple[int, int], margin: int) -> Mask:
    return np.asarray(((places >= -margin) & (places <= np.array(size) - 1 + margin)).all(-1), np.bool_)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--size", type=size_of, default=(640, 360), metavar="WIDTHxHEIGHT", help="even numbers")
    options = parser.parse_args()
    write(options.out, options.frames, options.size)


if __name__ == "__main__":
    main()
