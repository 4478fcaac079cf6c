#!/usr/bin/env bash
# Captum's DeepLIFT is plain gradient times input on a network with SiLU, GELU or ReLU6.
#
# Expected: DeepLIFT's attributions add up to the difference between the outputs for
#   the picture and for the baseline. That is its promise, and why it is chosen over
#   gradients. A layer without a rule raises an error, or at least warns.
# Seen: Captum 0.9.0 has rules for a fixed list of modules (ReLU, ELU, LeakyReLU,
#   Sigmoid, Tanh, Softplus, MaxPool, Softmax). SiLU, GELU, ReLU6, Hardswish and Mish are
#   not in it: their gradient is used as it is, without a warning. With a black baseline
#   the result equals gradient times input to the last digits. The same goes for
#   torch.nn.functional.relu inside forward. And where a ReLU follows a MaxPool directly
#   the sum is off although both have rules.
# Why it hurts: EfficientNet and ConvNeXt, MobileNet and all vision transformers use
#   these activations. The maps of "DeepLIFT" in a comparison of methods are then those
#   of another method, and the sum is off by as much as it is for gradients.
# Instead: ask for return_convergence_delta=True and refuse a large one; use integrated
#   gradients, which needs no rules; put the ReLU before the MaxPool (the same function).
#
# Output seen:
#   captum 0.9.0, torch 2.13.0+cpu
#   ReLU: the sum misses 0% of the difference, equals gradient x input: False, warnings: []
#   ELU: the sum misses 0% of the difference, equals gradient x input: False, warnings: []
#   SiLU: the sum misses 106% of the difference, equals gradient x input: True, warnings: []
#   GELU: the sum misses 103% of the difference, equals gradient x input: True, warnings: []
#   ReLU6: the sum misses 100% of the difference, equals gradient x input: True, warnings: []
#   Hardswish: the sum misses 135% of the difference, equals gradient x input: True, warnings: []
#   FunctionalReLU: the sum misses 100% of the difference, equals gradient x input: True,
#     warnings: []
#   ReLU then MaxPool2d: the sum misses 0% of the difference
#   MaxPool2d then ReLU: the sum misses 74% of the difference
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet captum==0.9.0 torch==2.13.0 numpy==2.4.6

"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import captum
import torch
from captum.attr import DeepLift
from torch import nn

print(f"captum {captum.__version__}, torch {torch.__version__}")
pictures = 3 * torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(0))
black = torch.zeros_like(pictures)


def build_network(*middle):
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 4, 3, padding=1), *middle, nn.Flatten(), nn.LazyLinear(3)]
    network = nn.Sequential(*layers).eval()
    network(pictures)
    return network


def explain(network):
    """Return the attributions and the difference of outputs that they should add up to."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = DeepLift(network).attribute(pictures, black, target=0).detach()
    told = [str(one.message) for one in caught if "Setting forward, backward hooks" not in str(one.message)]
    difference = (network(pictures) - network(black))[:, 0].detach()
    return found, difference, [one for one in told if "Input Tensor 0 did not already require" not in one]


def multiply_gradient_by_input(network):
    picture = pictures.clone().requires_grad_()
    return (torch.autograd.grad(network(picture)[:, 0].sum(), picture)[0] * picture).detach()


class FunctionalReLU(nn.Module):
    def forward(self, x):
        return nn.functional.relu(x)


cases = {"ReLU": True, "ELU": True}
cases |= {name: False for name in ("SiLU", "GELU", "ReLU6", "Hardswish", "FunctionalReLU")}
for name, has_rule in cases.items():
    network = build_network(getattr(nn, name, FunctionalReLU)())
    found, difference, told = explain(network)
    missing = (found.sum((1, 2, 3)) - difference).abs().mean() / difference.abs().mean()
    same = torch.allclose(found, multiply_gradient_by_input(network), atol=1e-6)
    print(f"{name}: the sum misses {missing:.0%} of the difference, equals gradient x input: {same}, warnings: {told}")
    assert (missing < 1e-3) == has_rule, f"{name}: the sum behaves otherwise now"
    assert has_rule or (same and not told), f"{name}: Captum has a rule or a warning now"

for order in ((nn.ReLU(), nn.MaxPool2d(2)), (nn.MaxPool2d(2), nn.ReLU())):
    found, difference, told = explain(build_network(*order))
    missing = (found.sum((1, 2, 3)) - difference).abs().mean() / difference.abs().mean()
    names = " then ".join(type(one).__name__ for one in order)
    print(f"{names}: the sum misses {missing:.0%} of the difference")
    assert (missing < 1e-3) == isinstance(order[0], nn.ReLU), f"{names}: the sum behaves otherwise now"
PYTHON
