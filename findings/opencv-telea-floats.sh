#!/usr/bin/env bash
# OpenCV's Telea inpainting fills a float picture from 0 to 1 with numbers from -1 to 2.
#
# Expected: cv2.inpaint takes float32 of one channel, as documented, and continues the surroundings into the hole.
#   A picture divided by 255 gives the same hole divided by 255.
# Seen: in OpenCV 5.0 INPAINT_TELEA adds a step along the slope that does not shrink with the numbers: about one
#   level, whatever a level is. From 0 to 255 nobody sees it. From 0 to 1 it is as large as the range: a hole
#   between 0.16 and 0.64 comes back from -1.2 to 2.0, as noise. INPAINT_NS is right at each scale, and so is a
#   flat picture.
# Why it hurts: floats were added for depth maps, heights and linear light, whose numbers are small: a depth in
#   metres gets holes of noise, one in millimetres does not. A warped film whose uncovered places are inpainted
#   gets sparks.
# Instead: INPAINT_NS, or scale the picture to thousands before and back after.
#
# Output seen:
#   opencv 5.0.0, numpy 2.4.6
#   true in the hole: 0.16 to 0.64
#   INPAINT_TELEA, numbers from 0 to 1: -1.21 to 2.01 of the range, off by up to 1.52
#   INPAINT_TELEA, numbers from 0 to 10: 0.02 to 0.78 of the range, off by up to 0.23
#   INPAINT_TELEA, numbers from 0 to 255: 0.14 to 0.68 of the range, off by up to 0.16
#   INPAINT_TELEA, numbers from 0 to 65535: 0.14 to 0.68 of the range, off by up to 0.16
#   INPAINT_NS, numbers from 0 to 1: 0.15 to 0.65 of the range, off by up to 0.10
#   INPAINT_NS, numbers from 0 to 10: 0.15 to 0.65 of the range, off by up to 0.11
#   INPAINT_NS, numbers from 0 to 255: 0.15 to 0.65 of the range, off by up to 0.11
#   INPAINT_NS, numbers from 0 to 65535: 0.15 to 0.65 of the range, off by up to 0.11
#   INPAINT_TELEA, a flat picture of 0.5: 0.50 to 0.50
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 numpy==2.4.6

"$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np

print(f"opencv {cv2.__version__}, numpy {np.__version__}")
rows, columns = np.mgrid[:96, :128]
picture = 0.5 + 0.4 * np.sin(columns / 9) * np.cos(rows / 11)
hole = (columns - 60) ** 2 + (rows - 40) ** 2 < 50
print(f"true in the hole: {picture[hole].min():.2f} to {picture[hole].max():.2f}")
worst = {}
for name in ("INPAINT_TELEA", "INPAINT_NS"):
    for scale in (1, 10, 255, 65535):
        source = (picture * scale).astype(np.float32)
        filled = cv2.inpaint(source, hole.astype(np.uint8), 3, getattr(cv2, name)) / scale
        assert np.allclose(filled[~hole], picture[~hole], atol=1e-6), "pixels outside the hole change"
        inside = filled[hole]
        worst[name, scale] = float(np.abs(inside - picture[hole]).max())
        print(
            f"{name}, numbers from 0 to {scale}: {inside.min():.2f} to {inside.max():.2f} of the range, "
            f"off by up to {worst[name, scale]:.2f}"
        )
assert worst["INPAINT_TELEA", 1] > 1, "Telea fills small numbers otherwise now"
assert worst["INPAINT_TELEA", 255] < 0.25 and worst["INPAINT_TELEA", 65535] < 0.25, "Telea is wrong for large ones too"
assert max(worst["INPAINT_NS", scale] for scale in (1, 10, 255, 65535)) < 0.15, "INPAINT_NS is wrong too"

flat = cv2.inpaint(np.full((96, 128), 0.5, np.float32), hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)
print(f"INPAINT_TELEA, a flat picture of 0.5: {flat[hole].min():.2f} to {flat[hole].max():.2f}")
PYTHON
