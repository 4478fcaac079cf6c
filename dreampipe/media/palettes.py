"""Palettes of label sets: pictures of which the index of a pixel counts, and its colour only tells labels apart.

Sets of segmented photos (PASCAL VOC, DAVIS, and many that follow them) store a label as the index into a palette that
begins with black, for the background, and goes on in colours. The index 255 marks what has no label.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array

_NO_LABEL = 255


def levels_of_labels(indices: npt.NDArray[Any], palette: npt.NDArray[np.uint8]) -> tuple[Array, str] | None:
    """Return labels as levels, from 0 to 1 for the highest label, and a note; None if the colours count.

    Indices are labels if the palette begins with black and holds colours, and the picture does not use its white: that
    is how a mask of black and white looks.

    Args:
        indices: (height, width).
        palette: (colours, 3).

    Returns:
        Levels (height, width, 3), and a sentence for the user.
    """
    if not len(palette) or palette[0].any() or (palette == palette[:, :1]).all():
        return None
    used = [int(index) for index in np.unique(indices) if index < len(palette)]
    if (palette[used] == 255).all(axis=1).any():
        return None
    labels = [index for index in used if index not in (0, _NO_LABEL)] or [index for index in used if index]
    highest = max(labels, default=0)
    levels = np.where(indices <= highest, indices, 0) / max(highest, 1)
    note = "The indices of its palette are labels"
    note += (
        f": each counts as a level, and the highest, {highest}, as white."
        if len(labels) > 1
        else (f", and the label {highest} counts as white.")
    )
    return np.repeat(levels[..., np.newaxis].astype(np.float32), 3, axis=2), note
