"""The recipe of a gallery: a page of the dreams in a folder, before and after. `engines.galleries` makes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dreampipe.recipes.fields import OUTPUT, Shown
from dreampipe.recipes.settings import Settings


class Gallery(Settings):
    """Settings of a gallery, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    folder: Annotated[str, Shown(OUTPUT)] = Field(description="Folder of dreams, as dreampipe has written it.")
    sources: Annotated[str | None, Shown(OUTPUT, unset="looked for around the folder")] = Field(
        None, description="Folder of the pictures and films that were dreamed, searched with all folders in it."
    )
    recursive: Annotated[bool, Shown(OUTPUT)] = Field(False, description="Include the folders inside FOLDER.")
    size: Annotated[int, Shown(OUTPUT)] = Field(
        512, ge=32, le=2048, description="Longest side of each picture, in pixels."
    )
