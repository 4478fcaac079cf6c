#!/usr/bin/env bash
# Keras on PyTorch: normalization layers return NaN where the values are large and close.
#
# Expected: keras.ops.moments gives the variance with float32's precision on every
#   backend, and BatchNormalization and GroupNormalization the same picture.
# Seen: on PyTorch, Keras 3.15 computes the variance as mean(x * x) - mean(x)^2. For
#   values around 4096 with a variance of 1 it is -2, 0 or 2, by chance. The layers take its
#   root: GroupNormalization is 16 times too strong at an offset of 1000 and NaN at 4096,
#   BatchNormalization in training 19 times too strong or NaN. On JAX both are
#   right. LayerNormalization is right everywhere.
# Why it hurts: raw 16-bit photographs, depth maps and deep activations with a strong
#   offset have such values, most of all in flat regions. The same model file works on
#   one backend and gives NaN, or silently wrong contrast, on another.
# Instead: subtract a constant near the mean before such a layer, or use another backend
#   or LayerNormalization.
#
# Output seen:
#   keras 3.15.1 on torch
#   offset 0: variance 1.002, true 1.002; deviation after GroupNormalization 1.00,
#     BatchNormalization 1.00, LayerNormalization 1.00
#   offset 100: variance 1.002, true 1.002; deviation after GroupNormalization 1.00,
#     BatchNormalization 1.00, LayerNormalization 1.00
#   offset 1000: variance 1.000, true 1.002; deviation after GroupNormalization 15.88,
#     BatchNormalization 1.00, LayerNormalization 1.00
#   offset 4096: variance -2.000, true 1.002; deviation after GroupNormalization nan,
#     BatchNormalization 19.32, LayerNormalization 1.00
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 torch==2.13.0 numpy==2.4.6

KERAS_BACKEND=torch "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np
from keras import layers, ops

print(f"keras {keras.__version__} on {keras.backend.backend()}")
noise = np.random.default_rng(0).normal(size=(1, 32, 32, 8)).astype(np.float32)
found = {}
for offset in (0, 100, 1000, 4096):
    values = noise + np.float32(offset)
    variance = float(ops.convert_to_numpy(ops.moments(values, axes=[0, 1, 2, 3])[1]))
    group = float(np.std(ops.convert_to_numpy(layers.GroupNormalization(4)(values))))
    batch = float(np.std(ops.convert_to_numpy(layers.BatchNormalization()(values, training=True))))
    layer = float(np.std(ops.convert_to_numpy(layers.LayerNormalization()(values))))
    print(
        f"offset {offset}: variance {variance:.3f}, true {values.var(dtype=np.float64):.3f}; deviation after "
        f"GroupNormalization {group:.2f}, BatchNormalization {batch:.2f}, LayerNormalization {layer:.2f}"
    )
    found[offset] = variance, group, batch
    assert abs(layer - 1) < 0.01, "LayerNormalization is wrong too"
    if offset < 1000:
        assert abs(group - 1) < 0.05 and abs(batch - 1) < 0.05, "the layers are wrong for small values too"
assert abs(found[4096][0] - 1) > 0.5, "the variance is right now"
assert not abs(found[1000][1] - 1) < 0.05, "GroupNormalization is right now"
assert not abs(found[4096][1] - 1) < 0.05, "GroupNormalization is right at 4096 now"
assert not abs(found[4096][2] - 1) < 0.05, "BatchNormalization is right now"
PYTHON
