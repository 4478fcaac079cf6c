"""The forms of the language, in one table: how each is written, which measure it makes, how it is explained.

The grammar reads by it, `print_measure` prints by it, and the page `docs/objectives.md` shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dreampipe.objectives import comparisons, measures, penalties
from dreampipe.objectives.measures import CENTER, Measure
from dreampipe.objectives.names import HEAD, IMAGE, PROBABILITIES, path_of, quoted, text_of

Kind = Literal["layer", "channel", "neuron", "unit", "class", "file", "concept", "pattern", "mode", "border"]
"""The kinds of arguments: what is read, and into which fields.

layer: a path of names (layer); unit: a layer, with or without [channel] (layer, channel); channel: layer[channel];
neuron: layer[channel]@place; class: a name, number or * (label); file: in quotes (file); concept: a file in
quotes, with or without [number] (file, number); pattern: in quotes (layer); mode: how a guide guides (mode), which may
be left out; border: places of a layer (border).
"""


@dataclass(frozen=True)
class Form:
    """One form.

    Attributes:
        name: before the bracket; empty for a form without one.
        measure: the measure that it makes of its arguments.
        arguments: in order.
        example: of its text.
        says: an explanation of the measure, for the page.
        home: the key that it reads, if no argument names a layer.
    """

    name: str
    measure: type[Measure]
    arguments: tuple[Kind, ...]
    example: str
    says: str
    home: str = ""


_PICTURE = "penalty, of the picture: "

FORMS = (
    Form("", measures.MeanSquare, ("layer",), "mixed4", "a layer: mean of squares"),
    Form(
        "",
        measures.Channel,
        ("channel",),
        "mixed4[12]",
        "a channel or dense unit: mean over places; `[*]` each picture's own",
    ),
    Form(
        "",
        measures.Neuron,
        ("neuron",),
        "mixed4[12]@center",
        "a neuron, in feature cells: its value; or `@(row,column)`",
    ),
    Form(
        "inner", measures.Inner, ("layer", "border"), "inner(mixed4, 2)", "a layer but for its border: mean of squares"
    ),
    Form("mean", measures.Mean, ("layer",), "mean(mixed3)", "a layer: mean"),
    Form("abs", measures.Absolute, ("layer",), "abs(mixed3)", "a layer: mean of absolute values"),
    Form("norm", measures.Norm, ("layer",), "norm(mixed3)", "a layer: L2 norm, root of the sum of squares"),
    Form("max", measures.Largest, ("layer",), "max(mixed3)", "a layer: its largest value"),
    Form("each", measures.Each, ("layer",), "each(places)", "a layer: each place by the channels that stand out there"),
    Form(
        "layers", measures.Layers, ("pattern",), 'layers("mixed?")', "all layers of a pattern: their means of squares"
    ),
    Form("logit", measures.Logit, ("class",), "logit(eye)", "a class before the softmax; `*` each picture's own", HEAD),
    Form("prob", measures.Probability, ("class",), "prob(eye)", "a class after the softmax, in [0, 1]", PROBABILITIES),
    Form(
        "guide",
        comparisons.Guide,
        ("file", "layer", "mode"),
        'guide("feathers.jpg", mixed3)',
        "towards another picture: mean over places of the dot product with the best `match`; or `dot`, or `mean`",
    ),
    Form(
        "direction",
        comparisons.Direction,
        ("file", "layer"),
        'direction("v.npy", mixed4)',
        "any direction: mean over places of the dot product with the vector at length 1",
    ),
    Form(
        "concept",
        comparisons.Concept,
        ("concept", "layer"),
        'concept("stripes/", mixed4)',
        "towards a concept: mean over places of the dot product with the direction from other pictures to those of a "
        'folder; or with that of a found concept, `"found.npz"[3]`',
    ),
    Form(
        "diversity",
        comparisons.Diversity,
        ("unit",),
        "diversity(mixed4[12])",
        "differ across the batch: minus the mean cosine of Gram matrices, or of one row of them; in [-1, 1]",
    ),
    Form(
        "caricature",
        comparisons.Caricature,
        ("layer",),
        "caricature(mixed4)",
        "exaggerate what the picture shows: mean over places of the dot product with the start times their cosine",
    ),
    Form(
        "tv",
        penalties.TotalVariation,
        (),
        "mixed4 - 3*tv()",
        f"{_PICTURE}mean absolute difference of neighbours",
        IMAGE,
    ),
    Form("l1", penalties.L1, (), "mixed4 - l1()", f"{_PICTURE}mean distance from middle grey", IMAGE),
    Form("l2", penalties.L2, (), "mixed4 - l2()", f"{_PICTURE}mean square of that distance", IMAGE),
    Form("alpha", penalties.Alpha, (), "mixed4 - alpha()", f"{_PICTURE}mean of its 6th power", IMAGE),
    Form("blur", penalties.Blur, (), "mixed4 - 100*blur()", f"{_PICTURE}mean square of what a blur takes away", IMAGE),
    Form(
        "frequency",
        penalties.Frequency,
        (),
        "mixed4 - 100*frequency()",
        f"{_PICTURE}mean square of its Laplacian, the energy of high frequencies",
        IMAGE,
    ),
    Form(
        "distance",
        penalties.Distance,
        (),
        "mixed4 - 30*distance()",
        f"{_PICTURE}mean square of the difference from the start",
        IMAGE,
    ),
)

CALLS = {form.name: form for form in FORMS if form.name}
"""The forms with a bracket, by name."""

_FORM_OF = {form.measure: form for form in FORMS}


def has_form(measure: Measure) -> bool:
    """Say whether the language can write a measure; it cannot write those of the user's own."""
    return type(measure) in _FORM_OF


def print_measure(layer: str, measure: Measure) -> str:
    """Print a measure of a layer: by its form, or by its own `text` where the language has no form for it."""
    form = _FORM_OF.get(type(measure))
    if form is None:
        return measure.text(path_of(layer))
    arguments = [text for text in (_written(kind, layer, measure) for kind in form.arguments) if text]
    return f"{form.name}({', '.join(arguments)})" if form.name else arguments[0]


def _written(kind: Kind, layer: str, measure: Measure) -> str:
    fields = vars(measure)
    match kind:
        case "layer":
            return path_of(layer)
        case "unit":
            return path_of(layer) + ("" if fields["channel"] is None else _channel(fields["channel"]))
        case "channel":
            return path_of(layer) + _channel(fields["channel"])
        case "neuron":
            return path_of(layer) + _channel(fields["channel"]) + _place(fields["place"])
        case "class":
            label = fields["label"]
            return "*" if label is None else str(label) if isinstance(label, int) else quoted(label)
        case "file":
            return text_of(fields["file"])
        case "concept":
            return text_of(fields["file"]) + ("" if fields["number"] is None else _channel(fields["number"]))
        case "pattern":
            return text_of(layer)
        case "border":
            return str(fields["border"])
        case "mode":
            return "" if fields["mode"] == comparisons.MODES[0] else str(fields["mode"])


def _channel(channel: int | None) -> str:
    return "[*]" if channel is None else f"[{channel}]"


def _place(place: tuple[int, int] | None) -> str:
    return f"@{CENTER}" if place is None else f"@({place[0]},{place[1]})"


def table() -> str:
    """Print all forms as a table in Markdown: example, explanation, and the source from the measure's docstring."""
    rows = [f"| `{form.example}` | {form.says} | {_source(form.measure)} |" for form in FORMS]
    return "\n".join(["| text | what is climbed | source |", "| --- | --- | --- |", *rows])


def _source(measure: type[Measure]) -> str:
    _, _, source = (measure.__doc__ or "").partition("Source: ")
    return " ".join(source.split()).removesuffix(".")
