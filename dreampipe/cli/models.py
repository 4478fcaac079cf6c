"""`dreampipe models`: the models with a name, and whether their weights are on the disk; `models fetch` gets them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dreampipe.cli.answer import answer_errors, failing
from dreampipe.cli.completing import complete_model
from dreampipe.cli.events import write_line
from dreampipe.cli.fetching import fetching, megabytes
from dreampipe.cli.model_card import card as first_card
from dreampipe.cli.table import show_table
from dreampipe.cli.targets import Events
from dreampipe.cli.terminal import say, show
from dreampipe.errors import ModelError
from dreampipe.events import Progressed, Written
from dreampipe.models import Card, card, imagenet, motifnet, zoo
from dreampipe.models.weights import store
from dreampipe.models.weights.store import Weights

models = typer.Typer(add_completion=False, rich_markup_mode=None)

_COLUMNS = ("name", "scaling", "classes", "weights", "check", "licence", "objective")


@models.callback(invoke_without_command=True)
@answer_errors
def list_models(context: typer.Context) -> None:
    """List the models that have a name, and whether their weights are on the disk or to be downloaded."""
    if context.invoked_subcommand is not None:
        return
    own, named = motifnet.card(), [zoo.brief(name) for name in zoo.NAMES]
    headless = (zoo.brief(f"{name}{zoo.NOTOP}") for name in zoo.NAMES)
    on_disk = [each for each in headless if store.look(zoo.weights_of(each.name))]
    show_table(_COLUMNS, map(_row, (own, *named, *on_disk)))
    figures = ", ".join(f"{name} {value:g}" for name, value in own.figures if "accuracy" in name)
    show(
        "",
        f"classes of {own.name}: {', '.join(own.classes)}",
        f"figures of {own.name}: {figures}",
        "",
        f"Each model of Keras is also there without its head, in a smaller file: {zoo.NAMES[0]}{zoo.NOTOP}, ...",
        f"Weights are in {store.folder()}; dreampipe models fetch NAME gets them before they are needed.",
    )


def _row(each: Card) -> tuple[object, ...]:
    weights = zoo.weights_of(each.name) if each.architecture else None
    state = _state(weights) if weights else "built in"
    check = weights.check if weights else ""
    return each.name, each.scaling, each.outputs or "", state, check, each.licence, each.objective


def _state(weights: Weights) -> str:
    held = store.look(weights)
    if held is None:
        return f"to download, about {megabytes(weights.bytes)}" if weights.bytes else "to download"
    return f"on disk, but {held.fault}: fetch it" if held.fault else f"on disk, {megabytes(held.bytes)}"


@models.command(no_args_is_help=True)
@answer_errors
def fetch(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A model of Keras, such as inception_v3 or vgg16-notop.",
            autocompletion=complete_model,
        ),
    ],
    to: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Put the files there.", show_default="where Keras looks")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Take this file, or a folder that --to has filled.",
            show_default="the network",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say which files would come, how large they are, and where they go.")
    ] = False,
    events: Events = False,
) -> None:
    """Download the weights of a model, once, and check them; or take them from a file.

    For a machine without a network: `--to` a stick on one that has it, and `--from` that stick on the other. A second
    call continues a download that was cut. DREAMPIPE_WEIGHTS_URL names a mirror.
    """
    if not card(name).architecture:
        raise ModelError(
            f"{name} needs no weights from elsewhere, so there is nothing to fetch: name a model of Keras."
        )
    weights, folder = zoo.weights_of(name), Path(to) if to else None
    wanted = [weights, imagenet.INDEX] if card(name).outputs == imagenet.COUNT else [weights]
    for each in wanted:
        if dry_run:
            show(_foretell(each, folder, source))
            continue
        path = _bring(each, name, folder, Path(source) if source else None, events)
        if path and events:
            write_line(Written(str(path)))
        elif path:
            show(path)


def _foretell(weights: Weights, folder: Path | None, source: str | None) -> str:
    """Say where a file would come from and go to, or that it is there."""
    from dreampipe.models.weights.fetching import address_of

    if there := store.find_whole(weights, folder):
        return f"{there[0]} is there already"
    size = f", about {megabytes(weights.bytes)}" if weights.bytes else ""
    stored = store.find_whole(weights)
    begin = source or (stored[0] if stored else address_of(weights))
    return f"{begin} -> {(folder or store.folder()) / weights.file}{size}"


def _bring(weights: Weights, name: str, folder: Path | None, source: Path | None, events: bool) -> Path | None:
    """Bring a file to its folder, and return its path; None for one that is not needed."""
    from dreampipe.models.weights import fetching as bringing

    if source and weights == imagenet.INDEX and not (source / weights.file).is_file():
        return None  # a single file comes without names; models do without them
    there, stored = store.find_whole(weights, folder), store.find_whole(weights)
    file = source or (stored[0] if stored else None)
    if there and not source:
        say(f"{weights.file} is there already; check: {weights.check}")
        return there[0]
    if file:
        with failing():
            unknown = source and not weights.published and weights != imagenet.INDEX
            fits = (lambda copy, shown: zoo.check_fit(copy, name, shown)) if unknown else None
            return bringing.adopt(weights, file, folder, fits)

    def tell(come: int, total: int | None) -> None:
        if total:
            write_line(Progressed(weights.file, come / total))

    with fetching(weights, quiet=events) as on_progress:
        return bringing.fetch(weights, folder, tell if events else on_progress, name=name)


models.command("card", no_args_is_help=True)(first_card)
