#!/usr/bin/env bash
# Pillow turns a 16-bit grey picture into nonsense when it rotates or warps it with interpolation.
#
# Expected: rotate and transform do for a 16-bit grey PNG (mode I;16) what they do for 8 bits, as resize does; or
#   they raise an error, as reduce does.
# Seen: Pillow 13 interpolates the single bytes of the picture. With BILINEAR or BICUBIC every pixel comes back
#   as a number below 256 that mixes high and low bytes, so the result is all but black. The mode and
#   the size are right, and there is no warning. NEAREST is right, and so is resize with every filter. The
#   same picture as mode I or F is right; before Pillow 10.3 16-bit grey PNGs were opened as mode I.
# Why it hurts: depth maps, masks of instances, microscope and medical pictures are 16-bit grey and are rotated to
#   augment or to align them. Scaled to its own largest value, the result looks like texture, not like an error.
# Instead: picture.convert("I") or "F" first, or warp with OpenCV.
#
# Output seen:
#   pillow 13.0.0, numpy 2.4.6
#   a 16-bit grey PNG opens as mode I;16
#   resize, NEAREST: largest number 52766, true 52766; off by up to 1345 inside, as mode I by 0
#   resize, BILINEAR: largest number 52750, true 52750; off by up to 1 inside, as mode I by 1
#   resize, BICUBIC: largest number 52768, true 52768; off by up to 1 inside, as mode I by 1
#   rotate, NEAREST: largest number 52766, true 52766; off by up to 0 inside, as mode I by 0
#   rotate, BILINEAR: largest number 247, true 52727; off by up to 52593 inside, as mode I by 1
#   rotate, BICUBIC: largest number 255, true 52805; off by up to 52636 inside, as mode I by 1
#   transform, NEAREST: largest number 52766, true 52766; off by up to 0 inside, as mode I by 0
#   transform, BILINEAR: largest number 249, true 52752; off by up to 52600 inside, as mode I by 1
#   transform, BICUBIC: largest number 255, true 52792; off by up to 52680 inside, as mode I by 1
#   reduce: ValueError, image has wrong mode
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 numpy==2.4.6

"$folder/venv/bin/python" - <<'PYTHON'
import io

import numpy as np
import PIL
from PIL import Image

print(f"pillow {PIL.__version__}, numpy {np.__version__}")
rows, columns = np.mgrid[:96, :96]
waves = 32768 + 20000 * np.sin(columns / 9) * np.cos(rows / 11)  # smooth, from 12768 to 52768
file = io.BytesIO()
Image.fromarray(waves.round().astype(np.uint16)).save(file, "PNG")
opened = Image.open(file)
print(f"a 16-bit grey PNG opens as mode {opened.mode}")
assert opened.mode == "I;16"

TILT = (1, 0.1, -3, 0.05, 1, -2)
ways = {
    "resize": lambda picture, filter: picture.resize((150, 120), filter),
    "rotate": lambda picture, filter: picture.rotate(10, filter),
    "transform": lambda picture, filter: picture.transform((96, 96), Image.Transform.AFFINE, TILT, filter),
}
for name, warp in ways.items():
    for filter in (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC):
        true = np.asarray(warp(opened.convert("F"), filter))
        through_integers = np.asarray(warp(opened.convert("I"), filter))
        found = np.asarray(warp(opened, filter))
        inner = (slice(30, 60), slice(30, 60))
        error = np.abs(found[inner] - true[inner]).max()
        print(
            f"{name}, {filter.name}: largest number {found.max()}, true {true.max():.0f}; off by up to {error:.0f} "
            f"inside, as mode I by {np.abs(through_integers[inner] - true[inner]).max():.0f}"
        )
        wrong = name != "resize" and filter != Image.Resampling.NEAREST
        assert (error > 10000) == wrong, f"{name} with {filter.name} behaves otherwise now"
        assert (found.max() < 256) == wrong, f"{name} with {filter.name} has other numbers now"
        neighbour = filter == Image.Resampling.NEAREST  # it may choose the pixel beside: up to 2,300
        assert wrong or error <= (2500 if neighbour else 1), f"{name} with {filter.name} is wrong now"
        assert np.abs(through_integers[inner] - true[inner]).max() <= 1, "mode I is wrong too"

try:
    opened.reduce(2)
except ValueError as error:
    print(f"reduce: ValueError, {error}")
else:
    raise AssertionError("reduce works on I;16 now")
PYTHON
