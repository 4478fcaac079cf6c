#!/usr/bin/env bash
# In xplique, objective "a - b" optimizes -(a + b), and the operators change their operands.
#
# Expected: Objective.channel(...) - Objective.channel(...) makes a picture that excites
#   the first channel and silences the second, as in lucid, and leaves both as they are.
# Seen: xplique 2.0.2 multiplies the running total by each factor in turn instead of the
#   term: a - b becomes (a + b) * -1 and a + 2 b becomes (a + b) * 2. Only 2 a + b is
#   right, because its factor comes first. And "a - b" negates b itself, "a * 3"
#   triples a itself, so the objectives used to build one are different afterwards.
# Why it hurts: the picture of a difference shows what both channels dislike. It looks
#   as strange as any feature visualization, so the sign is not noticed, and
#   neither is a weight that is not applied.
# Instead: use sums only, with the weighted term first, built from fresh objectives;
#   or take the difference of two gradients in a loop of your own.
#
# Output seen:
#   xplique 2.0.2, tensorflow 2.20.0, tf_keras 2.20.1
#   a = 1.5, b = 0.5
#   a + b: 2.0, true 2.0
#   2 a + b: 3.5, true 3.5
#   a - b: -2.0, true 1.0
#   a + 2 b: 4.0, true 2.5
#   after them: a = 4.5, b = -0.5
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet xplique==2.0.2 tensorflow==2.20.0 tf_keras==2.20.1

TF_USE_LEGACY_KERAS=1 TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" \
    "$folder/venv/bin/python" - 2>"$folder/errors" <<'PYTHON' || { cat "$folder/errors" >&2; exit 1; }
from importlib.metadata import version

import numpy as np
import tensorflow as tf
from xplique.features_visualizations import Objective

print(f"xplique {version('xplique')}, tensorflow {tf.__version__}, tf_keras {version('tf_keras')}")
entrance = tf.keras.Input((8, 8, 3))
network = tf.keras.Model(entrance, tf.keras.layers.Conv2D(2, 3, name="layer")(entrance))
network.get_layer("layer").set_weights([np.zeros((3, 3, 3, 2)), np.array([3.0, 1.0])])
picture = tf.zeros((1, 8, 8, 3))


def build(channel):
    return Objective.channel(network, "layer", channel)


def score(objective):
    model, function, *_ = objective.compile()
    outputs = model(picture)
    return float(np.ravel(function(outputs if isinstance(outputs, list) else [outputs]))[0])


a, b = score(build(0)), score(build(1))
print(f"a = {a:.1f}, b = {b:.1f}")
cases = [
    ("a + b", build(0) + build(1), a + b, a + b),
    ("2 a + b", build(0) * 2.0 + build(1), 2 * a + b, 2 * a + b),
    ("a - b", build(0) - build(1), a - b, -(a + b)),
    ("a + 2 b", build(0) + build(1) * 2.0, a + 2 * b, 2 * (a + b)),
]
for name, objective, true, seen in cases:
    found = score(objective)
    print(f"{name}: {found:.1f}, true {true:.1f}")
    assert np.isclose(found, seen, atol=1e-5), f"{name} behaves otherwise now"

first, second = build(0), build(1)
first - second
first * 3.0
print(f"after them: a = {score(first):.1f}, b = {score(second):.1f}")
assert np.isclose(score(first), 3 * a, atol=1e-5) and np.isclose(score(second), -b, atol=1e-5), "operands stay now"
PYTHON
