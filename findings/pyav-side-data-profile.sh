#!/usr/bin/env bash
# PyAV ends the process when the side data of a frame with a colour profile has been looked at.
#
# Expected: `frame.side_data` lists what a decoder found besides pixels, and the garbage collector frees it.
# Seen: if a frame carries an ICC profile (PNG, JPEG, TIFF and others within a film), the process dies of a
#   segmentation fault or an abort a moment later. FFmpeg keeps the profile's name in a dictionary of the side data;
#   it looks as if PyAV's object frees that dictionary, and FFmpeg frees it again with the frame.
# Why it hurts: no exception can be caught, and the crash comes at some later garbage collection, far from its cause.
#   Films of JPEG or PNG pictures with a profile are what cameras, scanners and screen recorders make.
# Instead: take the profile off first, by FFmpeg's filter `sidedata=mode=delete:type=ICC_PROFILE`; with `mode=select`
#   that filter says whether there was one.
#
# Output seen:
#   av 18.1.0, pillow 13.0.0
#   without a profile: ends with 0
#   with a profile: ends with -11
#   with a profile that the filter takes off: ends with 0
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet av==18.1.0 pillow==13.0.0 numpy==2.4.6

cat > "$folder/look.py" <<'PYTHON'
import gc
import sys
from fractions import Fraction
from io import BytesIO

import av
from av.filter import Graph
from PIL import Image, ImageCms

how, path = sys.argv[1:]
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
picture = BytesIO()
Image.new("RGB", (64, 48)).save(picture, "PNG", icc_profile=None if how == "without" else profile)
with av.open(path, "w") as film:
    stream = film.add_stream("png", rate=24, width=64, height=48)
    stream.pix_fmt = "rgb24"
    packet = av.Packet(picture.getvalue())
    packet.pts = packet.dts = 0
    packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 24), stream, True
    film.mux(packet)


def stripped(frame):
    graph = Graph()
    source = graph.add_buffer(width=64, height=48, format=frame.format, time_base=Fraction(1, 24))
    graph.link_nodes(source, graph.add("sidedata", "mode=delete:type=ICC_PROFILE"), graph.add("buffersink"))
    graph.configure()
    graph.push(frame)
    return graph.pull()


for _ in range(200):
    with av.open(path) as film:
        frame = next(film.decode(video=0))
    kinds = [data.type for data in (stripped(frame) if how == "stripped" else frame).side_data]
    del frame
    gc.collect()
PYTHON

cat > "$folder/show.py" <<'PYTHON'
import subprocess
import sys

import av
import PIL

folder = sys.argv[1]
print(f"av {av.__version__}, pillow {PIL.__version__}")
codes = []
for how, said in (
    ("without", "without a profile"),
    ("with", "with a profile"),
    ("stripped", "with a profile that the filter takes off"),
):
    run = subprocess.run([sys.executable, f"{folder}/look.py", how, f"{folder}/film.mov"], stderr=subprocess.DEVNULL)
    print(f"{said}: ends with {run.returncode}")
    codes.append(run.returncode)
sys.exit(not (codes[0] == 0 and codes[1] < 0 and codes[2] == 0))
PYTHON
"$folder/venv/bin/python" "$folder/show.py" "$folder"
