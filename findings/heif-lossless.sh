#!/usr/bin/env bash
# pillow-heif's recipe for lossless files is not lossless, and darkens 16-bit white.
#
# Expected: quality=-1 with chroma=444 is documented as lossless, so the pixels come back
#   as they were. A 16-bit picture is stored with fewer bits, but white stays white.
# Seen: only the HEVC part is lossless. Before it, the picture goes through 8-bit YCbCr:
#   a pixel is off by 1, and with quality=-1 alone, which also subsamples the colours, by
#   23. A 16-bit grey picture is read back shifted up without filling the low bits:
#   65535 becomes 65472.
# Why it hurts: HEIF is chosen as the small lossless archive of photographs and dreams;
#   a second run from the archive starts from other pixels. White that is not the largest
#   number gets a tint in compositing, and a mask of "exactly white" finds nothing.
# Instead: add matrix_coefficients=0: the three together are exact for 8-bit RGB. Use
#   PNG, TIFF or lossless JPEG XL for 16 bits.
#
# Output seen:
#   pillow-heif 1.8.1, libheif 1.23.6, pillow 13.0.0
#   8-bit colour, {'quality': -1}: off by up to 23
#   8-bit colour, {'quality': -1, 'chroma': 444}: off by up to 1
#   8-bit colour, {'quality': -1, 'chroma': 444, 'matrix_coefficients': 0}: off by up to 0
#   16-bit grey, quality -1: 0 to 65535 comes back as 0 to 65472
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow-heif==1.8.1 pillow==13.0.0 numpy==2.4.6

"$folder/venv/bin/python" - <<'PYTHON'
import io

import numpy as np
import PIL
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
print(f"pillow-heif {pillow_heif.__version__}, libheif {pillow_heif.libheif_version()}, pillow {PIL.__version__}")


def save_and_load(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "HEIF", **options)
    return np.array(Image.open(file)).astype(int)


rows, columns = np.mgrid[:64, :64] / 63
waves = [np.sin(9 * rows + 7 * columns), np.cos(11 * rows), np.sin(13 * columns - 5 * rows)]
colour = np.stack([127.5 + 120 * wave for wave in waves], axis=-1).round().astype(np.uint8)

cases = [
    ({"quality": -1}, False),
    ({"quality": -1, "chroma": 444}, False),
    ({"quality": -1, "chroma": 444, "matrix_coefficients": 0}, True),
]
for options, exact in cases:
    loss = int(np.abs(save_and_load(colour, **options) - colour).max())
    print(f"8-bit colour, {options}: off by up to {loss}")
    assert (loss == 0) == exact, f"{options} behaves otherwise now"

grey = np.linspace(0, 65535, 64 * 64).round().astype(np.uint16).reshape(64, 64)
back = save_and_load(grey, quality=-1)
print(f"16-bit grey, quality -1: {grey.min()} to {grey.max()} comes back as {back.min()} to {back.max()}")
assert back.max() == 65472, "white comes back otherwise now"
PYTHON
