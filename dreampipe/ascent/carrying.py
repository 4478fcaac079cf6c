"""What goes on from octave to octave: the dream's detail, the dreamed picture, or that with what shrinking lost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from dreampipe.ascent.octaves import OctaveCarry, Octaves, Size, fit, resized
from dreampipe.frames import Array


@dataclass(frozen=True)
class Carrying(ABC):
    """One way through the octaves of a round; pictures and detail are (batch, height, width, 3).

    Attributes:
        octaves: how pictures change their size.
        sizes: of the octaves, in order.
    """

    octaves: Octaves
    sizes: tuple[Size, ...]

    @abstractmethod
    def bases(self, full: Array) -> list[Array]:
        """The pictures at each of the sizes."""

    @abstractmethod
    def begun(self, bases: list[Array], octave: int, dreamed: Array) -> Array:
        """What an octave begins with, counted from 0 and not the first, behind what the one before it dreamed."""

    def ended(self, bases: list[Array], octave: int, dreamed: Array) -> Array:
        """What an octave dreamed, as it goes on."""
        return dreamed

    @abstractmethod
    def whole(self, bases: list[Array], full: Array, dreamed: Array) -> Array:
        """What the last octave dreamed, at the full size."""


class Detail(Carrying):
    """What was dreamed apart from its source is enlarged, and laid onto the source at the next size.

    So the source stays as sharp as it was. Each size is shrunk from the one above it. Source: Mordvintsev, Olah and
    Tyka 2015, the notebook of "Inceptionism".
    """

    def bases(self, full: Array) -> list[Array]:
        own = next(i for i, size in enumerate(self.sizes) if size == full.shape[1:3])
        shrunk = [full]
        for size in self.sizes[own - 1 :: -1] if own else ():
            shrunk.insert(0, self.octaves.resized(shrunk[0], size))
        return shrunk + [self.octaves.resized(full, size) for size in self.sizes[own + 1 :]]

    def begun(self, bases: list[Array], octave: int, dreamed: Array) -> Array:
        return bases[octave] + self.octaves.resized(dreamed - bases[octave - 1], self.sizes[octave])

    def whole(self, bases: list[Array], full: Array, dreamed: Array) -> Array:
        return full + self.octaves.resized(dreamed - bases[-1], full.shape[1:3])


class Picture(Carrying):
    """The dreamed picture itself is resized, and what the smallest octave lost of the source stays lost.

    Source: the DeepDream tutorial of TensorFlow; pytorch-deepdream of gordicaleksa; neural-dream.
    """

    def bases(self, full: Array) -> list[Array]:
        return [self.octaves.resized(full, size) for size in self.sizes]

    def begun(self, bases: list[Array], octave: int, dreamed: Array) -> Array:
        return self.octaves.resized(dreamed, self.sizes[octave])

    def whole(self, bases: list[Array], full: Array, dreamed: Array) -> Array:
        return self.octaves.resized(dreamed, full.shape[1:3])


class Lost(Picture):
    """The dreamed picture is resized, and behind each octave it gets what the smaller one had lost of the source.

    Source: the example "Deep Dream" of keras.io.
    """

    def ended(self, bases: list[Array], octave: int, dreamed: Array) -> Array:
        lost = bases[octave] - self.octaves.resized(bases[octave - 1], self.sizes[octave]) if octave else 0
        return np.asarray(dreamed + lost, np.float32)


CARRYING: dict[OctaveCarry, type[Carrying]] = {"detail": Detail, "picture": Picture, "lost": Lost}


@dataclass(frozen=True, eq=False)
class Round:
    """The octaves of one round, from these pictures at their full size, and where they may change.

    Attributes:
        carrying: how it goes through them.
        full: the pictures (batch, height, width, 3).
        mask: (1, height, width, 1), black where nothing may change; None where all may.
        bases: the pictures at each size.
    """

    carrying: Carrying
    full: Array
    mask: Array | None
    bases: list[Array]

    def weights(self, octave: int) -> Array | None:
        """The mask at the size of an octave, counted from 0."""
        return None if self.mask is None else resized(self.mask, self.carrying.sizes[octave], fit)

    def begun(self, octave: int, dreamed: Array) -> Array:
        """What an octave begins with: the first with its base, others behind what the one before it dreamed."""
        base = self.bases[octave]
        if not octave:
            return base
        return _where(self.weights(octave), self.carrying.begun(self.bases, octave, dreamed), base)

    def ended(self, octave: int, dreamed: Array) -> Array:
        """What an octave dreamed, as it goes on."""
        return self.carrying.octaves.cut(self.carrying.ended(self.bases, octave, dreamed))

    def whole(self, dreamed: Array) -> Array:
        """The pictures of the round, at their full size."""
        return _where(self.mask, self.carrying.whole(self.bases, self.full, dreamed), self.full)


def _where(mask: Array | None, changed: Array, kept: Array) -> Array:
    return np.asarray(changed if mask is None else np.where(mask > 0, changed, kept), np.float32)
