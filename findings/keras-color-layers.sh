#!/usr/bin/env bash
# Keras's colour layers return colours that no picture has: RandomSaturation leaves the range, RandomBrightness wraps.
#
# Expected: the layers take pictures from 0 to 255, which is their default value_range, and return such pictures.
#   The same picture from 0 to 1, with value_range=(0, 1), gives the same result. RandomBrightness says that it takes
#   integers and cuts to the range. A picture with the channels first gives the same as one with the channels last.
# Seen: Keras 3.15 cuts the saturation, which is a share from 0 to 1, at value_range: from 0 to 255. Factors above
#   0.5, which mean "more saturated", make strong colours negative: -250 at 0.75, and -50800 at 1.0, which means "fully
#   saturated". RandomColorJitter has the same fault. RandomBrightness adds bytes to bytes, and cuts afterwards: 250
#   plus 51 is 45. AutoContrast ignores data_format="channels_first" and stretches each column by itself. No warning
#   appears, and pictures from 0 to 1 with the channels last are right.
# Why it hurts: these layers make the transformed copies for training, and for robust visualizations. Light skies
#   come out black, and one colour of -250 lies outside all that a network knows; a picture that is cut to 0 to 255
#   when it is saved shows nothing of it.
# Instead: floats from 0 to 1 with value_range=(0, 1), and channels last.
#
# Output seen:
#   keras 3.15.1 on jax
#   saturation 0.4, as 0 to 255: 200 133 100, as 0 to 1: 200 133 100
#   saturation 0.75, as 0 to 255: 200 -100 -250, as 0 to 1: 200 67 0
#   saturation 1.0, as 0 to 255: 200 -33800 -50800, as 0 to 1: 200 67 0
#   jitter 0.75, as 0 to 255: 200 -100 -250, as 0 to 1: 200 67 0
#   brightness + 0.2 of 250 100 20, as bytes: 45 151 71, as floats: 255 151 71
#   contrast of a ramp, channels last: 0 to 28 in its first row, channels first: 0 to 0
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np
from keras import layers

print(f"keras {keras.__version__} on {keras.backend.backend()}")
picture = np.full((1, 8, 8, 3), (200, 100, 50), np.float32)


def change(layer, pictures):
    return np.asarray(layer(pictures, training=True), np.float64)


def show(numbers):
    return " ".join(f"{number:.0f}" for number in numbers)


def saturate(factor, value_range):
    return layers.RandomSaturation((factor, factor), value_range=value_range)


def jitter(factor, value_range):
    return layers.RandomColorJitter(saturation_factor=(factor, factor), value_range=value_range)


seen = {}
for name, make, factor in (
    ("saturation", saturate, 0.4),
    ("saturation", saturate, 0.75),
    ("saturation", saturate, 1.0),
    ("jitter", jitter, 0.75),
):
    large = change(make(factor, (0, 255)), picture)[0, 0, 0]
    small = 255 * change(make(factor, (0, 1)), picture / 255)[0, 0, 0]
    seen[name, factor] = large, small
    print(f"{name} {factor}, as 0 to 255: {show(large)}, as 0 to 1: {show(small)}")
    assert 0 <= small.min() and small.max() <= 255, "pictures from 0 to 1 are wrong too"
assert np.allclose(*seen["saturation", 0.4], atol=0.1), "less saturation is wrong too"
assert np.allclose(seen["saturation", 0.75][0], (200, -100, -250), atol=0.1), "0.75 saturates otherwise now"
assert np.allclose(seen["jitter", 0.75][0], (200, -100, -250), atol=0.1), "the jitter saturates otherwise now"
assert seen["saturation", 1.0][0].min() < -1000, "1.0 saturates otherwise now"

greys = np.broadcast_to(np.array([250, 100, 20], np.uint8)[:, None], (1, 1, 3, 3))
layer = layers.RandomBrightness((0.2, 0.2))
bytes_out, floats_out = (change(layer, greys.astype(kind))[0, 0, :, 0] for kind in ("uint8", "float32"))
print(f"brightness + 0.2 of 250 100 20, as bytes: {show(bytes_out)}, as floats: {show(floats_out)}")
assert show(floats_out) == "255 151 71", "floats are wrong too"
assert show(bytes_out) == "45 151 71", "bytes no longer wrap"

ramp = np.broadcast_to(np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1), (1, 8, 8, 3))
last = change(layers.AutoContrast(), ramp)[0, :, :, 0]
first = change(layers.AutoContrast(data_format="channels_first"), ramp.transpose(0, 3, 1, 2))[0, 0]
ends = [f"{row.min():.0f} to {row.max():.0f}" for row in (last[0], first[0])]
print(f"contrast of a ramp, channels last: {ends[0]} in its first row, channels first: {ends[1]}")
assert last.max() > 254 and last[0].max() > 20, "channels last is wrong too"
assert np.ptp(first[0]) < 1, "AutoContrast knows the channels now"
PYTHON
