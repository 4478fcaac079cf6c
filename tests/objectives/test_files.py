"""The files that an objective names: read when it is bound, known by their bytes, and refused where they are no use."""

from __future__ import annotations

import hashlib
import pickle
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreampipe.errors import ObjectiveError
from dreampipe.frames import Frame
from dreampipe.media import fingerprint, write
from dreampipe.models import Card, card
from dreampipe.objectives import BoundObjective, Guide, Objective
from dreampipe.objectives.files import MOST_PIXELS, guide_size

MOTIFNET = card("motifnet")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(name: str, height: int, width: int, seed: int = 0) -> str:
    write(Frame(np.random.default_rng(seed).random((height, width, 3), np.float32)), Path(name))
    return name


def bind(text: str, on: Card = MOTIFNET) -> BoundObjective:
    return Objective.parse(text).bind(on)


def sha256(name: str) -> str:
    return hashlib.sha256(Path(name).read_bytes()).hexdigest()


def test_files_are_known_by_name_and_by_their_bytes() -> None:
    picture("feathers.png", 64, 80)
    np.save("v.npy", np.arange(256.0))
    text = 'guide("feathers.png", mixed3) + 2*direction("v.npy", mixed4) - guide("feathers.png", mixed4, mean)'
    bound = bind(text)
    assert bound.files == (("feathers.png", sha256("feathers.png")), ("v.npy", sha256("v.npy")))
    assert bound.layers == ("mixed3", "mixed4")
    assert [(guide.layer, guide.pixels.shape) for guide in bound.guides] == [
        ("mixed3", (64, 80, 3)),
        ("mixed4", (64, 80, 3)),
    ]
    assert len({guide.key for guide in bound.guides}) == 2


def test_one_guide_at_one_layer_is_tapped_once() -> None:
    picture("feathers.png", 64, 80)
    bound = bind('guide("feathers.png", mixed3) + guide("feathers.png", mixed3, mean)')
    assert len(bound.guides) == 1


def test_the_bytes_decide_what_is_equal() -> None:
    picture("a.png", 64, 80)
    first, again = bind('guide("a.png", mixed3)'), bind('guide("a.png", mixed3)')
    assert first == again and hash(first) == hash(again)
    picture("a.png", 64, 80, seed=1)
    other = bind('guide("a.png", mixed3)')
    assert first != other
    sent = pickle.loads(pickle.dumps(first))
    assert sent == first and np.array_equal(sent.guides[0].pixels, first.guides[0].pixels)


def test_a_vector_comes_at_length_1() -> None:
    np.save("v.npy", np.int64([3, 0, -4] + [0] * 253))
    (term,) = bind('direction("v.npy", mixed4)').terms
    np.testing.assert_allclose(term.measure.held.values[:3], [0.6, 0, -0.8])  # type: ignore[attr-defined]
    np.save("v.npy", np.float64([1e300, 1e300] + [0] * 254))
    (term,) = bind('direction("v.npy", mixed4)').terms
    np.testing.assert_allclose(term.measure.held.values[:2], [0.5**0.5] * 2, rtol=1e-6)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "came, seen",
    [((64, 80), (64, 80)), ((224, 320), (224, 320)), ((448, 640), (224, 320)), ((60, 3000), (47, 2350))],
)
def test_a_guide_keeps_its_shape_within_the_notebooks_pixels(came: tuple[int, int], seen: tuple[int, int]) -> None:
    assert guide_size(*came, MOTIFNET.least) == seen
    assert seen[0] * seen[1] <= MOST_PIXELS or min(seen) == MOTIFNET.least


def test_a_guide_under_225_pixels_guides() -> None:
    """DeepDreamVideo fails on one; ours sees what is there, down to what the model can see."""
    picture("small.png", 60, 48)
    (guide,) = bind('guide("small.png", mixed3)').guides
    assert guide.pixels.shape == (60, 48, 3)


def test_a_guide_takes_the_one_size_that_a_model_takes() -> None:
    picture("wide.png", 30, 90)
    (guide,) = bind('guide("wide.png", mixed3)', replace(MOTIFNET, fixed=(96, 64))).guides
    assert guide.pixels.shape == (96, 64, 3)


def test_a_guide_is_shrunk_by_area() -> None:
    board = np.indices((448, 640)).sum(axis=0) % 2
    write(Frame(np.repeat(board[..., None], 3, axis=2).astype(np.float32)), Path("board.png"))
    (guide,) = bind('guide("board.png", mixed3)').guides
    np.testing.assert_allclose(guide.pixels, 0.5, atol=1e-6)


def saved(array: Any) -> Callable[[], None]:
    return lambda: np.save("v.npy", array)


def npy(header: bytes) -> bytes:
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header


def write_wide(name: str) -> None:
    """A PNG that is all header."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    parts = (head, b"IDAT", b"IEND")
    chunks = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts]
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def save_found(**arrays: Any) -> None:
    np.savez("f.npz", **{"directions": np.eye(3, 256, dtype=np.float32), "layer": np.str_("mixed4"), **arrays})


def fill(name: str, count: int) -> None:
    Path(name).mkdir()
    for number in range(count):
        picture(f"{name}/{number:02}.png", 64, 80, number)


def test_a_concept_is_known_by_the_names_and_bytes_of_its_pictures() -> None:
    fill("stripes", 3)
    (Path("stripes") / ".hidden.png").write_text("no picture")
    bound = bind('concept("stripes/", mixed4) + mixed3')
    (name, digest), (shown,) = bound.files[0], bound.guides
    assert name == "stripes/" and digest == fingerprint(Path("stripes"))
    assert shown.layer == "mixed4" and shown.pixels.shape == (6, 128, 128, 3)
    assert bind('concept("stripes/", mixed4) + mixed3') == bound
    picture("stripes/01.png", 64, 80, seed=99)
    assert bind('concept("stripes/", mixed4) + mixed3') != bound


def test_of_many_pictures_of_a_concept_some_are_read_evenly_spread() -> None:
    fill("many", 40)
    (shown,) = bind('concept("many", mixed4)').guides
    assert len(shown.pixels) == 64
    (wide,) = bind('concept("many", mixed4)', replace(MOTIFNET, fixed=(96, 64))).guides
    assert wide.pixels.shape == (64, 96, 64, 3)


def test_a_found_concept_is_a_direction_of_its_file() -> None:
    save_found()
    bound = bind('concept("f.npz"[2], mixed4)')
    (term,) = bound.terms
    np.testing.assert_array_equal(term.measure.held.values, np.eye(3, 256)[2])  # type: ignore[attr-defined]
    assert bound.files == (("f.npz", sha256("f.npz")),) and bound.guides == ()


BAD: dict[str, tuple[Callable[[], Any], str, str]] = {
    "a small guide": (
        lambda: picture("g.png", 20, 20),
        'guide("g.png", mixed3)',
        r"The guide g.png is 20x20 pixels, but motifnet sees pictures of at least 47x47: give a larger picture\.",
    ),
    "a flat guide": (lambda: picture("g.png", 20, 900), 'guide("g.png", mixed3)', "is 900x20 pixels"),
    "no guide": (lambda: None, 'guide("g.png", mixed3)', "guide 'g.png' cannot be used: g.png does not exist"),
    "a guide that is a text": (lambda: Path("g.png").write_text("no"), 'guide("g.png", mixed3)', "cannot be used"),
    "a guide that is a folder": (lambda: Path("g.png").mkdir(), 'guide("g.png", mixed3)', "g.png is a folder"),
    "a guide of no name": (lambda: None, 'guide("", mixed3)', "guide '' cannot be"),
    "a guide of no possible name": (lambda: None, r'guide("a\u0000b", mixed3)', "cannot be"),
    "no vector": (lambda: None, 'direction("v.npy", mixed4)', "direction 'v.npy' cannot be read .* saved by numpy"),
    "a vector that is a text": (
        lambda: Path("v.npy").write_text("1 2 3"),
        'direction("v.npy", mixed4)',
        "does not begin like one",
    ),
    "a vector that is a folder": (lambda: Path("v.npy").mkdir(), 'direction("v.npy", mixed4)', "no regular file"),
    "half a vector": (
        lambda: (np.save("v.npy", np.ones(256)), Path("v.npy").write_bytes(Path("v.npy").read_bytes()[:-9])),
        'direction("v.npy", mixed4)',
        "cannot be read",
    ),
    "a short vector": (
        saved(np.ones(255)),
        'direction("v.npy", mixed4)',
        "direction v.npy has 255 numbers, but layer mixed4 has 256 channels",
    ),
    "a vector whose header is no header": (
        lambda: Path("v.npy").write_bytes(npy(b"{'descr': '<f4'")),
        'direction("v.npy", mixed4)',
        "direction 'v.npy' cannot be read .* saved by numpy",
    ),
    "a vector that says it is larger than memory": (
        lambda: Path("v.npy").write_bytes(npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}")),
        'direction("v.npy", mixed4)',
        r"direction 'v.npy' cannot be read \(it does not fit into memory\)",
    ),
    "no concept": (lambda: None, 'concept("c/", mixed4)', "concept 'c/' cannot be read .there is no such folder"),
    "a concept of no pictures": (
        lambda: fill("c", 0),
        'concept("c", mixed4)',
        "The concept c holds no pictures, but a",
    ),
    "a concept of one picture": (
        lambda: fill("c", 1),
        'concept("c", mixed4)',
        "The concept c holds one picture, but a",
    ),
    "a concept with a damaged picture": (
        lambda: (fill("c", 2), Path("c/01.png").write_bytes(Path("c/01.png").read_bytes()[:90])),
        'concept("c", mixed4)',
        "concept 'c' cannot be used",
    ),
    "found concepts without a number": (
        save_found,
        'concept("f.npz", mixed4)',
        r'f.npz is a file, but a folder of pictures, or the number of a found concept, is expected: write "f.npz".0.',
    ),
    "a picture for a concept": (
        lambda: fill("c", 1),
        'concept("c/00.png", mixed4)',
        "c/00.png is a file, .* is expected: name a folder with at least 2 pictures of the concept.",
    ),
    "a number too large": (
        save_found,
        'concept("f.npz"[3], mixed4)',
        "Concept 3 of f.npz .* there are 3: give one from",
    ),
    "concepts of another layer": (
        save_found,
        'concept("f.npz"[0], mixed3)',
        "are of layer mixed4, but mixed3 was named",
    ),
    "concepts of another model": (
        lambda: save_found(directions=np.eye(3, 9, dtype=np.float32)),
        'concept("f.npz"[0], mixed4)',
        "has 9 numbers, but layer mixed4 has 256 channels",
    ),
    "concepts of a folder by number": (lambda: fill("c", 2), 'concept("c"[0], mixed4)', "it is no regular file"),
    "a file of something else": (
        lambda: np.savez("f.npz", x=np.eye(3)),
        'concept("f.npz"[0], mixed4)',
        "concept 'f.npz' cannot be read .* found concepts with a number",
    ),
    "objects for concepts": (
        lambda: save_found(directions=np.array([{}], object)),
        'concept("f.npz"[0], mixed4)',
        "cannot be read",
    ),
    "concepts that are no numbers": (
        lambda: save_found(directions=np.full((3, 256), np.nan, np.float32)),
        'concept("f.npz"[0], mixed4)',
        "its directions are no rows of numbers",
    ),
    "half a file of concepts": (
        lambda: (save_found(), Path("f.npz").write_bytes(Path("f.npz").read_bytes()[:200])),
        'concept("f.npz"[0], mixed4)',
        "cannot be read",
    ),
    "a guide of too many pixels": (
        lambda: write_wide("g.png"),
        'guide("g.png", mixed3)',
        r"g.png says that it has 30000x30000 pixels, but at most 100,000,000 in all are read: shrink it\.",
    ),
    "a picture of vectors": (saved(np.ones((2, 128))), 'direction("v.npy", mixed4)', r"came as float64 \(2, 128\)"),
    "objects": (saved(np.array([{}], object)), 'direction("v.npy", mixed4)', "cannot be read"),
    "complex numbers": (saved(np.ones(256, complex)), 'direction("v.npy", mixed4)', "came as complex128"),
    "not a number": (saved(np.full(256, np.nan)), 'direction("v.npy", mixed4)', "finite numbers, not all 0"),
    "no direction": (saved(np.zeros(256)), 'direction("v.npy", mixed4)', "finite numbers, not all 0"),
    "too much": (saved(np.ones(3_000_000)), 'direction("v.npy", mixed4)', "larger than any vector"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("default")  # numpy's own, of arrays of objects
def test_a_file_of_no_use_is_answered_at_its_place(name: str) -> None:
    make, text, expected = BAD[name]
    make()
    with pytest.raises(ObjectiveError) as caught:
        bind(f"mixed4 - 2*{text}")
    sentence, shown, caret = str(caught.value).split("\n")
    assert re.search(expected, sentence), sentence
    assert shown == f"  mixed4 - 2.0*{text}"
    assert caret.index("^") >= shown.index("(")


def test_a_length_that_the_card_does_not_know_is_checked_on_the_opened_model() -> None:
    np.save("v.npy", np.ones(256))
    unknown = replace(MOTIFNET, layers=tuple(replace(layer, channels=None) for layer in MOTIFNET.layers))
    bound = bind('direction("v.npy", mixed4)', unknown)
    bound.check({"mixed4": (None, None, None, 256)})
    with pytest.raises(ObjectiveError, match="has 256 numbers, but layer mixed4 has 99 channels"):
        bound.check({"mixed4": (None, None, None, 99)})


def test_unbound_and_bound_are_printed_alike() -> None:
    picture("feathers.png", 64, 80)
    objective = Objective.parse('guide("feathers.png", mixed3, dot) - 0.5*caricature(mixed4)')
    bound = objective.bind(MOTIFNET)
    assert isinstance(bound.terms[0].measure, Guide) and bound.terms[0].measure.held
    assert str(Objective(bound.terms)) == str(objective)
