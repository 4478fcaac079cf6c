"""scikit-learn's NMF of the activations that `concepts.py nmf FILE` has planted; needs scikit-learn alone.

python benchmarks/peers/nmf_sklearn.py FILE
"""

from __future__ import annotations

import sys
import time

import numpy as np
from sklearn.decomposition import NMF


def main(file: str) -> None:
    rows = np.load(file)
    begun, spent = time.perf_counter(), time.process_time()
    model = NMF(10, random_state=0)
    found = model.fit_transform(rows)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - spent
    missed = np.linalg.norm(rows - found @ model.components_) / np.linalg.norm(rows)
    print(f"scikit-learn: {seconds:.1f} s, {cpu:.1f} s of CPU, missed {missed:.5f}")


if __name__ == "__main__":
    main(sys.argv[1])
