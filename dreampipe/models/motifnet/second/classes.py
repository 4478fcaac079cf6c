"""The classes of the second edition, in the order of the network's outputs; a new one goes before `nothing`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dreampipe.models.motifnet.second import birds, buildings, hoofed, mammals, people, plants, small, things, water
from dreampipe.models.motifnet.second.bank import Rng
from dreampipe.models.motifnet.second.bodies import Body
from dreampipe.models.motifnet.second.surfaces import SURFACES


@dataclass(frozen=True)
class Motif:
    """How a class is drawn and from where it is seen.

    Attributes:
        draw: sculpts one of its kind into a body.
        yaw: how far it turns to either side, in radians; `pitch` and `roll` are deviations.
        fills: it is a surface that covers the whole picture.
        bust: its neck goes down to the lower border of the picture.
    """

    draw: Callable[[Rng, Body], None]
    yaw: float = 0.75
    pitch: float = 0.2
    roll: float = 0.12
    fills: bool = False
    bust: bool = False


def _flat(draw: Callable[[Rng, Body], None], roll: float = 0.1) -> Motif:
    return Motif(draw, 0.0, 0.0, roll)


MOTIFS: dict[str, Motif] = {
    "dog": Motif(mammals.dog, 0.9, bust=True),
    "cat": Motif(mammals.cat, bust=True),
    "tiger": Motif(mammals.tiger, bust=True),
    "lion": Motif(mammals.lion, bust=True),
    "fox": Motif(mammals.fox, bust=True),
    "bear": Motif(mammals.bear, 0.9, bust=True),
    "panda": Motif(mammals.panda, bust=True),
    "monkey": Motif(mammals.monkey, bust=True),
    "horse": Motif(hoofed.horse, 0.95, bust=True),
    "cow": Motif(hoofed.cow, bust=True),
    "sheep": Motif(hoofed.sheep, bust=True),
    "rabbit": Motif(mammals.rabbit, bust=True),
    "elephant": Motif(hoofed.elephant, bust=True),
    "owl": Motif(birds.owl, 0.6, bust=True),
    "parrot": Motif(birds.parrot, 0.6, bust=True),
    "songbird": Motif(birds.songbird, 0.5),
    "rooster": Motif(birds.rooster, 0.6, bust=True),
    "swan": Motif(birds.swan, 0.5, 0.1),
    "fish": Motif(water.fish, 0.5),
    "jellyfish": Motif(water.jellyfish, 0.7, 0.15, 0.3),
    "starfish": Motif(water.starfish, 0.5, 0.4, 1.0),
    "octopus": Motif(water.octopus, 0.5),
    "crab": Motif(water.crab, 0.5),
    "shell": Motif(water.shell, 0.5, 0.3, 1.0),
    "coral": Motif(water.coral, 0.5),
    "snake": Motif(small.snake, 0.4, 0.5, 1.0),
    "turtle": Motif(small.turtle, 0.4, 0.4, 0.4),
    "frog": Motif(small.frog, 0.7),
    "lizard": Motif(small.lizard, 0.5),
    "butterfly": Motif(small.butterfly, 0.6, 0.3, 0.4),
    "ladybird": Motif(small.ladybird, 0.5, 0.4, 0.8),
    "spider": Motif(small.spider, 0.4, 0.4, 0.6),
    "snail": Motif(small.snail, 0.5),
    "rose": Motif(plants.rose, 0.6, 0.4, 0.5),
    "sunflower": Motif(plants.sunflower, 0.6, 0.3, 0.2),
    "leaf": _flat(plants.leaf, 0.6),
    "tree": Motif(plants.tree, 3.1, 0.1, 0.05),
    "mushroom": Motif(plants.mushroom, 3.1, 0.12),
    "cone": Motif(plants.cone, 0.6, 0.3, 0.4),
    "apple": Motif(plants.apple, 0.7, 0.3, 0.3),
    "strawberry": Motif(plants.strawberry, 0.5, 0.2, 0.4),
    "grapes": Motif(plants.grapes, 0.7, 0.15),
    "pineapple": Motif(plants.pineapple, 0.6, 0.2, 0.3),
    "bark": Motif(SURFACES["bark"], fills=True),
    "stones": Motif(SURFACES["stones"], fills=True),
    "brick": Motif(SURFACES["brick"], fills=True),
    "knit": Motif(SURFACES["knit"], fills=True),
    "honeycomb": Motif(SURFACES["honeycomb"], fills=True),
    "scales": Motif(SURFACES["scales"], fills=True),
    "plumage": Motif(SURFACES["plumage"], fills=True),
    "facade": Motif(buildings.facade, fills=True),
    "arch": Motif(buildings.arch, 0.0, 0.0, 0.08, fills=True),
    "dome": _flat(buildings.dome, 0.06),
    "pagoda": _flat(buildings.pagoda, 0.06),
    "wheel": Motif(things.wheel, 0.9, 0.15, 0.3),
    "vase": _flat(things.vase),
    "teapot": Motif(things.teapot, 0.6),
    "face": Motif(people.face, bust=True),
    "eye": Motif(people.eye_alone, 0.0, 0.0, 0.2, fills=True),
}
CLASSES: tuple[str, ...] = (*MOTIFS, "nothing")
NOTHING = len(MOTIFS)
