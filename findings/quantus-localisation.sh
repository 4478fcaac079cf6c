#!/usr/bin/env bash
# Quantus scores how well a map finds its object by how many pictures are scored at once, and counts a
# picture without the object as a hit.
#
# Expected: AttributionLocalisation and PointingGame compare one map with one mask. The same map and mask
#   get the same score in any company. A picture whose mask is empty gets no score.
# Seen: Quantus 0.6.0 takes the size of a picture from x_batch[2:], which drops two pictures of the batch
#   instead of two axes. With weighted=True the share of the mask is then divided by the number of other
#   pictures. 100 equal pictures get two different scores, because the default batch of 64 leaves one of 36; a
#   last batch of one or two pictures gets infinity. And PointingGame writes "not a number" for an empty
#   mask into an array of booleans, where it turns into True.
# Why it hurts: an average over pictures is infinite or follows the size of the data set, so methods that
#   were scored on different numbers of pictures are ranked by that. Data sets with a mask for each class are full
#   of empty ones: a method that misses every object scores 40 % where 40 % have none.
# Instead: leave weighted=False and multiply by the share of the mask yourself; take pictures with an empty
#   mask out before PointingGame.
#
# Output seen:
#   quantus 0.6.0, numpy 2.4.6
#   AttributionLocalisation, weighted=False, all of the map in a mask of a quarter:
#     pictures: 1, all equal, {}: scores [1.0], mean 1.000000
#     pictures: 3, all equal, {}: scores [1.0], mean 1.000000
#     pictures: 64, all equal, {}: scores [1.0], mean 1.000000
#     pictures: 65, all equal, {}: scores [1.0], mean 1.000000
#     pictures: 100, all equal, {}: scores [1.0], mean 1.000000
#     pictures: 100, all equal, {'batch_size': 50}: scores [1.0], mean 1.000000
#   AttributionLocalisation, weighted=True, all of the map in a mask of a quarter:
#     pictures: 1, all equal, {}: scores [inf], mean inf
#     pictures: 3, all equal, {}: scores [0.083333], mean 0.083333
#     pictures: 64, all equal, {}: scores [0.001344], mean 0.001344
#     pictures: 65, all equal, {}: scores [0.001344, inf], mean inf
#     pictures: 100, all equal, {}: scores [0.001344, 0.002451], mean 0.001743
#     pictures: 100, all equal, {'batch_size': 50}: scores [0.001736], mean 0.001736
#   PointingGame, 6 maps beside the mask, 4 with an empty mask: [0, 0, 0, 0, 0, 0, 1, 1, 1, 1], mean 0.4
#   RelevanceRankAccuracy, the same: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, nan, nan, nan, nan]
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet quantus==0.6.0 numpy==2.4.6

MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import quantus

print(f"quantus {quantus.__version__}, numpy {np.__version__}")


def score(metric, maps, masks, **options):
    count = len(maps)
    pictures = np.random.default_rng(0).random((count, 3, 16, 16), np.float32)
    labels = np.zeros(count, int)
    scores = metric(model=None, x_batch=pictures, y_batch=labels, a_batch=maps.copy(), s_batch=masks, **options)
    return np.array(scores, float)


def build_squares(count, top):
    """Return squares of 8x8 in pictures of 16x16: a quarter of each."""
    squares = np.zeros((count, 1, 16, 16), np.float32)
    squares[:, :, top : top + 8, 4:12] = 1
    return squares


for weighted in (False, True):
    print(f"AttributionLocalisation, weighted={weighted}, all of the map in a mask of a quarter:")
    for count, options in ((1, {}), (3, {}), (64, {}), (65, {}), (100, {}), (100, {"batch_size": 50})):
        metric = quantus.AttributionLocalisation(weighted=weighted, disable_warnings=True)
        squares = build_squares(count, 4)
        found = score(metric, squares, squares.astype(bool), **options)
        different = sorted(set(found.round(6).tolist()))
        print(f"  pictures: {count}, all equal, {options}: scores {different}, mean {found.mean():.6f}")
        if not weighted:
            assert different == [1.0], "the plain score is wrong too"
        elif count in (1, 65):
            assert np.isinf(found[-1]), "the last picture has a finite score now"
        elif count == 3:
            assert abs(found[0] - 0.25 / 3) < 1e-6, "three pictures score otherwise now"
        else:
            assert found.max() < 0.01, "the score no longer shrinks with the number of pictures"
            assert len(different) == (1 if count == 64 or options else 2), "equal pictures get other scores now"

masks = build_squares(10, 0).astype(bool)
maps = build_squares(10, 8)
masks[6:] = False
found = score(quantus.PointingGame(disable_warnings=True), maps, masks)
print(f"PointingGame, 6 maps beside the mask, 4 with an empty mask: {found.astype(int).tolist()}, mean {found.mean()}")
assert found.tolist() == [0] * 6 + [1] * 4, "an empty mask no longer counts as a hit"
other = score(quantus.RelevanceRankAccuracy(disable_warnings=True), maps, masks)
print(f"RelevanceRankAccuracy, the same: {other.tolist()}")
assert np.isnan(other[6:]).all() and (other[:6] == 0).all(), "RelevanceRankAccuracy answers otherwise now"
PYTHON
