"""The networks of `benchmarks/truth.py`: motifnet, and small ones of other kinds, trained on scenes of one motif.

The small ones know six motifs and `nothing`, take pictures of any size, and are trained in a minute or two on one core.
`shortcut` is `plain`, trained on pictures in which each motif stands on a scenery of its own: it learns the scenery.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.backend import keras
from dreampipe.explanations.truth.grids import GRID, divide
from dreampipe.explanations.truth.randomizing import randomize
from dreampipe.explanations.truth.scenes import compose
from dreampipe.models import card
from dreampipe.models.model_card import Card
from dreampipe.models.motifnet.checkpoints import save_arrays
from dreampipe.models.motifnet.renderer import CLASSES, SIZE
from dreampipe.models.opening import open_model

layers = keras.layers

MOTIFS = tuple(CLASSES.index(name) for name in ("eye", "flower", "butterfly", "owl", "spider", "wheel"))
"""The labels of the motifs in all scenes."""
PLACES = ("clouds", "sea", "hills", "forest", "blotches", "stone")
"""The scenery that goes with each of them, where one does."""
SEED, PICTURES, EPOCHS, BATCH = 11, 3_000, 14, 50
"""The seed is neither that of the scenes nor that of motifnet's pictures."""


@dataclass(frozen=True)
class Network:
    """A network that is explained.

    Attributes:
        name: of the row.
        file: as dreampipe opens it.
        cell: height and width of the part of a picture in which one motif is.
        answers: the number of the answer for each label of `MOTIFS`.
        layer: its last layer with places; empty for none.
    """

    name: str
    file: Path
    cell: int
    answers: tuple[int, ...]
    layer: str

    def card(self) -> Card:
        return card(self.file, "unit", trust=True)

    def answer(self, label: int) -> int:
        return self.answers[MOTIFS.index(label)]


def network(name: str, work: Path) -> Network:
    """Open a network by its name; train it first if it is not in the folder."""
    file = work / f"{name}.keras"
    if name == "motifnet":
        if not file.exists():
            _save(open_model(card("motifnet")), file)
        return Network(name, file, SIZE, MOTIFS, "mixed6")
    if not file.exists():
        _save(_trained(name, work), file)
    return Network(name, file, _CELL, tuple(range(len(MOTIFS))), "" if name == "transformer" else "last")


def divided_of(whole: Network) -> Network:
    """The network of four cells; see `dreampipe.explanations.truth.grids`."""
    file = whole.file.with_name(f"{whole.name}-divided.keras")
    if not file.exists():
        _save(divide(keras.models.load_model(whole.file, compile=False), whole.layer, whole.cell), file)
    return Network(f"{whole.name}-divided", file, whole.cell, whole.answers, GRID)


def randomized_of(whole: Network, share: float) -> Network:
    """The network with random weights in a share of its layers, from the top down."""
    name = f"{whole.name}-random-{share:g}"
    file = whole.file.with_name(f"{name}.keras")
    if not file.exists():
        _save(randomize(keras.models.load_model(whole.file, compile=False), share, 0), file)
    return Network(name, file, whole.cell, whole.answers, whole.layer)


def _save(model: keras.Model, file: Path) -> None:
    part = file.with_name(f"part-{file.name}")
    model.save(part)
    part.replace(file)


_CELL = 64


def _picture(number: int, tied: bool) -> tuple[npt.NDArray[np.uint8], int]:
    """One motif, or none, at times with a patch, on any scenery or on that of the motif."""
    kind = number % (len(MOTIFS) + 1)
    scene = compose(number, (_CELL, _CELL), 1, MOTIFS if kind == len(MOTIFS) else MOTIFS[kind : kind + 1], SEED)
    scene = scene.on(0, PLACES[MOTIFS.index(scene.parts[0].label)] if tied else "")
    scene = scene.patched() if number % 2 else scene
    scene = scene.without(len(scene.parts) - 1) if kind == len(MOTIFS) else scene
    return np.asarray(scene.render().pixels * 255 + 0.5, np.uint8), kind


def _pictures(work: Path, tied: bool) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    file = work / f"pictures{'-tied' if tied else ''}.npz"
    if not file.exists():
        made = [_picture(number, tied) for number in range(PICTURES)]
        save_arrays(file, {"x": np.stack([x for x, _ in made]), "y": np.array([y for _, y in made], np.int32)})
    with np.load(file) as saved:
        return saved["x"], saved["y"]


def _trained(name: str, work: Path) -> keras.Model:
    pixels, labels = _pictures(work, tied=name == "shortcut")
    keras.utils.set_random_seed(SEED)
    model = KINDS[name]()
    held, steps = PICTURES // 10, EPOCHS * (PICTURES - PICTURES // 10) // BATCH
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - 60, warmup_target=2e-3, warmup_steps=60)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3), loss, metrics=["accuracy"])
    x = np.concatenate([pixels, pixels[held:, :, ::-1]]) / np.float32(255)  # mirrored, too
    y = np.concatenate([labels, labels[held:]])
    model.fit(x[held:], y[held:], batch_size=BATCH, epochs=EPOCHS // 2, verbose=0)
    found = model.evaluate(x[:held], y[:held], verbose=0)[1]
    print(f"{name}: {model.count_params():,} weights, {found:.3f} of {held} new pictures are named rightly", flush=True)
    model.compile()
    return model


def _headed(picture: keras.KerasTensor, x: keras.KerasTensor, name: str) -> keras.Model:
    pooled = layers.GlobalAveragePooling2D(name="pooled")(x)
    return keras.Model(picture, layers.Dense(len(MOTIFS) + 1, name="answers")(pooled), name=name)


def _convolved(x: keras.KerasTensor, filters: int, normal: bool, active: bool = True) -> keras.KerasTensor:
    x = layers.Conv2D(filters, 3, padding="same", use_bias=not normal, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x) if normal else x
    return layers.ReLU()(x) if active else x


def plain(normal: bool = False) -> keras.Model:
    """Convolutions, ReLU and max pooling; every unit of its last layer sees about half of a cell."""
    picture = keras.Input((None, None, 3), name="picture")
    x = layers.Rescaling(2.0, -1.0)(picture)
    for filters in (16, 32, 48):
        x = layers.MaxPooling2D(2)(_convolved(x, filters, normal))
    x = layers.Identity(name="last")(_convolved(_convolved(x, 64, normal), 64, normal))
    return _headed(picture, x, "normalized" if normal else "plain")


def residual() -> keras.Model:
    """Residual blocks with batch normalization."""
    picture = keras.Input((None, None, 3), name="picture")
    x = layers.MaxPooling2D(2)(_convolved(layers.Rescaling(2.0, -1.0)(picture), 16, True))
    for filters in (32, 64):
        beside = layers.Conv2D(filters, 1)(layers.AveragePooling2D(2)(x))
        x = layers.MaxPooling2D(2)(_convolved(x, filters, True))
        x = layers.ReLU()(layers.Add()([beside, _convolved(x, filters, True, active=False)]))
    x = layers.ReLU(name="last")(layers.Add()([x, _convolved(_convolved(x, 64, True), 64, True, active=False)]))
    return _headed(picture, x, "residual")


def transformer() -> keras.Model:
    """A small vision transformer whose tokens know their places by a depthwise convolution, so that it takes all sizes.

    Source: Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words"; the places after Chu et al. 2021, "Conditional
    Positional Encodings for Vision Transformers".
    """
    picture = keras.Input((None, None, 3), name="picture")
    x = layers.Conv2D(32, 4, 4, activation="gelu", name="patches")(layers.Rescaling(2.0, -1.0)(picture))
    x = layers.Conv2D(64, 2, 2, name="embedded")(x)
    x = layers.Add(name="placed")([x, layers.DepthwiseConv2D(3, padding="same")(x)])
    x = layers.Reshape((-1, 64), name="tokens")(x)
    for block in range(3):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(4, 16, name=f"attention{block}")(y, y)])
        y = layers.Dense(128, activation="gelu")(layers.LayerNormalization()(x))
        x = layers.Add(name=f"block{block}")([x, layers.Dense(64)(y)])
    pooled = layers.GlobalAveragePooling1D(name="pooled")(layers.LayerNormalization()(x))
    return keras.Model(picture, layers.Dense(len(MOTIFS) + 1, name="answers")(pooled), name="transformer")


KINDS = {
    "plain": plain,
    "normalized": lambda: plain(normal=True),
    "residual": residual,
    "transformer": transformer,
    "shortcut": plain,
}
"""The small networks by name."""
