#!/usr/bin/env bash
# OpenCV 5 cuts float64 numbers to whole ones at the border of a picture that it warps with INTER_CUBIC.
#
# Expected: warpAffine, warpPerspective and remap treat a picture of float64, NumPy's own type, as one of float32.
#   A warp by nothing returns the picture; beyond the edge it is repeated or mirrored, as borderMode says.
# Seen: in OpenCV 5.0 every pixel whose 4 x 4 neighbours are not all inside is computed from numbers without their
#   fraction, borderValue included, and held to the range of 32-bit integers. In a picture from 0 to 1 all these
#   are 0: a warp by nothing adds a black frame, one pixel wide at the upper left and two at the lower right. A
#   turned picture has black corners with BORDER_REFLECT_101 too. From 0 to 255 the same frame is about one level
#   too dark. float32 is right, and so is float64 with INTER_LANCZOS4.
# Why it hurts: a film that feeds on its own frames, or a picture that is turned a little many times, gets a black
#   rim that grows inwards with every step, as if the border mode had been forgotten. A test with whole numbers in
#   float64 passes.
# Instead: picture.astype(np.float32) first.
#
# Output seen:
#   opencv 5.0.0, numpy 2.4.6
#   warpAffine by nothing: of 2400 pixels black in float64, not in float32: {'INTER_CUBIC': 291,
#     'INTER_LANCZOS4': 0}
#   warpPerspective by nothing: of 2400 pixels black in float64, not in float32: {'INTER_CUBIC':
#     291, 'INTER_LANCZOS4': 0}
#   remap by nothing: of 2400 pixels black in float64, not in float32: {'INTER_CUBIC': 291,
#     'INTER_LANCZOS4': 0}
#   warpAffine by a turn of 20 degrees: of 2400 pixels black in float64, not in float32:
#     {'INTER_CUBIC': 479, 'INTER_LANCZOS4': 0}
#   warpPerspective by a turn of 20 degrees: of 2400 pixels black in float64, not in float32:
#     {'INTER_CUBIC': 479, 'INTER_LANCZOS4': 0}
#   remap by a turn of 20 degrees: of 2400 pixels black in float64, not in float32:
#     {'INTER_CUBIC': 479, 'INTER_LANCZOS4': 0}
#   upper left corner [[0.75, 1.75, 2.75], [100.75, 101.75, 102.75]] comes back as [[0.0, 1.0,
#     2.0], [100.0, 101.75, 102.75]]
#   after 20 turns of 1 degree, float32: 0% of the picture is black
#   after 20 turns of 1 degree, float64: 16% of the picture is black
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 numpy==2.4.6

"$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np

print(f"opencv {cv2.__version__}, numpy {np.__version__}")
rows, columns = np.mgrid[:40, :60].astype(np.float32)
picture = 0.5 + 0.4 * np.sin(columns / 9) * np.cos(rows / 11)  # from 0.1 to 0.9
NOTHING, TURN = np.eye(3)[:2], cv2.getRotationMatrix2D((30, 20), 20, 1)


def warp(source, matrix, name, flag):
    flag = getattr(cv2, flag)
    if name == "warpAffine":
        return cv2.warpAffine(source, matrix, (60, 40), flags=flag, borderMode=cv2.BORDER_REFLECT_101)
    if name == "warpPerspective":
        full = np.vstack([matrix, [0, 0, 1]])
        return cv2.warpPerspective(source, full, (60, 40), flags=flag, borderMode=cv2.BORDER_REFLECT_101)
    back = cv2.invertAffineTransform(matrix)
    x, y = ((line[0] * columns + line[1] * rows + line[2]).astype(np.float32) for line in back)
    return cv2.remap(source, x, y, flag, borderMode=cv2.BORDER_REFLECT_101)


for title, matrix in (("by nothing", NOTHING), ("by a turn of 20 degrees", TURN)):
    for name in ("warpAffine", "warpPerspective", "remap"):
        black = {}
        for flag in ("INTER_CUBIC", "INTER_LANCZOS4"):
            single, double = (warp(picture.astype(kind), matrix, name, flag) for kind in (np.float32, np.float64))
            wrong = np.abs(double - single) > 1e-4
            black[flag] = int((wrong & (double == 0)).sum())
            assert wrong.sum() == black[flag], "other pixels than black ones are wrong"
            assert single.min() > 0.05, "float32 is wrong too"
        print(f"{name} {title}: of {picture.size} pixels black in float64, not in float32: {black}")
        assert black["INTER_CUBIC"] > 200 and black["INTER_LANCZOS4"] == 0, f"{name} behaves otherwise now"

numbered = 100.0 * rows.astype(np.float64) + columns + 0.75
found = warp(numbered, NOTHING, "warpAffine", "INTER_CUBIC")
print(f"upper left corner {numbered[:2, :3].tolist()} comes back as {found[:2, :3].tolist()}")
assert np.array_equal(found[:, 0], np.floor(numbered[:, 0])), "the border is cut otherwise now"

for kind in (np.float32, np.float64):
    frame = picture.astype(kind)
    for _ in range(20):
        frame = warp(frame, cv2.getRotationMatrix2D((30, 20), 1, 1), "warpAffine", "INTER_CUBIC")
    share = float((np.abs(frame) < 0.02).mean())
    print(f"after 20 turns of 1 degree, {kind.__name__}: {share:.0%} of the picture is black")
    assert (share > 0.1) == (kind == np.float64), "the black rim grows otherwise now"
PYTHON
