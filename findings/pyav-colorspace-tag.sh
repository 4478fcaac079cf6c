#!/usr/bin/env bash
# In PyAV, setting an encoder's colorspace writes the tag and does not convert.
#
# Expected: with codec_context.colorspace set to BT.709, an RGB frame given to encode() is
#   converted with the matrix of BT.709 and tagged so: reading the film returns the
#   colours that went in.
# Seen: encode() converts RGB with the matrix of BT.601 all the same, and only the tag
#   says BT.709. The reader believes the tag: a green of 200 comes back as 168, a red of
#   200 as (216, 18, 0). PyAV's own reader and OpenCV agree: the file is wrong. Without any tag the pair of wrong defaults cancels, so a first test passes.
# Why it hurts: HD films must be tagged BT.709, or players guess it from the size. Whoever
#   adds the tag to be correct shifts every colour; in a film that feeds on its own
#   frames, at every round.
# Instead: convert first: frame.reformat(format="yuv420p", dst_colorspace=...,
#   dst_color_range=...) with the same values as the encoder, and encode the result.
#
# Output seen:
#   av 18.1.0, opencv 5.0.0
#   no tag: (0, 200, 0) comes back as (0, 199, 0)
#   no tag: (200, 0, 0) comes back as (199, 0, 0)
#   no tag: (0, 0, 200) comes back as (0, 0, 200)
#   no tag: (180, 120, 60) comes back as (178, 119, 60)
#   tag only: (0, 200, 0) comes back as (0, 168, 0)
#   tag only: (200, 0, 0) comes back as (216, 18, 0)
#   tag only: (0, 0, 200) comes back as (0, 11, 208)
#   tag only: (180, 120, 60) comes back as (184, 122, 57)
#   tag and reformat: (0, 200, 0) comes back as (0, 199, 0)
#   tag and reformat: (200, 0, 0) comes back as (200, 0, 0)
#   tag and reformat: (0, 0, 200) comes back as (0, 0, 198)
#   tag and reformat: (180, 120, 60) comes back as (179, 119, 58)
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6 opencv-python-headless==5.0.0.93

cd "$folder"
"$folder/venv/bin/python" - 2>"$folder/errors" <<'PYTHON' || { cat "$folder/errors" >&2; exit 1; }
import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace, ColorRange

print(f"av {av.__version__}, opencv {cv2.__version__}")
colours = [(0, 200, 0), (200, 0, 0), (0, 0, 200), (180, 120, 60)]


def write_film(colour, tag, convert):
    """Write a film of one colour; tag it as BT.709 and convert it by hand if asked."""
    with av.open("film.mp4", "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        if tag:
            stream.codec_context.colorspace = Colorspace.ITU709
            stream.codec_context.color_range = ColorRange.MPEG
        frame = av.VideoFrame.from_ndarray(np.full((720, 1280, 3), colour, np.uint8), format="rgb24")
        if convert:
            frame = frame.reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
        film.mux(stream.encode(frame))
        film.mux(stream.encode())


def read_film():
    with av.open("film.mp4") as film:
        pyav = next(film.decode(video=0)).to_ndarray(format="rgb24")[360, 640]
    opencv = cv2.VideoCapture("film.mp4").read()[1][360, 640, ::-1]
    return pyav.astype(int), opencv.astype(int)


ways = [("no tag", False, False), ("tag only", True, False), ("tag and reformat", True, True)]
for name, tag, convert in ways:
    worst = 0
    for colour in colours:
        write_film(colour, tag, convert)
        pyav, opencv = read_film()
        assert np.abs(pyav - opencv).max() <= 2, "the two readers disagree now"
        worst = max(worst, int(np.abs(pyav - colour).max()))
        print(f"{name}: {colour} comes back as {tuple(pyav.tolist())}")
    assert (worst > 20) == (name == "tag only"), f"{name}: the colours come back otherwise now"
PYTHON
