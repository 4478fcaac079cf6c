"""What the media tests share: pixels whose values are known, a profile, EXIF, and a user without rights."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

NOBODY = 65534


@pytest.fixture
def colours() -> npt.NDArray[np.uint8]:
    """24x36 pixels, no two alike and no symmetry; smooth, so that lossy formats keep it."""
    rows, columns = np.mgrid[0:24, 0:36]
    return np.stack([rows * 10, columns * 7, 120 + rows * 3 - columns * 3], axis=2).astype(np.uint8)


@pytest.fixture
def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture
def exif() -> bytes:
    """An EXIF block with a camera, a time and a place, without JPEG's prefix and without an orientation."""
    made = Image.Exif()
    made[271], made[272], made[315] = "Kamera", "Eins", "Jørn"
    made.get_ifd(34665).update({36867: "2020:01:02 03:04:05", 33437: 2.8, 37500: b"maker's own notes"})
    made.get_ifd(34853).update({1: "N", 2: (48.0, 12.0, 30.0)})
    return made.tobytes().removeprefix(b"Exif\0\0")


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder that may not be written, seen without the rights of root.

    In it are `secret.png` and the folder `closed`, neither of which may be read.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.new("RGB", (4, 4)).save(folder / "secret.png")
        (folder / "secret.png").chmod(0)
        (folder / "closed").mkdir(0)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(stat.S_IRWXU)
            (folder / "closed").chmod(stat.S_IRWXU)
