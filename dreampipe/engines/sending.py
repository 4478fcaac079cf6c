"""Send the files that a recipe names to machines that cannot see them: once, by their content.

A machine that has the same file under the same name keeps to that; of a model, its card must be the same, too. Another
one keeps a copy in the user's store of weights, under the SHA-256 of all that is sent, so that a later run need not
send it again. A file that an objective names is never kept under another name: the text of the objective decides what
counts as the same recipe.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from dreampipe.engines.orders import Order
from dreampipe.errors import MediaError, RecipeError
from dreampipe.media import sha256
from dreampipe.media.storage.addresses import address_of
from dreampipe.media.writing import make_folder, write_whole
from dreampipe.models import imagenet, zoo
from dreampipe.models.own import cards
from dreampipe.models.weights import store
from dreampipe.objectives import Objective
from dreampipe.recipes.named import files, rename_files, with_objectives
from dreampipe.recipes.settings import ModelSettings

_SENT = ".dreampipe-sent"
Moved = TypeVar("Moved", bound=ModelSettings)


@dataclass(frozen=True)
class Parcel:
    """A file to send.

    Attributes:
        name: as the recipe names it; for weights of the store the name there.
        stored: whether it is of the store of weights.
        whole: the SHA-256 of the names and the bytes of all its files.
        content: the bytes by the names of files: of a model also the card next to it, and the file of classes that the
            card names.
    """

    name: str
    stored: bool
    whole: str
    content: Mapping[str, bytes]


def list_parcels(recipe: ModelSettings) -> list[Parcel]:
    """Read every file that a recipe needs; raises MediaError for a lost one.

    A folder is no parcel, as it may be large: all machines must see it.
    """
    named = (*files(recipe.model_dump()), *filter(None, [recipe.imports]))
    parcels = [_pack(Path(name), name, False) for name in named if not Path(name).is_dir()]
    card = recipe.card()
    if card.architecture and (weights := zoo.weights_of(card.name)) and store.find_whole(weights):
        parcels.append(_pack(store.folder() / weights.file, weights.file, True))
    if card.outputs == imagenet.COUNT and imagenet.class_names():
        parcels.append(_pack(imagenet.file(), imagenet.INDEX.file, True))
    return parcels


def _pack(path: Path, name: str, stored: bool) -> Parcel:
    try:
        content = {part: place.read_bytes() for part, place in _list_parts(path).items()}
    except OSError as problem:
        raise MediaError(
            f"{path} cannot be read ({problem.strerror}), but every worker needs it: make it readable."
        ) from None
    sums = {part: hashlib.sha256(data).hexdigest() for part, data in content.items()}
    return Parcel(name, stored, _hash(sums), content)


def _list_parts(path: Path) -> dict[str, Path]:
    """List a file, and of a model what is next to it, by the names from its folder."""
    found = (path, *(cards.list_beside(path) if path.suffix == ".keras" else ()))
    return {each.relative_to(path.parent).as_posix(): each for each in found if each.exists()}


def _hash(sums: Mapping[str, str]) -> str:
    """Hash the SHA-256 of files by their names."""
    return hashlib.sha256("".join(f"{sums[name]} {name}\n" for name in sorted(sums)).encode()).hexdigest()


def unpack(
    order: Order | ModelSettings, parcels: Sequence[tuple[Parcel, Callable[[], Mapping[str, bytes]]]]
) -> Order | ModelSettings:
    """Give an order, or a recipe, the files that this machine lacks.

    Args:
        parcels: each without its content, and the function that gets that.

    Raises:
        RecipeError: an objective names a file that this machine lacks.
    """
    recipe = order.recipe if isinstance(order, Order) else order
    films = order.film.recipe if isinstance(order, Order) and order.film else recipe
    for each in (recipe, films):
        _check_objectives(each, [parcel for parcel, _ in parcels])
    places = {parcel.name: _unpack(parcel, get) for parcel, get in parcels}

    def moved(recipe: Moved) -> Moved:
        settings = recipe.model_dump()
        renamed = rename_files(settings, lambda name: places.get(name, name))
        if settings.get("imports") in places:
            renamed["imports"] = places[settings["imports"]]
        return recipe.model_copy(update={key: value for key, value in renamed.items() if value != settings[key]})

    if not isinstance(order, Order):
        return moved(order)
    film = order.film and replace(order.film, recipe=moved(order.film.recipe))
    return replace(order, recipe=moved(order.recipe), film=film)


def _check_objectives(recipe: ModelSettings, parcels: Sequence[Parcel]) -> None:
    """Raise RecipeError where an objective names a file that this machine lacks."""
    lacking = {parcel.name for parcel in parcels if not parcel.stored and not _is_here(Path(parcel.name), parcel)}

    def check(objective: Objective, text: str) -> str:
        if lost := next((name for name in objective.files if name in lacking), None):
            place = address_of(Path(lost))
            advice = "set KERAS_HOME to" if place else "put it into"
            raise RecipeError(
                f"{place or lost} is not the same on {platform.node()}, but all nodes must see what an objective "
                f"names: {advice} a folder that they share."
            )
        return text

    with_objectives(recipe.model_dump(), check)


def _is_here(path: Path, parcel: Parcel) -> bool:
    """Say whether a file is what was sent; of a model, also what is next to it."""
    if not path.is_file():
        return False
    with suppress(MediaError):  # it cannot be read here
        return _hash({part: sha256(place) for part, place in _list_parts(path).items()}) == parcel.whole
    return False


def _unpack(parcel: Parcel, get: Callable[[], Mapping[str, bytes]]) -> str:
    """Return the name of the file on this machine."""
    own = store.folder() / parcel.name if parcel.stored else Path(parcel.name)
    kept = own if parcel.stored else store.folder() / _SENT / parcel.whole / own.name
    if _is_here(own, parcel):
        return parcel.name
    if _is_here(kept, parcel):
        return str(kept)
    # The file itself comes last: where it is, all is.
    for name, content in sorted(get().items(), key=lambda item: item[0] == kept.name):
        make_folder(kept.parent / name)
        write_whole(kept.parent / name, content)
    return str(kept)
