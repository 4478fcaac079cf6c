"""The judge: a second network that says what pictures show, to measure what `motifnet` draws.

It has another architecture than `motifnet` (a small residual network of plain 3x3 convolutions), is trained plainly,
from another seed, on the motifs and on `nothing`, and is never used to make pictures: what it recognises was not drawn
to please it. Every picture reaches it blurred and as a JPEG, so that it judges shapes and not single pixels.

    python benchmarks/judge.py train FOLDER                          writes FOLDER/judge.npz; goes on where it stopped
    python benchmarks/judge.py score FOLDER --visualizations DIR     DIR holds CLASS-SEED.png
    python benchmarks/judge.py windows FOLDER PICTURE...             what the parts of (dreamed) pictures show
"""

from __future__ import annotations

import argparse
import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from dreampipe import backend
from dreampipe.backend import keras, ops
from dreampipe.models.motifnet import evaluate
from dreampipe.models.motifnet.checkpoints import save_arrays
from dreampipe.models.motifnet.renderer import CLASSES, NOTHING, SIZE
from dreampipe.models.motifnet.scenery import scene
from dreampipe.models.motifnet.train import Pictures, policy, render_chunks

layers, CosineDecay = keras.layers, keras.optimizers.schedules.CosineDecay

log = logging.getLogger("judge")
Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]
Rng = np.random.Generator

VIEWS = (96, 128, 160)  # the three scales at which a picture is seen: pixels of its longer side
WINDOWS = (128, 192)  # pixels of the windows over a photograph; neighbours overlap by half, each is seen at SIZE
SURE = 0.8  # the least probability at which a window names a class


@dataclass(frozen=True)
class Plan:
    """A training of the judge, whole: its seed is neither motifnet's (0) nor the evaluation's (1)."""

    seed: int = 7
    pictures: int = 20_000
    scenes: int = 200  # large and empty; windows of them are `nothing`
    nothing: float = 0.15  # its share of the training
    batch: int = 64
    updates: int = 3_000
    learning_rate: float = 2e-3
    warmup: int = 150
    weight_decay: float = 1e-3
    precision: str = "mixed_bfloat16"
    checkpoint_every: int = 250


def _convolved(x: keras.KerasTensor, filters: int, strides: int = 1, *, active: bool = True) -> keras.KerasTensor:
    x = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.97)(x)
    return layers.ReLU()(x) if active else x


def _residual(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """Two convolutions beside a shortcut; where the channels grow, the grid is halved by max pooling."""
    shortcut = x
    if x.shape[-1] != filters:
        x = layers.MaxPooling2D(2, padding="same")(x)
        shortcut = layers.Conv2D(filters, 1, use_bias=False, kernel_initializer="he_normal")(x)
    return layers.ReLU()(layers.Add()([shortcut, _convolved(_convolved(x, filters), filters, active=False)]))


def build(classes: int) -> keras.Model:
    """The untrained judge: (batch, height, width, 3) RGB in [0, 1], both sides >= 32, to (batch, classes) logits."""
    image = keras.Input((None, None, 3), dtype="float32")
    x = layers.Rescaling(2.0, -1.0, dtype="float32")(image)
    x = _convolved(x, 24, strides=2)
    x = layers.MaxPooling2D(2)(x)
    x = _residual(x, 24)
    for filters in (64, 112, 160):
        x = _residual(x, filters)
    pooled = layers.GlobalMaxPooling2D(dtype="float32")(x), layers.GlobalAveragePooling2D(dtype="float32")(x)
    x = layers.Concatenate(dtype="float32")(list(pooled))
    logits = layers.Dense(classes, kernel_initializer="zeros", dtype="float32")(x)
    return keras.Model(image, logits, name="judge")


def scenes(count: int, seed: int) -> list[Bytes]:
    """Empty scenes (384, 512, 3) uint8, as large as photographs, so that windows of them show what photographs show."""
    made = (scene(np.random.default_rng([seed, 2, number]), 384, 512) for number in range(count))
    return [np.asarray(picture * 255 + 0.5, np.uint8) for picture in made]


def batch_of(pictures: Pictures, empty: Sequence[Bytes], plan: Plan, number: int) -> tuple[Array, Indices]:
    """The augmented batch of this number, (batch, SIZE, SIZE, 3) in [0, 1]; it depends on plan and number alone."""
    pixels, labels = pictures
    rng = np.random.default_rng([plan.seed, 1, number])
    chosen = rng.integers(0, len(labels), plan.batch)
    held = 1 / len(CLASSES)  # the share of `nothing` that the pictures hold
    made = rng.random(plan.batch) < (plan.nothing - held) / (1 - held)
    raw = [_nothing(rng, pixels[i], empty) if emptied else pixels[i] for i, emptied in zip(chosen, made, strict=True)]
    return np.stack([augmented(rng, x) for x in raw]), np.where(made, np.int64(NOTHING), labels[chosen])


def _nothing(rng: Rng, pixels: Bytes, empty: Sequence[Bytes]) -> Bytes:
    """A window of an empty scene, noise, or the picture with its patches shuffled, (SIZE, SIZE, 3) uint8."""
    kind = rng.random()
    if kind < 0.4:
        whole = empty[int(rng.integers(len(empty)))]
        side = int(rng.integers(64, 2 * SIZE + 1))
        top, left = rng.integers(0, whole.shape[0] - side + 1), rng.integers(0, whole.shape[1] - side + 1)
        window = whole[top : top + side, left : left + side]
        return np.asarray(cv2.resize(window, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)
    if kind < 0.7:
        return np.asarray(_noise(rng) * 255, np.uint8)
    return _shuffled(rng, pixels, int(rng.choice([4, 6, 8])))


def _shuffled(rng: Rng, pixels: Bytes, count: int) -> Bytes:
    """The picture cut into `count` x `count` patches in another order, their seams smeared at times: no seam tells."""
    side = SIZE // count
    places = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), -1).astype(np.float32)
    tiles = places.reshape(count, side, count, side, 2).swapaxes(1, 2).reshape(-1, side, side, 2)
    tiles = rng.permutation(tiles).reshape(count, count, side, side, 2)
    places = tiles.swapaxes(1, 2).reshape(SIZE, SIZE, 2)
    if rng.random() < 0.6:
        places = np.asarray(cv2.GaussianBlur(places, (0, 0), rng.uniform(0.5, 0.12 * side)), np.float32)
    return np.asarray(cv2.remap(pixels, places[..., 0], places[..., 1], cv2.INTER_LINEAR), np.uint8)


def _noise(rng: Rng) -> Array:
    """Noise (SIZE, SIZE, 3) of amplitude 1 / frequency^0..2, its colours mixed at random."""
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)) + 0.5 / SIZE
    spectrum = np.fft.rfft2(rng.standard_normal((3, SIZE, SIZE))) / frequency ** rng.uniform(0, 2)
    planes = np.fft.irfft2(spectrum, (SIZE, SIZE))
    planes = np.tensordot(rng.normal(0, 0.5, (3, 3)) + rng.uniform(0, 1.5), planes / planes.std(), 1)
    picture = rng.uniform(0.2, 0.8, 3) + rng.uniform(0.05, 0.3) * np.moveaxis(planes / planes.std(), 0, -1)
    return np.asarray(np.clip(picture, 0, 1), np.float32)


def augmented(rng: Rng, pixels: Bytes) -> Array:
    """Mirrored, shifted, scaled by 0.6 to 1.3, recoloured, blurred, grainy and as a JPEG, each by chance."""
    zoom, flip, middle = rng.uniform(0.6, 1.3), rng.choice([-1, 1]), (SIZE - 1) / 2
    right, down = middle + rng.uniform(-10, 10, 2)
    matrix = np.array([[flip * zoom, 0, right - flip * zoom * middle], [0, zoom, down - zoom * middle]])
    x = cv2.warpAffine(pixels, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REFLECT_101)
    y = _recoloured(rng, np.asarray(x, np.float32) / np.float32(255))
    if rng.random() < 0.7:
        y = np.asarray(cv2.GaussianBlur(y, (0, 0), rng.uniform(0.3, 1.5)), np.float32)
    if rng.random() < 0.5:
        y = y + rng.standard_normal(y.shape, np.float32) * np.float32(rng.uniform(0, 0.05))
    return _as_jpeg(y, int(rng.integers(40, 96))) if rng.random() < 0.5 else np.clip(y, 0, 1)


def _recoloured(rng: Rng, x: Array) -> Array:
    """Another saturation (none at times), gain of each channel, contrast and brightness."""
    saturation = 0.0 if rng.random() < 0.15 else rng.uniform(0.4, 1.4)
    mixing = rng.uniform(0.75, 1.25, (3, 1)) * (saturation * np.eye(3) + (1 - saturation) / 3)
    contrast = rng.uniform(0.6, 1.4)
    level = 0.5 * (1 - contrast) + rng.uniform(-0.12, 0.12)
    affine = np.concatenate([contrast * mixing, np.full((3, 1), level)], 1)
    return np.clip(np.asarray(cv2.transform(x, affine), np.float32), 0, 1)


def _as_jpeg(x: Array, quality: int) -> Array:
    """The picture (height, width, 3) in [0, 1] as it comes out of a JPEG file of this quality."""
    pixels = np.asarray(np.clip(x, 0, 1) * 255 + 0.5, np.uint8)
    file = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.float32)[..., ::-1] / np.float32(255)


def _resized(x: Array, height: int, width: int) -> Array:
    """A picture (height, width, 3) in [0, 1] at another size."""
    how = cv2.INTER_AREA if height * width < x.shape[0] * x.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(x, (width, height), interpolation=how), np.float32)


class Training:
    """The state of a training: network, optimizer and the number of the next update."""

    def __init__(self, plan: Plan) -> None:
        keras.utils.set_random_seed(plan.seed)
        self.plan = plan
        self.update = 0
        with policy(plan.precision):
            self.model = build(len(CLASSES))
        rate = CosineDecay(0.0, plan.updates - plan.warmup, warmup_target=plan.learning_rate, warmup_steps=plan.warmup)
        self.optimizer = keras.optimizers.AdamW(rate, weight_decay=plan.weight_decay)
        self.optimizer.build(self.model.trainable_variables)
        self._step = backend.compile(self._compute_step)

    def _compute_step(self, x: backend.Tensor, y: backend.Tensor) -> tuple[backend.Tensor, backend.Tensor]:
        weights, averages = self.model.trainable_variables, self.model.non_trainable_variables

        def loss(*values: backend.Tensor) -> tuple[backend.Tensor, tuple[backend.Tensor, list[backend.Tensor]]]:
            with backend.weights_as(weights, values) as scope:
                logits = self.model(x, training=True)
                moved = [scope.get_current_value(average) for average in averages]
            return ops.mean(keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)), (logits, moved)

        value, (logits, moved), gradients = backend.value_and_gradients(loss, *(weight.value for weight in weights))
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        for average, new in zip(averages, moved, strict=True):  # `weights_as` forgets what is assigned within it
            average.assign(new)
        return value, ops.mean(ops.cast(ops.equal(ops.argmax(logits, -1), y), "float32"))

    def run(self, pictures: Pictures, empty: Sequence[Bytes], folder: Path) -> None:
        """Train to the plan's end, from wherever this state is, with a checkpoint and a log line now and then."""
        marks: list[tuple[float, float]] = []
        while self.update < self.plan.updates:
            x, y = batch_of(pictures, empty, self.plan, self.update)
            value, right = self._step(ops.convert_to_tensor(x), ops.convert_to_tensor(y))
            marks.append((float(value), float(right)))
            self.update += 1
            if self.update % self.plan.checkpoint_every == 0:
                self.save(folder / "judge-checkpoint.npz")
                log.info("update %d: loss %.3f, accuracy %.3f", self.update, *np.mean(marks, 0))
                marks = []

    def _variables(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.optimizer.variables]

    def save(self, path: Path) -> None:
        """Write a checkpoint: every variable, the number of the next update, and the plan it belongs to."""
        arrays = {f"v{i}": np.asarray(v) for i, v in enumerate(self._variables())}
        save_arrays(path, {**arrays, "update": np.array(self.update), "plan": np.array(json.dumps(asdict(self.plan)))})

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint; ends the program where it is that of another plan."""
        with np.load(path) as saved:
            if json.loads(str(saved["plan"])) != asdict(self.plan):
                raise SystemExit(f"{path} belongs to another plan: give that plan again, or another folder.")
            for i, variable in enumerate(self._variables()):
                variable.assign(saved[f"v{i}"])
            self.update = int(saved["update"])


@dataclass(frozen=True, eq=False)
class Judge:
    """A trained judge; its classes are the renderer's `CLASSES`."""

    model: keras.Model

    @classmethod
    def load(cls, path: Path) -> Judge:
        """The judge of a file that `train` wrote; ends the program where its classes are not today's."""
        with np.load(path) as saved:
            if tuple(saved["classes"]) != CLASSES:
                raise SystemExit(f"{path} was trained on other classes: train the judge anew.")
            model = build(len(CLASSES))
            model.set_weights([saved[f"w{i}"] for i in range(len(model.weights))])
        return cls(model)

    def probabilities(self, pictures: Array) -> Array:
        """(count, classes) of pictures (count, height, width, 3) RGB in [0, 1], seen exactly as they come."""
        parts = (pictures[first : first + 64] for first in range(0, len(pictures), 64))
        return np.concatenate([np.asarray(ops.softmax(self.model(x, training=False))) for x in parts])

    def names(self, pictures: Array) -> Indices:
        """What pictures (count, height, width, 3) RGB in [0, 1] show: (count,) indices into `CLASSES`.

        Each is `_worn` and seen at the three scales of `VIEWS`; the majority counts, then the mean probability.
        """
        height, width = pictures.shape[1:3]
        worn = [_worn(picture) for picture in pictures]
        seen = []
        for longer in VIEWS:
            h, w = (max(32, round(side * longer / max(height, width))) for side in (height, width))
            seen.append(self.probabilities(np.stack([_resized(x, h, w) for x in worn])))
        votes = sum(np.eye(len(CLASSES))[p.argmax(-1)] for p in seen)
        return np.asarray((votes + np.mean(seen, 0)).argmax(-1))

    def windows(self, picture: Array, sides: Sequence[int] = WINDOWS) -> Counter[str]:
        """How many windows of a photograph (height, width, 3) RGB in [0, 1] show each class.

        The photograph is worn as for `names`; windows of these sides cover it, and one names its most probable class
        if it is `SURE` of it. Unsure windows and those of `nothing` are not counted.
        """
        worn = _worn(picture)
        tiles = [worn[part] for side in sides for part in _windows(worn.shape[0], worn.shape[1], side)]
        seen = self.probabilities(np.stack([_resized(tile, SIZE, SIZE) for tile in tiles]))
        sure = seen.argmax(-1)[seen.max(-1) >= SURE]
        return Counter(CLASSES[i] for i in sure if i != NOTHING)


def _worn(picture: Array) -> Array:
    """The picture as the judge gets it: blurred with sigma 1, then a JPEG of quality 75."""
    return _as_jpeg(np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), np.float32), 75)


def _windows(height: int, width: int, side: int) -> Iterable[tuple[slice, slice]]:
    """Squares of this side (or of the picture's shorter one) at every half side; the last ones end at the border."""
    side = min(side, height, width)
    rows, columns = ({*range(0, length - side, max(1, side // 2)), length - side} for length in (height, width))
    return ((slice(y, y + side), slice(x, x + side)) for y in sorted(rows) for x in sorted(columns))


@dataclass(frozen=True, eq=False)
class Score:
    """How class visualizations were meant and how named: two arrays (count,) of indices into `CLASSES`."""

    intended: Indices
    named: Indices

    @property
    def share(self) -> float:
        """The share named rightly, in [0, 1]."""
        return float(np.mean(self.intended == self.named))

    def __str__(self) -> str:
        """The share, and a line for each class: how many of its pictures were named rightly, and what the rest were."""
        lines = [f"{self.share:.3f} of {len(self.named)} named rightly"]
        for label in np.unique(self.intended):
            named = Counter(CLASSES[i] for i in self.named[self.intended == label])
            right, count = named.pop(CLASSES[label], 0), int((self.intended == label).sum())
            lines.append(f"  {CLASSES[label]:<12}{right:>3} of {count}  {listed(named)}".rstrip())
        return "\n".join(lines)


def listed(counts: Counter[str]) -> str:
    """Names and their counts, the most frequent first."""
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def read(path: Path) -> Array:
    """A picture file as (height, width, 3) float32 RGB in [0, 1]."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.float32) / np.float32(255)


def score(judge: Judge, folder: Path) -> Score:
    """Judge the class visualizations CLASS-SEED.png of a folder, all of one size."""
    intended = {path: path.stem.rpartition("-")[0] for path in sorted(folder.glob("*.png"))}
    strange = [path.name for path, name in intended.items() if name not in CLASSES]
    if strange or not intended:
        raise SystemExit(f"{folder} should hold CLASS-SEED.png, but it holds {', '.join(strange) or 'none'}.")
    named = judge.names(np.stack([read(path) for path in intended]))
    return Score(np.array([CLASSES.index(name) for name in intended.values()]), named)


def train(plan: Plan, folder: Path) -> None:
    """Train the judge of this plan into `folder`, and say how well it names 2,000 fresh pictures."""
    pictures = render_chunks(folder / "pictures", plan.pictures, plan.seed)
    training = Training(plan)
    if (folder / "judge-checkpoint.npz").exists():
        training.restore(folder / "judge-checkpoint.npz")
        log.info("going on from update %d", training.update)
    training.run(pictures, scenes(plan.scenes, plan.seed), folder)
    weights = {f"w{i}": np.asarray(w) for i, w in enumerate(training.model.weights)}
    save_arrays(folder / "judge.npz", {**weights, "classes": np.array(CLASSES)})
    judge = Judge.load(folder / "judge.npz")
    pixels, labels = render_chunks(folder / "pictures", evaluate.CLEAN_PICTURES, evaluate.FRESH_SEED)
    print(f"clean accuracy on fresh pictures: {evaluate.clean_accuracy(judge.model, pixels, labels):.4f}")
    right = judge.names(np.asarray(pixels, np.float32) / np.float32(255)) == labels
    print(f"blurred, as JPEG, at three scales: {right.mean():.4f}")


def main() -> None:
    """The command line: train, score or windows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("train", "score", "windows"):
        commands.add_parser(command).add_argument("folder", type=Path, help="holds judge.npz and, to train, pictures")
    for name, default in vars(Plan()).items():
        commands.choices["train"].add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    commands.choices["score"].add_argument("--visualizations", type=Path, required=True, help="holds CLASS-SEED.png")
    commands.choices["windows"].add_argument("pictures", type=Path, nargs="+")
    options = vars(parser.parse_args())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    command, folder = options.pop("command"), options.pop("folder")
    if command == "train":
        train(Plan(**options), folder)
        return
    judge = Judge.load(folder / "judge.npz")
    if command == "score":
        print(score(judge, options["visualizations"]))
    else:
        for path in options["pictures"]:
            counts = judge.windows(read(path))
            print(f"{path}: {len(counts)} classes: {listed(counts) or 'none'}")


if __name__ == "__main__":
    main()
