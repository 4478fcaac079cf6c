#!/usr/bin/env bash
# Pillow's optimize=True gives a GIF of a quantized picture with alpha other colours.
#
# Expected: optimize=True drops the colours that a palette does not use, and changes nothing to be seen.
# Seen: Pillow 13.0 reads the palette of a picture that was RGBA when it was quantized, four bytes a colour, as if it
#   had three. From the second colour on each takes parts of its neighbours: red (200, 30, 30) becomes yellow
#   (255, 200, 30). OpenCV reads the same. Pictures that were RGB, or that are saved without optimize, are right.
# Why it hurts: frames with alpha become GIFs for the web this way, and optimize is what one adds to make them small. In
#   a picture of a dream wrong colours pass for the dream's own.
# Instead: picture.convert("RGB") before quantize, or no optimize.
#
# Output seen:
#   pillow 13.0.0, opencv 5.0.0
#   quantized from RGB, plain: blue (40, 80, 120), red (200, 30, 30)
#   quantized from RGB, optimize: blue (40, 80, 120), red (200, 30, 30)
#   quantized from RGBA, plain: blue (40, 80, 120), red (200, 30, 30)
#   quantized from RGBA, optimize: blue (40, 80, 120), red (255, 200, 30)
#   quantized from RGBA, optimize, read by OpenCV: red (255, 200, 30)
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np
import PIL
from PIL import Image

print(f"pillow {PIL.__version__}, opencv {cv2.__version__.split('-')[0]}")
BLUE, RED = (40, 80, 120), (200, 30, 30)
pixels = np.full((24, 32, 4), (*BLUE, 255), np.uint8)
pixels[4:12, 2:10, :3] = RED


def read_colors(picture):
    return picture.getpixel((0, 0)), picture.getpixel((5, 7))


for mode in ("RGB", "RGBA"):
    quantized = Image.fromarray(pixels).convert(mode).quantize(64)
    assert read_colors(quantized.convert("RGB")) == (BLUE, RED), "the quantized picture is wrong already"
    for optimize in (False, True):
        quantized.save("picture.gif", optimize=optimize)
        with Image.open("picture.gif") as picture:
            blue, red = read_colors(picture.convert("RGB"))
        print(f"quantized from {mode}, {'optimize' if optimize else 'plain'}: blue {blue}, red {red}")
        right = mode == "RGB" or not optimize
        assert ((blue, red) == (BLUE, RED)) == right, "other pictures are wrong now"
other = tuple(int(number) for number in cv2.imread("picture.gif", cv2.IMREAD_COLOR_RGB)[7, 5])
print(f"quantized from RGBA, optimize, read by OpenCV: red {other}")
assert other == red, "readers differ"
PYTHON
