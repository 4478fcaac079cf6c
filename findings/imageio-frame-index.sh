#!/usr/bin/env bash
# ImageIO's frame number k is another frame when the film does not begin at time 0, or is HEVC.
#
# Expected: iio.imread(film, plugin="pyav", index=k) is the frame that iio.imiter yields as its k-th, in a film of a
#   constant frame rate. ImageIO counts as the exact way to seek, other than OpenCV.
# Seen: ImageIO 2.38 jumps to the time k / rate, and counts on from the key frame that it lands on. It does not ask
#   when the film begins. Where the first frame is at 5 s, each index from 2 on gives frame 0; where it is one
#   frame late, as after a cut, the frame before. A transport stream always begins later, and gives frames far off.
#   In HEVC with open groups of pictures, the default of x265, the decoder drops the frames that lead a key
#   frame after a jump: the four before a key frame become the key frame. There is no error or warning, and
#   iteration is right.
# Why it hurts: key frames for a dream, test frames of a data set and thumbnails are taken by number. All from
#   one clip are then the same frame, or belong to other labels. A test clip that begins at 0 passes.
# Instead: constant_framerate=False (it decodes from the start), or count along iio.imiter.
#
# Output seen:
#   imageio 2.38.1, av 18.1.0
#   H.264 from 0 s: 0 of 120 wrong
#   H.264 from 0.04 s: 118 of 120 wrong: 2 gives 1, 3 gives 2, 119 gives 118
#   H.264 from 5 s: 118 of 120 wrong: 2 gives 0, 3 gives 0, 119 gives 0
#   H.264, transport stream: 115 of 120 wrong: 2 gives 32, 3 gives 32, 119 gives StopIteration
#   HEVC from 0 s: 4 of 120 wrong: 96 gives 100, 97 gives 100, 99 gives 100
#   HEVC from 0 s, closed groups: 0 of 120 wrong
#   with constant_framerate=False: all right
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet imageio==2.38.1 av==18.1.0 pillow==13.0.0 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - 2>errors <<'PYTHON' || { cat errors >&2; exit 1; }
from fractions import Fraction

import av
import imageio
import imageio.v3 as iio
import numpy as np

print(f"imageio {imageio.__version__}, av {av.__version__}")
COUNT = 120


def draw_number(number):
    """Return a picture of 8 stripes, black or white: the bits of the number."""
    bits = [255 * (number >> place & 1) for place in range(8)]
    return np.broadcast_to(np.repeat(bits, 8).astype(np.uint8)[None, :, None], (64, 64, 3)).copy()


def read_number(picture):
    stripes = picture.mean((0, 2)).reshape(8, 8)[:, 2:6].mean(1)
    return sum(int(stripe > 127) << place for place, stripe in enumerate(stripes))


def write_film(name, codec, start, options):
    with av.open(name, "w") as film:
        stream = film.add_stream(codec, rate=25, options=options)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for number in range(COUNT):
            frame = av.VideoFrame.from_ndarray(draw_number(number), format="rgb24")
            frame.pts, frame.time_base = number + start, Fraction(1, 25)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))


closed = {"g": "50", "x265-params": "log-level=none:open-gop=0"}
films = {
    "H.264 from 0 s": ("zero.mp4", "libx264", 0, {}),
    "H.264 from 0.04 s": ("late.mp4", "libx264", 1, {}),
    "H.264 from 5 s": ("five.mp4", "libx264", 125, {}),
    "H.264, transport stream": ("stream.ts", "libx264", 0, {}),
    "HEVC from 0 s": ("hevc.mp4", "libx265", 0, {"g": "50", "x265-params": "log-level=none"}),
    "HEVC from 0 s, closed groups": ("closed.mp4", "libx265", 0, closed),
}
wrong = {}
for title, (name, codec, start, options) in films.items():
    write_film(name, codec, start, options)
    yielded = [read_number(frame) for frame in iio.imiter(name, plugin="pyav")]
    assert yielded == list(range(COUNT)), f"{title}: iteration is wrong"
    for way in ({}, {"constant_framerate": False}):
        found = {}
        for index in range(COUNT):
            try:
                found[index] = read_number(iio.imread(name, plugin="pyav", index=index, **way))
            except Exception as error:
                found[index] = type(error).__name__
        wrong[title] = {index: number for index, number in found.items() if number != index}
        if way:
            assert not wrong[title], f"{title}: constant_framerate=False is wrong too"
        else:
            some = list(wrong[title].items())
            shown = ", ".join(f"{index} gives {number}" for index, number in some[:2] + some[-1:])
            print(f"{title}: {len(some)} of {COUNT} wrong" + (f": {shown}" if some else ""))
            right = title in ("H.264 from 0 s", "HEVC from 0 s, closed groups")
            assert right == (not some), f"{title}: ImageIO seeks otherwise now"
            if "from 5 s" in title:
                assert {number for _, number in some} == {0}, "other frames than the first come back now"
print("with constant_framerate=False: all right")
PYTHON
