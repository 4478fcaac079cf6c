"""captum's maps for `truth_peers.py`, which runs this in an environment with captum, torch and Keras.

python truth_captum.py WORK NETWORK PICTURES
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import torch
from asked import Asked, Way, chain, grid
from captum.attr import (
    LRP,
    Deconvolution,
    DeepLift,
    GradientShap,
    GuidedBackprop,
    GuidedGradCam,
    InputXGradient,
    IntegratedGradients,
    KernelShap,
    LayerAttribution,
    LayerGradCam,
    Lime,
    NoiseTunnel,
    Occlusion,
    Saliency,
)
from network import load


class Rescaling(torch.nn.Module):  # type: ignore[misc]
    """From [0, 1] to [-1, 1]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * x - 1


def built(layers: list[tuple[str, list[Any]]]) -> torch.nn.Sequential:
    """`plain` of torch's own layers, so that captum's rules find them."""
    made: list[torch.nn.Module] = []
    for kind, weights in layers:
        if kind == "Conv2D":
            conv = torch.nn.Conv2d(weights[0].shape[2], weights[0].shape[3], 3, padding=1)
            conv.weight.data = torch.from_numpy(weights[0].transpose(3, 2, 0, 1).copy())
            conv.bias.data = torch.from_numpy(weights[1])
            made.append(conv)
        elif kind == "Dense":
            dense = torch.nn.Linear(*weights[0].shape)
            dense.weight.data, dense.bias.data = torch.from_numpy(weights[0].T.copy()), torch.from_numpy(weights[1])
            made += [torch.nn.Flatten(), dense]
        elif kind == "Rescaling":
            made.append(Rescaling())
        elif kind == "ReLU":
            made.append(torch.nn.ReLU())
        elif kind == "MaxPooling2D":
            made.append(torch.nn.MaxPool2d(2))
        elif kind == "GlobalAveragePooling2D":
            made.append(torch.nn.AdaptiveAvgPool2d(1))
        elif kind not in ("InputLayer", "Identity"):
            raise SystemExit(f"{kind} is no layer of plain.")
    return torch.nn.Sequential(*made).eval()


def tensor(picture: Any) -> torch.Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None].clone()


def shown(found: torch.Tensor) -> Any:
    return found[0].permute(1, 2, 0).detach().numpy()


def general(model: Any) -> dict[str, Way]:
    """The methods that need no layers."""
    grey = 0.5

    def segments(picture: Any) -> torch.Tensor:
        return torch.from_numpy(grid(*picture.shape[:2]))[None, None].expand(1, 3, -1, -1)

    def way(method: Any, **settings: Any) -> Way:
        return lambda picture, number: shown(method.attribute(tensor(picture), target=number, **settings))

    def occlusion(picture: Any, number: int) -> Any:
        size = max(8, min(picture.shape[:2]) // 8)
        window, stride = (3, size, size), (3, size // 2, size // 2)
        return shown(
            Occlusion(model).attribute(
                tensor(picture), window, stride, baselines=grey, target=number, perturbations_per_eval=16
            )
        )

    def shap(picture: Any, number: int) -> Any:
        baselines = torch.cat([torch.zeros_like(tensor(picture)), torch.ones_like(tensor(picture))])
        torch.manual_seed(0)
        return shown(
            GradientShap(model).attribute(tensor(picture), baselines, n_samples=32, stdevs=0.09, target=number)
        )

    def by_segments(method: Any) -> Way:
        def explain(picture: Any, number: int) -> Any:
            torch.manual_seed(0)
            return shown(
                method.attribute(
                    tensor(picture),
                    baselines=grey,
                    target=number,
                    feature_mask=segments(picture),
                    n_samples=300,
                    perturbations_per_eval=16,
                )
            )

        return explain

    def smooth(picture: Any, number: int) -> Any:
        torch.manual_seed(0)
        tunnel = NoiseTunnel(Saliency(model))
        return shown(
            tunnel.attribute(
                tensor(picture), nt_type="smoothgrad", nt_samples=25, stdevs=0.15, target=number, abs=False,
                nt_samples_batch_size=5,
            )
        )  # fmt: skip

    return {
        "Saliency": way(Saliency(model)),
        "InputXGradient": way(InputXGradient(model)),
        "IntegratedGradients": way(IntegratedGradients(model), n_steps=50, internal_batch_size=16),
        "IntegratedGradients grey": way(IntegratedGradients(model), baselines=grey, n_steps=50, internal_batch_size=16),
        "GradientShap": shap,
        "NoiseTunnel": smooth,
        "Occlusion": occlusion,
        "KernelShap": by_segments(KernelShap(model)),
        "Lime": by_segments(Lime(model)),
    }


def layered(model: torch.nn.Sequential) -> dict[str, Way]:
    """The methods that need layers of torch."""
    last = [layer for layer in model if isinstance(layer, torch.nn.ReLU)][-1]

    def way(method: Any, **settings: Any) -> Way:
        return lambda picture, number: shown(method.attribute(tensor(picture), target=number, **settings))

    def grad_cam(picture: Any, number: int) -> Any:
        found = LayerGradCam(model, last).attribute(tensor(picture), target=number, relu_attributions=True)
        return shown(LayerAttribution.interpolate(found, picture.shape[:2], "bilinear"))[..., 0]

    return {
        "DeepLift": way(DeepLift(model)),
        "DeepLift grey": way(DeepLift(model), baselines=0.5),
        "LRP": lambda picture, number: shown(
            LRP(inside(model)).attribute(2 * tensor(picture) - 1, target=(number, 0, 0))
        ),
        "GuidedBackprop": way(GuidedBackprop(model)),
        "Deconvolution": way(Deconvolution(model)),
        "GuidedGradCam": way(GuidedGradCam(model, last)),
        "LayerGradCam": grad_cam,
    }


def inside(model: torch.nn.Sequential) -> torch.nn.Sequential:
    """The network after its rescaling, its head as a 1x1 convolution: captum has no rule of LRP for the others."""
    made: list[torch.nn.Module] = []
    for layer in model:
        if isinstance(layer, torch.nn.Linear):
            conv = torch.nn.Conv2d(layer.in_features, layer.out_features, 1)
            conv.weight.data, conv.bias.data = layer.weight.data[..., None, None], layer.bias.data
            made.append(conv)
        elif not isinstance(layer, Rescaling | torch.nn.Flatten):
            made.append(layer)
    return torch.nn.Sequential(*made)


def main() -> None:
    work, network, pictures = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(1)
    model = load(work / f"{network}.keras")
    asked = Asked(work, network, pictures)
    if network == "plain":
        own = built(chain(model.layers))
        key, picture, number = next(asked.questions())
        there = model(picture[None], training=False).detach().numpy()
        assert np.abs(own(tensor(picture)).detach().numpy() - there).max() < 1e-4, (key, number)
        asked.answer("captum", {**layered(own), **general(own)})
    else:
        asked.answer("captum", general(lambda x: model(x.permute(0, 2, 3, 1), training=False)))


if __name__ == "__main__":
    main()
