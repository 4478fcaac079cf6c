"""Five published DeepDreams again, plainly, step by step as their sources go; `lucid_reference` holds the sixth.

Each takes a picture (height, width, 3) in [0, 1] and `draw(octave, step, size)`, which gives what that step drew, each
counted from 1; each gives the scores in order, and the picture in [0, 1]. Where a fault of the source is mended, the
docstring says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from plain import Array, Network, by_corners, by_middles

Draw = Callable[[int, int, tuple[int, int]], tuple[Array, ...]]
Dreamed = tuple[list[float], Array]

CAFFE_MEAN = np.array([103.939, 116.779, 123.68])
IMAGENET_MEAN, IMAGENET_STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def google_2015(net: Network, picture: Array, draw: Draw) -> Dreamed:
    """`dream.ipynb` of google/deepdream: `deepdream(net, img)` with its defaults.

    Its model takes blue, green, red in 0..255 less a mean; the gradient that it starts with is the layer itself, that
    of half the sum of squares. Mended: it clips a picture at each step but not where an octave begins, so that the
    first step of an octave sees values that no picture has; here it begins in range.
    """
    import tensorflow as tf

    climbed = net.climbing(lambda layers: tf.reduce_mean(layers["three"] ** 2))
    scores = []
    octaves = [picture[..., ::-1] * 255 - CAFFE_MEAN]
    for _ in range(3):
        height, width = octaves[-1].shape[:2]
        octaves.append(by_corners(octaves[-1], round(height / 1.4), round(width / 1.4)))
    detail = np.zeros_like(octaves[-1])
    for number, base in enumerate(octaves[::-1], 1):
        if number > 1:
            detail = by_corners(detail, *base.shape[:2])
        src = np.clip(base + detail, -CAFFE_MEAN, 255 - CAFFE_MEAN)
        for step in range(1, 11):
            (shift,) = draw(number, step, src.shape[:2])
            src = np.roll(src, shift.astype(int), (0, 1))
            value, g = climbed(src)
            scores.append(value)
            src = src + 1.5 / np.abs(g).mean() * g
            src = np.roll(src, -shift.astype(int), (0, 1))
            src = np.clip(src, -CAFFE_MEAN, 255 - CAFFE_MEAN)
        detail = src - base
    return scores, ((src + CAFFE_MEAN) / 255)[..., ::-1]


def tf_tutorial(net: Network, picture: Array, draw: Draw, steps: int = 50) -> Dreamed:
    """The tutorial DeepDream of TensorFlow, "Taking it up an octave"; the result before it is shown in 8 bits.

    Mended: it adds 1e-8 to the deviation, which makes steps the smaller the larger a picture is, for the gradient of a
    mean is; here steps are of one size.
    """
    import tensorflow as tf

    climbed = net.climbing(lambda layers: tf.reduce_mean(layers["two"]) + tf.reduce_mean(layers["four"]))
    scores, base_shape = [], picture.shape[:2]
    img = picture * 255
    for n in range(-2, 3):
        img = by_middles(img, *(int(side * 1.3**n) for side in base_shape))
        img = img / 127.5 - 1
        for _ in range(steps):
            value, gradients = climbed(img)
            scores.append(value)
            gradients = gradients / gradients.std()
            img = np.clip(img + gradients * 0.01, -1, 1)
        img = np.floor(255 * (img + 1) / 2)  # a cast to uint8
    return scores, by_middles(img, *base_shape) / 255


def keras_io(net: Network, picture: Array, draw: Draw) -> Dreamed:
    """The example Deep Dream of keras.io; the result clipped, as where it is saved.

    Its floor under the mean of the gradient, which no step here comes near, is not in the preset.
    """
    import tensorflow as tf

    def compute_loss(layers: Mapping[str, Any]) -> Any:
        loss: Any = 0.0
        for name, coefficient in {"one": 1.0, "two": 1.5, "three": 2.0, "four": 2.5}.items():
            activation = layers[name]
            scaling = tf.cast(tf.reduce_prod(tf.shape(activation)), activation.dtype)
            loss += coefficient * tf.reduce_sum(tf.square(activation[:, 2:-2, 2:-2, :])) / scaling
        return loss

    climbed, scores = net.climbing(compute_loss), []
    original = picture * 2 - 1
    shapes = [tuple(int(side / 1.4**i) for side in picture.shape[:2]) for i in (2, 1, 0)]
    shrunk_original, img = by_middles(original, *shapes[0]), original
    for shape in shapes:
        img = by_middles(img, *shape)
        for _ in range(20):
            loss, grads = climbed(img)
            scores.append(loss)
            img = img + 0.01 * grads / max(np.abs(grads).mean(), 1e-6)
            if loss > 15:
                break
        same_size_original = by_middles(original, *shape)
        img = img + same_size_original - by_middles(shrunk_original, *shape)
        shrunk_original = same_size_original
    return scores, np.clip(img / 2 + 0.5, 0, 1)


def gordicaleksa(net: Network, picture: Array, draw: Draw) -> Dreamed:
    """pytorch-deepdream of gordicaleksa: `deep_dream_static_image` with its defaults.

    Mended: it smooths the gradient while the picture is rolled, across its border, and mirrors it where the border is
    not; here the gradient is rolled back before.
    """
    import tensorflow as tf

    climbed = net.climbing(lambda layers: tf.reduce_mean(layers["four"] ** 2))
    scores = []
    img = (picture - IMAGENET_MEAN) / IMAGENET_STD
    lower, upper = -IMAGENET_MEAN / IMAGENET_STD, (1 - IMAGENET_MEAN) / IMAGENET_STD
    for level in range(4):
        shape = np.round(np.float32(picture.shape[:2]) * (1.8 ** (level - 3))).astype(int)
        img = by_middles(img, *shape)
        for iteration in range(10):
            (shift,) = draw(level + 1, iteration + 1, img.shape[:2])
            value, grad = climbed(np.roll(img, shift.astype(int), (0, 1)))
            scores.append(value)
            grad = np.roll(grad, -shift.astype(int), (0, 1))
            sigma = ((iteration + 1) / 10) * 2.0 + 0.5
            smooth = np.mean([gaussian(grad, factor * sigma) for factor in (0.5, 1.0, 2.0)], axis=0)
            smooth = smooth - smooth.mean()
            img = np.clip(img + 0.09 * smooth / smooth.std(ddof=1), lower, upper)
    return scores, np.clip(img * IMAGENET_STD + IMAGENET_MEAN, 0, 1)


def gaussian(grad: Array, sigma: float) -> Array:
    """Each channel filtered with a Gaussian of 9 x 9, mirrored at the border."""
    kernel = np.exp(-((np.arange(9) - 4) ** 2) / (2 * sigma**2))
    kernel = np.outer(kernel, kernel) / kernel.sum() ** 2
    padded = np.pad(grad, ((4, 4), (4, 4), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (9, 9), (0, 1))
    return np.asarray(np.einsum("hwcij,ij->hwc", windows, kernel))


def neural_dream(net: Network, picture: Array, draw: Draw, rounds: int = 10) -> Dreamed:
    """neural-dream with its defaults, of one layer.

    Its jitter rolls the picture on the way to the model only, and its gradient is rolled back with that. Mended: its
    values go up to 256 for a white of 255. The result is clipped, as where it is saved.
    """
    import tensorflow as tf

    climbed = net.climbing(lambda layers: 1000 * tf.sqrt(tf.reduce_sum(layers["four"] ** 2)))
    scores, (height, width) = [], picture.shape[:2]
    current = picture[..., ::-1] * 255 - CAFFE_MEAN
    octave = 0
    for _ in range(rounds):
        for size in ((int(height * 0.6), int(width * 0.6)), (height, width)):
            octave += 1
            img = by_corners(current, *size)
            mean, square = np.zeros_like(img), np.zeros_like(img)
            for call in range(1, 52):
                (shift,) = draw(octave, call, size)
                value, grad = climbed(np.roll(img, shift.astype(int), (0, 1)))
                scores.append(value)
                grad = np.roll(grad, -shift.astype(int), (0, 1))
                mean = 0.9 * mean + 0.1 * grad
                square = 0.999 * square + 0.001 * grad**2
                root = np.sqrt(square) / np.sqrt(1 - 0.999**call) + 1e-8
                img = img + 1.5 / (1 - 0.9**call) * mean / root
            current = by_corners(img, height, width)
    return scores, np.clip((current[..., ::-1] + CAFFE_MEAN[::-1]) / 255, 0, 1)
