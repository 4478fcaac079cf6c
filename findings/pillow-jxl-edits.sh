#!/usr/bin/env bash
# pillow-jxl-plugin saves the JPEG that a picture was opened from, and not what was painted into it since.
#
# Expected: picture.save("out.jxl") writes the pixels that the picture holds now. The JPEG's own data may be packed
#   without loss where nothing has changed.
# Seen: with pillow-jxl-plugin 1.3.8 a picture opened from a JPEG file and changed in place is saved as it was
#   opened: what paste, putpixel or ImageDraw painted is gone, and a thumbnail is saved in full size. The plugin
#   reads the file again, because the picture still says that it is a JPEG. This is so by default and with
#   lossless=True and quality=50. A warning says that the JPEG is packed without loss, and not that changes are
#   dropped. Methods that return a new picture (resize, rotate, crop) are right, and so are pictures from PNG.
# Why it hurts: a face or a number plate that was painted over is in the file again. Labels, masks and
#   retouches are lost, and a thousand thumbnails are a thousand originals.
# Instead: save(..., lossless_jpeg=False), or save picture.copy().
#
# Output seen:
#   pillow-jxl-plugin 1.3.8, pillow 13.0.0
#   paste, photo.jpg, {}: (128, 96) with (250, 0, 0) is saved as (128, 96) with (0, 64, 152)
#   ImageDraw, photo.jpg, {}: (128, 96) with (250, 0, 0) is saved as (128, 96) with (0, 64, 152)
#   paste, photo.jpg, {'lossless': True}: (128, 96) with (250, 0, 0) is saved as (128, 96) with (0, 64, 152)
#   paste, photo.jpg, {'quality': 50}: (128, 96) with (250, 0, 0) is saved as (128, 96) with (0, 64, 152)
#   thumbnail and paste, photo.jpg, {}: (32, 24) with (250, 0, 0) is saved as (128, 96) with (0, 64, 152)
#   resize and paste, photo.jpg, {}: (32, 24) with (250, 0, 0) is saved as (32, 24) with (250, 3, 0)
#   paste, photo.jpg, {'lossless_jpeg': False}: (128, 96) with (250, 0, 0) is saved as (128, 96) with (250, 3, 0)
#   copy and paste, photo.jpg, {}: (128, 96) with (250, 0, 0) is saved as (128, 96) with (250, 3, 0)
#   paste, photo.png, {}: (128, 96) with (250, 0, 0) is saved as (128, 96) with (250, 3, 0)
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow-jxl-plugin==1.3.8 pillow==13.0.0 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" -W ignore::UserWarning - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import PIL
import pillow_jxl  # noqa: F401 (it registers itself)
from PIL import Image, ImageDraw

print(f"pillow-jxl-plugin {version('pillow-jxl-plugin')}, pillow {PIL.__version__}")
rows, columns = np.mgrid[:96, :128]
blue = np.stack([0 * rows, 60 + rows // 2, 150 + columns // 4], axis=-1).astype(np.uint8)
Image.fromarray(blue).save("photo.jpg", quality=90)
Image.open("photo.jpg").save("photo.png")


def paste(picture):
    picture.paste((250, 0, 0), (0, 0, 64, 96))
    return picture


def draw(picture):
    ImageDraw.Draw(picture).rectangle((0, 0, 64, 96), fill=(250, 0, 0))
    return picture


def shrink(picture):
    picture.thumbnail((32, 24))
    return paste(picture)


def resize(picture):
    return paste(picture.resize((32, 24)))


cases = [
    ("paste", paste, "photo.jpg", {}, True),
    ("ImageDraw", draw, "photo.jpg", {}, True),
    ("paste", paste, "photo.jpg", {"lossless": True}, True),
    ("paste", paste, "photo.jpg", {"quality": 50}, True),
    ("thumbnail and paste", shrink, "photo.jpg", {}, True),
    ("resize and paste", resize, "photo.jpg", {}, False),
    ("paste", paste, "photo.jpg", {"lossless_jpeg": False}, False),
    ("copy and paste", lambda picture: paste(picture.copy()), "photo.jpg", {}, False),
    ("paste", paste, "photo.png", {}, False),
]
for name, edit, source, options, lost in cases:
    picture = edit(Image.open(source))
    picture.save("out.jxl", **options)
    saved = Image.open("out.jxl").convert("RGB")
    held, found = picture.getpixel((8, 8)), saved.getpixel((8, 8))
    print(f"{name}, {source}, {options}: {picture.size} with {held} is saved as {saved.size} with {found}")
    assert held[0] > 240 and held[2] < 10
    assert (found[0] < 60) == lost, f"{name}, {source}, {options}: saved otherwise now"
    assert (saved.size == picture.size) == (not lost or edit is not shrink)
PYTHON
