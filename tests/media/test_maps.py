"""Maps of numbers as files: what is written is read again, by other programs too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from dreampipe.errors import MediaError
from dreampipe.media.maps import encode_maps, is_map, maps_sha256, read_tiff
from dreampipe.media.records import read_record


def some_maps(count: int) -> np.ndarray:
    return np.random.default_rng(3).normal(scale=1e-4, size=(count, 5, 7, 3)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 3])
def test_npy_holds_the_very_numbers(tmp_path: Path, count: int) -> None:
    maps = some_maps(count)
    (tmp_path / "a.npy").write_bytes(encode_maps(Path("a.npy"), maps, ["x"] * count))
    read = np.load(tmp_path / "a.npy")
    assert read.shape == ((5, 7, 3) if count == 1 else (3, 5, 7, 3))
    assert np.array_equal(read, maps[0] if count == 1 else maps) and read.dtype == np.float32


@pytest.mark.parametrize("count", [1, 3])
def test_a_tiff_has_a_named_page_for_each_map_and_its_record(tmp_path: Path, count: int) -> None:
    maps, names = some_maps(count), [f"method-{number} é" for number in range(count)]
    path = tmp_path / "a.tif"
    path.write_bytes(encode_maps(path, maps, names, '{"made": "so"}'))
    assert np.array_equal(read_tiff(path), maps)
    with tifffile.TiffFile(path) as whole:
        assert [page.description for page in whole.pages] == [f"method-{number} \\xe9" for number in range(count)]
        assert {(page.shape, str(page.dtype), page.photometric.name) for page in whole.pages} == {
            ((5, 7, 3), "float32", "RGB")
        }
    assert read_record(path) == '{"made": "so"}'


def test_the_hash_is_of_shape_and_numbers() -> None:
    maps = some_maps(2)
    assert maps_sha256(maps) == maps_sha256(maps.copy())
    assert maps_sha256(maps) != maps_sha256(maps[:1])
    assert maps_sha256(maps) != maps_sha256(-maps)
    assert maps_sha256(maps) != maps_sha256(maps.reshape(2, 7, 5, 3))


def test_what_is_no_map_is_one_sentence(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "grey.tif", np.zeros((5, 7), np.uint8))
    (tmp_path / "broken.tif").write_bytes(b"II*\0" + bytes(20))
    for name in ("grey.tif", "broken.tif", "gone.tif"):
        with pytest.raises(MediaError, match=rf"{name} cannot be read as maps"):
            read_tiff(tmp_path / name)


def test_suffixes_say_what_holds_numbers() -> None:
    assert [is_map(Path(name)) for name in ("a.npy", "a.TIF", "a.tiff", "a.png", "a")] == [
        True,
        True,
        True,
        False,
        False,
    ]
