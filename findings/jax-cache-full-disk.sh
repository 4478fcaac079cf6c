#!/usr/bin/env bash
# Once its disk was full, JAX's bounded compilation cache keeps nothing any more.
#
# Expected: a full disk costs the programs that did not fit. When there is room again,
#   the cache works again.
# Seen: with jax_compilation_cache_max_size set, a write that fails leaves a program
#   that is cut short, without the file of its time of use. From then on JAX 0.10.2 looks
#   for that file before it writes anything, does not find it, and gives up: no program is
#   kept, in any process, until somebody removes the cut one. A process that is killed
#   while it writes leaves the same.
# Why it hurts: each start compiles everything anew, which takes a minute on a GPU, and
#   only a Python warning says why.
# Instead: before the first compilation, remove each *-cache file that has no *-atime file,
#   under the lock file that JAX uses.
#
# Output seen:
#   jax 0.10.2
#   full disk: OSError: [Errno 27] File too large
#   programs kept: 1, of which cut short: 1
#   room again: FileNotFoundError: [Errno 2] No such file or directory: '...-atime'
#   programs kept: 1, of which cut short: 1
#   after the removal: no warning
#   programs kept: 1, of which cut short: 0
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2 filelock==4.3.1 numpy==2.4.6

cat > "$folder/compile.py" <<'PYTHON'
import pathlib
import re
import resource
import sys
import warnings

what, factor, place = sys.argv[1], float(sys.argv[2]), pathlib.Path(sys.argv[3])
import jax
import jax.numpy as jnp

jax.config.update("jax_compilation_cache_dir", str(place))
jax.config.update("jax_compilation_cache_max_size", 10**9)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
x = jnp.ones((8, 8))
program = jax.jit(lambda x: jnp.sin(x @ x) * factor).lower(x)
if what == "full disk":  # each file may have 1,000 bytes
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    program.compile()
told = [str(one.message).split("': ", 1)[1] for one in seen if "writing" in str(one.message)]
print(f"{what}: {re.sub(chr(39) + '.*-atime', chr(39) + '...-atime', told[0]) if told else 'no warning'}")
kept = [path for path in place.glob("*-cache") if "lambda" in path.name]
cut = [path for path in kept if not path.with_name(path.name[:-6] + "-atime").exists()]
print(f"programs kept: {len(kept)}, of which cut short: {len(cut)}")
PYTHON

python="$folder/venv/bin/python"
"$python" -c 'import jax; print(f"jax {jax.__version__}")'
{
  "$python" "$folder/compile.py" "full disk" 1 "$folder/kept"
  "$python" "$folder/compile.py" "room again" 2 "$folder/kept"
  for program in "$folder"/kept/*-cache; do
    [ -e "${program%-cache}-atime" ] || rm "$program"
  done
  "$python" "$folder/compile.py" "after the removal" 2 "$folder/kept"
} | tee "$folder/seen"
[ "$(grep -c 'cut short: 1' "$folder/seen")" = 2 ]
[ "$(grep -c 'room again: FileNotFoundError' "$folder/seen")" = 1 ]
