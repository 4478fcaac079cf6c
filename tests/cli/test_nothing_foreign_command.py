"""`dream`, `zoom` and `atlas` beside what is not theirs: one sentence, an exit code, and not a byte of it changed."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import render, scene
from snapshot import Odd, odd, snapshot

import dreampipe
from dreampipe.frames import Frame

OURS = ("begun.json", "owner", "released.jsonl", "000000.segment", "out.mkv.half")
EXIT = {"dream": 1, "zoom": 2}
"""A film of `dream` fails among others; a `zoom` is refused before it begins."""


@pytest.fixture
def words(tiny_model: Path, tmp_path: Path) -> dict[str, list[Any]]:
    """What makes a small film by each command, `out/out.mkv`: FFV1, whose bytes are the same in every run."""
    (tmp_path / "out").mkdir()
    rng = np.random.default_rng(5)
    dreampipe.write(Frame(rng.random((32, 48, 3), np.float32)), tmp_path / "still.png")
    render(tmp_path / "clip.mkv", scene(27, 48, 32))
    quick = ["--model", tiny_model, "--scaling", "unit", "--octaves", 1, "--steps", 1, "--codec", "ffv1"]
    target = tmp_path / "out" / "out.mkv"
    return {
        "dream": ["dream", tmp_path / "clip.mkv", target, *quick, "--refresh-steps", 1, "--drop-streams"],
        "zoom": [
            *("zoom", tmp_path / "still.png", target, *quick, "--refresh-octaves", 1, "--refresh-steps", 1),
            *("--seconds", 27, "--fps", 1),
        ],
    }


def work_of(tmp_path: Path) -> Path:
    return tmp_path / "out" / ".out.mkv.dreampipe"


def refused(result: Any, code: int) -> str:
    """The one sentence of a command that did nothing."""
    assert result.exit_code == code
    lines = [line for line in result.stderr.splitlines() if not line.startswith(("0 done", "Note: "))]
    (line,) = lines
    assert "Traceback" not in result.stderr
    return line


@pytest.mark.parametrize("command", EXIT)
@odd
def test_a_link_in_the_place_of_the_work_folder(call, words, tmp_path, victim, command: str, put: Odd) -> None:
    put(work_of(tmp_path), victim.parent if put.__name__ == "symbolic" else victim)
    before = snapshot(victim.parent), snapshot(work_of(tmp_path).parent)
    said = refused(call(*words[command]), EXIT[command])
    assert str(work_of(tmp_path)) in said and "move it, or choose another output" in said
    assert (snapshot(victim.parent), snapshot(work_of(tmp_path).parent)) == before


@pytest.mark.parametrize("command", EXIT)
def test_a_folder_of_that_name_with_other_files(call, words, tmp_path, command: str) -> None:
    work_of(tmp_path).mkdir()
    (work_of(tmp_path) / "letter.txt").write_text("somebody's")
    (work_of(tmp_path) / "000001.png").write_text("a holiday")
    (work_of(tmp_path) / "owner").write_text("999999999 0.0")
    before = snapshot(tmp_path / "out")
    assert "carries no mark and holds letter.txt" in refused(call(*words[command]), EXIT[command])
    assert snapshot(tmp_path / "out") == before


@pytest.mark.parametrize("name", OURS)
@odd
def test_a_link_in_the_place_of_a_file_of_the_work_folder(call, words, tmp_path, victim, name: str, put: Odd) -> None:
    work_of(tmp_path).mkdir()
    put(work_of(tmp_path) / name, victim)
    before = snapshot(victim.parent), snapshot(tmp_path / "out")
    assert f"holds {name}, which is a" in refused(call(*words["zoom"]), 2).replace("is no regular", "is a")
    assert (snapshot(victim.parent), snapshot(tmp_path / "out")) == before


def test_what_says_that_a_zoom_is_finished_is_not_believed_of_a_foreign_folder(call, words, tmp_path) -> None:
    target = tmp_path / "out" / "out.mkv"
    target.write_bytes(b"a film")
    work_of(tmp_path).mkdir()
    (work_of(tmp_path) / "film").write_text(hashlib.sha256(b"a film").hexdigest())
    (work_of(tmp_path) / "owner").write_text("999999999 0.0")
    (work_of(tmp_path) / "letter.txt").write_text("somebody's")
    before = snapshot(tmp_path / "out")
    assert "exists: give another name" in refused(call(*words["zoom"]), 2)
    assert snapshot(tmp_path / "out") == before


def npy(shape: tuple[int, ...]) -> bytes:
    held = BytesIO()
    np.save(held, np.zeros((1, 1, 3), np.float32))
    return held.getvalue().replace(b"(1, 1, 3)", str(shape).encode())


@pytest.mark.parametrize("command", EXIT)
def test_a_work_folder_that_was_changed_becomes_the_same_film(call, words, tmp_path, victim, command: str) -> None:
    target, work = tmp_path / "out" / "out.mkv", work_of(tmp_path)
    assert call(*words[command], "--keep-work").exit_code == 0
    whole = hashlib.sha256(b"".join(bytes(frame.pixels) for frame in dreampipe.read(target))).hexdigest()
    begun, record = json.loads((work / "begun.json").read_text()), (work / "segments.jsonl").read_text()
    theirs = snapshot(victim.parent)
    away = "../../theirs/precious.txt"
    journals = [
        [{"names": [away, away]}, {"name": "000000.segment", "pieces": [[0, 4]]}],
        [
            {"names": ["out.mkv.half", "out.mkv"]},
            {"name": away, "pieces": [[0, 4]]},
            {"name": "000000.segment", "pieces": [[-9, 1 << 60]]},
        ],
    ]
    first = json.loads(record.splitlines()[0])
    huge = npy((900_000, 900_000, 3))
    lines = [
        first | {"number": "../x"},
        first | {"carry_sha256": hashlib.sha256(huge).hexdigest()},
    ]
    for number, journal in enumerate(journals):
        target.unlink()
        (tmp_path / "out" / ".dreampipe.jsonl").unlink(missing_ok=True)
        values: dict[str, Any] = begun if number == 0 else {**begun, "max_size": "8", "survey": [1]}
        (work / "begun.json").write_text(json.dumps(values))
        (work / "segments.jsonl").write_text(json.dumps(lines[number]) + "\n" + "[1, 1, 1]\n")
        (work / "released.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in journal))
        (work / "000000.npy").write_bytes(huge)
        (work / "out.mkv.half").write_bytes(b"half a film")
        (work / "letter.txt").write_text("somebody's")
        result = call(*words[command], *(["--keep-work"] if number == 0 else []))
        assert result.exit_code == 0 and "Traceback" not in result.stderr
        made = hashlib.sha256(b"".join(bytes(frame.pixels) for frame in dreampipe.read(target))).hexdigest()
        assert made == whole
        assert snapshot(victim.parent) == theirs
        assert (work / "letter.txt").read_text() == "somebody's"
    assert sorted(path.name for path in work.iterdir()) == ["begun.json", "letter.txt"]


@odd
def test_a_manifest_that_is_a_link(call, quick, pictures, tmp_path, victim, put: Odd) -> None:
    out = tmp_path / "out"
    out.mkdir()
    put(out / ".dreampipe.jsonl", victim)
    before = snapshot(victim.parent), snapshot(out)
    said = refused(call("dream", pictures, out, *quick), 2)
    assert ".dreampipe.jsonl is " in said and "move it, or choose another output folder" in said
    assert (snapshot(victim.parent), snapshot(out)) == before


@odd
def test_a_link_where_an_atlas_stores_its_channels(call, quick, tmp_path, victim, put: Odd) -> None:
    parts = tmp_path / "out" / ".atlas.png.parts"
    parts.parent.mkdir()
    (victim.parent / f"{'0' * 16}-0-3.npz").write_text("somebody's")
    words = ("atlas", "third_relu", tmp_path / "out" / "atlas.png", *quick, "--size", 24, "--channels", "0-1")
    if put.__name__ == "folder":
        put(parts, victim)
        before = snapshot(parts)
        assert call(*words).exit_code == 0
        assert snapshot(parts) == before
        return
    put(parts, victim.parent if put.__name__ == "symbolic" else victim)
    before = snapshot(tmp_path)
    assert "but finished channels are stored there: move it" in refused(call(*words), 1)
    assert snapshot(tmp_path) == before
