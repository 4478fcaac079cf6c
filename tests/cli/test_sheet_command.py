"""`dreampipe sheet` in this process."""

from __future__ import annotations

import numpy as np

import dreampipe
from dreampipe.drawings.sheet import draw_sheet
from dreampipe.frames import Frame
from dreampipe.recipes import Recipe


def test_it_writes_the_library_s_sheet(call, quick, pictures, tmp_path, tiny_model):
    result = call("sheet", pictures / "a.png", tmp_path / "sheet.png", *quick, "--size", "40")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'sheet.png'}\n")
    lines = result.stderr.splitlines()
    assert [line.split(" ")[0] for line in lines] == [f"{n}/{len(lines)}" for n in range(1, len(lines) + 1)]
    assert all(line.endswith(": drawn") for line in lines)
    (photo,) = dreampipe.read(pictures / "a.png")
    expected = draw_sheet(photo, Recipe.of(model=str(tiny_model), scaling="unit", octaves=2, steps=2), 40)
    (written,) = dreampipe.read(tmp_path / "sheet.png")
    assert np.array_equal(np.rint(written.pixels * 255), np.rint(expected.pixels * 255))


def test_what_is_there_is_replaced_only_when_told_so(call, quick, pictures, tmp_path):
    out = tmp_path / "sheet.png"
    dreampipe.write(Frame(np.zeros((8, 8, 3), np.float32)), out)
    words = ("sheet", pictures / "a.png", out, *quick)
    refused = call(*words)
    assert refused.exit_code == 2
    assert refused.stderr == f"Error: {out} exists: give another name, or --overwrite.\n"
    assert dreampipe.read(out).info.width == 8
    assert call(*words, "--overwrite").exit_code == 0
    assert dreampipe.read(out).info.width > 64


def test_it_makes_its_folder(call, quick, pictures, tmp_path):
    assert call("sheet", pictures / "a.png", tmp_path / "new" / "sheet.png", *quick, "--size", "40").exit_code == 0
    assert (tmp_path / "new" / "sheet.png").exists()


def test_a_picture_of_no_use_fails_alone(call, quick, pictures, tmp_path):
    (pictures / "b.png").write_bytes(b"broken")
    result = call("sheet", pictures / "a.png", pictures / "b.png", tmp_path / "sheets/", *quick, "--size", "40")
    assert result.exit_code == 1 and "Failed b.png: " in result.stderr
    assert [path.name for path in (tmp_path / "sheets").glob("*.png")] == ["a.png"]
