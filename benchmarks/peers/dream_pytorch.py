"""The still pictures of pytorch-deepdream, for `peers.py`: `python dream_pytorch.py PICTURE WEIGHTS OUT`; needs torch.

Written anew from its description: torchvision's VGG16 up to relu4_3, eager, on a picture 600 wide; a pyramid of four
levels of 1.8, ten steps each, rolled; the gradient smoothed by three Gaussians that widen. The weights are an npz of
the convolutions in order. Prints the seconds of the ascent.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import torch
import torchvision
from torch.nn.functional import conv2d, interpolate, pad
from torchvision.transforms.functional import to_pil_image

MEAN, DEVIATION = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
WIDTH, LEVELS, RATIO, STEPS, RATE, SHIFT, SMOOTHING, TAPS = 600, 4, 1.8, 10, 0.09, 32, 0.5, 9
RELU4_3 = 23


def smooth(gradient: Any, sigma: float) -> Any:
    """Average the blurs of three widths."""
    kernels = []
    for width in (sigma * 0.5, sigma, sigma * 2):
        at = torch.arange(TAPS, dtype=torch.float32) - (TAPS - 1) / 2
        bell = torch.exp(-(at**2) / (2 * width**2))
        kernels.append(torch.outer(bell, bell) / bell.sum() ** 2)
    padded = pad(gradient, (TAPS // 2,) * 4, "reflect")
    blurs = [conv2d(padded, kernel.expand(3, 1, TAPS, TAPS), groups=3) for kernel in kernels]
    return torch.stack(blurs).mean(0)


def main() -> None:
    picture, weights, out = sys.argv[1:]
    network = torchvision.models.vgg16(weights=None).features[:RELU4_3].eval()
    network.requires_grad_(False)
    with np.load(weights) as arrays:
        convolutions = [layer for layer in network if isinstance(layer, torch.nn.Conv2d)]
        for number, layer in enumerate(convolutions):
            layer.weight.data = torch.from_numpy(arrays[f"kernel{number}"].transpose(3, 2, 0, 1).copy())
            layer.bias.data = torch.from_numpy(arrays[f"bias{number}"])
    mean, deviation = MEAN[:, None, None], DEVIATION[:, None, None]
    image = torchvision.io.read_image(picture)[None].float() / 255
    height = int(image.shape[2] * WIDTH / image.shape[3])
    image = (interpolate(image, (height, WIDTH), mode="bicubic", align_corners=False) - mean) / deviation
    low, high = -mean / deviation, (1 - mean) / deviation
    random = np.random.default_rng(0)
    started = time.perf_counter()
    for level in range(LEVELS):
        size = [round(side * RATIO ** (level + 1 - LEVELS)) for side in (height, WIDTH)]
        image = interpolate(image, size, mode="bilinear", align_corners=False)
        for number in range(STEPS):
            shift = tuple(random.integers(-SHIFT, SHIFT + 1, 2).tolist())
            rolled = torch.roll(image, shift, (2, 3)).requires_grad_(True)
            network(rolled).square().mean().backward()
            gradient = smooth(rolled.grad, (number + 1) / STEPS * 2 + SMOOTHING)
            gradient = (gradient - gradient.mean()) / gradient.std()
            moved = torch.maximum(torch.minimum(rolled.detach() + RATE * gradient, high), low)
            image = torch.roll(moved, tuple(-each for each in shift), (2, 3))
    print(time.perf_counter() - started)
    to_pil_image((image[0] * deviation + mean).clip(0, 1)).save(out)


if __name__ == "__main__":
    main()
