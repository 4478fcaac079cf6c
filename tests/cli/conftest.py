from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from typer.testing import CliRunner

import dreampipe
from dreampipe.cli.app import app
from dreampipe.frames import Frame

Dreampipe = Callable[..., Any]


@pytest.fixture
def call() -> Dreampipe:
    """`call(*words)` runs the program in this process; the result has exit_code, stdout and stderr.

    An exception that the program lets out is raised, so that no bug passes for an exit code.
    """

    def called(*words: object) -> Any:
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return called


@pytest.fixture
def quick(tiny_model: Path) -> tuple[str, ...]:
    """Options for a dream that takes no time."""
    return ("--model", str(tiny_model), "--scaling", "unit", "--octaves", "2", "--steps", "2")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of three pictures of noise: a.png, b.png, c.png."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for name in "abc":
        dreampipe.write(Frame(rng.random((48, 64, 3), np.float32)), folder / f"{name}.png")
    return folder


@pytest.fixture
def small(tiny_model: Path) -> tuple[str, ...]:
    """Options for the shortest dream."""
    return ("--model", str(tiny_model), "--scaling", "unit", "--octaves", "1", "--steps", "1")


@pytest.fixture(params=["s3", "memory"])
def place(request: pytest.FixtureRequest) -> str:
    """The address of an empty place in each kind of store."""
    return str(request.getfixturevalue("bucket")) if request.param == "s3" else f"memory://m-{uuid4().hex}"
