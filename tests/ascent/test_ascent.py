"""An ascent from octave to octave, on a little network: sizes, seeds, events, and what it costs."""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from small import SLOPE, Make, coarse, flat, how, linear, net

from dreampipe.ascent import Ascent, Octaves, Ramp, Result, Step
from dreampipe.ascent.transforms import Crop, Jitter, Pad, Transform
from dreampipe.errors import ObjectiveError, RecipeError
from dreampipe.models import Card
from dreampipe.objectives import MeanSquare, Objective, Term

Array = np.ndarray[Any, Any]


def noise(height: int, width: int, low: float = 0.0, high: float = 1.0) -> Array:
    return np.random.default_rng(height).uniform(low, high, (height, width, 3)).astype(np.float32)


def ascent(card: Card, objective: str = "middle", octaves: Octaves = Octaves(3), **settings: Any) -> Ascent:  # noqa: B008
    return Ascent(card, Objective.parse(objective), octaves, **how(**{"steps": 2, "jitter": 5, **settings}))


def events(spec: Ascent, image: Array, seed: int = 0) -> tuple[Result, list[Step]]:
    heard: list[Step] = []
    return spec.run(image, seed=seed, on_step=heard.append), heard


@pytest.mark.smoke
def test_steps_are_told_in_order(make: Make) -> None:
    _, heard = events(ascent(make(net)), noise(40, 56))
    assert [(s.octave, s.octaves, s.step, s.steps, s.size) for s in heard] == [
        (1, 3, 1, 2, (20, 29)),
        (1, 3, 2, 2, (20, 29)),
        (2, 3, 1, 2, (29, 40)),
        (2, 3, 2, 2, (29, 40)),
        (3, 3, 1, 2, (40, 56)),
        (3, 3, 2, 2, (40, 56)),
    ]
    assert all(type(s.score) is float for s in heard)


@pytest.mark.parametrize("objective", ["near", "far", "near[2] + 0.5*far", "logit(3)", "prob(1)"])
def test_the_score_rises(make: Make, objective: str) -> None:
    spec = ascent(make(net), objective, Octaves(1), steps=8, step_size=0.01, jitter=4)
    _, heard = events(spec, noise(32, 32, 0.4, 0.6))
    assert heard[-1].score > heard[0].score
    assert np.mean([s.score for s in heard[4:]]) > np.mean([s.score for s in heard[:4]])


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 400), (20, 20), (33, 31)])
def test_the_size_stays_whatever_it_is(make: Make, size: tuple[int, int]) -> None:
    image = noise(*size)
    before = image.copy()
    result, heard = events(ascent(make(net), jitter=32), image)
    assert result.image.shape == image.shape
    assert result.image.dtype == np.float32
    assert result.image.flags.c_contiguous
    assert result.image.min() >= 0 and result.image.max() <= 1
    assert np.array_equal(image, before)
    assert not np.array_equal(result.image, image)
    assert heard[-1].octave == heard[-1].octaves


def test_octaves_under_the_least_side_are_left_out_with_a_note(make: Make) -> None:
    card = make(coarse)
    result, heard = events(ascent(card, "coarse", Octaves(4, 1.4)), noise(64, 63))
    assert [s.size for s in heard] == [(33, 32)] * 2 + [(46, 45)] * 2 + [(64, 63)] * 2
    assert result.notes == (f"1 of 4 octaves left out: smaller than 32 pixels, the least that {card.name} can see.",)
    result, heard = events(ascent(card, "coarse", Octaves(4, 1.4)), noise(20, 60))
    assert [s.size for s in heard] == [(32, 60)] * 2
    assert "3 of 4 octaves left out" in result.notes[0]
    assert ascent(card, "coarse", Octaves(2, 1.4)).run(noise(64, 63), seed=0).notes == ()


def test_the_detail_of_an_octave_is_carried_to_the_next(make: Make) -> None:
    """On a linear model every octave adds the same to every pixel, so what came out is their sum."""
    image = noise(48, 60, 0.4, 0.6)
    result = ascent(make(linear), "linear[0]", Octaves(3), steps=2, step_size=0.01).run(image, seed=0)
    expected = image + 3 * 2 * 0.01 * SLOPE / np.abs(SLOPE).mean()
    np.testing.assert_allclose(result.image, expected, atol=3e-6)


@pytest.mark.parametrize("image", [noise(37, 53), np.ones((37, 53, 3), np.float32), noise(2, 5)], ids=str)
def test_no_steps_change_no_bit(make: Make, image: Array) -> None:
    result, heard = events(ascent(make(net), octaves=Octaves(4), steps=0), image)
    assert np.array_equal(result.image, image)
    assert heard == []


def test_a_flat_picture_gets_no_border(make: Make) -> None:
    """The zero padding of the network lies outside of the picture, so its edge dreams as its middle does."""
    image = np.full((24, 28, 3), 0.5, np.float32)
    result = ascent(make(net), "near", Octaves(2), steps=3, jitter=6).run(image, seed=0)
    assert np.abs(result.image - image).max() > 0.01
    np.testing.assert_allclose(result.image, np.broadcast_to(result.image[12, 14], image.shape), atol=1e-5)


def test_the_seed_decides_the_bytes(make: Make) -> None:
    image, spec = noise(32, 40), ascent(make(net))
    once = spec.run(image, seed=7).image
    spec.run(noise(24, 24), seed=3)
    assert np.array_equal(spec.run(image, seed=7).image, once)
    assert np.array_equal(pickle.loads(pickle.dumps(spec)).run(image, seed=7).image, once)
    assert np.array_equal(spec.run(np.asfortranarray(image), seed=7).image, once)
    assert not np.array_equal(spec.run(image, seed=8).image, once)
    assert not np.array_equal(spec.run(image, seed=2**63 - 1).image, once)


def test_a_model_of_one_size_is_dreamed_at_that_size(make: Make) -> None:
    image = noise(24, 30, 0.4, 0.6)
    spec = ascent(make(flat, side=16), "linear[0]", Octaves(3), steps=2, step_size=0.01)
    result, heard = events(spec, image)
    assert [s.size for s in heard] == [(16, 16)] * 2
    np.testing.assert_allclose(result.image, image + 2 * 0.01 * SLOPE / np.abs(SLOPE).mean(), atol=3e-6)
    assert len(result.notes) == 1
    assert "takes 16x16 pixels only" in result.notes[0]


def test_an_ascent_is_checked_when_it_is_built(make: Make) -> None:
    with pytest.raises(ObjectiveError, match=r"has no layer 'midle': .*\bmiddle\b"):
        ascent(make(net), "midle")
    with pytest.raises(ObjectiveError, match="Channel 8 of layer middle was asked for, but there are 8"):
        ascent(make(net), "middle[8]")


def test_a_class_that_the_head_lacks_is_refused(make: Make) -> None:
    with pytest.raises(ObjectiveError, match=r"Class 5 was asked for, but .* has classes 0 to 4"):
        ascent(make(net), "logit(5)")
    with pytest.raises(ObjectiveError, match="has no head"):
        ascent(make(linear), "logit(0)")


def test_what_the_listener_raises_ends_the_ascent(make: Make) -> None:
    heard: list[Step] = []

    def stop(step: Step) -> None:
        heard.append(step)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ascent(make(net)).run(noise(20, 20), seed=0, on_step=stop)
    assert len(heard) == 1


def test_what_fits_into_memory_keeps_its_shape(make: Make) -> None:
    spec = ascent(make(net), "far")
    assert spec.fitting((48, 64)) == (48, 64)
    height, width = spec.fitting((300_000, 900_000))
    assert height < 300_000
    assert width / height == pytest.approx(3, rel=0.01)


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=100_000_000))


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    "transforms, more", [((), 0), ((Pad(100),), 200), ((Pad(Ramp(0, 50)),), 100), ((Pad(30), Jitter(8), Crop(20)), 40)]
)
def test_what_transforms_add_counts_for_memory(make: Make, transforms: tuple[Transform, ...], more: int) -> None:
    plain, spec = (ascent(make(net), jitter=None, transforms=given) for given in ((), transforms))
    assert spec.together((68, 19)) == plain.together((68 + more, 19 + more)) < 100
    assert spec.together((3, 17)) == spec.together((17, 3)) == spec.together((17, 17))  # mirrored out
    assert spec.fitting((68, 19)) == (68, 19)
    assert spec.fitting((4000, 4000)) <= plain.fitting((4000, 4000)) < (4000, 4000)


@pytest.mark.usefixtures("little_memory")
def test_a_side_is_chosen_only_where_memory_is_short_and_nobody_chose_one(make: Make) -> None:
    spec = ascent(make(net), "far")
    assert spec.side_that_fits((4000, 6000)) == max(spec.fitting((4000, 6000))) < 6000
    assert spec.side_that_fits((40, 60)) is None
    assert spec.side_that_fits((4000, 6000), max_size=5000) is None


@pytest.mark.usefixtures("little_memory")
def test_padding_of_more_than_the_memory_is_refused(make: Make) -> None:
    spec = ascent(make(net), jitter=None, transforms=(Pad(4000),))
    assert spec.together((40, 40)) == 0
    with pytest.raises(RecipeError, match=r"^The transforms make 64786401 pixels of the smallest .* pad less"):
        spec.fitting((40, 40))


def spy() -> tuple[MeanSquare, list[Any]]:
    """A measure like any other, and a list that gets the graph each time a step is traced with it."""
    graphs: list[Any] = []

    class Spy(MeanSquare):
        def __call__(self, values: Any) -> Any:
            graphs.append(values.graph)
            return super().__call__(values)

    return Spy(), graphs


def executed(graph: Any) -> list[str]:
    """The kinds of all operations that the outputs of a traced step need; tensorflow runs no others."""
    waiting, found = [tensor.op for tensor in graph.outputs], {}
    while waiting:
        operation = waiting.pop()
        if operation.name not in found:
            found[operation.name] = operation.type
            waiting += [*(tensor.op for tensor in operation.inputs), *operation.control_inputs]
    return list(found.values())


def test_one_trace_serves_all_sizes_and_pictures(make: Make) -> None:
    measure, graphs = spy()
    spec = Ascent(make(net), Objective((Term("middle", measure),)), Octaves(3), steps=2)
    for size in ((40, 56), (33, 21), (64, 64)):
        spec.run(noise(*size), seed=0)
    assert len(graphs) == 1


@pytest.mark.parametrize("layer, convolutions", [("near", 1), ("middle", 2), ("far", 3)])
def test_nothing_deeper_than_the_objective_is_computed(make: Make, layer: str, convolutions: int) -> None:
    """And the gradient is that of the picture alone, no filter's."""
    measure, graphs = spy()
    objective = Objective.parse("near[1]") + Objective((Term(layer, measure),))
    Ascent(make(net), objective, Octaves(1), steps=1).run(noise(32, 32), seed=0)
    assert [operation.type for operation in graphs[0].get_operations()].count("Conv2D") == convolutions
    kinds = executed(graphs[0])
    assert kinds.count("Conv2DBackpropInput") == convolutions
    assert "Conv2DBackpropFilter" not in kinds


def test_a_probability_is_the_model_s_own_also_behind_a_sigmoid(make: Make) -> None:
    def several(keras: Any, image: Any) -> Any:
        x = keras.layers.GlobalAveragePooling2D()(image)
        return keras.layers.Dense(2, activation="sigmoid", kernel_initializer="ones", name="several")(x)

    _, (step, *_) = events(
        ascent(make(several), "prob(1)", Octaves(1), steps=1, jitter=0), np.full((24, 24, 3), 0.25, "f")
    )
    assert step.score == pytest.approx(1 / (1 + np.exp(-0.75)), abs=1e-5)


def test_a_strip_fits_into_memory_with_the_border_that_it_is_given(make: Make) -> None:
    spec = ascent(make(net))
    height, width = spec.fitting((1, 2_000_000_000))
    assert height == 1 and width < 2_000_000_000
    square = spec.fitting((1_000_000, 1_000_000))
    assert max(height, 17) * width <= 2 * square[0] * square[1]
    assert spec.fitting((100, 100)) == (100, 100)
