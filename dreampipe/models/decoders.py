"""Decoders: what draws pictures out of latents, known before it is opened.

    decoder() -> DecoderCard of the one that is shipped        decoder("mine.keras") -> DecoderCard of any Keras decoder

    latents (batch, d) or (batch, h, w, c), each number like N(0, 1)  ->  picture (batch, height, width, 3 or 1)

Files are not trusted any more than those of models: the same checks, in `files.py`. No keras here but in `load`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dreampipe.errors import ModelError, nearest
from dreampipe.models import motifnet
from dreampipe.models.graphs import graph, kinds
from dreampipe.models.graphs.graph import Graph, Node, Ref, Shape
from dreampipe.models.graphs.shapes import Size, after, channels
from dreampipe.models.model_card import Scaling
from dreampipe.models.own import files, inspecting, versions
from dreampipe.models.own.archive import LIMITS, Limits

if TYPE_CHECKING:
    from dreampipe.backend import keras

_PROBED = 64
_EXPECTED = "but a decoder gives one picture (batch, height, width, 3)"
RANGES: Mapping[Scaling, tuple[float, float]] = {"unit": (0, 1), "tf": (-1, 1), "bytes": (0, 255)}
"""The least and greatest pixel of each scaling that a decoder's pictures may have."""
_SQUASHED: Mapping[str, tuple[float, float]] = {
    "sigmoid": (0, 1), "hard_sigmoid": (0, 1), "Sigmoid": (0, 1), "HardSigmoid": (0, 1),
    "tanh": (-1, 1), "hard_tanh": (-1, 1), "Tanh": (-1, 1), "HardTanh": (-1, 1),
}  # fmt: skip
_PASSING = frozenset(["Identity", "Cast", "Reshape", "UpSampling2D", "Cropping2D", "CenterCrop", "Resizing", "Dropout"])


@dataclass(frozen=True)
class Grid:
    """The sizes of a decoder's pictures for its grids of latents, each (height, width).

    Attributes:
        least: cells of the smallest grid.
        stride: pixels that one more cell adds.
        margin: pixels that a picture has beyond `stride` times its cells; negative where borders are lost.
    """

    least: Size
    stride: Size
    margin: Size = (0, 0)

    def cells(self, size: Size) -> Size:
        """Return the smallest grid whose picture covers `size`."""
        height, width = (
            max(self.least[axis], ceil((size[axis] - self.margin[axis]) / self.stride[axis])) for axis in (0, 1)
        )
        return height, width


@dataclass(frozen=True)
class DecoderCard:
    """The card of a decoder; small, hashable and picklable, like a model's card.

    Attributes:
        name: for people and messages.
        latents: (d,) of a vector, (height, width, channels) of a grid; height and width are None where it takes all.
        grid: how pictures grow with the grid; None where the latents have one size, and so the pictures.
        scaling: the range of its pixels: unit [0, 1], tf [-1, 1] or bytes [0, 255].
        path: the `.keras` file; None for the one that is shipped.
        sha256: hexadecimal, of the file or the shipped weights; opened is only what matches it.
        notes: sentences for the user on what had to be assumed.
    """

    name: str
    latents: tuple[int | None, ...]
    grid: Grid | None = None
    scaling: Scaling = "unit"
    path: Path | None = None
    sha256: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()

    def cells(self, size: Size) -> Size:
        """Height and width of the latents for a picture of this size; (1, 1) of a vector."""
        if self.grid:
            return self.grid.cells(size)
        height, width, *_ = (*self.latents[:-1], 1, 1)
        return int(height or 1), int(width or 1)


def decoder(name_or_path: str | Path | None = None) -> DecoderCard:
    """The card of the decoder that is shipped, or of a `.keras` file.

    Args:
        name_or_path: None or "motifs" for the shipped one, which draws the motifs that `motifnet` knows; otherwise the
            path of a file that ends in `.keras`.

    Raises:
        ModelError: there is no such decoder, the file is not safe to open, or is no decoder of pictures.
    """
    shipped = read_shipped()
    if name_or_path is None or str(name_or_path) == shipped.name:
        return shipped
    path = Path(name_or_path)
    if path.suffix != ".keras" and not os.path.exists(path):
        answer = nearest(str(name_or_path), (shipped.name,))
        raise ModelError(
            f"There is no decoder {str(name_or_path)!r} ({answer}; the path of a file must end in .keras)."
        )
    with inspecting.name_file(path, "decoder"):
        found = inspect_decoder(path, LIMITS)
    return found.card(path)


def read_shipped() -> DecoderCard:
    known = tomllib.loads(motifnet.DECODER_CARD.read_text(encoding="utf-8"))
    grid = Grid((known["least"],) * 2, (known["stride"],) * 2)
    return DecoderCard(known["name"], (None, None, known["channels"]), grid, sha256=known["sha256"])


def load(path: Path | None, sha256: str, limits: Limits = LIMITS) -> keras.Model:
    """The decoder of a card's path and SHA-256.

    Raises:
        ModelError: the file or the weights are missing, unsafe, not those of `sha256`, or give no picture.
    """
    if path is None:
        return motifnet.load_decoder(sha256)
    model = files.load(path, sha256, limits, inspect_decoder, "decoder")
    with inspecting.name_file(path, "decoder"):
        _refuse_output(model.output_shape)
    return model


@dataclass(frozen=True, eq=False)
class _Inspected:
    """A file that was found to be safe and a decoder; `config`, `sha256` and `saved` as in `files.Safe`."""

    config: dict[str, Any]
    sha256: str
    saved: str
    latents: tuple[int | None, ...]
    grid: Grid | None
    scaling: Scaling | None

    def card(self, path: Path) -> DecoderCard:
        unsure = f"{path.name} does not say in which range its pixels are, so [0, 1] is assumed."
        return DecoderCard(
            name=path.stem,
            latents=self.latents,
            grid=self.grid,
            scaling=self.scaling or "unit",
            path=path.absolute(),
            sha256=self.sha256,
            notes=() if self.scaling else (unsure,),
        )


def inspect_decoder(path: Path, limits: Limits) -> _Inspected:
    config, sha256, saved = inspecting.check_config(path, limits)
    with versions.blame_version(saved), inspecting.reading():
        _refuse_several(config)
        read = graph.read(config)
    with inspecting.reading():
        latents = _latents(read)
        if (output := _output(read)) is not None:
            _refuse_output(output)
        grid = _grid(read) if None in latents else None
        found = _range(read, read.output)
        scaling = next((name for name, ends in RANGES.items() if ends == found), None)
        return _Inspected(config, sha256, saved, latents, grid, scaling)


def _refuse_several(config: Mapping[str, Any]) -> None:
    """Told here for what `graph.read` would tell of pictures."""
    layers = config["config"].get("layers", ()) if config.get("class_name") == "Functional" else ()
    inputs = sum(layer["class_name"] == "InputLayer" for layer in layers)
    if inputs > 1:
        raise ModelError(f"it has {inputs} inputs, but a decoder takes one: a vector or a grid of latents.")


def _latents(read: Graph) -> tuple[int | None, ...]:
    """The shape of the latents, without the batch."""
    batch, *rest = read.shapes[read.input]
    dtype = read.nodes[read.input.key].config.get("dtype", "float32")
    shape = tuple(rest)
    sides, channels = shape[:-1], shape[-1:]
    whole = all(n is None or (isinstance(n, int) and n > 0) for n in shape) and channels != (None,)
    if len(shape) not in (1, 3) or not whole or sides.count(None) == 1:
        raise ModelError(
            f"it takes an input of shape {(batch, *shape)}, but a decoder takes latents (batch, numbers) or "
            "(batch, height, width, channels)."
        )
    if batch is not None:
        raise ModelError(f"it takes exactly {batch} at a time, but any number is expected: save it with batch None.")
    if isinstance(dtype, str) and "float" not in dtype:
        raise ModelError(f"it takes latents of {dtype}, which have no gradient, but floating point is expected.")
    return shape


def _refuse_output(shape: Shape) -> None:
    if len(shape) == 4 and shape[1] == 3 != shape[3]:
        raise ModelError(f"it gives {shape}, channels first, {_EXPECTED}: save it channels last.")
    if len(shape) != 4 or shape[3] not in (1, 3, None):
        raise ModelError(f"it gives {shape}, {_EXPECTED}, or a grey one: choose a decoder of pictures.")


def _output(read: Graph, cells: Size | None = None) -> Shape | None:
    """The shape of what it gives, for latents of this grid where theirs is free; None where the layers do not tell."""
    last = channels(read)
    shapes: dict[Ref, Shape | None] = {}
    for key, node in read.nodes.items():
        known = read.shapes.get(Ref(key, 0))
        given = [shapes[ref] if ref in shapes else read.shapes.get(ref) for ref in node.inputs]
        if node.kind == "InputLayer" and known and cells:
            known = (known[0], *cells, known[3])
        if known is None or None in known[1:]:
            known = _after(node, given[0], last[key]) if given and given[0] else known
        shapes[Ref(key, 0)] = known
    return shapes[read.output] if read.output in shapes else read.shapes.get(read.output)


def _after(node: Node, given: Shape, last: int | None) -> Shape | None:
    """The shape of a layer's output from that of its first input."""
    batch, *sides = given
    if node.kind == "Reshape" and "target_shape" in node.config:
        return batch, *(None if n == -1 else n for n in node.config["target_shape"])
    if node.kind == "Flatten":
        return batch, None
    if node.kind == "Dense":
        return *given[:-1], int(node.config["units"])
    if node.kind == "Resizing":
        return batch, int(node.config["height"]), int(node.config["width"]), last or given[-1]
    if len(given) != 4:
        return given if node.kind in kinds.BY_PLACE else None
    height, width, _ = sides
    size = after(node, (height, width)) if height and width else None
    return batch, *(size or (None, None)), last


def _grid(read: Graph) -> Grid:
    """Find by trying how pictures grow, because mirrored and lost borders need a least grid."""
    if any(node.config.get("interpolation", "nearest") != "nearest" for node in read.nodes.values()):
        raise ModelError(
            "it takes grids of all sizes and interpolates between their cells, which Keras does for known sizes only: "
            "save it with an input of one size, or enlarge by nearest."
        )
    for cells in range(1, _PROBED):
        sides = [_sides(_output(read, (n, n))) for n in range(cells, cells + 3)]
        first, second, third = (np.array(side or (0, 0)) for side in sides)
        stride = second - first
        if first.min() > 0 and stride.min() > 0 and (third - second == stride).all():
            margin = first - stride * cells
            return Grid((cells, cells), (int(stride[0]), int(stride[1])), (int(margin[0]), int(margin[1])))
    raise ModelError(
        "it takes grids of all sizes, but how its picture grows with them cannot be told from its layers: save it with "
        "an input of one size."
    )


def _sides(shape: Shape | None) -> Size | None:
    if shape is None or len(shape) != 4:
        return None
    _, height, width, _ = shape
    return (height, width) if height and width else None


def _range(read: Graph, ref: Ref) -> tuple[float, float] | None:
    """The least and greatest value that a tensor can have, by the last activation before it; None where none says."""
    node = read.nodes[ref.key]
    activation = node.config.get("activation")
    name = activation.get("class_name") if isinstance(activation, dict) else activation
    found = _SQUASHED.get(node.kind) or _SQUASHED.get(str(name))
    if found or len(node.inputs) != 1:
        return found
    if node.kind == "Rescaling" and (inner := _range(read, node.inputs[0])):
        low, high = (float(node.config["scale"]) * value + float(node.config["offset"]) for value in inner)
        return low, high
    return _range(read, node.inputs[0]) if node.kind in _PASSING else None
