#!/usr/bin/env bash
# OpenEXR's Python module writes other pixels than it was given when the array is a view.
#
# Expected: OpenEXR.File takes NumPy arrays for the channels, so picture[..., 0], a transposed picture
#   or one whose axes were moved is written as it reads. If it cannot be, there is an error, as for float64.
# Seen: OpenEXR 3.5.3 takes the address of the first number, and from there reads as many numbers in a row as
#   the shape says. Where the numbers of the view lie otherwise in memory, the file holds others. The red,
#   green and blue of an ordinary picture, given as picture[..., 0] and so on, all become the numbers of its upper
#   third, with the three colours in turn. A picture of PyTorch with its channels moved to the end is mixed up as
#   a whole. Shape and type are right. It is an open issue (openexr 1929, of 2024).
# Why it hurts: EXR keeps depth, flow, masks and linear light for later steps, which nobody looks at. The range
#   stays as it was, and the mean often too, so a check by statistics passes.
# Instead: np.ascontiguousarray(view) for every channel, or the whole picture as one channel "RGB".
#
# Output seen:
#   OpenEXR 3.5.3, numpy 2.4.6
#   one channel RGB: 0% of the numbers are wrong; range 0.0 to 1.0, given 0.0 to 1.0; mean
#     0.500, given 0.500
#   copies of R, G and B: 0% of the numbers are wrong; range 0.0 to 1.0, given 0.0 to 1.0; mean
#     0.500, given 0.500
#   R, G and B as views: 88% of the numbers are wrong; range 0.0 to 1.0, given 0.0 to 1.0; mean
#     0.387, given 0.500
#   channels moved to the end: 89% of the numbers are wrong; range 0.0 to 1.0, given 0.0 to 1.0;
#     mean 0.500, given 0.500
#   rows and columns exchanged: 65% of the numbers are wrong; range 0.0 to 1.0, given 0.0 to 1.0;
#     mean 0.500, given 0.500
#   every second column: 65% of the numbers are wrong; range 0.0 to 1.0, given 0.0 to 1.0; mean
#     0.415, given 0.497
#   float64: ValueError, as it should
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet OpenEXR==3.5.3 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import OpenEXR

print(f"OpenEXR {OpenEXR.__version__}, numpy {np.__version__}")
rows, columns = np.mgrid[:48, :64].astype(np.float32)
picture = np.stack([rows / 47, columns / 63, np.full_like(rows, 0.5)], axis=-1)  # red down, green across, blue flat
first = np.ascontiguousarray(picture.transpose(2, 0, 1))  # as PyTorch has it


def write_and_read(channels):
    with OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION}, channels) as file:
        file.write("picture.exr")
    with OpenEXR.File("picture.exr", separate_channels=True) as file:
        return {name: channel.pixels.copy() for name, channel in file.channels().items()}


def split(channels):
    return {name: channels[..., index] for index, name in enumerate("RGB")}


cases = {
    "one channel RGB": (picture, {"RGB": picture}, True),
    "copies of R, G and B": (picture, {name: one.copy() for name, one in split(picture).items()}, True),
    "R, G and B as views": (picture, split(picture), False),
    "channels moved to the end": (picture, {"RGB": np.moveaxis(first, 0, -1)}, False),
    "rows and columns exchanged": (picture.transpose(1, 0, 2), {"RGB": picture.transpose(1, 0, 2)}, False),
    "every second column": (picture[:, ::2], {"RGB": picture[:, ::2]}, False),
}
for name, (given, channels, exact) in cases.items():
    read = np.stack([write_and_read(channels)[one] for one in "RGB"], axis=-1)
    assert read.shape == given.shape and read.dtype == given.dtype, f"{name}: another shape or type"
    wrong = np.mean(read != given)
    print(
        f"{name}: {wrong:.0%} of the numbers are wrong; range {read.min():.1f} to {read.max():.1f}, given "
        f"{given.min():.1f} to {given.max():.1f}; mean {read.mean():.3f}, given {given.mean():.3f}"
    )
    assert (wrong == 0) == exact, f"{name}: OpenEXR writes it otherwise now"
    if name == "R, G and B as views":
        beginning = picture.ravel()[: rows.size].reshape(rows.shape)
        assert np.array_equal(read[..., 0], beginning), "red holds something else now"

try:
    write_and_read({"RGB": picture.astype(np.float64)})
except ValueError:
    print("float64: ValueError, as it should")
else:
    raise AssertionError("float64 is written now")
PYTHON
