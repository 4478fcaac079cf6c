"""Attribution: methods that share the answer for a picture among its pixels. `METHODS` is the one table of them."""

from __future__ import annotations

from dreampipe.explanations.attribution.ablation_cam import AblationCam
from dreampipe.explanations.attribution.blur_ig import BlurIG
from dreampipe.explanations.attribution.deep_lift import DeepLift
from dreampipe.explanations.attribution.eigen_cam import EigenCam
from dreampipe.explanations.attribution.expected_gradients import ExpectedGradients
from dreampipe.explanations.attribution.full_grad import FullGrad
from dreampipe.explanations.attribution.grad_cam import GradCam, GradCamPlusPlus, HiResCam, LayerCam
from dreampipe.explanations.attribution.gradient import Gradient, GradientInput
from dreampipe.explanations.attribution.guided_backpropagation import Deconvolution, GuidedBackpropagation
from dreampipe.explanations.attribution.guided_ig import GuidedIG
from dreampipe.explanations.attribution.hsic import HSIC
from dreampipe.explanations.attribution.integrated_gradients import IntegratedGradients
from dreampipe.explanations.attribution.kernel_shap import KernelSHAP
from dreampipe.explanations.attribution.lime import LIME
from dreampipe.explanations.attribution.lrp import LrpAlphaBeta, LrpComposite, LrpEpsilon
from dreampipe.explanations.attribution.method import Attributed, Method
from dreampipe.explanations.attribution.occlusion import Occlusion
from dreampipe.explanations.attribution.rise import RISE
from dreampipe.explanations.attribution.score_cam import ScoreCam
from dreampipe.explanations.attribution.smoothgrad import SmoothGrad
from dreampipe.explanations.attribution.sobol import Sobol
from dreampipe.explanations.attribution.squaregrad import SquareGrad
from dreampipe.explanations.attribution.vargrad import VarGrad
from dreampipe.explanations.attribution.xrai import XRAI
from dreampipe.explanations.reading import read_named

METHODS: dict[str, type[Method]] = {
    kind.name: kind
    for kind in (
        Gradient,
        GradientInput,
        IntegratedGradients,
        ExpectedGradients,
        BlurIG,
        GuidedIG,
        SmoothGrad,
        SquareGrad,
        VarGrad,
        FullGrad,
        DeepLift,
        LrpEpsilon,
        LrpAlphaBeta,
        LrpComposite,
        GuidedBackpropagation,
        Deconvolution,
        GradCam,
        GradCamPlusPlus,
        HiResCam,
        LayerCam,
        ScoreCam,
        AblationCam,
        EigenCam,
        Occlusion,
        RISE,
        LIME,
        KernelSHAP,
        Sobol,
        HSIC,
        XRAI,
    )
}
"""Every method by its name, family by family."""

ALL = "all"
"""The text that names every method."""


def parse_methods(text: str) -> tuple[Method, ...]:
    """Read methods from text: `gradient, rise(masks=4000)`, or `all`.

    Raises:
        RecipeError: a name or a setting is unknown, or a value is out of range.
    """
    if text.strip() == ALL:
        return tuple(kind() for kind in METHODS.values())
    return read_named(text, METHODS, "method", "gradient, rise(masks=4000), or all")


__all__ = ["ALL", "METHODS", "Attributed", "Method", "parse_methods"]
