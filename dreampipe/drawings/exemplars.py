"""Exemplars: the pictures, out of many, that excite a channel most, cropped to the exciting place.

After the "dataset examples" of Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.ascent.octaves import fit, pad_to
from dreampipe.drawings.contact import fit_square
from dreampipe.drawings.pictures import Picture
from dreampipe.errors import ObjectiveError, nearest
from dreampipe.frames import Array
from dreampipe.models.model_card import Card, Layer

if TYPE_CHECKING:
    from dreampipe.backend import Tensor

_BATCH = 32
_BATCH_PIXELS = 32 * 96 * 96  # in one batch, for larger pictures

_HEAD = ("logits", "probabilities")
"""The names of a classifier's head in `tap`, which cannot be imported here, as it loads keras."""

Box = tuple[int, int, int, int]
"""Top, left, bottom and right in pixels of a picture; bottom and right are the first outside."""


@dataclass(frozen=True, eq=False)
class Exemplar:
    """A picture that excites a channel.

    Attributes:
        name: the name of the picture.
        score: the largest activation of the channel at one place of the picture.
        box: the part of the picture, as shown to the model, that the place sees; all of it if places see everything.
        pixels: (size, size, 3) float32 in [0, 1], the picture in the box.
    """

    name: str
    score: float
    box: Box
    pixels: Array


def find_exemplars(
    card: Card,
    layer: str,
    channels: Sequence[int],
    pictures: Iterable[Picture],
    count: int = 4,
    size: int = 96,
    on_picture: Callable[[int], None] | None = None,
) -> Mapping[int, tuple[Exemplar, ...]]:
    """Find the `count` pictures with the largest activations of each channel.

    Args:
        card: the model.
        layer: one of the card's layers, with channels last, or "logits" or "probabilities" of a classifier's head;
            in a layer without places, such as a dense one, each unit counts as a channel.
        channels: indices of its channels.
        pictures: the pictures, of any size. A picture too small for the model is mirrored beyond its border; a model
            of one size sees the middle of each picture, at that size.
        count: the number of exemplars for a channel, all from different pictures.
        size: side of an exemplar, in pixels.
        on_picture: called with the number of pictures searched.

    Returns:
        The exemplars of each channel, the most exciting first; fewer than `count` if there are fewer pictures, or if
        the channel is zero in them.

    Raises:
        ObjectiveError: the model has no such layer, or the layer no such channel.
        ModelError: the model cannot be opened, or cannot compute the layer.
    """
    known = _layer(card, layer)
    card = card.held([layer], head=known.kind == "head")
    _check(channels, known.channels, layer)
    best: dict[int, list[Exemplar]] = {channel: [] for channel in channels}
    looked_at = 0
    for batch in _batches(_show(picture, card) for picture in pictures):
        peaks = _Peaks(
            *(backend.as_array(x) for x in _watcher(card, layer)(np.stack([shown.pixels for shown in batch])))
        )
        _check(channels, peaks.scores.shape[1], layer)
        for channel, kept in best.items():
            kept += _entering(batch, peaks, known, channel, size, kept[count - 1 : count])
            kept.sort(key=lambda exemplar: -exemplar.score)
            del kept[count:]
        looked_at += len(batch)
        if on_picture:
            on_picture(looked_at)
    return {channel: tuple(kept) for channel, kept in best.items()}


def _layer(card: Card, name: str) -> Layer:
    found = {layer.name: layer for layer in card.layers}
    if name in found:
        return found[name]
    if name in _HEAD:
        return Layer(name, "head", len(card.classes) or None, None, None)
    raise ObjectiveError(f"{card.name} has no layer {name!r} ({nearest(name, list(found))}).")


def _check(channels: Sequence[int], there: int | None, layer: str) -> None:
    for channel in channels:
        if channel < 0 or (there is not None and channel >= there):
            most = "" if there is None else f" to {there - 1}"
            raise ObjectiveError(
                f"{layer}[{channel}] came, but the channels of {layer} are 0{most}: choose one of them."
            )


class _Shown(NamedTuple):
    """A picture as the model can take it, and the part of it that is the picture itself and not mirrored."""

    name: str
    pixels: Array
    inside: tuple[slice, slice]


def _show(picture: Picture, card: Card) -> _Shown:
    if card.fixed:
        whole = (slice(0, card.fixed[0]), slice(0, card.fixed[1]))
        return _Shown(picture.name, fit(_middle(picture.pixels, card.fixed), card.fixed), whole)
    return _Shown(picture.name, *pad_to(picture.pixels, card.least))


def _middle(pixels: Array, shape: tuple[int, int]) -> Array:
    """Cut the largest part out of the middle of a picture that has the proportions of (height, width)."""
    factor = min(pixels.shape[0] / shape[0], pixels.shape[1] / shape[1])
    height, width = (max(1, round(side * factor)) for side in shape)
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def _batches(pictures: Iterable[_Shown]) -> Iterator[list[_Shown]]:
    """Put neighbouring pictures of one size into batches, as large as a batch may be."""
    for shape, alike in groupby(pictures, lambda shown: shown.pixels.shape):
        most = min(_BATCH, max(1, _BATCH_PIXELS // (shape[0] * shape[1])))
        while batch := list(islice(alike, most)):
            yield batch


class _Peaks(NamedTuple):
    """The places where a batch of pictures excites each channel most.

    Attributes:
        scores: (batch, channels) float32, the largest activation.
        places: (batch, channels) integers, row * width + column of the place that has it.
        grid: (2,) integers, rows and columns of places.
    """

    scores: Array
    places: npt.NDArray[Any]
    grid: npt.NDArray[Any]


# Cached for the process, as tracing takes seconds.
@lru_cache(maxsize=8)
def _watcher(card: Card, layer: str) -> Callable[[Array], tuple[Tensor, Tensor, Tensor]]:
    """Build a function from pictures (batch, height, width, 3) to the parts of `_Peaks`, traced once for all sizes."""
    from dreampipe import backend
    from dreampipe.backend import ops
    from dreampipe.scoring import read_of

    of_head = layer not in {known.name for known in card.layers}
    read = read_of(card, [] if of_head else [layer], head=of_head)

    def peaks(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        values = read(images)[layer]
        batch, *places, channels = ops.shape(values)
        flat = ops.reshape(values, (batch, -1, channels))
        grid = ops.stack([ops.convert_to_tensor(n, "int32") for n in (*places, 1, 1)[:2]])
        return ops.max(flat, axis=1), ops.argmax(flat, axis=1), grid

    return backend.compile(peaks, backend.spec(None, None, None, 3))


def _entering(
    batch: Sequence[_Shown], peaks: _Peaks, layer: Layer, channel: int, size: int, last: Sequence[Exemplar]
) -> Iterator[Exemplar]:
    """Yield the pictures of a batch that excite a channel more than the last of its exemplars does."""
    least = last[0].score if last else -np.inf
    for shown, score, place in zip(batch, peaks.scores[:, channel], peaks.places[:, channel], strict=True):
        # A picture does not excite a channel that is zero all over it; the comparison drops what is not a number.
        if score > least and score != 0:
            box = _box(shown, divmod(int(place), int(peaks.grid[1])), peaks.grid, layer)
            top, left, bottom, right = box
            cropped = np.ascontiguousarray(shown.pixels[shown.inside][top:bottom, left:right])
            yield Exemplar(shown.name, float(score), box, fit_square(cropped, size))


def _box(shown: _Shown, place: tuple[int, int], grid: npt.NDArray[Any], layer: Layer) -> Box:
    """Compute the square of the picture that a place sees; the whole picture if places see everything."""
    height, width = (part.stop - part.start for part in shown.inside)
    if layer.stride is None or layer.receptive_field is None:
        return 0, 0, height, width
    side = min(layer.receptive_field, height, width)
    corner = []
    for axis, there in enumerate((height, width)):
        # Places are spread evenly about the middle: at place * stride + stride / 2 if the stride divides the size.
        centre = shown.pixels.shape[axis] / 2 + (place[axis] - (int(grid[axis]) - 1) / 2) * layer.stride
        start = round(centre - shown.inside[axis].start - side / 2)
        corner.append(min(max(0, start), there - side))
    return corner[0], corner[1], corner[0] + side, corner[1] + side
