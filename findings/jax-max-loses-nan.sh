#!/usr/bin/env bash
# jax.numpy.max and min lose a NaN in arrays of 4,096 numbers and more.
#
# Expected: the maximum of an array with a NaN is NaN, as in NumPy and PyTorch;
#   jnp.nanmax is there to ignore it. So max(abs(x)) is a cheap check for "did it blow up".
# Seen: JAX 0.10.2 on CPU does so up to 4,095 numbers. From 4,096 on the NaN vanishes: the
#   maximum of zeros and one NaN is 0, and with the NaN in the last place it can even
#   be -inf. sum and mean keep the NaN. Rows of a matrix behave like single arrays.
# Why it hurts: every picture and every layer of a network is larger than that. A check
#   by maximum passes, a normalization by maximum spreads or hides the NaN, and small
#   unit tests stay green.
# Instead: test jnp.isfinite(x).all(), or look at the sum.
#
# Output seen:
#   jax 0.10.2, numpy 2.4.6
#   1000 numbers, NaN at 11: max nan, min nan, sum nan; NumPy max nan
#   1000 numbers, NaN at 999: max nan, min nan, sum nan; NumPy max nan
#   4095 numbers, NaN at 11: max nan, min nan, sum nan; NumPy max nan
#   4095 numbers, NaN at 4094: max nan, min nan, sum nan; NumPy max nan
#   4096 numbers, NaN at 11: max 0.0, min 0.0, sum nan; NumPy max nan
#   4096 numbers, NaN at 4095: max -inf, min inf, sum nan; NumPy max nan
#   50000 numbers, NaN at 11: max 0.0, min 0.0, sum nan; NumPy max nan
#   50000 numbers, NaN at 49999: max 0.0, min 0.0, sum nan; NumPy max nan
#   a picture scaled by its largest value: 1 NaN of 12288
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import jax
import jax.numpy as jnp
import numpy as np

print(f"jax {jax.__version__}, numpy {np.__version__}")
for count in (1000, 4095, 4096, 50000):
    for place in (11, count - 1):
        numbers = np.zeros(count, np.float32)
        numbers[place] = np.nan
        biggest, smallest = float(jnp.max(numbers)), float(jnp.min(numbers))
        total, numpy = float(jnp.sum(numbers)), float(np.max(numbers))
        print(f"{count} numbers, NaN at {place}: max {biggest}, min {smallest}, sum {total}; NumPy max {numpy}")
        assert np.isnan(numpy) and np.isnan(total), "NumPy's max or JAX's sum lose the NaN now"
        assert np.isnan(biggest) == (count < 4096), f"max of {count} numbers answers otherwise now"
        assert np.isnan(smallest) == (count < 4096), f"min of {count} numbers answers otherwise now"

picture = np.random.default_rng(0).normal(size=(1, 64, 64, 3)).astype(np.float32)
picture[0, 5, 7, 1] = np.nan
scaled = picture / jnp.max(jnp.abs(picture))
print(f"a picture scaled by its largest value: {int(jnp.isnan(scaled).sum())} NaN of {scaled.size}")
assert int(jnp.isnan(scaled).sum()) == 1, "the scale is NaN now"
assert not bool(jnp.isfinite(picture).all()), "isfinite loses the NaN too"
PYTHON
