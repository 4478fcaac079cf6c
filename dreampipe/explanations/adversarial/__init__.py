"""Adversarial examples: attacks that change a picture so that the model answers otherwise. `ATTACKS` is their table.

attack.py      Attack, the base of all; Goal, the pictures to change; Best, the best of each so far
norms.py       NORMS: how large a change is
victim.py      Victim: logits, losses and gradients of a classifier; losses.py, lens.py
attacking.py   attack a picture, on the grid of its file; grid.py
robustness.py  accuracy over the bound
flags.py       what makes a result doubtful
"""

from __future__ import annotations

from dreampipe.errors import RecipeError
from dreampipe.explanations.adversarial.apgd import Apgd
from dreampipe.explanations.adversarial.attack import Attack
from dreampipe.explanations.adversarial.autoattack import AutoAttack
from dreampipe.explanations.adversarial.carlini_wagner import CarliniWagner
from dreampipe.explanations.adversarial.deepfool import DeepFool
from dreampipe.explanations.adversarial.fab import Fab
from dreampipe.explanations.adversarial.fgsm import Fgsm
from dreampipe.explanations.adversarial.norms import NORMS
from dreampipe.explanations.adversarial.one_pixel import OnePixel
from dreampipe.explanations.adversarial.patch import Patch
from dreampipe.explanations.adversarial.pgd import Pgd
from dreampipe.explanations.adversarial.square import Square
from dreampipe.explanations.adversarial.universal import Universal
from dreampipe.explanations.reading import read_named

ATTACKS: dict[str, type[Attack]] = {
    kind.name: kind
    for kind in (
        Fgsm,
        Pgd,
        Apgd,
        Fab,
        Square,
        CarliniWagner,
        DeepFool,
        OnePixel,
        Patch,
        Universal,
        AutoAttack,
    )
}
"""Every attack by its name."""


def parse_attacks(text: str) -> tuple[Attack, ...]:
    """Read attacks from text: `fgsm, pgd(steps=40, eps=8/255)`.

    Raises:
        RecipeError: a name or a setting is unknown, or a value is out of range.
    """
    return read_named(text, ATTACKS, "attack", "fgsm, pgd(steps=40, eps=8/255)")


def parse_attack(text: str) -> Attack:
    """Read one attack from text; raises RecipeError."""
    attacks = parse_attacks(text)
    if len(attacks) > 1:
        raise RecipeError(f"{len(attacks)} attacks came, {text!r}, but one is expected: choose one.")
    return attacks[0]


__all__ = ["ATTACKS", "NORMS", "Attack", "parse_attack", "parse_attacks"]
