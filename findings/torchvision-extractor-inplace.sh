#!/usr/bin/env bash
# What torchvision's create_feature_extractor returns for a layer depends on which other layers one asks for.
#
# Expected: the extractor returns what each named node of the network computes. Asked for bn1, the layer before the
#   first ReLU, it returns numbers below and above zero, whether or not it is asked for a later layer too.
# Seen: the ReLUs of torchvision's ResNet overwrite their input. Asked for bn1 alone, the extractor stops before the
#   ReLU, and is right. Asked for a later layer as well it goes on, and the ReLU overwrites what it returns for bn1:
#   all that was negative is 0. There is no error, and the shapes are right.
# Why it hurts: layers before the ReLU are the known remedy for channels that a picture does not reach: they have a
#   gradient, and the dream climbs until they light up. With a second layer in the objective that gradient is exactly
#   0, and the channel stays dark. Statistics of the layer and what is fitted to them change with the list of layers.
# Instead: set inplace = False for every module that has it before the extractor is made; where the ReLU is a function,
#   F.relu(x, inplace=True), set it in the kwargs of its node.
#
# Output seen:
#   torch 2.13.0, torchvision 0.28.0
#   resnet18, bn1 alone: lowest -0.713, channel 58: mean -0.336, gradient 0.00632
#   resnet18, bn1 with layer1: lowest 0.000, channel 58: mean 0.000, gradient 0.00000
#   resnet18, bn1 with layer1, inplace = False: lowest -0.713, channel 58: mean -0.336, gradient 0.00632
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 torchvision==0.28.0 numpy==2.4.6

OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import distribution
from types import ModuleType

import torch

# Without torchvision's __init__, which also wants its compiled operators; nothing here uses those.
package = ModuleType("torchvision")
package.__path__ = [str(distribution("torchvision").locate_file("torchvision"))]
sys.modules["torchvision"] = package
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

versions = [distribution(name).version.split("+")[0] for name in ("torch", "torchvision")]
print(f"torch {versions[0]}, torchvision {versions[1]}")
torch.manual_seed(0)
network = resnet18(weights=None).eval()
picture = torch.rand(1, 3, 96, 96)
with torch.no_grad():
    true = network.bn1(network.conv1(picture))
dark = int(true.amax((0, 2, 3)).argmin())
assert true[:, dark].max() < 0, "the picture reaches every channel"


def measure(others):
    """Return the lowest number of bn1, the mean of its dark channel, and the length of that mean's gradient."""
    pixels = picture.clone().requires_grad_(True)
    layer = create_feature_extractor(network, ["bn1", *others])(pixels)["bn1"]
    mean = layer[:, dark].mean()
    (gradient,) = torch.autograd.grad(mean, pixels)
    return layer.detach(), float(mean.detach()), float(gradient.norm())


found = {}
for title, others in (("alone", []), ("with layer1", ["layer1"]), ("with layer1, inplace = False", ["layer1"])):
    if "inplace" in title:
        for module in network.modules():
            if hasattr(module, "inplace"):
                module.inplace = False
    layer, mean, gradient = found[title] = measure(others)
    print(
        f"resnet18, bn1 {title}: lowest {float(layer.min()):.3f}, "
        f"channel {dark}: mean {mean:.3f}, gradient {gradient:.5f}"
    )
for title in ("alone", "with layer1, inplace = False"):
    assert torch.allclose(found[title][0], true, atol=1e-6) and found[title][2] > 0, f"bn1 {title} is wrong too"
assert torch.allclose(found["with layer1"][0], true.relu(), atol=1e-6), "bn1 is no longer overwritten"
assert found["with layer1"][2] == 0, "the dark channel has a gradient now"
PYTHON
