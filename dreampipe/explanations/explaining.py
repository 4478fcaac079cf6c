"""Explain a picture: fit it to the model, run a method, and bring the map back to the picture's own pixels."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np

from dreampipe.errors import DreampipeError, ModelError, ObjectiveError
from dreampipe.explanations.attribution.method import Method
from dreampipe.explanations.explanation import Completeness, Explanation
from dreampipe.explanations.question import Progress, Question, Work, refuse_size
from dreampipe.explanations.resizing import resize, spread
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.objectives import PROBABILITIES, Objective
from dreampipe.objectives.names import HEAD, path_of, quoted

MAX_SIZE = 512
"""The longest side, in pixels, in which a model sees a picture, unless the user asks for more."""


def ask(card: Card, objective: str, most: int = 64) -> Question:
    """Bind the text of an objective to a model; raises ObjectiveError and ModelError. It loads no model.

    `most` is the most pictures to compute at once.
    """
    asked = Objective.parse(objective)
    bound = asked.bind(card)
    return Question(card.held(bound.layers, bound.head), bound, str(asked), most)


def top_class(card: Card, pixels: Array, max_size: int = MAX_SIZE) -> str:
    """Name the objective of the model's top class for a picture (height, width, 3), such as `logit(eye)`.

    Raises:
        ModelError: the model has no classes.
    """
    return name_class(card, int(class_logits(card, pixels, max_size).argmax()))


def class_logits(card: Card, pixels: Array, max_size: int = MAX_SIZE) -> Array:
    """Compute the logits of all classes for a picture, (classes,) float32; raises ModelError if there are none."""
    return answer_classes(card, pixels, max_size)[0]


def answer_classes(card: Card, pixels: Array, max_size: int = MAX_SIZE) -> tuple[Array, Array]:
    """Compute the logits and the probabilities of all classes for a picture, each (classes,) float32.

    Raises:
        ModelError: the model has no classes, or answers with no number.
    """
    from dreampipe import scoring

    if card.outputs == 0:
        raise no_head(card)
    held = card.held((), head=True)
    found = scoring.read_of(held, [], head=True)(fit(held, pixels, max_size)[None])
    logits, probabilities = (np.asarray(found[name][0], np.float32) for name in (HEAD, PROBABILITIES))
    if not np.isfinite(logits).all():
        raise refuse_answer(card, "the logits")
    return logits, probabilities


def refuse_answer(card: Card, what: str) -> ModelError:
    """Return the error for an answer that is no number, or infinite; `what` names the answer."""
    return ModelError(
        f"For this picture {what} of {card.name} came as nan or infinite, but a number is expected: look for broken "
        "weights, or give another scaling, picture or model."
    )


def name_class(card: Card, number: int) -> str:
    """Write the objective of a class: by its name if the model has one such name, else by its number."""
    names = card.classes
    named = bool(names) and names.count(names[number]) == 1
    return f"logit({quoted(names[number]) if named else number})"


def no_head(card: Card) -> ModelError:
    """Build the error of a model without classes that is asked for its top class; it names what can be asked."""
    example = f"{path_of(card.layers[-1].name)}[0]" if card.layers else "mixed4[12]"
    return ModelError(
        f"{card.name} has no head that names classes: say what to explain by --objective, for example {example}."
    )


def fit(card: Card, pixels: Array, max_size: int = MAX_SIZE, name: str = "The picture") -> Array:
    """Resize a picture (height, width, 3) to the size in which the model sees it; raises as `seen_size` does."""
    size = seen_size(card, (pixels.shape[0], pixels.shape[1]), max_size, name)
    return pixels if size == pixels.shape[:2] else resize(pixels, size)


def seen_size(
    card: Card, size: tuple[int, int], max_size: int = MAX_SIZE, name: str = "The picture"
) -> tuple[int, int]:
    """Compute the height and width in which the model sees a picture of this height and width.

    That is the model's only size if it has one; else the picture's own, at most `max_size` along the longest side. The
    error calls the picture by `name`.

    Raises:
        ModelError: a side is smaller than the model's least.
    """
    height, width = size
    factor = min(1.0, max_size / max(height, width))
    seen = card.fixed or (max(1, round(height * factor)), max(1, round(width * factor)))
    if not card.fixed and min(seen) < card.least:
        raise ModelError(
            f"{name} is seen as {seen[1]}x{seen[0]}, but {card.name} needs {card.least} pixels along each side: "
            "give a larger picture, or a larger max-size."
        )
    return seen


def explain(
    question: Question,
    pixels: Array,
    method: Method,
    *,
    seed: int = 0,
    max_size: int = MAX_SIZE,
    progress: Progress = lambda share: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Explanation:
    """Explain the answer to a question for a picture.

    Args:
        question: as of `ask`.
        pixels: (height, width, 3) float32 in [0, 1].
        method: how.
        seed: of all random draws; the draws do not depend on what was explained before.
        max_size: the longest side in which the model sees the picture, if it takes all sizes.
        progress: hears the share that is done.
        stopping: whether the user has asked to stop; a method of samples then returns what it has.

    Raises:
        DreampipeError: the method does not suit the model or the objective, or the picture is too small.
    """
    method.check(question)
    seen = fit(question.card, pixels, max_size)
    work = Work(np.random.default_rng([seed, zlib.crc32(method.name.encode())]), progress, stopping)
    try:
        found = method.attribute(question, seen, work)
    except MemoryError:
        raise refuse_size((seen.shape[0], seen.shape[1])) from None
    if not np.isfinite(found.answer):
        raise refuse_answer(question.card, question.text)
    values = np.nan_to_num(np.asarray(found.map, np.float32), nan=0, posinf=0, neginf=0)
    if not np.isfinite(found.map).all():
        work.note("Parts of the map were no numbers and became 0.")
    planes = np.repeat(values[..., None] / np.float32(3), 3, axis=2) if values.ndim == 2 else values
    planes = np.asarray(planes, np.float32)
    whole = spread(planes, pixels.shape[:2])
    if not whole.any():
        work.note("The map is zero everywhere: nothing that the method sees in the picture counts.")
    complete = None if found.expected is None else Completeness(found.expected, float(whole.sum(dtype=np.float64)))
    if complete and complete.error > method.tolerance and not complete.is_rounding(found.answer):
        more = {"steps", "samples"} & {field.name for field in fields(method)}  # type: ignore[arg-type]
        work.note(
            f"The map of {method.name} sums to {complete.total:.4g}, but {complete.expected:.4g} of the answer is to "
            "be explained" + (f": more {' or '.join(more)} bring them together." if more else ".")
        )
    if method.note:
        work.note(method.note)
    if is_saturated(question, found.answer):
        logit = question.text.replace("prob(", "logit(")
        work.note(f"{question.text} is {found.answer:.4f}, which hardly anything changes: explain {logit} instead.")
    return Explanation(
        map=whole,
        pixels=pixels,
        objective=question.text,
        model=question.card.name,
        method=method,
        answer=found.answer,
        seed=seed,
        size=(seen.shape[0], seen.shape[1]),
        completeness=complete,
        notes=tuple(work.notes),
        partial=work.stopped,
    )


def is_saturated(question: Question, answer: float) -> bool:
    """Say whether an answer is a single probability that is 1 in four decimals, where nothing changes it any more."""
    terms = question.objective.terms
    return len(terms) == 1 and terms[0].layer == PROBABILITIES and abs(answer - terms[0].weight) < 5e-5


def choose_suitable(methods: Sequence[Method], question: Question) -> tuple[list[Method], tuple[str, ...]]:
    """Choose the methods that suit a question, and write a note on each of the others.

    Raises:
        ModelError, ObjectiveError: no method suits it; this is what the first one says.
        RecipeError: a setting of a method is wrong.
    """
    suitable: list[Method] = []
    refused: list[tuple[Method, ModelError | ObjectiveError]] = []
    for method in methods:
        try:
            method.check(question)
            suitable.append(method)
        except (ModelError, ObjectiveError) as error:
            refused.append((method, error))
    if not suitable:
        raise refused[0][1]
    return suitable, tuple(say_left_out(method, error) for method, error in refused)


def say_left_out(method: Method, error: DreampipeError) -> str:
    """Write a note on a method that does not suit."""
    return f"{method.name} is left out: {error}"
