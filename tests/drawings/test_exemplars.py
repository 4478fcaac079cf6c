"""Exemplars: which pictures excite a channel most, and where."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
from known import known

from dreampipe.drawings.exemplars import exemplars
from dreampipe.drawings.pictures import Picture
from dreampipe.errors import ObjectiveError
from dreampipe.models import card


def spot(row: int, column: int, value: float, size: tuple[int, int] = (48, 64), channel: int = 0) -> np.ndarray:
    """Black, but for one square of 4x4 pixels with its middle at (row, column), in one colour."""
    pixels = np.zeros((*size, 3), np.float32)
    pixels[row - 2 : row + 2, column - 2 : column + 2, channel] = value
    return pixels


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    """A model with known answers.

    Its layer `cells` gives the mean red, green and blue of cells of 4x4 pixels less 0.1, `lit` what of it is positive,
    `totals` the mean of that over all cells.
    """
    import dreampipe.backend  # noqa: F401  chooses the backend before keras is first imported

    # isort: split
    import keras

    image = keras.Input((None, None, 3))
    kernel = np.zeros((4, 4, 3, 3), np.float32)
    kernel[:, :, range(3), range(3)] = 1 / 16
    values = [keras.initializers.Constant(value) for value in (kernel, -0.1)]
    cells = keras.layers.Conv2D(3, 4, 4, kernel_initializer=values[0], bias_initializer=values[1], name="cells")(image)
    lit = keras.layers.ReLU(name="lit")(cells)
    totals = keras.layers.GlobalAveragePooling2D(name="totals")(lit)
    path = tmp_path_factory.mktemp("colours") / "colours.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Model(image, keras.layers.Dense(2, name="classes", activation="softmax")(totals)).save(path)
    known(path)
    return card(path, "unit")


def test_the_brightest_spots_first_each_with_its_place(colours):
    places = [(10, 14, 0.4), (22, 38, 0.9), (46, 62, 0.6), (2, 2, 0.7)]
    pictures = [Picture(f"p{n}", spot(*place)) for n, place in enumerate(places)]
    found = exemplars(colours, "cells", [0], pictures, count=3, size=4)[0]
    assert [exemplar.name for exemplar in found] == ["p1", "p3", "p2"]
    assert [exemplar.score for exemplar in found] == pytest.approx([0.8, 0.6, 0.5], abs=1e-6)
    assert [exemplar.box for exemplar in found] == [(20, 36, 24, 40), (0, 0, 4, 4), (44, 60, 48, 64)]
    for exemplar, value in zip(found, (0.9, 0.7, 0.6), strict=True):
        assert exemplar.pixels.shape == (4, 4, 3)
        assert np.allclose(exemplar.pixels[..., 0], value)


def test_each_channel_for_itself_and_over_many_batches_and_sizes(colours):
    rng = np.random.default_rng(8)
    sizes = [(48, 64), (48, 64), (64, 48), (20, 20)]
    pictures = [Picture(str(n), rng.random((*sizes[n % 4], 3), np.float32)) for n in range(150)]
    seen = []
    found = exemplars(colours, "lit", [2, 0], iter(pictures), count=5, on_picture=seen.append)
    assert list(found) == [2, 0]
    assert seen == sorted(seen) and seen[-1] == 150
    for channel, best in found.items():
        cells = {
            name: pixels.reshape(pixels.shape[0] // 4, 4, -1, 4, 3).mean((1, 3))[..., channel].max() - 0.1
            for name, pixels in pictures
        }
        expected = sorted(cells, key=cells.__getitem__, reverse=True)[:5]
        assert [exemplar.name for exemplar in best] == expected
        assert [exemplar.score for exemplar in best] == pytest.approx([cells[name] for name in expected], abs=1e-5)


def test_a_channel_that_stays_at_zero_has_none(colours):
    pictures = [Picture("green", spot(10, 10, 1.0, channel=1)), Picture("black", np.zeros((48, 64, 3), np.float32))]
    found = exemplars(colours, "lit", [0, 1], pictures)
    assert found[0] == ()
    assert [exemplar.name for exemplar in found[1]] == ["green"]
    assert len(exemplars(colours, "cells", [0], pictures)[0]) == 2


def test_where_places_see_all_the_whole_picture_is_shown(colours):
    pictures = [Picture("wide", spot(10, 10, 1.0, (16, 32))), Picture("dim", spot(10, 10, 0.5, (16, 32)))]
    for layer in ("totals", "classes", "logits", "probabilities"):
        (first, _) = exemplars(colours, layer, [0], pictures, size=8)[0]
        assert first.box == (0, 0, 16, 32)
        assert first.pixels.shape == (8, 8, 3)
    assert exemplars(colours, "totals", [0], pictures)[0][0].name == "wide"


def test_of_a_picture_that_is_too_small_only_itself_is_shown(tiny_model):
    from dataclasses import replace

    chosen = replace(card(tiny_model, "unit"), least=32)
    (found,) = exemplars(chosen, "third_relu", [0], [Picture("small", spot(5, 7, 1.0, (10, 12)))], size=16)[0]
    top, left, bottom, right = found.box
    assert 0 <= top < bottom <= 10 and 0 <= left < right <= 12


def test_a_model_of_one_size_sees_the_middle(tiny_model):
    from dataclasses import replace

    chosen = replace(card(tiny_model, "unit"), fixed=(24, 24))
    (found,) = exemplars(chosen, "pooled", [0], [Picture("wide", spot(5, 30, 1.0, (10, 60)))], size=24)[0]
    assert found.box == (0, 0, 24, 24)
    assert found.pixels.max() > 0.5


def test_what_is_not_there_is_refused_before_anything_is_loaded(tiny_model):
    program = """
import sys
from dreampipe.errors import ObjectiveError
from dreampipe.models import card
from dreampipe.drawings.exemplars import exemplars
for layer, channels in (("frist", [0]), ("first", [0, 8]), ("first", [-1])):
    try:
        exemplars(card(sys.argv[1], "unit"), layer, channels, [])
    except ObjectiveError as error:
        print(error)
print(*{"keras", "tensorflow"} & set(sys.modules))
"""
    ran = subprocess.run([sys.executable, "-c", program, str(tiny_model)], capture_output=True, text=True, check=True)
    unknown, beyond, below, loaded = ran.stdout.splitlines()
    assert unknown == "tiny has no layer 'frist' (did you mean first or first_relu)."
    assert beyond == "first[8] came, but the channels of first are 0 to 7: choose one of them."
    assert below.startswith("first[-1] came")
    assert loaded == ""


def test_a_class_beyond_those_of_the_head(colours):
    with pytest.raises(ObjectiveError, match=r"logits\[2\] came, but the channels of logits are 0 to 1"):
        exemplars(colours, "logits", [2], [Picture("x", spot(5, 5, 1.0))])
