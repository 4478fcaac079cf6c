#!/usr/bin/env bash
# A tf.function that uses a custom gradient is never freed, and neither is what it holds.
#
# Expected: a traced graph goes when the last reference to its tf.function goes, so a
#   process that traces one function for each layer, unit or picture size keeps only those
#   that it still uses.
# Seen: each trace through tf.custom_gradient or keras.ops.custom_gradient registers its
#   gradient in a list of the whole process, under a new name, and that list is never
#   emptied. The entry holds the Python function, which holds the graph. So every graph
#   stays, with its constants: ten traces with a constant of 32 MB each leave ten graphs and
#   320 MB. Deleting the function, gc.collect() and keras.utils.clear_session() free none.
#   The same function without a custom gradient leaves no graph.
# Why it hurts: guided backpropagation, clipped or reversed gradients, straight-through
#   rounding and mirrored padding are all written with custom gradients. A loop over units or
#   sizes that traces anew each time (feature visualization, attribution) grows until the
#   machine kills it.
# Instead: trace once with what changes as arguments, or write the gradient with
#   stop_gradient: y = f(x) with the gradient of g(x) is g(x) + stop_gradient(f(x) - g(x)).
#
# Output seen:
#   tensorflow 2.21.0, keras 3.15.1
#   plain: 0 of 10 graphs left, +5 MB
#   stopped: 0 of 10 graphs left, +0 MB
#   by_tensorflow: 10 of 10 graphs left, +320 MB
#   by_keras: 10 of 10 graphs left, +320 MB
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6

TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" \
    "$folder/venv/bin/python" - 2>"$folder/errors" <<'PYTHON' || { cat "$folder/errors" >&2; exit 1; }
import gc
import weakref

import keras
import numpy as np
import tensorflow as tf

print(f"tensorflow {tf.__version__}, keras {keras.__version__}")
TRACES = 10


def plain(x):
    return tf.reduce_sum(2 * x)


def stopped(x):  # values of 2x with the gradient of 3x
    return tf.reduce_sum(3 * x + tf.stop_gradient(2 * x - 3 * x))


def by_tensorflow(x):
    @tf.custom_gradient
    def double(y):
        return 2 * y, lambda upstream: 3 * upstream

    return tf.reduce_sum(double(x))


def by_keras(x):
    @keras.ops.custom_gradient
    def double(y):
        def gradient(*args, upstream=None):
            return 3 * (args[0] if upstream is None else upstream)

        return 2 * y, gradient

    return keras.ops.sum(double(x))


def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def trace(function, number):
    constant = np.full(2**23, number, np.float32)  # 32 MB
    traced = tf.function(lambda x: function(x * tf.constant(constant)), autograph=False)
    return weakref.ref(traced.get_concrete_function(tf.TensorSpec((2**23,), "float32")).graph)


left = {}
for function in (plain, stopped, by_tensorflow, by_keras):
    before = resident()
    graphs = [trace(function, number) for number in range(TRACES)]
    keras.utils.clear_session()
    gc.collect()
    left[function.__name__] = sum(graph() is not None for graph in graphs)
    print(f"{function.__name__}: {left[function.__name__]} of {TRACES} graphs left, {resident() - before:+.0f} MB")

assert left["plain"] == left["stopped"] == 0, "plain graphs stay now, too"
assert left["by_tensorflow"] == left["by_keras"] == TRACES, "graphs with a custom gradient are freed now"
PYTHON
