#!/usr/bin/env bash
# OpenCV 5 darkens 8-bit TIFF pictures with straight alpha, even with IMREAD_UNCHANGED.
#
# Expected: IMREAD_UNCHANGED returns the numbers of the file.
# Seen: where the file says that its alpha is straight (ExtraSamples 2, "unassociated"),
#   the colours of an 8-bit TIFF come back multiplied by alpha. With 16 bits they come
#   back as they are. Files that say their alpha is already multiplied in (ExtraSamples
#   1) come back unchanged too, so the caller cannot tell which of the two it holds.
# Why it hurts: straight alpha is what the same caller gets from PNG, WebP and AVIF.
#   Soft edges get dark seams when they are composited, and colours under alpha 0 are
#   lost.
# Instead: read TIFF with tifffile or Pillow.
#
# Output seen:
#   opencv 5.0.0, tifffile 2026.3.3, pillow 13.0.0
#   in the file (200, 100, 50, 64); straight, 8 bits: OpenCV (50, 25, 13, 64), Pillow (200,
#     100, 50, 64)
#   straight, 16 bits: OpenCV (200, 100, 50, 64); multiplied in already, 8 bits: OpenCV (200,
#     100, 50, 64)
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 tifffile==2026.3.3 pillow==13.0.0 \
    numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np
import PIL
import tifffile
from PIL import Image

print(f"opencv {cv2.__version__}, tifffile {tifffile.__version__}, pillow {PIL.__version__}")
picture = np.empty((8, 8, 4), np.uint8)
picture[:] = (200, 100, 50, 64)


def read(scale, meaning):
    """Write the picture with alpha of that meaning, and read it with OpenCV."""
    pixels = picture if scale == 1 else picture.astype(np.uint16) * scale
    tifffile.imwrite("picture.tif", pixels, photometric="rgb", extrasamples=[meaning])
    blue, green, red, alpha = cv2.imread("picture.tif", cv2.IMREAD_UNCHANGED)[0, 0] // scale
    return int(red), int(green), int(blue), int(alpha)


straight, deep, multiplied = read(1, "unassalpha"), read(257, "unassalpha"), read(1, "assocalpha")
tifffile.imwrite("picture.tif", picture, photometric="rgb", extrasamples=["unassalpha"])
pillow = Image.open("picture.tif").getpixel((0, 0))
print(f"in the file (200, 100, 50, 64); straight, 8 bits: OpenCV {straight}, Pillow {pillow}")
print(f"straight, 16 bits: OpenCV {deep}; multiplied in already, 8 bits: OpenCV {multiplied}")
assert straight == (50, 25, 13, 64), "OpenCV returns other colours now"
assert deep == multiplied == pillow == (200, 100, 50, 64), "the other readings changed"
PYTHON
