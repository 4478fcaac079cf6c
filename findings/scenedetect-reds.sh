#!/usr/bin/env bash
# PySceneDetect cuts between two reds that the eye cannot tell apart.
#
# Expected: the content detector measures how much the picture changes. A change of
#   a few levels out of 255 is far below its threshold of 27, whatever the colour.
# Seen: it averages the differences of hue, saturation and brightness as plain
#   numbers. Hue is a circle, and red lies where it closes: OpenCV's hues 1 and 178
#   are neighbours, but count as 177 apart. A nearly grey picture has no steady hue
#   at all: one or two levels of tint turn it by up to 120. One such frame scores
#   30 to 59 and becomes a cut. The same change in blue scores 1. The adaptive
#   detector makes the same cuts.
# Why it hurts: sunsets, skin, red stage light, black-and-white and very dark films
#   get false cuts. A film tool that starts its motion estimate, its stabilization or
#   its dream afresh at every cut then jumps in the middle of a shot.
# Instead: weigh the hue with 0 (ContentDetector.Components), or use HashDetector,
#   which compares brightness patterns.
#
# Output seen:
#   scenedetect-headless 0.7.2, opencv 5.0.0.93
#   red, (200, 0, 8) then (200, 8, 0): shots 2, adaptive 2, without hue 1
#   grey, (90, 88, 89) then (88, 90, 89): shots 2, adaptive 2, without hue 1
#   nearly black, (1, 0, 0) then (0, 0, 1): shots 2, adaptive 2, without hue 1
#   blue, (0, 8, 200) then (8, 0, 200): shots 1, adaptive 1, without hue 1
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scenedetect-headless==0.7.2 opencv-python-headless==5.0.0.93 \
    av==18.1.0 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import av
import numpy as np
from scenedetect import AdaptiveDetector, ContentDetector, detect

print(f"scenedetect-headless {version('scenedetect-headless')}, opencv {version('opencv-python-headless')}")


def write_film(path, first, second):
    """Write 40 frames of one colour and 40 of another, without loss."""
    with av.open(path, "w") as film:
        stream = film.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 176, 144, "bgr0"
        for colour in [first] * 40 + [second] * 40:
            picture = np.full((144, 176, 3), colour, np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode())


def count_shots(path, detector):
    return len(detect(path, detector, backend="pyav", start_in_scene=True))


light_only = ContentDetector.Components(delta_hue=0.0, delta_sat=1.0, delta_lum=1.0, delta_edges=0.0)
films = {
    "red": ((200, 0, 8), (200, 8, 0), True),
    "grey": ((90, 88, 89), (88, 90, 89), True),
    "nearly black": ((1, 0, 0), (0, 0, 1), True),
    "blue": ((0, 8, 200), (8, 0, 200), False),
}
for name, (first, second, cut) in films.items():
    write_film("film.mkv", first, second)
    content = count_shots("film.mkv", ContentDetector())
    adaptive = count_shots("film.mkv", AdaptiveDetector())
    without = count_shots("film.mkv", ContentDetector(weights=light_only))
    print(f"{name}, {first} then {second}: shots {content}, adaptive {adaptive}, without hue {without}")
    assert (content > 1) == cut, f"{name}: the content detector answers otherwise now"
    assert without == 1, f"{name}: even without the hue there is a cut"
PYTHON
