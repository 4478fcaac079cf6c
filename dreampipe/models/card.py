"""What a model is, without opening it: `Card` and `Layer`, small frozen values; and the door that opens a card.

card: Card -> open_model(card) -> keras.Model   (batch, height, width, 3) in the card's scaling -> its output
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import keras

Scaling = Literal["unit", "tf", "torch", "caffe", "bytes"]
"""How a model wants its pixels; `dreampipe.models.scaling` says what each is."""

SCALINGS: tuple[Scaling, ...] = ("unit", "tf", "torch", "caffe", "bytes")


@dataclass(frozen=True)
class Layer:
    """One layer of a model, by a name that taps the same layer whatever was built before it in the process.

    Attributes:
        name: what `tap` and objectives call it.
        kind: the name of its class.
        channels: of its output; None where the configuration does not tell.
        stride: pixels of the picture from one place to the next; None where places are no grid of whole pixels.
        receptive_field: pixels of the picture, along the longer side, that one place sees; None where it sees them all,
            or where it cannot be known.
        recommended: why it dreams well; empty for the layers that nobody recommends.
    """

    name: str
    kind: str
    channels: int | None
    stride: int | None
    receptive_field: int | None
    recommended: str = ""


@dataclass(frozen=True)
class Card:
    """What dreampipe knows of a model; small, hashable and picklable, so that it travels where a model cannot.

    Attributes:
        name: for people and messages.
        scaling: how the model wants its pixels.
        path: the `.keras` file; None for a model that is built in.
        classes: names of the logits, in order; empty when they have none.
        least: the shortest side in pixels, of height and width, that the whole model can take.
        fixed: (height, width) when it takes no other size; None when it takes all from `least` on.
        objective: the text of the objective to climb when none is asked for.
        sha256: hexadecimal, of the file or of the built-in weights; opened is only what matches it.
        figures: measured values by name.
        notes: sentences for the user on what had to be assumed.
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

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers in order, from the picture on, read anew and without keras.

        Raises:
            ModelError: the file of this card is no longer there, or is not safe to open.
        """
        if self.path is None:
            from dreampipe.models import motifnet

            return motifnet.layers()
        from dreampipe.models import files

        return files.layers(self.path)


_opening = Lock()


def open_model(card: Card) -> keras.Model:
    """The model of a card, untrainable; opened once per process, from whichever thread asks first.

    Raises:
        ModelError: the file or the weights are missing, unsafe, or not those of the card's SHA-256.
    """
    with _opening:
        return _open(card)


# The one cache of the house. A model is large, slow to open, never changed after, and wanted by every stage that holds
# its card; stages are frozen and travel between processes, so none of them can own it. The card holds the SHA-256:
# a file that changed is another card, never a stale model.
@lru_cache(maxsize=4)
def _open(card: Card) -> keras.Model:
    import dreampipe.backend  # noqa: F401  chooses the backend before keras is first imported

    if card.path is None:
        from dreampipe.models import motifnet

        model = motifnet.load(card)
    else:
        from dreampipe.models import files

        model = files.load(card.path, card.sha256)
    model.trainable = False
    return model
