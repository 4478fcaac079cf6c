#!/usr/bin/env bash
# On OpenVINO, keras.ops.image.resize shrinks to the wrong pixels, and bicubic ignores antialias.
#
# Expected: interpolation="nearest" takes the pixel at the middle of each new one. Of 12 pixels shrunk to 4, these are
#   1, 4, 7 and 10, without any tie. antialias=True averages what falls together, as on the other backends.
# Seen: Keras 3.15 with OpenVINO 2026.4 takes 2, 5, 8 and 11: the picture moves by up to one pixel, for most
#   sizes. Bicubic returns the same with and without antialias, so fine stripes become coarse ones. Bilinear is
#   right with and without antialias, and so is enlarging by nearest. There is no error or warning.
# Why it hurts: OpenVINO is the backend for fast scoring on CPUs. Masks and labels are shrunk by nearest, and no longer
#   fit their objects; pictures that are prepared by antialiased bicubic, as many networks want it, reach the
#   network with a moiré and get other scores than they got in training.
# Instead: resize before the network with another library, or bilinear with antialias; compare with another backend.
#
# Output seen:
#   keras 3.15.1 on openvino, openvino 2026.4.1
#   nearest, 12 to 4: 2 5 8 11, right: 1 4 7 10
#   nearest, 12 to 5: 2 4 6 9 11, right: 1 3 6 8 10
#   nearest, 12 to 8: 1 3 4 6 7 9 10 11, right: 0 2 3 5 6 8 9 11
#   nearest, 12 to 24: 0 wrong
#   bilinear, stripes of 1 pixel from 0 to 1, shrunk to a third: 0.00 to 1.00 plain, 0.44 to 0.56 with antialias
#   bicubic, stripes of 1 pixel from 0 to 1, shrunk to a third: 0.00 to 1.00 plain, 0.00 to 1.00 with antialias
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 openvino==2026.4.1 scipy==1.17.1 numpy==2.4.6

KERAS_BACKEND=openvino "$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import keras
import numpy as np
from keras import ops

print(f"keras {keras.__version__} on {keras.backend.backend()}, openvino {version('openvino')}")


def resize(row, size, interpolation, antialias=False):
    picture = ops.convert_to_tensor(np.broadcast_to(row[None, None, :, None], (1, 8, len(row), 1)).astype(np.float32))
    options = {"interpolation": interpolation, "antialias": antialias, "data_format": "channels_last"}
    return ops.convert_to_numpy(ops.image.resize(picture, (8, size), **options))[0, 4, :, 0]


def show(numbers):
    return " ".join(f"{number:.0f}" for number in numbers)


for size, same in ((4, False), (5, False), (8, False), (24, True)):
    right = (2 * np.arange(size) + 1) * 12 // (2 * size)
    found = resize(np.arange(12), size, "nearest")
    if same:
        print(f"nearest, 12 to {size}: {np.sum(found != right)} wrong")
    else:
        print(f"nearest, 12 to {size}: {show(found)}, right: {show(right)}")
    assert np.array_equal(found, right) == same, f"12 to {size} is another now"

stripes = np.arange(63) % 2
for interpolation in ("bilinear", "bicubic"):
    plain, smooth = (resize(stripes, 21, interpolation, antialias) for antialias in (False, True))
    ends = [f"{numbers[2:-2].min():.2f} to {numbers[2:-2].max():.2f}" for numbers in (plain, smooth)]
    print(
        f"{interpolation}, stripes of 1 pixel from 0 to 1, shrunk to a third: "
        f"{ends[0]} plain, {ends[1]} with antialias"
    )
    assert np.allclose(plain, stripes[1::3], atol=1e-4), "the plain stripes are smooth"
    if interpolation == "bicubic":
        assert np.array_equal(plain, smooth), "bicubic knows antialias now"
    else:
        average = np.convolve(stripes, np.array([1, 2, 3, 2, 1]) / 9, "same")[1::3]
        assert np.allclose(smooth[1:-1], average[1:-1], atol=1e-4), "bilinear is wrong too"
PYTHON
