"""How near the presets of published recipes come to these: `python benchmarks/published.py`.

Each is compared with an independent reference in double precision (`tests/recipes/published`), on a small network with
the published octaves, steps and rates. Prints a table: steps, the worst score of a step, and the picture's error.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "recipes" / "published"))

from compared import CASES, compared


def main() -> None:
    print("| preset | steps | worst score, relative | picture, relative | worst value of a pixel |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name in CASES:
            both = compared(name, Path(folder))
            errors = f"{both.score_error:.1e} | {both.picture_error:.1e} | {both.worst_pixel:.1e}"
            print(f"| {name} | {len(both.scores)} | {errors} |", flush=True)


if __name__ == "__main__":
    main()
