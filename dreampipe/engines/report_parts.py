"""The parts of a report, each of which shows what a command of its own makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from dreampipe.drawings.attacks import attack_tiles
from dreampipe.drawings.report import Bar, Exhibit, Part, Shown, shrink
from dreampipe.engines.report_subject import Make, Subject, settle
from dreampipe.engines.report_training import show_concepts, show_influence
from dreampipe.errors import DreampipeError
from dreampipe.events import Event, Noted, Progressed, Stepped, Tell
from dreampipe.explanations import Explanation
from dreampipe.explanations.adversarial.attacking import attack_picture
from dreampipe.explanations.attribution import Method, parse_methods
from dreampipe.explanations.explaining import ask, explain
from dreampipe.explanations.question import Work
from dreampipe.explanations.truth.scores import read_scores
from dreampipe.frames import Frame
from dreampipe.recipes.attacking import Attacking
from dreampipe.recipes.explaining import Explaining
from dreampipe.recipes.printing import command_line
from dreampipe.recipes.recipe import Recipe

_CLASSES = 5
"""The classes that are shown with their probabilities."""
_METHODS = "integrated-gradients(steps=16), lrp-composite, hirescam, deeplift, gradient-x-input, occlusion"
"""The methods to choose from, the best of each family first."""
_FAMILIES = 3
_AT_ONCE = 4
"""Pictures that are explained together: more take more memory and hardly less time."""
_ATTACK = "deepfool"
"""The quickest attack that looks for the nearest picture that fools; `fab` finds nearer ones, and takes minutes."""


def show_answers(subject: Subject, tell: Tell) -> Part:
    """Show the picture and the classes of the highest probability."""
    height, width = subject.pixels.shape[:2]
    picture = (Exhibit(f"The picture, {width}x{height} pixels.", (Shown("the picture", subject.shown()),)),)
    if subject.card.outputs == 0:
        return Part((f"{subject.card.name} has no head that names classes, so it gives no answer.",), picture)
    first = subject.order[0]
    bars = tuple(Bar(subject.label(at), float(subject.probabilities[at])) for at in subject.order[:_CLASSES])
    return Part(
        (f"{subject.card.name} answers {subject.label(first)}, with a probability of {bars[0].share:.1%}.",),
        picture,
        bars,
        {"classes": [{"class": bar.name, "probability": round(bar.share, 6)} for bar in bars]},
    )


def show_attributions(subject: Subject, tell: Tell) -> Part:
    """Explain the answer by methods of different families, with the score of each on motifs."""
    answer = subject.order[0]
    question = ask(subject.card, subject.objective(answer), _AT_ONCE)
    found, exhibits, facts = _choose_methods(question), [], []
    for number, method in enumerate(found):
        recipe = Explaining.of(
            **subject.opening(),
            objective=subject.objective(answer),
            method=str(method),
            max_size=subject.recipe.max_size,
            seed=subject.recipe.seed,
            show="overlay",
        )
        one = explain(
            question,
            subject.pixels,
            method,
            seed=recipe.seed,
            max_size=recipe.max_size,
            progress=lambda share, at=number: tell(Progressed("", (at + share) / len(found))),  # type: ignore[misc]
        )
        scores = say_scores(method)
        exhibits.append(
            Exhibit(
                f"{method}, {method.family}.",
                (Shown(_describe_map(one, subject), settle(shrink(one.overlay(), subject.recipe.size))),),
                command_line("explain", (subject.name, "OUT.png"), recipe),
                scores,
            )
        )
        facts.append({"method": str(method), "family": method.family, "score": " ".join(scores), "answer": one.answer})
    return Part(
        (
            f"What speaks for {subject.label(answer)} is red, and what speaks against it is blue.",
            "The scores are those of the usual settings on motifs: pictures that dreampipe rendered with two motifs, "
            "where the worth of every part is known. A map of edges alone, which knows no model, is the least to beat.",
        ),
        tuple(exhibits),
        facts={"methods": facts},
    )


def _choose_methods(question: Any) -> list[Method]:
    """Choose methods that suit the question, each of another family; raises the error of the first if none does."""
    chosen: dict[str, Method] = {}
    refused: list[DreampipeError] = []
    for method in parse_methods(_METHODS):
        try:
            method.check(question)
        except DreampipeError as error:
            refused.append(error)
        else:
            chosen.setdefault(method.family, method)
    if not chosen:
        raise refused[0]
    return list(chosen.values())[:_FAMILIES]


def say_scores(method: Method) -> tuple[str, ...]:
    """Write how right the maps of a method are on motifs, in two lines; of one that was not measured, that."""
    score, edges = read_scores().get(method.name, {}), read_scores()["edges"]
    if not {"mass", "correct"} <= score.keys():
        return ("It has no score on motifs.",)
    return (
        f"On motifs {score['mass']} of its heat is in the right motif (edges: {edges['mass']}).",
        f"Its ranks of parts agree with the true ones by {score['correct']} (edges: {edges['correct']}).",
    )


def _describe_map(one: Explanation, subject: Subject) -> str:
    heat = one.heat()
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    down, across = row / max(1, heat.shape[0] - 1), column / max(1, heat.shape[1] - 1)
    return f"the map over the picture; it is hottest {across:.0%} from the left and {down:.0%} from the top"


def show_dreams(subject: Subject, tell: Tell) -> Part:
    """Dream the picture towards the answer and towards the runner-up."""
    exhibits = []
    for number, word in zip(subject.order[:2], ("the answer", "the runner-up"), strict=False):
        recipe = Recipe.of(
            **subject.opening(),
            objective=subject.objective(number),
            max_size=subject.recipe.max_size,
            seed=subject.recipe.seed,
        )
        dreamed = recipe.pipeline(tell).one(Frame(subject.pixels))
        label = subject.label(number)
        exhibits.append(
            Exhibit(
                f"Towards {word}, {label}.",
                (Shown(f"the picture, dreamed towards {label}", settle(shrink(dreamed.pixels, subject.recipe.size))),),
                command_line("dream", (subject.name, "OUT.png"), recipe),
            )
        )
    return Part(
        ("The picture, changed so that the model sees more of a class in it.",),
        tuple(exhibits),
        facts={"classes": [subject.label(number) for number in subject.order[:2]]},
    )


def show_adversary(subject: Subject, tell: Tell) -> Part:
    """Show the smallest change that was found to change the answer."""
    recipe = Attacking.of(
        **subject.opening(),
        method=_ATTACK,
        norm="L2",
        max_size=subject.recipe.max_size,
        seed=subject.recipe.seed,
    )
    pixels = shrink(subject.pixels, 2 * recipe.max_size)  # a photo of many pixels takes too much memory
    best = attack_picture(
        recipe.victim(),
        pixels,
        recipe.attack(),
        bits=subject.bits,
        seed=recipe.seed,
        max_size=recipe.max_size,
        work=Work(np.random.default_rng(recipe.seed), lambda share: tell(Progressed("", share))),
    )
    if not best.fools:
        raise DreampipeError(f"{_ATTACK} found no picture that changes the answer.")
    tiles = attack_tiles(best, subject.recipe.size)
    distance = f"{best.norm.write(best.distance)} in {best.norm.name}"
    words = ("the picture", "the adversary", "their difference; grey is none")
    pictures = tuple(
        Shown(word, settle(shrink(tile.pixels, subject.recipe.size)), tile.label)
        for word, tile in zip(words, tiles, strict=True)
    )
    command = command_line("attack", (subject.name, "OUT.png"), recipe) + " --sheet OUT-sheet.png"
    said = [f"A change of {distance}, found by {best.attack.name}, turns {best.before} into {best.after}."]
    if pixels is not subject.pixels:
        said.append(
            f"That is of the picture at {pixels.shape[1]}x{pixels.shape[0]} pixels; the command changes all of it."
        )
    facts = {"before": best.before.name, "after": best.after.name, "distance": round(best.distance, 6), "norm": "L2"}
    return Part(
        tuple(said),
        (Exhibit("Before, after, and the difference.", pictures, command),),
        facts=facts,
    )


PARTS: Mapping[str, tuple[str, Make]] = MappingProxyType(
    {
        "answer": ("What the model says", show_answers),
        "why": ("Where it looks", show_attributions),
        "concepts": ("Concepts that matter", show_concepts),
        "influence": ("Training pictures", show_influence),
        "dreams": ("What it dreams", show_dreams),
        "adversary": ("The smallest adversary found", show_adversary),
    }
)
"""The title of each part, and the function that makes it, in the order of the page."""


def naming(tell: Tell, name: str) -> Tell:
    """Return a `Tell` that gives progress and steps the name of a part, passes notes on, and nothing else."""

    def hear(event: Event) -> None:
        if isinstance(event, Progressed | Stepped):
            tell(replace(event, name=name))
        elif isinstance(event, Noted):
            tell(event)

    return hear


def telling_once(tell: Tell) -> Tell:
    """Return a `Tell` that says each note once, as two parts read the same training pictures."""
    said: set[str] = set()

    def hear(event: Event) -> None:
        if not isinstance(event, Noted):
            tell(event)
        elif event.text not in said:
            said.add(event.text)
            tell(event)

    return hear
