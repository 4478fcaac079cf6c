#!/usr/bin/env bash
# OpenCV 5 moves a picture by 1.5 times a small shift with INTER_CUBIC, and by nothing
# with INTER_LANCZOS4.
#
# Expected: the better the filter, the more exactly warpAffine, remap and
#   warpPerspective move a smooth float picture by a part of a pixel.
# Seen: only INTER_LINEAR is right, and only for 1, 3 and 4 channels: with 2 (an optical
#   flow, grey with alpha) or 5 and more it still rounds positions to 1/32 of a pixel. OpenCV 5
#   no longer rounds the others of INTER_LINEAR, nor INTER_CUBIC, but its cubic kernel
#   (a = -0.75) has a slope of 1.5 at whole pixels, so a smooth picture moves 1.5 times as far
#   as asked for small shifts. INTER_LANCZOS4 still rounds positions to 1/32 of a pixel: a
#   shift below 1/64 returns the input bit for bit.
# Why it hurts: slow zooms, stabilization and feedback films (each frame is the last one
#   warped a little) move by hundredths of a pixel in their middle. Cubic makes the
#   motion half as fast again and uneven over the pixel; Lanczos makes it stick and jump.
# Instead: use INTER_LINEAR for small motions, on each channel of a flow by itself, or warp the first frame by the whole
#   motion, or sample with scipy.ndimage.map_coordinates(order=3).
#
# Output seen:
#   opencv 5.0.0
#   shift 0.01: INTER_LINEAR 0.99 times, INTER_CUBIC 1.48 times, INTER_LANCZOS4 0.00 times,
#     spline by scipy 1.00 times
#   shift 0.02: INTER_LINEAR 0.99 times, INTER_CUBIC 1.46 times, INTER_LANCZOS4 1.73 times,
#     spline by scipy 1.00 times
#   shift 0.05: INTER_LINEAR 0.99 times, INTER_CUBIC 1.42 times, INTER_LANCZOS4 1.37 times,
#     spline by scipy 1.00 times
#   INTER_LINEAR, shift 0.01, by channels: 1: 0.99, 2: 0.00, 3: 0.99, 4: 0.99, 5: 0.00
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 numpy==2.4.6 scipy==1.17.1

"$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np
from scipy import ndimage

print(f"opencv {cv2.__version__}")
rows, columns = np.mgrid[:256, :256].astype(np.float32)
inside = np.s_[20:-20, 20:-20]


def draw(shift):
    """Draw a smooth picture, moved to the right exactly."""
    return (128 + 60 * np.sin((columns - shift) / 5) + 40 * np.cos(rows / 7)).astype(np.float32)


def measure_shift(moved):
    """Fit the shift by least squares against the exact derivative."""
    slope = -12 * np.cos(columns / 5)
    change = (moved - draw(0)).astype(np.float64)
    return float((change * slope)[inside].sum() / (slope * slope)[inside].sum())


def warp_in_three_ways(shift, flag):
    matrix = np.float32([[1, 0, shift], [0, 1, 0]])
    full = np.float32([[1, 0, shift], [0, 1, 0], [0, 0, 1]])
    yield cv2.warpAffine(draw(0), matrix, (256, 256), flags=flag)
    yield cv2.warpPerspective(draw(0), full, (256, 256), flags=flag)
    yield cv2.remap(draw(0), columns - np.float32(shift), rows, flag)


for shift in (0.01, 0.02, 0.05):
    found = {}
    for name in ("INTER_LINEAR", "INTER_CUBIC", "INTER_LANCZOS4"):
        shifts = [measure_shift(one) for one in warp_in_three_ways(shift, getattr(cv2, name))]
        assert max(shifts) - min(shifts) < 1e-4, "the three functions disagree"
        found[name] = shifts[0] / shift
    spline = ndimage.map_coordinates(draw(0), [rows, columns - np.float32(shift)], order=3, mode="nearest")
    found["spline by scipy"] = measure_shift(spline) / shift
    print(f"shift {shift}: " + ", ".join(f"{name} {value:.2f} times" for name, value in found.items()))
    assert abs(found["INTER_LINEAR"] - 1) < 0.03 and abs(found["spline by scipy"] - 1) < 0.03
    assert 1.4 < found["INTER_CUBIC"] < 1.6, "cubic moves otherwise now"
    if shift == 0.01:
        assert found["INTER_LANCZOS4"] == 0, "Lanczos answers to a hundredth of a pixel now"
    else:
        assert abs(found["INTER_LANCZOS4"] - 1) > 0.2, "Lanczos is exact now"

moved = {}
for count in range(1, 6):
    channels = np.stack([draw(0)] * count, axis=-1)
    warped = cv2.remap(channels, columns - np.float32(0.01), rows, cv2.INTER_LINEAR)
    moved[count] = measure_shift(warped.reshape(256, 256, count)[..., 0]) / 0.01
print("INTER_LINEAR, shift 0.01, by channels: " + ", ".join(f"{count}: {value:.2f}" for count, value in moved.items()))
for count, value in moved.items():
    assert (abs(value - 1) < 0.03) == (count in (1, 3, 4)), f"{count} channels are moved otherwise now"
    assert count in (1, 3, 4) or value == 0, f"{count} channels are moved now"
PYTHON
