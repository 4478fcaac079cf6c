"""One step of every part of an ascent, and every measure with its gradient, on the backend that KERAS_BACKEND names.

python steps.py FILE            writes the results to FILE, .npz: arrays by their names
python steps.py FILE presets    the same of the published presets, on a small network: all scores, and the picture
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SIZE = (64, 72)


def compute() -> dict[str, Array]:
    """The results by their names: scores, and parameters after a step."""
    sys.path += [str(Path(__file__).parents[1] / room) for room in ("ascent", "objectives")]
    return dict([*_measures(), *_steps()])


def compute_presets() -> dict[str, Array]:
    """The scores of each step and the picture of each published preset, by its name."""
    sys.path += [str(Path(__file__).parents[1] / "recipes" / "published")]
    from compared import CASES, climbed

    found: dict[str, Array] = {}
    with TemporaryDirectory() as folder:
        for name in CASES:
            ours = climbed(name, Path(folder), short=True)
            found |= {f"{name}, scores": ours.scores, f"{name}, picture": ours.picture}
    return found


def _measures() -> Iterator[tuple[str, Array]]:
    from truths import MEASURED, VALUES

    from dreampipe import backend
    from dreampipe.backend import ops

    for at, term in enumerate(MEASURED):
        name = f"{at} {type(term.measure).__name__} of {term.layer}"
        values = {key: ops.convert_to_tensor(VALUES[key]) for key in term.reads}

        def score(x: Any, term: Any = term, values: Any = values) -> Any:
            scores = term({**values, term.reads[0]: x})
            return ops.sum(scores), scores

        _, scores, (slope,) = backend.value_and_gradients(score, values[term.reads[0]])
        yield name, _array(scores)
        yield f"{name}, slope", _array(slope)


def _steps() -> Iterator[tuple[str, Array]]:
    import test_contract as parts

    from dreampipe import Objective, card
    from dreampipe.ascent.optimizers import Plain
    from dreampipe.ascent.parameterizations import Pixels
    from dreampipe.ascent.step import Inputs, StepSpec, begin, compile_step

    model = card("motifnet")
    objective = Objective.parse("mixed1 + 0.1*tv()").bind(model)
    rng = np.random.default_rng(3)
    start = rng.uniform(0.2, 0.8, (2, *SIZE, 3)).astype(np.float32)
    usual: dict[str, Any] = {"parameterization": Pixels(), "transforms": (), "shaping": (), "optimizer": Plain()}
    changes = [
        *({"parameterization": one} for one in parts.PARAMETERIZATIONS),
        *({"transforms": (one.without_amounts(),)} for one in parts.TRANSFORMS),
        *({"shaping": (one,)} for one in parts.SHAPINGS),
        *({"optimizer": one} for one in parts.OPTIMIZERS),
    ]
    for at, change in enumerate(changes):
        spec = StepSpec(model, objective, **{**usual, **change})
        state = begin(spec, spec.parameterization.init(start, np.random.default_rng(1)))
        drawn = [transform.draw(np.random.default_rng(2), 0.5, SIZE) for transform in spec.transforms]
        inputs = Inputs.of(start, None, np.zeros(2, np.int32))
        inputs = inputs.at(spec.transforms, drawn, np.zeros(2, np.bool_), 0.01, 0.5)
        outcome = compile_step(spec)(state, inputs.aided(spec.shaping))
        (changed,) = change.values()
        yield f"{at} {changed}, scores", _array(outcome.scores)
        for name, value in outcome.state.parameters.items():
            yield f"{at} {changed}, {name}", _array(value)


def _array(value: Any) -> Array:
    from dreampipe.backend import ops

    return np.asarray(ops.convert_to_numpy(value))


if __name__ == "__main__":
    np.savez(sys.argv[1], **(compute_presets() if sys.argv[2:] == ["presets"] else compute()))  # type: ignore[arg-type]
