"""The pipelines of docs/scaling.md run as they are shown, and dream what `dreampipe.dream` dreams of each picture."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

import dreampipe

ROOT = Path(__file__).parent.parent
PACKAGES = {"Ray Data": "ray", "tf.data": "tensorflow", "PyTorch": "torch", "Apache Beam": "apache_beam"}
"""The headings of the pipelines, and what each imports."""
SECTIONS = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8").split("\n### ")[1:]
SHOWN = {
    part.partition("\n")[0]: re.findall(r"^```python\n(.*?)^```", part, re.DOTALL | re.MULTILINE)[0]
    for part in SECTIONS
}
RECIPE = dreampipe.Recipe(octaves=2, steps=4, max_size=256)
"""The settings of all of them."""
SIZES = {"a.png": (40, 56), "b.png": (56, 40), "c.png": (48, 48)}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures of different sizes."""
    folder = tmp_path_factory.mktemp("house") / "photos"
    folder.mkdir()
    for name, size in SIZES.items():
        cv2.imwrite(str(folder / name), np.random.default_rng(size).integers(0, 256, (*size, 3), np.uint8))
    return folder


@pytest.fixture(scope="module")
def dreams(photos: Path) -> list[np.ndarray]:
    """The dreams of these pictures, each made alone."""
    return [np.asarray(dreampipe.dream(path, RECIPE)) for path in sorted(photos.iterdir())]


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder: processes that it spawns import its file."""
    (folder / "script.py").write_text(code, encoding="utf-8")
    return subprocess.run([sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=1800)


def same(made: list[np.ndarray], dreams: list[np.ndarray]) -> bool:
    return len(made) == len(dreams) and all(map(np.array_equal, made, dreams))


def test_every_pipeline_is_shown() -> None:
    assert SHOWN.keys() == PACKAGES.keys()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if "__main__" in code else ()) for name, code in SHOWN.items()]
)
def test_a_pipeline_dreams_what_a_call_dreams(
    name: str, photos: Path, dreams: list[np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(PACKAGES[name])
    shutil.copytree(photos, tmp_path / "photos")
    if "__main__" in SHOWN[name]:
        ran = run(SHOWN[name], tmp_path)
        assert ran.returncode == 0, ran.stderr
    else:
        monkeypatch.chdir(tmp_path)
        exec(SHOWN[name], {})
    made = [cv2.imread(str(path))[..., ::-1] for path in sorted((tmp_path / "dreams").iterdir())]
    assert same(made, dreams)


def test_threads_dream_at_the_same_time(photos: Path, dreams: list[np.ndarray]) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(partial(dreampipe.dream, recipe=RECIPE), [*sorted(photos.iterdir())] * 2))
    assert same([np.asarray(one) for one in made], dreams * 2)
