"""Occlusion: the drop of the answer when a patch of the picture is covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.baselines import check_baselines, read_baselines
from dreampipe.explanations.attribution.method import Attributed, Family, Method, check_count
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class Occlusion(Method):
    """The drop of the answer for each patch, shared evenly among its pixels, averaged over the patches of a pixel.

    Patches at the border reach over it, so that each pixel is covered equally often if `stride` divides `size`; else
    about equally often. The mean over the patches of a pixel makes up for the difference.

    Attributes:
        size: side of the square patch, in pixels as the model sees them.
        stride: pixels from one patch to the next; at most `size`.
        baseline: what covers; see `baselines`. Several are averaged.
    """

    size: int = 16
    stride: int = 8
    baseline: str = "grey"

    name: ClassVar[str] = "occlusion"
    family: ClassVar[Family] = "perturbation"
    source: ClassVar[str] = "Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks"

    def __post_init__(self) -> None:
        check_count(self.name, "size", self.size)
        check_count(self.name, "stride", self.stride, most=self.size)

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        height, width = picture.shape[:2]
        covers = read_baselines(self.baseline, picture, work)
        boxes = [(rows, columns) for rows in self._spans(height) for columns in self._spans(width)]
        whole = float(question.answers(picture[None])[0])
        total, counts = np.zeros((height, width)), np.zeros((height, width))

        def compute(part: slice) -> Array:
            pictures = np.repeat(picture[None], part.stop - part.start, axis=0)
            for changed, index in zip(pictures, range(part.start, part.stop), strict=True):
                box, cover = divmod(index, len(covers))
                changed[boxes[box]] = covers[cover][boxes[box]]
            return question.answers(pictures)

        for part, answers in question.batches(len(boxes) * len(covers), (height, width), compute, work, partial=True):
            for index, answer in zip(range(part.start, part.stop), answers, strict=True):
                box = boxes[index // len(covers)]
                counts[box] += 1
                total[box] += (whole - float(answer)) / counts[box].size
        return Attributed(np.asarray(total / np.maximum(counts, 1), np.float32), whole)

    def _spans(self, side: int) -> list[slice]:
        """The patches along one side, cut at the borders."""
        firsts = range(self.stride - self.size, side, self.stride)
        return [slice(max(0, first), min(side, first + self.size)) for first in firsts]
