#!/usr/bin/env bash
# OpenCV 5 scrambles planar TIFF pictures of 16 bits and of floats.
#
# Expected: cv2.imread either reads a TIFF or returns None.
# Seen: a TIFF that stores red, green and blue one after the other (PlanarConfiguration
#   2) is right with 8 bits. With 16 bits or 32-bit floats and IMREAD_UNCHANGED, OpenCV
#   reads the planes as if the colours were interleaved, and never fills the rest
#   of the picture. The shape and the type are right; there is no error.
# Why it hurts: tifffile writes this layout by itself for an array of shape
#   (3, height, width), which is what PyTorch code holds. The first pixel has the
#   colour (red of x=0, red of x=1, red of x=2), so the picture looks like a grey,
#   stretched copy of its top third, followed by other content.
# Instead: read with tifffile, or write with planarconfig="contig" and the channels last.
#
# Output seen:
#   opencv 5.0.0, tifffile 2026.3.3
#   uint8: at row 0, column 20 [60, 0, 30], true [60, 0, 30]; 0% of the pixels are wrong
#   uint16: at row 0, column 20 [180, 183, 186], true [60, 0, 30]; 100% of the pixels are wrong
#   float32: at row 0, column 20 [180, 183, 186], true [60, 0, 30]; 100% of the pixels are wrong
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 tifffile==2026.3.3 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np
import tifffile

print(f"opencv {cv2.__version__}, tifffile {tifffile.__version__}")
rows, columns = np.mgrid[:60, :80]
picture = np.stack([columns * 3, rows * 4, np.full_like(rows, 30)])  # red, green, blue

for kind, scale, spoiled in ((np.uint8, 1, False), (np.uint16, 257, True), (np.float32, 1 / 255, True)):
    planes = (picture * scale).astype(kind)
    tifffile.imwrite("picture.tif", planes, photometric="rgb")
    assert tifffile.TiffFile("picture.tif").pages[0].planarconfig == 2
    assert (tifffile.imread("picture.tif") == planes).all()
    read = cv2.imread("picture.tif", cv2.IMREAD_UNCHANGED)
    assert read.shape == (60, 80, 3) and read.dtype == kind, "the picture is refused or converted now"
    found = np.round(read[0, 20, ::-1] / scale).astype(int).tolist()
    true = picture[:, 0, 20].tolist()
    wrong = np.mean((read[..., ::-1] != planes.transpose(1, 2, 0)).any(axis=-1))
    print(f"{np.dtype(kind).name}: at row 0, column 20 {found}, true {true}; {wrong:.0%} of the pixels are wrong")
    assert (wrong > 0.5) == spoiled, f"{np.dtype(kind).name}: OpenCV reads it otherwise now"

    tifffile.imwrite("picture.tif", planes.transpose(1, 2, 0), photometric="rgb", planarconfig="contig")
    read = cv2.imread("picture.tif", cv2.IMREAD_UNCHANGED)
    assert (read[..., ::-1] == planes.transpose(1, 2, 0)).all(), "interleaved colours are wrong too"
PYTHON
