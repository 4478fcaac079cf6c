"""Read labelled pictures once, and keep their features alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from dreampipe.drawings.labelled import count_labelled, read_labelled
from dreampipe.events import Tell, ignore
from dreampipe.explanations.explaining import seen_size
from dreampipe.explanations.influence.features import Reader
from dreampipe.explanations.influence.influencing import Labelled
from dreampipe.explanations.question import Work
from dreampipe.frames import Array
from dreampipe.recipes.influencing import Influencing

Hear = Callable[[float], None]


def read_all(
    recipe: Influencing,
    readers: tuple[Reader, ...],
    work: Work,
    tell: Tell = ignore,
    progress: Hear = lambda share: None,
) -> Labelled:
    """Read the labelled pictures of a recipe once for each reader, one at a time, and keep their features.

    Raises:
        DreampipeError: no picture can be read, or one does not suit the model.
    """
    card = readers[-1].card
    expected = count_labelled(recipe.labelled, recipe.count) * len(readers)
    names: list[str] = []
    labels: list[int] = []
    features = []
    done = 0

    def pictures(first: bool) -> Iterator[Array]:
        nonlocal done
        heard = tell if first else ignore
        for example in read_labelled(card, recipe.labelled, recipe.count, recipe.max_size, heard, trained=True):
            seen_size(card, example.pixels.shape[:2], recipe.max_size, example.name)  # whose error names the picture
            if first:
                names.append(example.name)
                labels.append(example.label)
            yield example.pixels
            done += 1
            progress(done / max(done, expected))

    for number, reader in enumerate(readers):
        features.append(reader.read(pictures(number == 0), work))
    return Labelled(tuple(names), np.array(labels, np.int64), readers, tuple(features))
