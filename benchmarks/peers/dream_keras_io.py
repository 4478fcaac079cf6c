"""The Deep Dream example of keras.io, for `peers.py`: `python dream_keras_io.py PICTURE WEIGHTS OUT`.

Written anew from its description: InceptionV3 without its head; four layers, weighted; one compiled step, which is
traced again for each size; three octaves of 1.4, twenty steps each; what shrinking takes is given back. Prints the
seconds of the ascent.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.applications import inception_v3

LAYERS = {"mixed4": 1.0, "mixed5": 1.5, "mixed6": 2.0, "mixed7": 2.5}
OCTAVES, RATIO, STEPS, RATE, MOST = 3, 1.4, 20, 0.01, 15.0


def main() -> None:
    picture, weights, out = sys.argv[1:]
    model = inception_v3.InceptionV3(weights=None, include_top=False)
    model.load_weights(weights)
    extractor = keras.Model(model.inputs, {name: model.get_layer(name).output for name in LAYERS})

    def loss_of(image: Any) -> Any:
        features, loss = extractor(image), tf.zeros(())
        for name, weight in LAYERS.items():
            count = tf.reduce_prod(tf.cast(tf.shape(features[name]), "float32"))
            loss += weight * tf.reduce_sum(tf.square(features[name][:, 2:-2, 2:-2])) / count
        return loss

    @tf.function  # type: ignore[untyped-decorator]
    def step(image: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(image)
            loss = loss_of(image)
        gradient = tape.gradient(loss, image)
        gradient /= tf.maximum(tf.reduce_mean(tf.abs(gradient)), 1e-6)
        return loss, image + RATE * gradient

    source = inception_v3.preprocess_input(keras.utils.img_to_array(keras.utils.load_img(picture))[None])
    full = source.shape[1:3]
    sizes = [(int(full[0] / RATIO**i), int(full[1] / RATIO**i)) for i in reversed(range(OCTAVES))]
    started = time.perf_counter()
    shrunk = tf.image.resize(source, sizes[0])
    image = tf.identity(source)
    for size in sizes:
        image = tf.image.resize(image, size)
        for _ in range(STEPS):
            loss, image = step(image)
            if loss > MOST:
                break
        same = tf.image.resize(source, size)
        image += same - tf.image.resize(shrunk, size)
        shrunk = same
    values = np.clip((image.numpy()[0] / 2 + 0.5) * 255, 0, 255).astype("uint8")
    print(time.perf_counter() - started)
    keras.utils.save_img(out, values)


if __name__ == "__main__":
    main()
