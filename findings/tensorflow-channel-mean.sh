#!/usr/bin/env bash
# TensorFlow's mean over the rows and columns of a picture is off by percents.
#
# Expected: tf.reduce_mean sums in pairs or in blocks, as it does for the mean of the
#   whole array, so float32 keeps five digits or more.
# Seen: the mean of each channel, tf.reduce_mean(picture, axis=(0, 1)), adds one number
#   after the other into a float32. In a flat picture of 12 megapixels with the values
#   0.9, 0.1 and 200.7 the means come out as 0.977, 0.111 and 227.9; in 33
#   megapixels as 0.5, 0.0625 and 128. Even 512x512 is off by 0.2 %. The deviation of the
#   flat picture, which is 0, becomes 25. tf.nn.moments and GlobalAveragePooling2D
#   do the same. JAX and PyTorch are right; NumPy has the same fault along these axes.
# Why it hurts: matching the colours of a dream to the photograph, whitening, per-channel
#   losses and pooled class scores all rest on this mean. Random test pictures hide it,
#   since their rounding errors cancel; skies, studio backgrounds and flat feature maps
#   show it.
# Instead: average in two steps, tf.reduce_mean(tf.reduce_mean(picture, 0), 0), or in
#   float64.
#
# Output seen:
#   tensorflow 2.21.0, keras 3.15.1
#   512x512: means 0.9022 0.0998 200.2577, off by 0.2%; pooled 0.9022 0.0998 200.2577;
#     deviations 0.0022 0.0002 0.4420; in two steps off by 4.4e-06, the third channel alone by
#     2.4e-06
#   4000x3000: means 0.9767 0.1115 227.9247, off by 13.6%; pooled 0.9767 0.1115 227.9247;
#     deviations 0.0831 0.0111 25.1013; in two steps off by 3.7e-05, the third channel alone
#     by 2.0e-06
#   8192x4096: means 0.5000 0.0625 128.0000, off by 44.4%; pooled 0.5000 0.0625 128.0000;
#     deviations 0.3536 0.0312 64.0000; in two steps off by 7.3e-05, the third channel alone
#     by 2.4e-06
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6

TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" \
    "$folder/venv/bin/python" - 2>"$folder/errors" <<'PYTHON' || { cat "$folder/errors" >&2; exit 1; }
import keras
import numpy as np
import tensorflow as tf

print(f"tensorflow {tf.__version__}, keras {keras.__version__}")
true = np.float32([0.9, 0.1, 200.7])


def measure_error(means):
    return float(np.abs(np.asarray(means) / true - 1).max())


def show(numbers):
    return " ".join(f"{number:.4f}" for number in numbers)


for height, width, least in ((512, 512, 0.001), (3000, 4000, 0.05), (4096, 8192, 0.3)):
    picture = tf.constant(np.broadcast_to(true, (height, width, 3)).copy())
    whole = tf.reduce_mean(picture, (0, 1)).numpy()
    pooled = keras.layers.GlobalAveragePooling2D()(picture[None])[0].numpy()
    two_steps = tf.reduce_mean(tf.reduce_mean(picture, 0), 0).numpy()
    one_channel = float(tf.reduce_mean(picture[..., 2]))
    deviation = tf.math.reduce_std(picture, (0, 1)).numpy()
    print(f"{width}x{height}: means {show(whole)}, off by {measure_error(whole):.1%}; pooled {show(pooled)};")
    print(
        f"  deviations {show(deviation)}; in two steps off by {measure_error(two_steps):.1e}, "
        f"the third channel alone by {abs(one_channel / 200.7 - 1):.1e}"
    )
    assert measure_error(whole) > least and measure_error(pooled) > least, "the means are better now"
    assert measure_error(two_steps) < 1e-3 and abs(one_channel / 200.7 - 1) < 1e-5, "the other ways are worse now"
PYTHON
