"""An animated picture in a folder becomes what it becomes alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from films import scene
from PIL import Image

SUFFIXES = (".gif", ".webp", ".png")
FRAMES = 3


@pytest.fixture
def quick(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.chdir(tiny_model.parent)  # a record names the model's file alone
    return ("--model", str(tiny_model), "--scaling", "unit", "--octaves", "1", "--steps", "1", "--refresh-steps", "1")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with an animation of each format, and a still of each."""
    folder = tmp_path / "in"
    folder.mkdir()
    first, *others = map(Image.fromarray, scene(FRAMES))
    for suffix in SUFFIXES:
        first.save(folder / f"moving{suffix}", save_all=True, append_images=others, duration=80)
        first.save(folder / f"still{suffix}")
    return folder


def frames(folder: Path) -> dict[str, int]:
    """Count the frames of each picture in a folder."""
    found = {}
    for path in sorted(folder.glob("[!.]*.*")):
        if path.suffix != ".json":
            with Image.open(path) as picture:
                found[path.name] = getattr(picture, "n_frames", 1)
    return found


def test_a_folder_keeps_animations_animated(call: Any, quick: Any, house: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = call("dream", house, out, *quick)
    assert result.exit_code == 0
    assert "moving.gif, moving.png, moving.webp are animated, and stay so." in result.stderr
    moving = {f"moving{suffix}": FRAMES for suffix in SUFFIXES}
    assert frames(out) == moving | {"still.png": 1, "still.gif.png": 1, "still.webp": 1}
    for suffix in SUFFIXES:
        alone = tmp_path / f"alone{suffix}"
        assert call("dream", house / f"moving{suffix}", alone, *quick).exit_code == 0
        with Image.open(alone) as one, Image.open(out / f"moving{suffix}") as other:
            for frame in range(FRAMES):
                one.seek(frame)
                other.seek(frame)
                assert one.convert("RGBA").tobytes() == other.convert("RGBA").tobytes()
    assert "0 done, 6 skipped" in call("dream", house, out, *quick).stderr
    again = call("rerun", out / "moving.webp", tmp_path / "again.webp", "--input", house / "moving.webp")
    assert again.stdout == "the pixels are the same\n"


def test_a_format_of_stills_takes_the_first_frame(call: Any, quick: Any, house: Path, tmp_path: Path) -> None:
    result = call("dream", house, tmp_path / "out", *quick, "--format", "jpg")
    assert result.exit_code == 0 and "stay so" not in result.stderr
    assert set(frames(tmp_path / "out").values()) == {1}
    assert f"It has {FRAMES} frames, and only the first was read." in result.stderr
    for name in ("moving.png", "still.webp"):
        (house / name).unlink()
    assert call("dream", house, tmp_path / "webp", *quick, "--format", "webp").exit_code == 0
    assert sorted(frames(tmp_path / "webp").values()) == [1, 1, FRAMES, FRAMES]


def test_the_encoding_of_films_is_not_for_animations(call: Any, quick: Any, house: Path, tmp_path: Path) -> None:
    refused = call("dream", house, tmp_path / "out", *quick, "--codec", "h264")
    assert (refused.exit_code, "--codec came for pictures" in refused.stderr) == (2, True)
    for path in house.glob("*"):
        if path.name != "moving.gif":
            path.unlink()
    assert call("dream", house / "moving.gif", house / "film.mp4", *quick).exit_code == 0
    result = call("dream", house, tmp_path / "out", *quick, "--codec", "h265")
    assert (result.exit_code, "2 done" in result.stderr) == (0, True)
    assert call("dream", house, tmp_path / "part", *quick, "--end", "0.1").exit_code == 0
    with Image.open(tmp_path / "part" / "moving.gif") as part:
        assert part.n_frames == 2


@pytest.mark.parametrize(
    "more, moving", [((), FRAMES), (("--method", "gradient,smoothgrad"), 1), (("--show", "sheet"), 1)]
)
def test_explain_of_a_folder(
    call: Any, tiny_model: Path, house: Path, tmp_path: Path, more: tuple[str, ...], moving: int
) -> None:
    for suffix in (".webp", ".png"):
        (house / f"moving{suffix}").unlink()
        (house / f"still{suffix}").unlink()
    own = ("--model", tiny_model, "--scaling", "unit", "--size", "48", *(more or ("--method", "gradient")))
    result = call("explain", house, tmp_path / "out", *own)
    assert result.exit_code == 0
    assert frames(tmp_path / "out") == {"moving.png": moving, "still.png": 1}
