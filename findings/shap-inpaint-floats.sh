#!/usr/bin/env bash
# SHAP's inpainting masker fills the hole with black when the picture runs from 0 to 1.
#
# Expected: shap.maskers.Image("inpaint_telea", ...) removes a region by continuing its
#   surroundings into it. The scale of the numbers does not matter, as with "blur(9,9)".
# Seen: SHAP 0.51 casts the picture to 8-bit integers before it paints. Numbers from 0 to
#   1 become 0, so every hole is exactly black, and exactly grey for -1 to 1. Numbers
#   from 0 to 255 are right. There is no warning.
# Why it hurts: most networks take floats in 0..1 or -1..1. "Inpainted" explanations are
#   then explanations against a flat patch, which is the bias that users choose inpainting to
#   avoid.
# Instead: give the masker pictures from 0 to 255 and put the scaling into the function
#   that calls the network, or use "blur(k,k)", which works on floats.
#
# Output seen:
#   shap 0.51.0, opencv 5.0.0
#   inpaint_telea: brightness in the hole, of the range: (0, 255) 0.47, (0, 1) 0.00, (-1, 1) 0.50
#   inpaint_ns: brightness in the hole, of the range: (0, 255) 0.46, (0, 1) 0.00, (-1, 1) 0.50
#   blur(9,9): brightness in the hole, of the range: (0, 255) 0.47, (0, 1) 0.47, (-1, 1) 0.47
#   true brightness in the hole: 0.47
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet shap==0.51.0 opencv-python-headless==5.0.0.93 numpy==2.4.6

"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import cv2
import numpy as np

warnings.simplefilter("ignore")
import shap

print(f"shap {shap.__version__}, opencv {cv2.__version__}")
rows, columns = np.mgrid[:64, :64]
picture = np.stack([columns, rows, (rows + columns) / 2], axis=-1).astype(np.float32) / 63  # smooth, 0 to 1
hole = np.s_[20:40, 20:40]
visible = np.ones(picture.shape, bool)
visible[hole] = False

for name in ("inpaint_telea", "inpaint_ns", "blur(9,9)"):
    masker = shap.maskers.Image(name, picture.shape)
    means = {}
    for low, high in ((0, 255), (0, 1), (-1, 1)):
        scaled = low + (high - low) * picture
        filled = np.asarray(masker(visible.ravel().copy(), scaled)).reshape(picture.shape)
        means[low, high] = float((filled[hole].mean() - low) / (high - low))
    print(f"{name}: brightness in the hole, of the range: " + ", ".join(f"{k} {v:.2f}" for k, v in means.items()))
    true = float(picture[hole].mean())
    assert abs(means[0, 255] - true) < 0.05, f"{name}: even 0 to 255 is wrong"
    if name.startswith("inpaint"):
        assert means[0, 1] == 0 and means[-1, 1] == 0.5, f"{name}: floats are inpainted otherwise now"
    else:
        assert abs(means[0, 1] - true) < 0.05, f"{name}: floats are wrong too"
print(f"true brightness in the hole: {picture[hole].mean():.2f}")
PYTHON
