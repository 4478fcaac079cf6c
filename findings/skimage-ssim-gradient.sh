#!/usr/bin/env bash
# The gradient of scikit-image's structural_similarity is not that of the number that it returns.
#
# Expected: structural_similarity(x, y, gradient=True) returns the mean similarity and, as its documentation says, its
#   gradient with respect to y: where a pixel changes a little, the number changes by that much.
# Seen: scikit-image 0.26 leaves the border out of the mean, and takes the gradient of a mean over everything. With the
#   Gaussian window, whose border is 5 pixels, the gradient of a picture of 64 pixels is 0.71 of the true one in the
#   middle, and 22 times the true one in the outer 3 pixels. With three colours it is three times as large again, as the
#   number is their average and the gradient is not. There is no error or warning.
# Why it hurts: the border hardly counts in the number, and gets steps as if it did. As one term among others the
#   similarity has another weight for each size, and for colours.
# Instead: write the similarity in a library that differentiates.
# The script compares one row with finite differences of the returned number.
#
# Output seen:
#   scikit-image 0.26.0
#   64x64, Gaussian window: 0.71 times in the middle, 22.4 at the edge
#   64x64, uniform window: 0.82 times in the middle, 3.2 at the edge
#   64x64x3, Gaussian window: 2.14 times in the middle, 103.4 at the edge
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-image==0.26.0 numpy==2.4.6 scipy==1.17.1

OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import skimage
from skimage.metrics import structural_similarity

print(f"scikit-image {skimage.__version__}")
GAUSSIAN = {"gaussian_weights": True, "use_sample_covariance": False}  # as the paper, and as the documentation advises


def differentiate(score, picture, row, step=1e-5):
    """Return the change of a score with each number in a row of a picture, by central differences."""
    found = np.zeros_like(picture[row])
    for place in np.ndindex(found.shape):
        moved = np.zeros_like(picture)
        moved[(row, *place)] = step
        found[place] = (score(picture + moved) - score(picture - moved)) / (2 * step)
    return found


numbers = np.random.default_rng(0)
for shape, window, options in (
    ((64, 64), "Gaussian", GAUSSIAN),
    ((64, 64), "uniform", {"use_sample_covariance": False}),
    ((64, 64, 3), "Gaussian", GAUSSIAN),
):
    sharp = numbers.uniform(0.2, 0.8, shape)
    noisy = sharp + numbers.uniform(-0.2, 0.2, shape)
    given = {"data_range": 1.0, "channel_axis": 2 if len(shape) == 3 else None, **options}
    row = shape[0] // 2
    gradient = structural_similarity(sharp, noisy, gradient=True, **given)[1][row]
    true = differentiate(lambda picture: structural_similarity(sharp, picture, **given), noisy, row)
    middle, edge = np.arange(12, shape[1] - 12), np.r_[:3, shape[1] - 3 : shape[1]]
    inside, outside = (np.linalg.norm(gradient[part]) / np.linalg.norm(true[part]) for part in (middle, edge))
    print(f"{'x'.join(map(str, shape))}, {window} window: {inside:.2f} times in the middle, {outside:.1f} at the edge")
    radius, channels = 5 if window == "Gaussian" else 3, 3 if len(shape) == 3 else 1
    expected = channels * (1 - 2 * radius / shape[0]) ** 2
    assert np.allclose(gradient[middle], expected * true[middle], rtol=0.01, atol=1e-3 * np.abs(true).max())
    assert abs(inside - 1) > 0.1, "the gradient is right in the middle now"
    assert outside > 2, "the gradient is right at the edge now"
PYTHON
