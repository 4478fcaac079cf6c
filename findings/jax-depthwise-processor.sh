#!/usr/bin/env bash
# On a processor JAX takes 7 to 25 times as long for a depthwise convolution as for a sum of nine slices.
#
# Expected: a depthwise convolution (feature_group_count equal to the channels) does 9
#   multiplications for each value, so it costs next to nothing beside the other layers of
#   a network: that is why MobileNet, EfficientNet and Xception are made of them.
# Seen: JAX 0.10.2 on CPU computes it channel after channel. The convolution and its
#   gradient take 7 to 25 times the processor time of the same sum written with slices,
#   which XLA fuses into one loop. The values are the same up to rounding.
# Why it hurts: networks that are built to be light become slow ones, and nothing warns.
# Instead: pad, slice, multiply and add where jax.default_backend() is "cpu". With strides
#   of one the gradient is the same sum with the kernel turned around.
#
# Output seen (seconds of the processor differ from machine to machine):
#   jax 0.10.2, jaxlib 0.10.2
#   128x128, 128 channels, steps of 1: 0.1662 s, as a sum of slices 0.0224 s, 7 times; gradients 2.5e-07 apart
#   128x128, 64 channels, steps of 2: 0.0923 s, as a sum of slices 0.0037 s, 25 times; gradients 1.5e-07 apart
#   32x32, 512 channels, steps of 1: 0.0447 s, as a sum of slices 0.0018 s, 24 times; gradients 1.7e-07 apart
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import time

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np


def convolve(x, kernel, step):
    channels = x.shape[-1]
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(
        x, kernel[:, :, None], (step, step), "VALID", dimension_numbers=layout, feature_group_count=channels
    )


def add_slices(x, kernel, step):
    rows, columns = x.shape[1] - 2, x.shape[2] - 2
    return sum(
        x[:, row : row + rows : step, column : column + columns : step] * kernel[row, column]
        for row in range(3)
        for column in range(3)
    )


def measure(function, x, kernel, step):
    run = jax.jit(jax.grad(lambda x: jnp.square(function(x, kernel, step)).sum()))
    gradient = jax.block_until_ready(run(x))
    times = []
    for _ in range(25):
        begin = time.process_time()
        jax.block_until_ready(run(x))
        times.append(time.process_time() - begin)
    return min(times), np.asarray(gradient)


print(f"jax {jax.__version__}, jaxlib {jaxlib.__version__}")
numbers = np.random.default_rng(0)
ratios = []
for side, channels, step in ((128, 128, 1), (128, 64, 2), (32, 512, 1)):
    x = jnp.asarray(numbers.random((1, side + 2, side + 2, channels), np.float32))
    kernel = jnp.asarray(numbers.random((3, 3, channels), np.float32))
    slow, theirs = measure(convolve, x, kernel, step)
    fast, ours = measure(add_slices, x, kernel, step)
    apart = np.abs(ours - theirs).max() / np.abs(theirs).max()
    assert apart < 1e-5
    ratios.append(slow / fast)
    print(
        f"{side}x{side}, {channels} channels, steps of {step}: {slow:.4f} s, as a sum of slices {fast:.4f} s, "
        f"{slow / fast:.0f} times; gradients {apart:.1e} apart"
    )
assert min(ratios) > 3, "the convolution is no longer slow"
PYTHON
