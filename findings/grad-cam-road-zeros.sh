#!/usr/bin/env bash
# grad-cam's ROAD gives a map with many zeros the best score, wherever its heat lies.
#
# Expected: ROADMostRelevantFirst(70) takes the most relevant 30 % of the pixels out of a picture, fills them from
#   their neighbours and says how far the score of the network falls: far for a map that knows the object, not at
#   all for one that points elsewhere.
# Seen: grad-cam 1.5.7 keeps the pixels below the percentile. Where that share of a map or more is zero, the
#   percentile is 0, no pixel lies below it, and the whole picture goes. It is filled with noise around 0, and the
#   score falls as far as it can. The best map and the worst get the same score. With the same map plus a millionth
#   of a slope, so that no two pixels are equal, the score is right.
# Why it hurts: maps of Grad-CAM end in a ReLU and are zero over much of a picture, LayerCAM's and those of segments
#   too. The usual averages over the percentiles from 10 to 90 mix the right numbers with those of an empty picture.
#   A method looks the better the more zeros it has, and so does a wrong map.
# Instead: add a tiny slope or tiny noise to a map before it is scored, or look at the share of pixels that changed
#   (return_visualization=True).
# The script asks a linear network about a textured disc, and knows where it is.
#
# Output seen:
#   grad-cam 1.5.7, torch 2.13.0
#   map of the disc, zero over 80 %: 100 % of the pixels change, the score falls by 0.409 of 0.409
#   map of an empty corner, zero over 81 %: 100 % of the pixels change, the score falls by 0.409 of 0.409
#   map of the disc, with a slope: 30 % of the pixels change, the score falls by 0.399 of 0.409
#   map of an empty corner, with a slope: 30 % of the pixels change, the score falls by 0.000 of 0.409
#   average over 10 to 90, map of the corner: 0.363, with a slope: 0.113
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 scipy==1.17.1 setuptools \
    opencv-python-headless==5.0.0.93
"$folder/venv/bin/pip" install --quiet --no-deps grad-cam==1.5.7

OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import distribution
from types import ModuleType

import numpy as np
import torch

package = ModuleType("pytorch_grad_cam")  # without its __init__, which imports torchvision and matplotlib
package.__path__ = [str(distribution("grad-cam").locate_file("pytorch_grad_cam"))]
sys.modules["pytorch_grad_cam"] = package
metrics = ModuleType("pytorch_grad_cam.metrics")
metrics.__path__ = [package.__path__[0] + "/metrics"]
sys.modules["pytorch_grad_cam.metrics"] = metrics
from pytorch_grad_cam.metrics.road import ROADMostRelevantFirst, ROADMostRelevantFirstAverage

print(f"grad-cam {distribution('grad-cam').version}, torch {torch.__version__.split('+')[0]}")
torch.manual_seed(0)
SIDE = 64
rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
disc = np.hypot(rows - 0.3, columns - 0.3) < 0.15
texture = np.sign(np.sin(83 * columns) * np.sin(70 * rows)) * disc
slope = 1e-6 * (rows + columns / 100)
picture = torch.tensor(0.5 + 0.4 * texture, dtype=torch.float32).expand(1, 3, SIDE, SIDE)
weights = torch.tensor(texture / disc.sum(), dtype=torch.float32)


def ask(pictures):
    return (pictures.mean(1) * weights).sum((1, 2))[:, None]


def draw_map(row, column):
    return np.maximum(1 - np.hypot(rows - row, columns - column) / 0.25, 0).astype(np.float32)


def measure(heat):
    """Return how far the score falls without the top 30 %, and the share of pixels that change."""
    falls, pictures = ROADMostRelevantFirst(70)(
        picture, heat[None], [lambda scores: scores[0]], ask, return_visualization=True
    )
    return -float(falls[0]), float((pictures != picture).any(1).float().mean())


def average(heat):
    falls = ROADMostRelevantFirstAverage()(picture, heat[None], [lambda scores: scores[0]], ask)
    return -float(falls[0])


whole = float(ask(picture))
maps = {"the disc": draw_map(0.3, 0.3), "an empty corner": draw_map(0.75, 0.75)}
falls, shares = {}, {}
for ending in (", zero over {:.0%}", ", with a slope"):
    for name, heat in maps.items():
        kind = "slope" if "slope" in ending else "zeros"
        shown = ending.format((heat == 0).mean()).replace("%", " %")
        scored = (heat + slope).astype(np.float32) if kind == "slope" else heat
        falls[name, kind], shares[name, kind] = measure(scored)
        print(
            f"map of {name}{shown}: {100 * shares[name, kind]:.0f} % of the pixels change, "
            f"the score falls by {abs(falls[name, kind]):.3f} of {whole:.3f}"
        )
corner = maps["an empty corner"]
averages = average(corner), average((corner + slope).astype(np.float32))
print(f"average over 10 to 90, map of the corner: {averages[0]:.3f}, with a slope: {averages[1]:.3f}")

assert falls["the disc", "slope"] > 0.9 * whole, "ROAD is wrong about the disc"
assert abs(falls["an empty corner", "slope"]) < 0.05 * whole, "ROAD is wrong about the corner"
assert abs(shares["an empty corner", "slope"] - 0.3) < 0.02, "another share is taken"
assert shares["an empty corner", "zeros"] > 0.99, "the picture is no longer emptied"
assert falls["an empty corner", "zeros"] > 0.9 * whole, "the wrong map is no longer perfect"
assert averages[0] > 2 * averages[1], "the average is right now"
PYTHON
