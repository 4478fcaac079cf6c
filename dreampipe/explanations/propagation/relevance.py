"""Layer-wise relevance propagation: what comes back is relevance, the share of the answer that is a value's.

Activations hand relevance on as it is. A gate gets none, and the value that it multiplies gets all (Arras et al. 2017):
gates are what a sigmoid or a softmax made, and what is the same for all places. The factors of other products get half
each (Achtibat et al. 2024). The largest value of a window gets all of its relevance. Biases keep their share, which is
counted.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from dreampipe import backend
from dreampipe.backend import Tensor, ops
from dreampipe.explanations.propagation.call import Unknown
from dreampipe.explanations.propagation.full import constant
from dreampipe.explanations.propagation.steps import Kernel
from dreampipe.explanations.propagation.sweep import Back, Ran, Rule, over


@dataclass(frozen=True)
class Relevance(Rule):
    """Relevance by the rules of each kind of step with weights.

    Attributes:
        epsilon: of the root mean square of a step's values; it is added to every sum of mixed signs.
        inner: the rule of weights: `epsilon`, `gamma` or `alpha-beta`.
        gamma: by how much positive shares count more.
        alpha: by how much positive shares count; negative ones count `alpha - 1`.
        composite: whether dense layers, and the last weights before the answer, have the epsilon rule, and the first
            weights after the picture the rule zB for values between black and white. References are then black pictures
            and white ones.
    """

    epsilon: float
    inner: str = "epsilon"
    gamma: float = 0.0
    alpha: float = 1.0
    composite: bool = False

    merges: ClassVar[bool] = True

    def begin(self, value: Tensor, gradient: Tensor) -> Tensor:
        return value * gradient

    def back(self, ran: Ran, flow: Tensor) -> Back:
        step = ran.step
        match step.form:
            case "elementwise":
                return [flow], None
            case "moving" | "max":
                return ran.pull(flow), None
            case "product":
                return self._product(ran, flow), None
            case "softmax":
                raise Unknown(step.operation)
        if step.output in ran.program.seen:
            return [flow], None
        if step.kernel is None:
            return self._linear(ran, flow)
        return self._share_by_weights(ran, step.kernel, flow)

    def end(self, flow: Tensor, pictures: Tensor, references: Sequence[Tensor]) -> Tensor:
        return flow

    def _share_by_weights(self, ran: Ran, kernel: Kernel, flow: Tensor) -> Back:
        upper = kernel.dense or ran.step in ran.program.last
        if self.composite and ran.step.inputs[0] in ran.program.seen:
            return self._between(ran, kernel, flow)
        if self.inner == "epsilon" or (self.composite and upper):
            return self._linear(ran, flow)
        return self._share_by_sign(ran, kernel, flow)

    def _linear(self, ran: Ran, flow: Tensor) -> Back:
        """Share by the parts of the sum; Bach et al. 2015, equation 58."""
        share = over(flow, self._stable(ran.output))
        back = ran.pull(share)
        kept = _sum(constant(ran) * share) if ran.step.biased else None
        return [x * part for x, part in zip(ran.inputs, back, strict=True)], kept

    def _product(self, ran: Ran, flow: Tensor) -> Sequence[Tensor | None]:
        gate = _broadcast(ran.inputs) if ran.step.gate is None else ran.step.gate
        share = over(flow, self._stable(ran.output))
        back = [x * part for x, part in zip(ran.inputs, ran.pull(share), strict=True)]
        if gate is None:
            return [part / 2 for part in back]
        return [None if number == gate else part for number, part in enumerate(back)]

    def _share_by_sign(self, ran: Ran, kernel: Kernel, flow: Tensor) -> Back:
        """Share by the positive and the negative parts of the sum: alpha-beta, or gamma.

        gamma: the parts of the sum's own sign count 1 + gamma, also where inputs are negative.
        """
        weights = kernel.weights()
        up, down = ops.maximum(weights, 0), ops.minimum(weights, 0)
        x = ran.inputs[0]
        parts = ops.maximum(x, 0), ops.minimum(x, 0)
        positive, back_positive = backend.pullback(lambda a, b: kernel.apply(a, up) + kernel.apply(b, down), *parts)
        negative, back_negative = backend.pullback(lambda a, b: kernel.apply(a, down) + kernel.apply(b, up), *parts)
        bias = ops.zeros((1,)) if kernel.bias is None else kernel.bias()
        for_, against = ops.maximum(bias, 0), ops.minimum(bias, 0)
        positive, negative = positive + for_, negative + against
        if self.inner == "alpha-beta":
            # Parts of one sign get all of it, so that nothing is lost or made.
            alpha = ops.where(positive == 0, 0.0, ops.where(negative == 0, 1.0, self.alpha))
            to_positive = alpha * over(flow, positive)
            to_negative = (1 - alpha) * over(flow, negative)
        else:
            rises = ops.cast(ran.output >= 0, "float32")
            whole = ran.output + self.gamma * ops.where(rises > 0, positive, negative)
            share = over(flow, self._stable(whole))
            to_positive, to_negative = share * (1 + self.gamma * rises), share * (1 + self.gamma * (1 - rises))
        found = [x * part for x, part in zip(parts, back_positive(to_positive), strict=True)]
        found += [x * part for x, part in zip(parts, back_negative(to_negative), strict=True)]
        kept = _sum(for_ * to_positive + against * to_negative) if kernel.bias else None
        return [sum(found)], kept

    def _between(self, ran: Ran, kernel: Kernel, flow: Tensor) -> Back:
        """The rule zB, for values between a lowest and a highest one: Montavon et al. 2017, "Deep Taylor"."""
        (black, _), (white, _) = ran.references
        low, high = ops.minimum(black[0], white[0]), ops.maximum(black[0], white[0])
        weights = kernel.weights()
        kinds = weights, ops.maximum(weights, 0), ops.minimum(weights, 0)
        values = ran.inputs[0], low, high
        runs = [
            backend.pullback(lambda x, w=w: kernel.apply(x, w), value) for value, w in zip(values, kinds, strict=True)
        ]
        share = over(flow, self._stable(runs[0][0] - runs[1][0] - runs[2][0]))
        plain, of_low, of_high = (value * back(share)[0] for value, (_, back) in zip(values, runs, strict=True))
        return [plain - of_low - of_high], None

    def _stable(self, values: Tensor) -> Tensor:
        axes = tuple(range(1, len(values.shape)))
        size = ops.sqrt(ops.mean(values * values, axes, keepdims=True))
        return values + self.epsilon * size * ops.where(values >= 0, 1.0, -1.0)


def _broadcast(factors: Sequence[Tensor]) -> int | None:
    """The number of the factor that is the same along an axis of the other, as a gate of channels is; None for none."""
    shapes = [tuple(factor.shape) for factor in factors]
    for number, (own, other) in enumerate((shapes, shapes[::-1])):
        if len(own) == len(other) and any(a == 1 != b for a, b in zip(own[1:], other[1:], strict=True)):
            return number
    return None


def _sum(values: Tensor) -> Tensor:
    return ops.sum(values, tuple(range(1, len(values.shape))))
