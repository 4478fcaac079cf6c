"""The motifs, by name, in the order of the network's classes; a new one goes to the end."""

from __future__ import annotations

from dreampipe.models.motifnet.motifs.buildings import arch, brick, pagoda, wheel
from dreampipe.models.motifnet.motifs.creatures import bird, butterfly, dog, owl, spider
from dreampipe.models.motifnet.motifs.drawing import Draw
from dreampipe.models.motifnet.motifs.eyes import eye
from dreampipe.models.motifnet.motifs.patterns import bubbles, crystal, honeycomb, scales, shell, spiral
from dreampipe.models.motifnet.motifs.plants import feather, flower, leaf, mushroom, tree
from dreampipe.models.motifnet.motifs.swimmers import fish, jellyfish, snake

MOTIFS: dict[str, Draw] = {
    "eye": eye,
    "spiral": spiral,
    "scales": scales,
    "feather": feather,
    "flower": flower,
    "leaf": leaf,
    "arch": arch,
    "honeycomb": honeycomb,
    "mushroom": mushroom,
    "bubbles": bubbles,
    "tree": tree,
    "fish": fish,
    "butterfly": butterfly,
    "shell": shell,
    "brick": brick,
    "crystal": crystal,
    "dog": dog,
    "owl": owl,
    "bird": bird,
    "snake": snake,
    "spider": spider,
    "jellyfish": jellyfish,
    "pagoda": pagoda,
    "wheel": wheel,
}
