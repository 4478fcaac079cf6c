#!/usr/bin/env bash
# Keras on PyTorch repeats the edge where it should mirror it or leave it out.
#
# Expected: a Keras model and keras.ops give the same numbers on every backend.
# Seen: on PyTorch, Keras 3.15 pads with copies of the edge pixel in two places where
#   something else is asked for. keras.ops.pad(mode="symmetric") mirrors the picture
#   on JAX (and in NumPy), and smears its edge on PyTorch, for every width above one
#   pixel; reflect is right. AveragePooling2D(padding="same") leaves the missing
#   pixels out of the average on JAX, and averages copies of the edge on PyTorch, where
#   an odd number of pixels is missing (window 4 with stride 1, for example). Window 3 with
#   stride 1, the usual case, is right, so most tests pass.
# Why it hurts: tiled and padded dreams get smeared borders, and a classifier ported to
#   another backend gives other scores at the right and lower edge.
# Instead: pad by hand with ops.flip and ops.concatenate; pool with "valid" after such a
#   padding, or divide a pooled picture by a pooled mask of ones, both zero-padded.
#
# Output seen:
#   keras 3.15.1 on torch
#   pad symmetric 3: [1.0, 1.0, 1.0, 1.0, 2.0], NumPy [3.0, 2.0, 1.0, 1.0, 2.0]
#   pad symmetric 1: [1.0, 1.0, 2.0], NumPy [1.0, 1.0, 2.0]
#   pad reflect 3: [4.0, 3.0, 2.0, 1.0, 2.0], NumPy [4.0, 3.0, 2.0, 1.0, 2.0]
#   average pooling, window 3, stride 1, 2 missing: off by up to 0.000
#   average pooling, window 4, stride 2, 2 missing: off by up to 0.000
#   average pooling, window 5, stride 3, 4 missing: off by up to 0.000
#   average pooling, window 4, stride 1, 3 missing: off by up to 0.250
#   average pooling, window 4, stride 3, 3 missing: off by up to 0.250
#   average pooling, window 5, stride 4, 3 missing: off by up to 0.400
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 torch==2.13.0 numpy==2.4.6

KERAS_BACKEND=torch "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np
from keras import ops

print(f"keras {keras.__version__} on {keras.backend.backend()}")
row = np.arange(1.0, 11.0, dtype=np.float32)
picture = np.broadcast_to(row[None, None, :, None], (1, 10, 10, 1)).copy()


def pool_by_hand(window, stride):
    """Average along a row over the pixels that exist; tell how many are missing."""
    count = -(-10 // stride)
    missing = max((count - 1) * stride + window - 10, 0)
    starts = [place * stride - missing // 2 for place in range(count)]
    return np.array([row[max(start, 0) : start + window].mean() for start in starts]), missing


for mode, width, wrong in (("symmetric", 3, True), ("symmetric", 1, False), ("reflect", 3, False)):
    widths = [[0, 0], [0, 0], [width, width], [0, 0]]
    found = ops.convert_to_numpy(ops.pad(picture, widths, mode=mode))[0, 0, :, 0]
    true = np.pad(row, width, mode=mode)
    print(f"pad {mode} {width}: {found[: width + 2].tolist()}, NumPy {true[: width + 2].tolist()}")
    assert bool((found == true).all()) != wrong, f"{mode} {width} behaves otherwise now"

for window, stride in ((3, 1), (4, 2), (5, 3), (4, 1), (4, 3), (5, 4)):
    found = ops.convert_to_numpy(ops.average_pool(picture, window, stride, "same"))[0, 0, :, 0]
    true, missing = pool_by_hand(window, stride)
    error = float(np.abs(found - true).max())
    print(f"average pooling, window {window}, stride {stride}, {missing} missing: off by up to {error:.3f}")
    assert (error > 1e-4) == (missing % 2 == 1), f"pooling {window}, {stride} behaves otherwise now"
PYTHON
