"""Compute on one backend, in a process of its own: keras has one for each process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dreampipe
from dreampipe.backend.choosing import installed


def compute(name: str, program: Path, file: Path, *more: str) -> dict[str, Any]:
    """The arrays that a program writes into `file` on this backend; skips the test where it is not installed."""
    if name not in installed():
        pytest.skip(f"{name} is not installed")
    path = [str(Path(dreampipe.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    settings = {"KERAS_BACKEND": name, "PYTHONPATH": os.pathsep.join(path)}
    words = (sys.executable, str(program), str(file), *more)
    ran = subprocess.run(words, env={**os.environ, **settings}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return dict(np.load(file))
