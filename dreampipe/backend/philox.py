"""Random numbers drawn on the host, the same on every backend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array

Words = npt.NDArray[np.uint32]
_ROUNDS = 10
_FACTORS = np.array([0xD2511F53, 0xCD9E8D57], np.uint64)
_WEYL = np.array([0x9E3779B9, 0xBB67AE85], np.uint32)
_FIRST_KEY = np.array([0x3EC8F720, 0x02461E29], np.uint32)


def normal(shape: Sequence[int], seed: Sequence[int]) -> Array:
    """Draw normally distributed numbers as tensorflow's `stateless_normal` does on a processor, to within rounding.

    Philox counts, and the method of Box and Muller makes two numbers of two. Sources: Salmon, Moraes, Dror and Shaw
    2011, "Parallel random numbers: as easy as 1, 2, 3"; Box and Muller 1958, "A note on the generation of random normal
    deviates".

    Args:
        shape: of the result.
        seed: two whole numbers.
    """
    count = int(np.prod(shape))
    words = np.array([seed[0], 0, seed[1], 0], np.uint32)[None]
    mixed = _philox(words, _FIRST_KEY)[0]
    counters = np.zeros((-(-count // 4), 4), np.uint32)
    counters[:, 0] = np.arange(len(counters))
    counters[:, 2:] = mixed[2:]
    drawn = _philox(counters, mixed[:2]).reshape(-1, 2)
    # 23 bits of each as a number from 0 to 1, by way of the numbers from 1 to 2.
    unit = ((drawn & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000)).view(np.float32) - np.float32(1)
    angle = np.float32(2 * np.pi) * unit[:, 1]
    distance = np.sqrt(np.float32(-2) * np.log(np.maximum(unit[:, 0], np.float32(1e-7))))
    made = np.stack([np.sin(angle) * distance, np.cos(angle) * distance], axis=1)
    return np.ascontiguousarray(made.reshape(-1)[:count].reshape(tuple(shape)), np.float32)


def _philox(counters: Words, key: Words) -> Words:
    """Scramble counters (count, 4) with a key (2,)."""
    key = key.copy()
    for _ in range(_ROUNDS):
        products = counters[:, ::2].astype(np.uint64) * _FACTORS
        high, low = (products >> np.uint64(32)).astype(np.uint32), products.astype(np.uint32)
        left = high[:, 1] ^ counters[:, 1] ^ key[0]
        right = high[:, 0] ^ counters[:, 3] ^ key[1]
        counters = np.stack([left, low[:, 1], right, low[:, 0]], axis=1)
        key += _WEYL
    return counters
