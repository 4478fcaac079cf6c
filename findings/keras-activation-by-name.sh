#!/usr/bin/env bash
# A saved Keras model can come back with another activation, without a word.
#
# Expected: load_model either rebuilds the function that the model was trained with, or
#   raises an error that asks for custom_objects. It does raise one for a lambda.
# Seen: Keras 3.15 saves an activation function by its bare __name__. If that happens
#   to be the name of a built-in one, the built-in is loaded in its place: your own
#   "def leaky_relu(x)" with slope 0.01 comes back with slope 0.2, your own "relu6" as
#   the standard one. Even keras.ops.gelu, given as activation=keras.ops.gelu, comes back
#   as keras.activations.gelu, which has another default (exact instead of approximate).
#   safe_mode is on and does not object, and the weights match, so nothing looks wrong.
# Why it hurts: the loaded network computes something else. A port of a PyTorch model
#   (whose leaky ReLU has slope 0.01) loses accuracy by saving; a dream or an
#   attribution map describes a network that nobody trained.
# Instead: use layers (keras.layers.LeakyReLU(negative_slope=0.01)), or register your
#   function with keras.saving.register_keras_serializable, which stores its package.
#   After saving, load the file once and compare one output.
#
# Output seen:
#   keras 3.15.1 on jax
#   own leaky_relu, slope 0.01: outputs differ by up to 1.5200 after loading
#   own relu6, cut at 5: outputs differ by up to 1.0000 after loading
#   keras.ops.gelu: outputs differ by up to 0.0004 after loading
#   own relu, registered: outputs differ by up to 0.0000 after loading
#   layer LeakyReLU(0.01): outputs differ by up to 0.0000 after loading
#   a lambda: TypeError, as it should
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

cd "$folder"
cat >show.py <<'PYTHON'
import keras
import numpy as np
from keras import layers, ops

print(f"keras {keras.__version__} on {keras.backend.backend()}")
numbers = np.linspace(-8, 8, 33, dtype=np.float32)[None]


def leaky_relu(x):
    return ops.leaky_relu(x, negative_slope=0.01)


def relu6(x):
    return ops.clip(x, 0.0, 5.0)


@keras.saving.register_keras_serializable("mine")
def relu(x):
    return ops.leaky_relu(x, negative_slope=0.3)


def save_and_load(layer):
    """Return the largest difference between a model's outputs before and after saving."""
    model = keras.Sequential([keras.Input((33,)), layer])
    before = np.asarray(model(numbers))
    model.save("model.keras")
    after = np.asarray(keras.models.load_model("model.keras")(numbers))
    return float(np.abs(before - after).max())


cases = {
    "own leaky_relu, slope 0.01": (layers.Activation(leaky_relu), True),
    "own relu6, cut at 5": (layers.Activation(relu6), True),
    "keras.ops.gelu": (layers.Activation(ops.gelu), True),
    "own relu, registered": (layers.Activation(relu), False),
    "layer LeakyReLU(0.01)": (layers.LeakyReLU(negative_slope=0.01), False),
}
for name, (layer, changes) in cases.items():
    difference = save_and_load(layer)
    print(f"{name}: outputs differ by up to {difference:.4f} after loading")
    assert (difference > 1e-4) == changes, f"{name}: Keras saves it otherwise now"

try:
    save_and_load(layers.Activation(lambda x: ops.leaky_relu(x, negative_slope=0.01)))
except TypeError as error:
    print(f"a lambda: {type(error).__name__}, as it should")
else:
    raise AssertionError("a lambda is loaded now")
PYTHON
KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore show.py
