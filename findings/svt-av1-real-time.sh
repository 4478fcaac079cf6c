#!/usr/bin/env bash
# Opening FFmpeg's SVT-AV1 encoder makes the calling thread, and all that it starts later, real-time threads.
#
# Expected: an encoder may choose the priority of its own threads; the thread of the program that opens it stays as
#   it is.
# Seen: PyAV 18.1.0 (SVT-AV1 4.1), as root or with CAP_SYS_NICE: after `open` the calling thread has the policy
#   SCHED_FIFO with priority 99, also after the encoder is closed. Threads that are started later inherit that, those
#   of numpy, TensorFlow or a server too. x264, x265 and VP9 change nothing. Nothing is printed.
# Why it hurts: on virtual machines, in notebooks and in containers with that right, programs often run as root. From
#   the first AV1 film on, all that the program computes comes before everything else on the machine: the shell, the
#   heartbeat of the cluster and the other workers starve, and nobody looks for it in an encoder.
# Instead: note `os.sched_getscheduler(0)` before, and set it again after opening the encoder, for each thread in
#   /proc/self/task; or encode in a process of its own.
#
# Output seen:
#   PyAV 18.1.0
#   libx264: before 0, after 0, a new thread 0
#   libx265: before 0, after 0, a new thread 0
#   libvpx-vp9: before 0, after 0, a new thread 0
#   libsvtav1: before 0, after 1, a new thread 1
set -euo pipefail

python3 -c "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))" 2>/dev/null || {
    echo "This needs the right to use real-time policies: run it as root." >&2
    exit 2
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6

SVT_LOG=0 "$folder/venv/bin/python" - <<'PYTHON'
import os
from fractions import Fraction
from threading import Thread

import av
import numpy as np

print("PyAV", av.__version__)
seen = {}
for name in ("libx264", "libx265", "libvpx-vp9", "libsvtav1"):
    before = os.sched_getscheduler(0)
    encoder = av.CodecContext.create(name, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 64, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 24), Fraction(24)
    if name == "libx265":
        encoder.options = {"x265-params": "log-level=none"}
    encoder.open()
    frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24").reformat(format="yuv420p")
    frame.pts = 0
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    assert packets
    del encoder
    inherited = []
    thread = Thread(target=lambda: inherited.append(os.sched_getscheduler(0)))
    thread.start()
    thread.join()
    seen[name] = before, os.sched_getscheduler(0), inherited[0]
    print(f"{name}: before {before}, after {seen[name][1]}, a new thread {inherited[0]}")
OTHER, FIFO = os.SCHED_OTHER, os.SCHED_FIFO
assert all(seen[name] == (OTHER, OTHER, OTHER) for name in ("libx264", "libx265", "libvpx-vp9")), seen
assert seen["libsvtav1"] == (OTHER, FIFO, FIFO), seen
PYTHON
