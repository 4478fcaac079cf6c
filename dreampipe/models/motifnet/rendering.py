"""A program that writes the training pictures of some numbers to its output: `python -m ... START STOP STEP`.

Each is (SIZE, SIZE, 3) bytes, RGB, without anything before or between them. Rendering is a core's work that threads
cannot share, so `dreampipe.drawings.pictures` runs this once for each core.
"""

from __future__ import annotations

import sys

from dreampipe.models.motifnet.renderer import render

if __name__ == "__main__":
    for number in range(*map(int, sys.argv[1:])):
        sys.stdout.buffer.write(render(number).pixels.tobytes())
        sys.stdout.buffer.flush()
