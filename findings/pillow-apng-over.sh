#!/usr/bin/env bash
# Pillow makes holes in animated PNGs: a frame laid over another loses opacity.
#
# Expected: an APNG frame with the blend operation "over" is composited by the PNG
#   rule: alpha = a + b (1 - a). Over an opaque frame the result stays opaque.
# Seen: Pillow 13 pastes the frame with itself as mask, so alpha is mixed like a colour.
#   Half-transparent blue over opaque red gives alpha 191 instead of 255, over
#   half-transparent red 128 instead of 192; the colours are off too. FFmpeg, OpenCV and
#   Pillow's own Image.alpha_composite agree on the right answer.
# Why it hurts: optimized animations (most encoders store only what changes, "over" the
#   last frame) come out with see-through patches, which turn dark or white in the next
#   step of a film pipeline. Each frame is built on the last, so the error grows.
# Instead: decode APNG with PyAV (format="apng") or cv2.imreadanimation.
#
# Output seen:
#   pillow 13.0.0, av 18.1.0, opencv 5.0.0
#   over alpha 255: true (127, 0, 128, 255), Pillow (127, 0, 128, 191), FFmpeg (127, 0, 128,
#     255), OpenCV (127, 0, 128, 255)
#   over alpha 128: true (85, 0, 170, 192), Pillow (127, 0, 128, 128), FFmpeg (84, 0, 170,
#     192), OpenCV (84, 0, 170, 191)
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 av==18.1.0 opencv-python-headless==5.0.0.93 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import av
import cv2
import PIL
from PIL import Image

print(f"pillow {PIL.__version__}, av {av.__version__}, opencv {cv2.__version__}")


def is_close(first, second):
    return max(abs(a - b) for a, b in zip(first, second)) <= 1


for alpha, seen in ((255, 191), (128, 128)):
    below = Image.new("RGBA", (8, 8), (255, 0, 0, alpha))
    above = Image.new("RGBA", (8, 8), (0, 0, 255, 128))
    over = dict(blend=1, disposal=0, duration=100)
    below.save("film.png", save_all=True, append_images=[above], **over)
    true = Image.alpha_composite(below, above).getpixel((4, 4))
    with Image.open("film.png") as film:
        film.seek(1)
        pillow = film.convert("RGBA").getpixel((4, 4))
    with av.open("film.png", format="apng") as film:
        ffmpeg = tuple(list(film.decode(video=0))[1].to_ndarray(format="rgba")[4, 4].tolist())
    blue, green, red, opacity = cv2.imreadanimation("film.png")[1].frames[1][4, 4].tolist()
    opencv = (red, green, blue, opacity)
    print(f"over alpha {alpha}: true {true}, Pillow {pillow}, FFmpeg {ffmpeg}, OpenCV {opencv}")
    assert is_close(ffmpeg, true) and is_close(opencv, true), "FFmpeg or OpenCV answer otherwise now"
    assert pillow[3] == seen, "Pillow composites otherwise now"
PYTHON
