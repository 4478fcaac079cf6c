"""The parts of a report that need training pictures: concepts and influence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dreampipe.drawings.concepts import Findings, draw_concepts, look, show_places
from dreampipe.drawings.labelled import find_classes, is_labels, read_again
from dreampipe.drawings.reading import read_all
from dreampipe.drawings.report import Exhibit, Part, Shown, shrink
from dreampipe.engines.report_subject import Subject, settle
from dreampipe.errors import MediaError
from dreampipe.events import Progressed, Tell
from dreampipe.explanations.influence.features import Reader
from dreampipe.explanations.influence.influencing import Influence, influence
from dreampipe.explanations.question import Work
from dreampipe.frames import Array
from dreampipe.recipes.attacking import MOTIFS
from dreampipe.recipes.finding import Finding
from dreampipe.recipes.influencing import Influencing
from dreampipe.recipes.printing import command_line

_CONCEPTS, _MATTERED, _CROPS, _DRAWN, _SAMPLES = 8, 3, 4, 96, 64
"""Concepts to find, those that are shown, crops of each, the side of a drawn picture, and pictures to look in."""
_SMALL = 160
"""The most pixels of the side of a picture in a row."""
_LEAST = 0.005
"""The least importance of a concept that matters."""
_TOP = 6
"""Labelled pictures that are shown for the answer, and against it."""


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
        size=_DRAWN,
        seed=subject.recipe.seed,
    )
    findings = look(recipe, tell, subject.pixels)
    importance = findings.importance
    assert importance is not None  # there is a class
    order = [int(at) for at in np.argsort(-importance.indices, kind="stable")[:_MATTERED]]
    most = [at for at in order if importance.indices[at] >= _LEAST] or order[:1]
    drawn, places = draw_concepts(recipe, findings, most, tell), show_places(recipe, findings, subject.pixels)
    of_class = None if findings.in_asked else answer  # which the command would find in no picture of the folder
    inside = recipe.model_copy(update={"inside": subject.name, "of_class": of_class})
    command = command_line("concepts", (_named(labelled), "OUT.html"), inside, {"folder": ""})
    exhibits = tuple(
        Exhibit(
            f"{findings.labels[at].capitalize()}.",
            _show_concept(findings, at, drawn[row], places[at]),
            command,
            is_strip=True,
        )
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
    answer = subject.order[0]
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
    if answer not in read.labels:
        raise MediaError(
            f"{subject.card.name} answers {subject.label(answer)}, but none of {len(read.names)} training pictures is "
            "of that class: give pictures of it, or a larger --count."
        )
    exhibits, facts = [], []
    for recipe in recipes:
        found = influence(read, [query], recipe.chosen())
        command = command_line("influence", (subject.name, "OUT.html"), recipe, {"labelled": "--pictures"})
        sides = (("for", found.most_for(_TOP)), ("against", found.most_against(_TOP)))
        for side, numbers in sides if recipe.method != "nearest" else sides[:1]:
            pictures = _show_labelled(subject, recipe, found, numbers)
            if pictures:
                exhibits.append(Exhibit(_say_influence(recipe, side, subject), pictures, command, is_strip=True))
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


def _labelled_of(subject: Subject, what: str) -> str:
    if subject.recipe.chosen_labelled is None:
        raise MediaError(f"No training pictures came, but {what} them: give --pictures with a folder, or motifs.")
    return subject.recipe.chosen_labelled


def _named(labelled: str) -> str:
    return labelled if labelled == MOTIFS else Path(labelled).name
