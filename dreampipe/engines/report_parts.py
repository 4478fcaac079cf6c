"""The parts of a report, each of which shows what a command of its own makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from dreampipe.drawings.attacks import attack_tiles
from dreampipe.drawings.concepts import Findings, draw_concepts, look, show_places
from dreampipe.drawings.labelled import find_classes, is_labels, read_again
from dreampipe.drawings.reading import read_all
from dreampipe.drawings.report import Bar, Exhibit, Part, Shown, shrink
from dreampipe.errors import DreampipeError, MediaError, ModelError
from dreampipe.events import Event, Progressed, Stepped, Tell
from dreampipe.explanations import Explanation
from dreampipe.explanations.adversarial.attacking import attack_picture
from dreampipe.explanations.adversarial.victim import name_of
from dreampipe.explanations.attribution import Method, parse_methods
from dreampipe.explanations.explaining import answer_classes, ask, explain, name_class
from dreampipe.explanations.influence.features import Reader
from dreampipe.explanations.influence.influencing import Influence, influence
from dreampipe.explanations.question import Work
from dreampipe.explanations.truth.scores import read_scores
from dreampipe.frames import Array, Frame, dequantize, quantize
from dreampipe.models.model_card import Card
from dreampipe.recipes.attacking import MOTIFS, Attacking
from dreampipe.recipes.explaining import Explaining
from dreampipe.recipes.finding import Finding
from dreampipe.recipes.influencing import Influencing
from dreampipe.recipes.printing import command_line
from dreampipe.recipes.recipe import Recipe
from dreampipe.recipes.reporting import Reporting
from dreampipe.recipes.settings import ModelSettings

_CLASSES = 5
"""The classes that are shown with their probabilities."""
_METHODS = "integrated-gradients(steps=16), lrp-composite, hirescam, deeplift, gradient-x-input, occlusion"
"""The methods to choose from, the best of each family first."""
_FAMILIES = 3
_AT_ONCE = 4
"""Pictures that are explained together: more take more memory and hardly less time."""
_CONCEPTS, _MATTERED, _CROPS, _SMALL, _SAMPLES = 8, 3, 4, 96, 64
"""Concepts to find, those that are shown, crops of each, the side of a small picture, and pictures to look in."""
_LEAST = 0.005
"""The least importance of a concept that matters."""
_TOP = 6
"""Labelled pictures that are shown for the answer, and against it."""
_ATTACK = "deepfool"
"""The quickest attack that looks for the nearest picture that fools; `fab` finds nearer ones, and takes minutes."""


@dataclass(frozen=True, eq=False)
class Subject:
    """The picture of a report, and what is asked about it.

    Attributes:
        recipe: the settings.
        name: the name of the picture in command lines.
        pixels: (height, width, 3) float32, sRGB.
        bits: of a value in its file.
    """

    recipe: Reporting
    name: str
    pixels: Array
    bits: int = 8

    @property
    def card(self) -> Card:
        return self.recipe.card()

    @cached_property
    def _answers(self) -> tuple[Array, Array]:
        return answer_classes(self.card, self.pixels, self.recipe.max_size)

    @property
    def probabilities(self) -> Array:
        """The probabilities of all classes, (classes,); raises ModelError if there are none."""
        return self._answers[1]

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The numbers of all classes, the answer first, then the runner-up; raises ModelError if there are none."""
        if self.card.outputs == 0:
            raise ModelError(f"{self.card.name} has no head that names classes, so it gives the picture no answer.")
        return tuple(map(int, np.argsort(-self._answers[0], kind="stable")))

    def label(self, number: int) -> str:
        """Name a class as users write it."""
        return name_of(self.card, number)

    def objective(self, number: int) -> str:
        """Write the objective of a class."""
        return name_class(self.card, number)

    def opening(self) -> dict[str, Any]:
        """The settings that open the model, for another recipe."""
        own = set(ModelSettings.model_fields) - {"version"}
        return {name: getattr(self.recipe, name) for name in own}

    def shown(self) -> Array:
        """The picture at the size of the page."""
        return settle(shrink(self.pixels, self.recipe.size))


Make = Callable[[Subject, Tell], Part]


def settle(pixels: Array) -> Array:
    """Round a picture to 8 bits, which a page holds."""
    return dequantize(quantize(np.clip(pixels, 0, 1)))


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
        score = say_score(method)
        exhibits.append(
            Exhibit(
                f"{method}, {method.family}. {score}",
                (Shown(_describe_map(one, subject), settle(shrink(one.overlay(), subject.recipe.size))),),
                command_line("explain", (subject.name, "OUT.png"), recipe),
            )
        )
        facts.append({"method": str(method), "family": method.family, "score": score, "answer": one.answer})
    return Part(
        (
            f"What speaks for {subject.label(answer)} is red, and what speaks against it is blue.",
            "The scores are those of the usual settings on pictures that dreampipe rendered and motifnet named, where "
            "the worth of every part is known.",
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


def say_score(method: Method) -> str:
    """Write how right the maps of a method are on motifs, in a sentence; of one that was not measured, that."""
    score, edges = read_scores().get(method.name, {}), read_scores()["edges"]
    if not {"mass", "correct"} <= score.keys():
        return "It has no score there."
    return (
        f"On motifs {score['mass']} of its heat is in the motif that is asked for, of both that are there (a map of "
        f"edges: {edges['mass']}), and the ranks of its parts agree with their true worth by {score['correct']} "
        f"(edges: {edges['correct']})."
    )


def _describe_map(one: Explanation, subject: Subject) -> str:
    heat = one.heat()
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    down, across = row / max(1, heat.shape[0] - 1), column / max(1, heat.shape[1] - 1)
    return f"the map over the picture; it is hottest {across:.0%} from the left and {down:.0%} from the top"


def show_concepts(subject: Subject, tell: Tell) -> Part:
    """Show the concepts that matter most for the answer: drawn, in the picture, and in crops of other pictures."""
    labelled, answer = _labelled_of(subject, "concepts are found in"), subject.label(subject.order[0])
    if is_labels(Path(labelled)):
        raise MediaError("The training pictures are a table, but concepts are found in a folder: name that as well.")
    recipe = Finding.of(
        **subject.opening(),
        folder=labelled,
        of_class=answer,
        count=_CONCEPTS,
        samples=min(_SAMPLES, subject.recipe.count),
        size=_SMALL,
        seed=subject.recipe.seed,
    )
    findings = look(recipe, tell, subject.pixels)
    importance = findings.importance
    assert importance is not None  # there is a class
    order = [int(at) for at in np.argsort(-importance.indices, kind="stable")[:_MATTERED]]
    most = [at for at in order if importance.indices[at] >= _LEAST] or order[:1]
    drawn, places = draw_concepts(recipe, findings, most, tell), show_places(recipe, findings, subject.pixels)
    inside = recipe.model_copy(update={"inside": subject.name})
    command = command_line("concepts", (_named(labelled), "OUT.html"), inside, {"folder": ""})
    exhibits = tuple(
        Exhibit(f"{findings.labels[at].capitalize()}.", _show_concept(findings, at, drawn[row], places[at]), command)
        for row, at in enumerate(most)
    )
    facts = [{"concept": at, "importance": round(float(importance.indices[at]), 6)} for at in most]
    return Part(
        (
            f"Concepts are directions in the layer {findings.layer}. These are the ones that matter most for {answer}: "
            "what the layer responds to, where it is in the picture, and crops of other pictures that have most of it.",
            *findings.notes,
        ),
        exhibits,
        facts={"layer": findings.layer, "concepts": facts},
    )


def _show_concept(findings: Findings, at: int, drawn: Array, place: Array) -> tuple[Shown, ...]:
    crops = [Shown("a crop that shows it", settle(shrink(crop, _SMALL))) for crop in findings.examples[at][:_CROPS]]
    return (
        Shown(f"concept {at}, drawn", settle(drawn), "drawn"),
        Shown(f"where concept {at} is in the picture", settle(shrink(place, _SMALL)), "in the picture"),
        *crops,
    )


def show_influence(subject: Subject, tell: Tell) -> Part:
    """Show the nearest labelled pictures, and those that argue most for the answer and against it."""
    labelled = _labelled_of(subject, "neighbours and influence come from")
    find_classes(subject.card, labelled)
    recipes = [
        Influencing.of(
            **subject.opening(),
            labelled=labelled,
            method=method,
            count=subject.recipe.count,
            max_size=subject.recipe.max_size,
            top=_TOP,
            seed=subject.recipe.seed,
        )
        for method in ("nearest", "influence-functions")
    ]
    reader = Reader.of(recipes[0].members()[-1], subject.recipe.max_size)
    work = Work(np.random.default_rng(subject.recipe.seed))
    query = reader.read([subject.pixels], work)[0]
    read = read_all(recipes[0], (reader,), work, tell, lambda share: tell(Progressed("", share)))
    exhibits, facts = [], []
    for recipe in recipes:
        found = influence(read, [query], recipe.chosen())
        command = command_line("influence", (subject.name, "OUT.html"), recipe, {"labelled": "--pictures"})
        sides = (("for", found.most_for(_TOP)), ("against", found.most_against(_TOP)))
        for side, numbers in sides if recipe.method != "nearest" else sides[:1]:
            pictures = _show_labelled(subject, recipe, found, numbers)
            if pictures:
                exhibits.append(Exhibit(_say_influence(recipe, side, subject), pictures, command))
        facts.append({"method": recipe.method, "for": _tell_influence(subject, found)})
    return Part(
        (f"{len(read.names)} training pictures were compared, by the features of the last layer.",),
        tuple(exhibits),
        facts={"pictures": len(read.names), "methods": facts},
    )


def _say_influence(recipe: Influencing, side: str, subject: Subject) -> str:
    answer = subject.label(subject.order[0])
    if recipe.method == "nearest":
        return f"The nearest pictures of {answer}."
    return f"The pictures that argue most {side} {answer}, by {recipe.method}."


def _show_labelled(
    subject: Subject, recipe: Influencing, found: Influence, numbers: Sequence[int]
) -> tuple[Shown, ...]:
    pictures = []
    for at in numbers:
        pixels = read_again(recipe.labelled, found.names[at], recipe.max_size, trained=True)
        label = f"{subject.label(int(found.labels[at]))}, {found.shares[at]:+.2%}"
        pictures.append(Shown(f"training picture of {label}", settle(shrink(pixels, _SMALL)), label))
    return tuple(pictures)


def _tell_influence(subject: Subject, found: Influence) -> list[Mapping[str, Any]]:
    return [
        {
            "file": found.names[at],
            "label": subject.label(int(found.labels[at])),
            "share": round(float(found.shares[at]), 6),
        }
        for at in found.most_for(_TOP)
    ]


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
    best = attack_picture(
        recipe.victim(),
        subject.pixels,
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
    facts = {"before": best.before.name, "after": best.after.name, "distance": round(best.distance, 6), "norm": "L2"}
    return Part(
        (f"A change of {distance}, found by {best.attack.name}, turns {best.before} into {best.after}.",),
        (Exhibit("Before, after, and the difference.", pictures, command),),
        facts=facts,
    )


def _labelled_of(subject: Subject, what: str) -> str:
    if subject.recipe.chosen_labelled is None:
        raise MediaError(f"No training pictures came, but {what} them: give --pictures with a folder, or motifs.")
    return subject.recipe.chosen_labelled


def _named(labelled: str) -> str:
    return labelled if labelled == MOTIFS else Path(labelled).name


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
    """Return a `Tell` that gives progress and steps the name of a part, and lets no other event through."""

    def hear(event: Event) -> None:
        if isinstance(event, Progressed | Stepped):
            tell(replace(event, name=name))

    return hear
