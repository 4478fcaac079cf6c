"""What tests of stores share: objects that are put and looked at without dreampipe, and its process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def files_of(place: str) -> Any:
    import fsspec

    return fsspec.filesystem(place.partition(":")[0], **({"use_listings_cache": False} if place[0] == "s" else {}))


def objects(place: str) -> dict[str, bytes]:
    """The bytes of all objects at a place, by their names from there."""
    files, base = files_of(place), place.partition("://")[2]
    found = files.find(base)
    return {name.strip("/").removeprefix(f"{base}/"): files.cat_file(name) for name in found}


def shown(place: str) -> set[str]:
    """The names of all objects at a place that are not hidden."""
    return {name for name in objects(place) if not name.rpartition("/")[2].startswith(".")}


def paint(folder: Path, names: tuple[str, ...], size: int = 32) -> Path:
    folder.mkdir(exist_ok=True)
    for at, name in enumerate(names):
        pixels = np.random.default_rng(at).integers(0, 256, (size, size, 3), np.uint8)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    return folder


def upload(folder: Path, address: str) -> None:
    files = files_of(address)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            files.pipe_file(f"{address.partition('://')[2]}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def upload_file(path: str, address: str) -> None:
    upload_bytes(address, Path(path).read_bytes())


def upload_bytes(address: str, data: bytes) -> None:
    files_of(address).pipe_file(address.partition("://")[2], data)


def mirrors() -> list[Path]:
    """What is left of copies on this disk."""
    return sorted(Path(os.environ["KERAS_HOME"], "dreampipe-stores").glob("*"))


def run(*words: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dreampipe", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
