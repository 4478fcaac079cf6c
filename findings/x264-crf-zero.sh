#!/usr/bin/env bash
# "crf=0" is lossless with 8-bit H.264 and with VP9, and not with 10-bit H.264, HEVC or AV1.
#
# Expected: crf=0 asks for a perfect copy, and with H.264 at 8 bits it
#   is one. A user who moves to 10 bits for quality expects at least the same.
# Seen: libx264 counts crf from -12 at 10 bits, so 0 is an ordinary lossy setting that
#   changes pixels by up to 9 of 1023. libx265 (1 of 255) and SVT-AV1 (34 of 255) are lossy
#   at crf=0 too, and libx265 even at qp=0. There is no warning.
# Why it hurts: master copies, intermediate films and the frames that a feedback film
#   starts from are believed to be exact, and are not.
# Instead: qp=0 for libx264 at every depth; x265-params lossless=1; svtav1-params
#   lossless=1; lossless=1 for VP9; or FFV1, which has no such switch.
#
# Output seen:
#   av 18.1.0, libavcodec 62.28.102
#   libx264 yuv420p {'crf': '0'}: off by up to 0
#   libx264 yuv420p10le {'crf': '0'}: off by up to 9
#   libx264 yuv420p10le {'qp': '0'}: off by up to 0
#   libx265 yuv420p {'crf': '0'}: off by up to 1
#   libx265 yuv420p {'qp': '0'}: off by up to 1
#   libx265 yuv420p {'x265-params': 'lossless=1'}: off by up to 0
#   libsvtav1 yuv420p {'crf': '0'}: off by up to 34
#   libsvtav1 yuv420p {'svtav1-params': 'lossless=1'}: off by up to 0
#   libvpx-vp9 yuv420p {'crf': '0', 'b': '0'}: off by up to 0
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - 2>"$folder/errors" <<'PYTHON' || { cat "$folder/errors" >&2; exit 1; }
import av
import numpy as np

print(f"av {av.__version__}, libavcodec {'.'.join(map(str, av.library_versions['libavcodec']))}")
random = np.random.default_rng(0)
ramp = np.broadcast_to(np.linspace(0, 255, 320, dtype=np.uint8)[None, :, None], (240, 320, 3))
pictures = [random.integers(0, 256, (240, 320, 3), dtype=np.uint8), np.ascontiguousarray(ramp)] * 3


def read_planes(frame):
    kind = "<u2" if "10" in frame.format.name else "u1"
    for plane in frame.planes:
        rows = np.frombuffer(bytes(plane), kind).reshape(plane.height, -1)
        yield rows[:, : plane.width].astype(int)


def measure_loss(codec, form, options):
    """Encode and decode the pictures; return the largest difference."""
    frames = [av.VideoFrame.from_ndarray(one, format="rgb24") for one in pictures]
    frames = [frame.reformat(format=form, threads=1) for frame in frames]
    with av.open("film.mkv", "w") as film:
        stream = film.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 320, 240, form
        for frame in frames:
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    with av.open("film.mkv") as film:
        decoded = list(film.decode(video=0))
    assert len(decoded) == len(frames) and decoded[0].format.name == form
    pairs = [(a, b) for one, two in zip(frames, decoded) for a, b in zip(read_planes(one), read_planes(two))]
    return max(int(np.abs(a - b).max()) for a, b in pairs)


cases = [
    ("libx264", "yuv420p", {"crf": "0"}, True),
    ("libx264", "yuv420p10le", {"crf": "0"}, False),
    ("libx264", "yuv420p10le", {"qp": "0"}, True),
    ("libx265", "yuv420p", {"crf": "0"}, False),
    ("libx265", "yuv420p", {"qp": "0"}, False),
    ("libx265", "yuv420p", {"x265-params": "lossless=1"}, True),
    ("libsvtav1", "yuv420p", {"crf": "0"}, False),
    ("libsvtav1", "yuv420p", {"svtav1-params": "lossless=1"}, True),
    ("libvpx-vp9", "yuv420p", {"crf": "0", "b": "0"}, True),
]
for codec, form, options, lossless in cases:
    loss = measure_loss(codec, form, options)
    print(f"{codec} {form} {options}: off by up to {loss}")
    assert (loss == 0) == lossless, f"{codec} {form} {options} behaves otherwise now"
PYTHON
