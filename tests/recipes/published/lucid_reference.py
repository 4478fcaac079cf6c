"""lucid's `render_vis` again, plainly: a spectrum in decorrelated colours, climbed by Adam through random transforms.

With `param.image(128)` and `transform.standard_transforms`. Its random start and what its transforms draw are given.

Mended, each for what it does to the border of a picture: its first jitter cuts a random part out of the padded picture,
here that is rolled as far; its scaled pictures change their size, here that stays; what comes in from beyond the border
is black when it rotates, here the picture is mirrored; it rotates to the nearest pixel, here between pixels. Its scales
and angles are drawn from lists, and 0 more often; here evenly from the same range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from plain import Array, Network

CORRELATION = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
CORRELATION = CORRELATION / np.max(np.linalg.norm(CORRELATION, axis=0))


def scale_of(height: int, width: int) -> Array:
    """What each frequency is multiplied with."""
    frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    return np.asarray(np.sqrt(width * height) / np.maximum(frequencies, 1 / max(width, height)) / 4)


def spectrum_of(picture: Array) -> Array:
    """The parameters (2, 3, height, width // 2 + 1) that make a picture: what is drawn there, found backwards."""
    inside = np.clip(picture, 1e-3, 1 - 1e-3)  # a sigmoid reaches neither black nor white
    planes = np.log(inside / (1 - inside)) @ np.linalg.inv(CORRELATION).T
    spectrum = np.fft.rfft2(planes.transpose(2, 0, 1)) / scale_of(*picture.shape[:2])
    return np.stack([spectrum.real, spectrum.imag])


def image_of(spectrum: Any, height: int, width: int) -> Any:
    """`param.image` with its Fourier basis and its colours, (height, width, 3)."""
    import tensorflow as tf

    planes = tf.signal.irfft2d(tf.complex(spectrum[0], spectrum[1]) * scale_of(height, width), (height, width))
    return tf.sigmoid(tf.matmul(tf.transpose(planes, (1, 2, 0)), CORRELATION.T[None]))


def mirrored(places: Any, side: int) -> Any:
    """Places on a line of pixels that goes on as its mirror image, as places in it."""
    import tensorflow as tf

    turned = tf.math.floormod(places, 2.0 * (side - 1))
    return tf.minimum(turned, 2.0 * (side - 1) - turned)


def read(image: Any, rows: Any, columns: Any) -> Any:
    """The image at places between its pixels, each (height, width): linear between four of them."""
    import tensorflow as tf

    height, width, _ = image.shape
    rows, columns = mirrored(rows, height), mirrored(columns, width)
    top = tf.minimum(tf.floor(rows), height - 2.0)
    left = tf.minimum(tf.floor(columns), width - 2.0)
    below, beside = (rows - top)[..., None], (columns - left)[..., None]

    def pixel(down: int, along: int) -> Any:
        return tf.gather_nd(image, tf.stack([tf.cast(top, tf.int32) + down, tf.cast(left, tf.int32) + along], -1))

    above = pixel(0, 0) * (1 - beside) + pixel(0, 1) * beside
    under = pixel(1, 0) * (1 - beside) + pixel(1, 1) * beside
    return above * (1 - below) + under * below


def standard_transforms(image: Any, shift: Any, factor: Any, degrees: Any, corner: Any) -> Any:
    """Grey around it, a shift, a scale around the middle, a rotation clockwise, and a part cut out."""
    import tensorflow as tf

    image = tf.pad(image, [(12, 12), (12, 12), (0, 0)], constant_values=0.5)
    image = tf.roll(image, tf.cast(shift, tf.int32), (0, 1))
    height, width, _ = image.shape
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    row = tf.constant(np.arange(height)[:, None] - middle_row + np.zeros((1, width)))
    column = tf.constant(np.arange(width)[None] - middle_column + np.zeros((height, 1)))
    image = read(image, row / factor + middle_row, column / factor + middle_column)
    angle = degrees * math.pi / 180
    turned_row = tf.cos(angle) * row - tf.sin(angle) * column
    turned_column = tf.sin(angle) * row + tf.cos(angle) * column
    image = read(image, turned_row + middle_row, turned_column + middle_column)
    begin = tf.concat([tf.cast(corner, tf.int32), [0]], 0)
    return tf.slice(image, begin, (height - 4, width - 4, 3))


def lucid(
    net: Network, picture: Array, draw: Callable[..., tuple[Array, ...]], steps: int = 513
) -> tuple[list[float], Array]:
    """`render_vis` of one channel of a layer, from the given picture (height, width, 3) in [0, 1].

    It counts its steps from 0 to 512 and takes the picture after the last of these, which is the 513th.
    """
    import tensorflow as tf

    height, width = picture.shape[:2]

    def seen(spectrum: Any, *drawn: Any) -> Any:
        return standard_transforms(image_of(spectrum, height, width), *drawn)

    climbed = net.climbing(lambda layers: tf.reduce_mean(layers["three"][..., 2]), seen)
    spectrum, scores = spectrum_of(picture), []
    mean, square = np.zeros_like(spectrum), np.zeros_like(spectrum)
    for step in range(1, steps + 1):
        _, shift, scale, degrees, part = draw(1, step, (height, width))
        value, gradient = climbed(spectrum, shift, scale[0], degrees[0], part[:2])
        scores.append(value)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        rate = 0.05 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        spectrum = spectrum + rate * mean / (np.sqrt(square) + 1e-8)
    return scores, image_of(spectrum, height, width).numpy()
