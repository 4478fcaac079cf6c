#!/usr/bin/env bash
# AVIF shifts the colour of a picture a little further at every save, even at quality 99.
#
# Expected: saving a flat colour at a high quality rounds it once. Loading the result
#   and saving it again changes nothing more, as with JPEG and WebP.
# Seen: with 8 bits, Pillow and OpenCV (both through libavif) lose about 2 levels of
#   a strong colour at each save, and go on: 37 levels after 20 saves. It looks as if the
#   colour differences are cut instead of rounded. Quality 99 and 4:4:4 do not help.
#   OpenCV's quality 100 is lossless and stays; Pillow's quality 100 drifts too.
# Why it hurts: feedback films, retouching in steps and pipelines with an AVIF between
#   two stages save many times. Blocks and noise stay invisible, so nobody suspects the
#   format when the colour creeps.
# Instead: keep the steps between in PNG, TIFF or FFV1 and save AVIF once, at the end;
#   or use OpenCV's quality 100.
#
# Output seen:
#   opencv 5.0.0, pillow 13.0.0
#   AVIF by OpenCV, quality 95: worst of 27 colours off by 2 after 1 save, 37 after 20
#   AVIF by OpenCV, quality 99: worst of 27 colours off by 2 after 1 save, 37 after 20
#   AVIF by OpenCV, quality 100: worst of 27 colours off by 0 after 1 save, 0 after 20
#   AVIF by Pillow, quality 95: worst of 27 colours off by 2 after 1 save, 37 after 20
#   AVIF by Pillow, quality 100: worst of 27 colours off by 2 after 1 save, 37 after 20
#   JPEG by OpenCV, quality 95: worst of 27 colours off by 1 after 1 save, 1 after 20
#   WebP by OpenCV, quality 95: worst of 27 colours off by 2 after 1 save, 2 after 20
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6

"$folder/venv/bin/python" - <<'PYTHON'
import io

import cv2
import numpy as np
import PIL
from PIL import Image

print(f"opencv {cv2.__version__}, pillow {PIL.__version__}")


def save_by_opencv(name, option, quality):
    def save(picture):
        encoded = cv2.imencode(name, picture[..., ::-1].copy(), [option, quality])[1]
        return cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1]

    return save


def save_by_pillow(quality):
    def save(picture):
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(picture)).save(file, "AVIF", quality=quality, subsampling="4:4:4")
        return np.array(Image.open(file))

    return save


ways = {
    "AVIF by OpenCV, quality 95": (save_by_opencv(".avif", cv2.IMWRITE_AVIF_QUALITY, 95), True),
    "AVIF by OpenCV, quality 99": (save_by_opencv(".avif", cv2.IMWRITE_AVIF_QUALITY, 99), True),
    "AVIF by OpenCV, quality 100": (save_by_opencv(".avif", cv2.IMWRITE_AVIF_QUALITY, 100), False),
    "AVIF by Pillow, quality 95": (save_by_pillow(95), True),
    "AVIF by Pillow, quality 100": (save_by_pillow(100), True),
    "JPEG by OpenCV, quality 95": (save_by_opencv(".jpg", cv2.IMWRITE_JPEG_QUALITY, 95), False),
    "WebP by OpenCV, quality 95": (save_by_opencv(".webp", cv2.IMWRITE_WEBP_QUALITY, 95), False),
}
colours = np.array([(r, g, b) for r in (40, 120, 200) for g in (40, 120, 200) for b in (40, 120, 200)])
for name, (save, drifts) in ways.items():
    worst = {1: 0, 20: 0}
    for colour in colours:
        picture = np.full((64, 64, 3), colour, np.uint8)
        for count in range(1, 21):
            picture = save(picture)
            if count in worst:
                worst[count] = max(worst[count], int(np.abs(picture.astype(int) - colour).max()))
    print(f"{name}: worst of {len(colours)} colours off by {worst[1]} after 1 save, {worst[20]} after 20")
    assert (worst[20] >= 10) == drifts, f"{name}: the colour behaves otherwise now"
    assert drifts or worst[20] <= 5, f"{name}: the colour drifts now"
PYTHON
