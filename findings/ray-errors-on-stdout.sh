#!/usr/bin/env bash
# Ray prints the death of a worker on the program's stdout, with log_to_driver=False and the log level at CRITICAL.
#
# Expected: `log_to_driver=False` and `logging_level=CRITICAL` keep Ray's own lines away, or at least on stderr; the
#   program learns of the death by an exception.
# Seen: Ray 2.60.0 raises RayActorError, as it should, and also prints "(raylet) A worker died or was killed while
#   executing a task by an unexpected system error ..." in colours, some seconds later, on stdout, which is a pipe.
# Why it hurts: a program whose stdout is data, such as JSON lines or a CSV, writes a line that no reader can parse,
#   only where a worker is killed, so no test without a kill finds it.
# Instead: give the data a file descriptor of its own: `os.dup(1)` before `ray.init`, and then `os.dup2(2, 1)`.
#
# Output seen:
#   ray 2.60.0
#   RayActorError was raised; stdout of the program, which printed nothing: 1 line
#   (raylet) A worker died or was killed while executing a task by an unexpected system error.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ray==2.60.0 "setuptools<81"

cat > "$folder/program.py" <<'PYTHON'
import logging
import os
import signal
import sys
import time

import ray

ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.CRITICAL)


@ray.remote
class Worker:
    def number(self):
        return os.getpid()

    def wait(self):
        time.sleep(60)


worker = Worker.remote()
number = ray.get(worker.number.remote())
waiting = worker.wait.remote()
time.sleep(1)
os.kill(number, signal.SIGKILL)
try:
    ray.get(waiting)
    sys.exit("the killed worker answered")
except ray.exceptions.RayActorError:
    time.sleep(5)  # the line comes later
ray.shutdown()
PYTHON

"$folder/venv/bin/python" -c 'import ray; print("ray", ray.__version__)'
RAY_USAGE_STATS_ENABLED=0 RAY_TMPDIR="$folder" "$folder/venv/bin/python" "$folder/program.py" > "$folder/stdout" 2> "$folder/stderr"
lines=$(grep -c . "$folder/stdout" || true)
echo "RayActorError was raised; stdout of the program, which printed nothing: $lines line"
sed 's/\x1b\[[0-9;]*m//g' "$folder/stdout" | cut -d. -f1 | sed 's/$/./'
grep -q "A worker died or was killed" "$folder/stdout"
