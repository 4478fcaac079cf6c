"""TensorFlow's tutorial DeepDream, its octaves, for `peers.py`: `python dream_tutorial.py PICTURE WEIGHTS OUT`.

Written anew from its description: InceptionV3 without its head; the means of two layers; all steps of an octave in one
graph, traced once for all sizes; sizes of 1.3^-2 to 1.3^2, fifty steps each, rounded to 8 bits in between. Prints the
seconds of the ascent.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import keras
import tensorflow as tf
from keras.applications import inception_v3

LAYERS = ("mixed3", "mixed5")
OCTAVES, RATIO, STEPS, RATE, LONGEST = range(-2, 3), 1.3, 50, 0.01, 500


def main() -> None:
    picture, weights, out = sys.argv[1:]
    model = inception_v3.InceptionV3(weights=None, include_top=False)
    model.load_weights(weights)
    extractor = keras.Model(model.inputs, [model.get_layer(name).output for name in LAYERS])

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=(tf.TensorSpec((None, None, 3)), tf.TensorSpec((), tf.int32), tf.TensorSpec(()))
    )
    def climb(image: Any, steps: Any, rate: Any) -> Any:
        for _ in tf.range(steps):  # type: ignore[attr-defined]  # autograph makes a loop of the graph of it
            with tf.GradientTape() as tape:
                tape.watch(image)
                loss = tf.add_n([tf.reduce_mean(features) for features in extractor(image[None])])
            gradient = tape.gradient(loss, image)
            gradient /= tf.math.reduce_std(gradient) + 1e-8
            image = tf.clip_by_value(image + rate * gradient, -1, 1)
        return image

    opened = keras.utils.load_img(picture)
    opened.thumbnail((LONGEST, LONGEST))
    image = tf.cast(keras.utils.img_to_array(opened), "float32")
    base = tf.cast(tf.shape(image)[:2], "float32")
    started = time.perf_counter()
    for octave in OCTAVES:
        image = tf.image.resize(image, tf.cast(base * RATIO**octave, "int32"))
        image = climb(inception_v3.preprocess_input(image), tf.constant(STEPS), tf.constant(RATE))
        image = tf.cast(255 * (image + 1) / 2, "uint8")
    values = tf.cast(tf.image.resize(image, tf.cast(base, "int32")), "uint8").numpy()
    print(time.perf_counter() - started)
    keras.utils.save_img(out, values)


if __name__ == "__main__":
    main()
