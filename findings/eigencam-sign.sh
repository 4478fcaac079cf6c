#!/usr/bin/env bash
# EigenCAM of grad-cam shows the background instead of the object, depending on the
# order of the channels.
#
# Expected: EigenCAM projects a layer's activations on their first principal component.
#   The order in which the channels are stored means nothing, so the map does not
#   depend on it.
# Seen: a principal component has no sign: v and -v are equally right, and the
#   linear algebra library picks one. pytorch_grad_cam 1.5.7 centres the
#   activations, which its comment says settles the sign, but it does not. The same
#   activations with the channels in another order give the map or its negative. Negative
#   values are cut to 0 afterwards, so 13 % of the maps show only the background.
# Why it hurts: EigenCAM is recommended for detectors and for networks without
#   gradients. The picture looks like a plausible heat map either way, and a benchmark
#   averages right maps with inverted ones.
# Instead: fix the sign yourself, for example so that the map correlates positively with
#   the mean activation, before negative values are cut.
# The script loads the one file that computes the map: the package itself imports
# torchvision, which plays no part here.
#
# Output seen:
#   grad-cam 1.5.7, numpy 2.4.6
#   the object is brighter than the background in 349 of 400 maps
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1 setuptools
"$folder/venv/bin/pip" install --quiet --no-deps grad-cam==1.5.7

"$folder/venv/bin/python" - <<'PYTHON'
import importlib.util
from importlib.metadata import distribution

import numpy as np

path = distribution("grad-cam").locate_file("pytorch_grad_cam/utils/svd_on_activations.py")
spec = importlib.util.spec_from_file_location("svd_on_activations", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(f"grad-cam {distribution('grad-cam').version}, numpy {np.__version__}")

random = np.random.default_rng(0)
shows_object = []
for _ in range(40):
    # Activations as a ReLU leaves them: a little noise, and an object that lights every channel.
    inside = np.zeros((12, 12), bool)
    inside[4:8, 3:7] = True
    strengths = random.random((16, 1, 1))
    activations = (0.1 * random.random((16, 12, 12)) + strengths * inside).astype(np.float32)
    maps = [module.get_2d_projection(activations[None, random.permutation(16)])[0] for _ in range(10)]
    for one in maps:
        assert np.allclose(np.abs(one), np.abs(maps[0]), atol=1e-4), "the maps differ by more than the sign"
        shows_object.append(bool(one[inside].mean() > one[~inside].mean()))
right = sum(shows_object)
print(f"the object is brighter than the background in {right} of {len(shows_object)} maps")
assert 0 < right < len(shows_object), "the sign is fixed now"
PYTHON
