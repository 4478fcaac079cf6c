#!/usr/bin/env bash
# The gradient of keras.ops.image.affine_transform is wrong on TensorFlow.
#
# Expected: the operation is linear in the picture, so automatic differentiation
#   gives its exact transpose: <u, A v> = <transpose of A u, v> for any u and v.
# Seen: TensorFlow 2.21 samples the incoming gradient with the inverse transform
#   instead. That is another operation as soon as the picture is scaled, and also at
#   the edges. When a picture is enlarged twice, the gradient has a cosine of 0.6 with
#   the true one. RandomZoom and the other geometric layers inherit it. The forward
#   values are right, and there is no warning.
# Why it hurts: feature visualization and DeepDream differentiate through random
#   scales and shifts; adversarial attacks and attributions do the same. The ascent
#   follows a direction that is not the gradient, and only looks a little worse.
# Instead: on TensorFlow, sample with keras.ops.image.map_coordinates (its gradient
#   is right), or crop and use keras.ops.image.resize. On JAX and PyTorch the
#   gradient of affine_transform is right.
#
# Output seen:
#   keras 3.15.1, tensorflow 2.21.0
#   enlarged twice: affine_transform cosine 0.613, length 0.655; map_coordinates cosine 1.000,
#     length 1.000
#   shrunk to half: affine_transform cosine 0.666, length 1.502; map_coordinates cosine 1.000,
#     length 1.000
#   RandomZoom: <u, A v> = -0.72, <gradient, v> = 9.84
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6

KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" \
    "$folder/venv/bin/python" - 2>"$folder/errors" <<'PYTHON' || { cat "$folder/errors" >&2; exit 1; }
import keras
import numpy as np
import tensorflow as tf
from keras import ops

print(f"keras {keras.__version__}, tensorflow {tf.__version__}")
random = np.random.default_rng(0)
picture = tf.constant(random.normal(size=(24, 24, 3)), tf.float32)


def take_gradient(operation, upstream):
    with tf.GradientTape() as tape:
        tape.watch(picture)
        total = tf.reduce_sum(upstream * operation(picture))
    return tape.gradient(total, picture).numpy().ravel()


def build_transpose(operation, upstream):
    """Apply the true transpose: one forward pass for each number of the picture."""
    basis = tf.reshape(tf.eye(24 * 24 * 3), (24 * 24 * 3, 24, 24, 3))
    columns = tf.map_fn(lambda one: tf.reduce_sum(upstream * operation(one)), basis)
    return columns.numpy()


def compare(found, true):
    lengths = np.linalg.norm(found), np.linalg.norm(true)
    return found @ true / (lengths[0] * lengths[1]), lengths[0] / lengths[1]


def sample_affine(scale, offset):
    transform = np.float32([scale, 0, offset, 0, scale, offset, 0, 0])
    return lambda one: ops.image.affine_transform(one, transform, interpolation="bilinear")


def sample_coordinates(scale, offset):
    rows, columns = np.meshgrid(np.arange(24.0), np.arange(24.0), indexing="ij")
    grid = np.stack([scale * rows + offset, scale * columns + offset]).astype("float32")

    def sample(one):
        channels = [ops.image.map_coordinates(one[..., c], grid, order=1) for c in range(3)]
        return ops.stack(channels, axis=-1)

    return sample


for name, scale, offset in (("enlarged twice", 0.5, 6.0), ("shrunk to half", 2.0, -12.0)):
    upstream = tf.constant(random.normal(size=(24, 24, 3)), tf.float32)
    affine, coordinates = sample_affine(scale, offset), sample_coordinates(scale, offset)
    assert np.abs(affine(picture) - coordinates(picture)).max() < 1e-4, "the forward values differ"
    true = build_transpose(affine, upstream)
    cosine, length = compare(take_gradient(affine, upstream), true)
    right = compare(take_gradient(coordinates, upstream), true)
    print(
        f"{name}: affine_transform cosine {cosine:.3f}, length {length:.3f}; "
        f"map_coordinates cosine {right[0]:.3f}, length {right[1]:.3f}"
    )
    assert cosine < 0.8, f"{name}: the gradient of affine_transform is better than this finding says"
    assert right[0] > 0.9999 and abs(right[1] - 1) < 1e-3, "map_coordinates is no longer right"

layer = keras.layers.RandomZoom((-0.4, -0.4), seed=1)
batch = tf.constant(random.normal(size=(1, 24, 24, 3)), tf.float32)
other = tf.constant(random.normal(size=(1, 24, 24, 3)), tf.float32)
upstream = tf.constant(random.normal(size=(1, 24, 24, 3)), tf.float32)
chosen = layer.get_random_transformation(batch, training=True)
zoom = lambda one: layer.transform_images(one, chosen, training=True)
with tf.GradientTape() as tape:
    tape.watch(batch)
    total = tf.reduce_sum(upstream * zoom(batch))
forward = float(tf.reduce_sum(upstream * zoom(other)))
backward = float(tf.reduce_sum(tape.gradient(total, batch) * other))
print(f"RandomZoom: <u, A v> = {forward:.2f}, <gradient, v> = {backward:.2f}")
assert abs(forward - backward) > 1, "the gradient of RandomZoom is right now"
PYTHON
