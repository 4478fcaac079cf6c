"""Comparisons score the likeness of an activation to a guide picture, a direction, the start or the batch: (batch,).

Places are the axes between batch and channels: rows and columns, tokens, or one place without such axes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from dreampipe.objectives.measures import AtPlaces, Measure, Tensor
from dreampipe.objectives.names import guide_of, start_of

if TYPE_CHECKING:
    from dreampipe.frames import Array

Mode = Literal["match", "dot", "mean"]
MODES: tuple[Mode, ...] = get_args(Mode)
_LEAST = 1e-12  # of a squared length of what has been brought to size 1: less is no direction


@dataclass(frozen=True)
class FileBytes:
    """The contents of a file or a folder, compared and hashed by their bytes.

    Attributes:
        sha256: of the file, hexadecimal.
        values: float32; a picture (height, width, 3) in [0, 1], pictures (count, height, width, 3), or a vector
            (channels,) of length 1.
    """

    sha256: str
    values: Array = field(compare=False, repr=False)


@dataclass(frozen=True)
class Guide(AtPlaces):
    """Towards another picture, `guide("feathers.jpg", mixed3)`: the mean over places of a dot product of features.

    match: each place with the feature of the guide that makes the largest product (the choice held constant); dot: with
    the guide's feature at the same place, its grid stretched over this one; mean: with its mean feature.
    `held` is None until bound.
    Source: Mordvintsev, Olah and Tyka 2015, the notebook of "Inceptionism" (match).
    """

    file: str
    mode: Mode = "match"
    held: FileBytes | None = None

    def reads(self, layer: str) -> tuple[str, ...]:
        return layer, guide_of(layer, self.held.sha256 if self.held else self.file)

    @property
    def by_place(self) -> bool:
        return self.mode != "dot"  # whose guide is stretched over the whole picture

    def at_places(self, values: Tensor, guide: Tensor) -> Tensor:
        from dreampipe.backend import ops

        if self.mode == "match":
            features, wanted = _by_place(values), _by_place(guide)[0]
            best = ops.argmax(ops.stop_gradient(ops.matmul(features, ops.transpose(wanted))), axis=-1)
            return _product(features, ops.take(wanted, best, axis=0))
        if self.mode == "mean":
            return _product(_by_place(values), ops.mean(_by_place(guide), axis=1, keepdims=True))
        return _product(values, _stretch(guide, values) if len(values.shape) == 4 else guide)


@dataclass(frozen=True)
class Direction(AtPlaces):
    """Any direction, `direction("v.npy", mixed4)`: the mean over places of the dot product with the vector at length 1.

    `held` is None until bound.
    Source: Olah, Mordvintsev and Schubert 2017, "Feature Visualization" (interpolating between units).
    """

    file: str
    held: FileBytes | None = None

    def at_places(self, values: Tensor) -> Tensor:
        from dreampipe.backend import ops

        assert self.held is not None, "a direction is bound before it is climbed"
        return _product(values, ops.convert_to_tensor(self.held.values))


@dataclass(frozen=True)
class Concept(AtPlaces):
    """Towards a concept, `concept("stripes/", mixed4)`: the mean over places of the dot product with its direction.

    The concept is a folder of pictures, and its direction, at length 1, leads from the mean activation of rendered
    pictures of all kinds to that of the pictures in the folder. Or it is a concept that was found,
    `concept("found.npz"[3], mixed4)`, with a direction in the file. `held` is None until bound: the vector, or the
    pictures, first those of the concept and then as many others.
    Source: Pahde and others 2022, "Navigating Neural Space: Revisiting Concept Activation Vectors to Overcome
    Directional Divergence" (a folder).
    """

    file: str
    number: int | None = None
    held: FileBytes | None = None

    def reads(self, layer: str) -> tuple[str, ...]:
        if self.number is not None:
            return (layer,)
        return layer, guide_of(layer, self.held.sha256 if self.held else self.file)

    def at_places(self, values: Tensor, *examples: Tensor) -> Tensor:
        from dreampipe.backend import ops

        assert self.held is not None, "a concept is bound before it is climbed"
        if not examples:
            return _product(values, ops.convert_to_tensor(self.held.values))
        means = ops.mean(_by_place(examples[0]), axis=1)
        count = means.shape[0] // 2
        way = ops.mean(means[:count], axis=0) - ops.mean(means[count:], axis=0)
        return _product(values, _at_length_1(_at_size_1(way[None]))[0])


@dataclass(frozen=True)
class Diversity(Measure):
    """Differ across the batch, `diversity(mixed4)`: minus the mean cosine similarity with the batch's other pictures.

    Pictures are compared by their Gram matrices, (channels, channels): which channels fire together. With a channel,
    `diversity(mixed4[12])`, by its row alone: which fire together with it. In [-1, 1]; 0 for a batch of one.
    Source: Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
    """

    channel: int | None = None

    def __call__(self, values: Tensor) -> Tensor:
        from dreampipe.backend import ops

        features = _by_place(_at_size_1(values))
        others = features if self.channel is None else features[..., self.channel : self.channel + 1]
        gram = ops.matmul(ops.transpose(others, (0, 2, 1)), features)
        flat = _at_length_1(_at_size_1(ops.reshape(gram, (ops.shape(gram)[0], -1))))
        likeness = ops.matmul(flat, ops.transpose(flat))
        count = ops.cast(ops.shape(flat)[0], likeness.dtype)
        own = ops.sum(flat * flat, axis=-1)
        return -(ops.sum(likeness, axis=1) - own) / ops.maximum(count - 1, 1)


@dataclass(frozen=True)
class Caricature(AtPlaces):
    """Exaggerate what the picture shows, `caricature(mixed4)`: the mean over places of a dot product with the start's.

    The product of each place's feature with that of the start, times their cosine, at least 0.1: so features grow in
    the direction that they had, and do not merely grow.
    Source: dot_compare of the library lucid (Olah, Mordvintsev and others).
    """

    def reads(self, layer: str) -> tuple[str, ...]:
        return layer, start_of(layer)

    def at_places(self, values: Tensor, start: Tensor) -> Tensor:
        from dreampipe.backend import ops

        cosine = ops.sum(_at_length_1(_at_size_1(values)) * _at_length_1(_at_size_1(start)), axis=-1)
        return ops.sum(values * start, axis=-1, keepdims=True) * ops.maximum(cosine, 0.1)[..., None]


READING = Guide | Direction | Concept
"""The measures that read a file or a folder, `file`."""


def _by_place(values: Tensor) -> Tensor:
    """(batch, ..., channels) to (batch, places, channels)."""
    from dreampipe.backend import ops

    return ops.reshape(values, (ops.shape(values)[0], -1, values.shape[-1]))


def _product(values: Tensor, wanted: Tensor) -> Tensor:
    """Multiply along the channels, and sum: (batch, ..., 1)."""
    from dreampipe.backend import ops

    return ops.sum(values * wanted, axis=-1, keepdims=True)


def _at_size_1(values: Tensor) -> Tensor:
    """Each picture's values over their largest: what looks at directions only then never leaves float32."""
    from dreampipe.backend import ops

    axes = tuple(range(1, len(values.shape)))
    largest = ops.stop_gradient(ops.max(ops.abs(values), axis=axes, keepdims=True))
    return values / ops.where(largest > 0, largest, 1.0)


def _at_length_1(values: Tensor) -> Tensor:
    """Vectors along the last axis at length 1; zero stays zero, and has no gradient."""
    from dreampipe.backend import ops

    return values * ops.rsqrt(ops.maximum(ops.sum(values * values, axis=-1, keepdims=True), _LEAST))


def _stretch(guide: Tensor, values: Tensor) -> Tensor:
    """The guide's grid (1, rows, columns, channels) at the size of another, bilinear, centres of cells on centres.

    Written by hand, because ops.image.resize takes no size that is known only when the graph runs.
    """
    from dreampipe.backend import ops

    for axis in (1, 2):
        many, wanted = ops.shape(guide)[axis], ops.shape(values)[axis]
        scale = ops.cast(many, "float32") / ops.cast(wanted, "float32")
        at = ops.clip((ops.arange(wanted, dtype="float32") + 0.5) * scale - 0.5, 0.0, ops.cast(many - 1, "float32"))
        first = ops.cast(ops.floor(at), "int32")
        part = ops.reshape(at - ops.floor(at), (-1, 1) if axis == 2 else (-1, 1, 1))
        second = ops.minimum(first + 1, many - 1)
        guide = ops.take(guide, first, axis=axis) * (1 - part) + ops.take(guide, second, axis=axis) * part
    return guide
