#!/usr/bin/env bash
# keras.ops.image.gaussian_blur mixes the colours of a picture on JAX and PyTorch.
#
# Expected: without data_format the operation takes the global setting, channels_last,
#   as its documentation says and as its neighbours (resize, affine_transform) do.
# Seen: on JAX and PyTorch, Keras 3.15 treats a (rows, columns, 3) picture as channels
#   first unless data_format is passed. It blurs along the columns and along the colours,
#   and leaves the rows sharp. A pure red picture turns green in part. On
#   TensorFlow the same call is right. The shape is right, and so are grey pictures.
# Why it hurts: blurring the gradient or the picture between steps is the oldest
#   regularizer of feature visualization. The colours bleed into one another a little at
#   every step, which looks like a property of the network.
# Instead: always pass data_format="channels_last".
#
# Output seen:
#   keras 3.15.1 on jax, channels_last
#   without data_format: red, green, blue inside 0.292 0.234 0.120; red across the edge 0.292
#     0.292 0.292 0.000 0.000 0.000
#   with channels_last:  red, green, blue inside 1.000 0.000 0.000; red across the edge 1.000
#     0.880 0.646 0.354 0.120 0.000
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np
from keras import ops

print(f"keras {keras.__version__} on {keras.backend.backend()}, {keras.config.image_data_format()}")
picture = np.zeros((32, 32, 3), np.float32)
picture[:16, :, 0] = 1  # red above, black below


def blur(**options):
    return ops.convert_to_numpy(ops.image.gaussian_blur(picture, (5, 5), (1.5, 1.5), **options))


def describe(blurred):
    inside = " ".join(f"{value:.3f}" for value in blurred[8, 16])
    edge = " ".join(f"{value:.3f}" for value in blurred[13:19, 16, 0])
    return f"red, green, blue inside {inside}; red across the edge {edge}"


default, explicit = blur(), blur(data_format="channels_last")
print("without data_format:", describe(default))
print("with channels_last: ", describe(explicit))
assert np.allclose(explicit[8, 16], [1, 0, 0], atol=1e-5), "channels_last mixes colours now"
assert 0.5 < explicit[15, 16, 0] < 0.9, "channels_last does not blur the rows now"
assert default[8, 16, 1] > 0.2, "the default keeps the colours apart now"
assert default[15, 16, 0] == default[8, 16, 0] and default[16, 16, 0] == 0, "the default blurs the rows now"
PYTHON
