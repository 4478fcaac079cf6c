"""The package as a whole: public names, walls between its rooms, and what it costs to be refused."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dreampipe
import dreampipe.backend

ROOMS = [
    ("picturing",),
    ("errors", "frames", "parsing"),
    ("forking",),
    ("backend",),
    ("media",),
    ("models",),
    ("objectives",),
    ("scoring",),
    ("ascent",),
    ("events",),
    ("explanations",),
    ("stages",),
    ("recipes",),
    ("drawings",),
    ("records",),
    ("engines",),
    ("api", "cli"),
]
"""The floors, from the ground up: a room imports from the floors under it alone."""


def test_every_public_name_is_there() -> None:
    assert sorted(dreampipe.__all__) == dreampipe.__all__
    for name in dreampipe.__all__:
        assert getattr(dreampipe, name).__module__.startswith("dreampipe.")
    assert set(dreampipe.__all__) <= set(dir(dreampipe))
    assert "__version__" in dir(dreampipe)
    with pytest.raises(AttributeError, match="module 'dreampipe' has no attribute 'draem'"):
        dreampipe.draem  # noqa: B018


def test_no_public_name_is_that_of_a_module_which_would_replace_it_once_imported() -> None:
    """Importing `package.name` sets `name` on the package: a function of that name would be gone."""
    root = Path(dreampipe.__file__).parent
    public = {dreampipe: dreampipe.__all__, dreampipe.backend: dreampipe.backend.__all__}
    for package, names in public.items():
        folder = Path(str(package.__file__)).parent
        modules = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/*.py")}
        assert modules > {"__init__"} and not modules & set(names), (folder.relative_to(root), modules & set(names))


NAMING = [
    "dir(dreampipe); Recipe(), Ascent, Dream, dream, write",
    "Pipeline([Resize(512), Blend(0.5)]).output(MediaInfo(640, 480)); cards(); Octaves().sizes((480, 640), 32)",
    "Visualization.of(objective='first[2]', model=tiny, count=3).sha256()",
    "Atlas.of(layer='first', model=tiny).indices()",
    "Recipe.of(model=tiny, objective='0.5*first[2]@center - tv()').ascent(); Objective.parse('logit(*)')",
    "Explaining.of(model=tiny, method='all').methods(); Explaining.of(model=tiny).sha256(); Explanation",
    "card(tiny).layers; Recipe.of(model=tiny).sha256(); Recipe.of(model=tiny).pipeline()",
]
REJECTING = [
    "Objective.parse('mixed4 +')",
    "Recipe.of(ocatves=4)",
    "Recipe.of(octaves=0)",
    "Explaining.of(method='gradiant').methods()",
    "Explaining.of(objective='logit(unicorn)').check_objective()",
    "Recipe.of(model='no such').ascent()",
    "Recipe.of(model='no such.keras').ascent()",
    "Recipe.of(model=tiny, objective='first +').ascent()",
    "Recipe.of(model=tiny, objective='frist').ascent()",
    "Recipe.of(model=tiny, objective='first[8]').pipeline()",
    "Recipe.of(model=tiny, objective='logit(eye)').sha256()",
    "Recipe.of(model=tiny, objective='first[*]').ascent()",
    "Recipe.of(model=tiny, mask='missing.png').pipeline()",
    "Recipe.of(model=tiny, keep_colour=True, param='maco').ascent()",
    "Recipe.of(model=tiny, prior=tiny).ascent()",
    "Visualization.of(objective='first', count=0)",
    "Visualization.of(objective='first', model=tiny, init='missing.png').read_start()",
    "visualize('frist', model=tiny)",
    "visualize('first[2]', model=tiny, init_colour='red')",
    "Atlas.of(layer='first', model=tiny, channels='8').indices()",
    "atlas('first', model=tiny, channels='3-')",
    "atlas('logit(*)', model=tiny, channels='5')",
    "read('missing.png')",
    "dream('missing.png', model=tiny)",
    "influence(numpy.zeros((9, 9, 3)), 'missing', model=tiny)",
    "influence(numpy.zeros((9, 9, 3)), 'motifs', method='trakk')",
    "influence(numpy.zeros((9, 9, 3)), 'motifs', label='unicorn')",
]
PROGRAM = """
import sys
import numpy
import dreampipe
from dreampipe import *
tiny, *codes = sys.argv[1:]
for code in codes:
    try:
        exec(code)
        result = "done"
    except DreampipeError:
        result = "refused"
    print(result, *sorted({name.partition(".")[0] for name in sys.modules} & {"tensorflow", "keras", "typer", "rich"}))
"""


def test_naming_and_rejecting_load_no_keras(tiny_model: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tiny_model), *NAMING, *REJECTING], capture_output=True, text=True
    )
    assert ran.stderr == ""
    told = dict(zip(NAMING + REJECTING, ran.stdout.splitlines(), strict=True))
    assert told == {code: "done" for code in NAMING} | {code: "refused" for code in REJECTING}


def test_importing_the_package_alone_costs_nothing() -> None:
    program = "import sys; before = set(sys.modules); import dreampipe; print(*set(sys.modules) - before)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in ran.stdout.split()} <= {"dreampipe"} | set(sys.stdlib_module_names)


def test_rooms_look_down_only() -> None:
    floor = {room: number for number, rooms in enumerate(ROOMS) for room in rooms}
    folder = Path(dreampipe.__file__).parent
    rooms = {path.name.removesuffix(".py") for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__main__", "__pycache__", "py.typed"} <= floor.keys()
    wrong = [
        f"{path.relative_to(folder)} looks into {other}"
        for path in folder.rglob("*.py")
        for other in looked_into(path)
        if (room := path.relative_to(folder).parts[0].removesuffix(".py")) in floor
        and room != other
        and floor[other] >= floor[room]
    ]
    assert wrong == []


def test_the_map_and_the_test_name_the_same_rooms() -> None:
    """The map lists the rooms from the top down, in the order of the floors."""
    floor = {room: number for number, rooms in enumerate(ROOMS) for room in rooms}
    lines = re.findall(r"^    (\w+)(?:/|\.py) ", str(dreampipe.__doc__), re.MULTILINE)
    assert set(lines) == set(floor)
    assert [floor[room] for room in lines] == sorted((floor[room] for room in lines), reverse=True)


def test_each_room_has_a_smoke_test() -> None:
    rooms = [path for path in Path(__file__).parent.iterdir() if any(path.rglob("test_*.py"))]
    assert rooms
    for room in rooms:
        assert any("@pytest.mark.smoke" in path.read_text(encoding="utf-8") for path in room.rglob("test_*.py")), room


def looked_into(path: Path) -> Iterator[str]:
    """The rooms that a module imports anything from."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports by a relative name"
            names = [f"dreampipe.{a.name}" for a in node.names] if node.module == "dreampipe" else [node.module or ""]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "dreampipe" and rest and rest != "__version__":
                yield rest.partition(".")[0]
