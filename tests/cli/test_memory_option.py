"""`--memory` and `--tile` at the command line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import dreampipe
from dreampipe import Frame
from dreampipe.cli.app import app


def write(path: Path, height: int, width: int) -> Path:
    dreampipe.write(Frame(np.random.default_rng(3).random((height, width, 3), np.float32)), path)
    return path


def run(photo: Path, model: Path, *options: str) -> tuple[int, str]:
    words = ["dream", str(photo), str(photo.with_name("out.png")), "--model", str(model), "--scaling", "unit"]
    result = CliRunner().invoke(app, [*words, "--octaves", "1", "--steps", "1", *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stderr


@pytest.mark.parametrize("option", ["--dry-run", "--quiet"])
def test_a_tile_that_does_not_fit_into_the_memory_is_refused(tmp_path: Path, tiny_model: Path, option: str) -> None:
    code, said = run(write(tmp_path / "photo.png", 200, 300), tiny_model, "--tile", "128", "--memory", "2MB", option)
    assert code == 1
    assert re.search(r"memory came as 2MB, but dreampipe itself needs [0-9.]+GB: give more\.\n", said)
    assert "no time was measured" not in said  # where all fails, there is none to speak of
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("given", ["1KB", "1.5KB", "2MiB", "1.5MiB", "800KB"])
def test_a_memory_is_said_as_it_was_given(tmp_path: Path, tiny_model: Path, given: str) -> None:
    code, said = run(write(tmp_path / "photo.png", 200, 300), tiny_model, "--memory", given, "--tile", "128")
    assert code == 1 and f"memory came as {given}, but dreampipe itself needs" in said


@pytest.mark.parametrize(("height", "width"), [(1, 700), (700, 1)])
def test_a_panorama_one_pixel_high_is_dreamed_in_tiles(
    tmp_path: Path, tiny_model: Path, height: int, width: int
) -> None:
    code, said = run(write(tmp_path / "photo.png", height, width), tiny_model, "--tile", "96")
    assert code == 0, said
    (frame,) = dreampipe.read(tmp_path / "out.png")
    assert (frame.height, frame.width) == (height, width)
