"""Facts of a model that is not open: `Card` and `Layer`, small frozen values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

Scaling = Literal["unit", "tf", "torch", "caffe", "bytes"]
"""How a model wants its pixels; `dreampipe.models.scaling` says what each is."""

SCALINGS: tuple[Scaling, ...] = ("unit", "tf", "torch", "caffe", "bytes")


@dataclass(frozen=True)
class Layer:
    """One layer of a model.

    Attributes:
        name: that of Keras, as `tap` and objectives write it; see `dreampipe.models.graphs.graph.Node`.
        kind: the name of its class.
        channels: of its output; None where the configuration does not tell.
        stride: pixels of the picture from one place to the next; None where places are no grid of whole pixels.
        receptive_field: pixels of the picture, along the longer side, that one place sees; None where it sees them all,
            or where it cannot be known.
        recommended: why it dreams well; empty for the layers that nobody recommends.
        within: the names of the models within the model that it stands in, from the outermost on.
        cost: multiply-adds of this layer and all that it needs, forward, for a picture of 512x512, or of the size that
            the model is held to; a step of an ascent, which also takes the gradient, computes twice as many. None where
            it cannot be known, or the layer takes no picture of 512x512.
        size: height and width of its grid for the same picture; None where it has no grid, or it cannot be known.
    """

    name: str
    kind: str
    channels: int | None
    stride: int | None
    receptive_field: int | None
    recommended: str = ""
    within: tuple[str, ...] = ()
    cost: int | None = None
    size: tuple[int, int] | None = None

    @property
    def path(self) -> str:
        """The names of the models that it stands in, and its own: `backbone/block-1`, even where block-1 is free."""
        return "/".join((*self.within, self.name.rpartition("/")[2]))


@dataclass(frozen=True)
class Card:
    """The card of a model; small, hashable and picklable, so it can go where a model cannot.

    Attributes:
        name: for people and messages.
        scaling: how the model wants its pixels.
        path: the `.keras` file, or the weights of a named architecture; None for what is built in, and for an
            architecture whose weights are not on the disk yet.
        classes: names of the logits, in order; empty when they have none.
        least: the shortest side in pixels, of height and width, that the whole model can take.
        fixed: (height, width) when it takes no other size; None when it takes all from `least` on.
        head_size: (height, width) that its logits, and what has no grid before them, are held to, while all layers of
            a grid take all sizes; None where nothing is.
        objective: the text of the objective to climb when none is asked for.
        sha256: hexadecimal, of the file or of the built-in weights; opened is only what matches it.
        figures: measured values by name.
        notes: sentences for the user on what had to be assumed.
        layers: all of them in order, from the picture on.
        outputs: how many classes its head gives; 0 where it has no head of (batch, classes), None where not known.
        architecture: the name of the architecture of `keras.applications` that the weights at `path` go into, as in
            `dreampipe.models.zoo`; empty for all other models.
        download: bytes of the weights that are downloaded; None where nothing is.
        licence: of the weights; empty where it is not known.
        trusted: whether its file is opened without checking what it may run; see `dreampipe.models.own.files`.
        code: the Python file that defines layers of the model, which is run when the model is opened; None for none.
        code_sha256: hexadecimal, of that file; empty where there is none.
        memory: the number of a Keras model in the memory of this process; 0 for all others.
        earlier: pairs of a name that dreampipe once had for a layer, and the layer's name, where the two differ.
    """

    name: str
    scaling: Scaling
    path: Path | None = None
    classes: tuple[str, ...] = field(default=(), repr=False)
    least: int = 1
    fixed: tuple[int, int] | None = None
    objective: str = ""
    sha256: str = field(default="", repr=False)
    figures: tuple[tuple[str, float], ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = field(default=(), repr=False)
    outputs: int | None = None
    architecture: str = ""
    download: int | None = None
    licence: str = field(default="", repr=False)
    trusted: bool = False
    head_size: tuple[int, int] | None = None
    earlier: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    code: Path | None = None
    code_sha256: str = field(default="", repr=False)
    memory: int = 0

    def held(self, layers: Collection[str], head: bool = False) -> Card:
        """This card for climbing these layers, or the head: with `fixed` where one of them is held to one size."""
        gone = {layer.name for layer in self.layers if layer.stride is None}
        return replace(self, fixed=self.head_size) if self.head_size and (head or gone & set(layers)) else self
