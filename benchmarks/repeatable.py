"""What it costs to make the same every time: `python benchmarks/repeatable.py [--film FILM] [--frames 48] ...`.

    dream  for each installed backend whether two processes dream the same bits, and their seconds: as usual, with
           --repeatable, and on JAX also with XLA's deterministic kernels (max pooling has none). They differ only on
           a GPU. `--dreams` leaves out the rest
    x264   CPU seconds and bytes with every instruction set of the processor, with those that dreampipe allows, in plain
           C code, and without the macroblock tree
    avif   seconds for a still of 12 million pixels with a thread for each processor, and with one

CPU seconds count all threads. Wall time depends on what else the machine does: run nothing beside it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import clip
import cv2
import numpy as np
from PIL import Image

from dreampipe.backend.choosing import REPEATABLE, installed
from dreampipe.media.video.codecs import CODECS
from dreampipe.media.video.coding import Form
from dreampipe.media.video.info import Colour
from dreampipe.media.video.instructions import instructions

ROOT = Path(__file__).parents[1]
ROUNDS = 3
STILL = (3000, 4000)


WAYS = {"as usual": {}, "--repeatable": {REPEATABLE: "1"}}
XLA = {"xla_gpu_deterministic_ops": {"XLA_FLAGS": "--xla_gpu_deterministic_ops=true"}}
DREAM = """
import hashlib, time, cv2, dreampipe
from dreampipe import backend
picture = cv2.imread("samples/sea.jpg")[..., ::-1] / 255
picture = cv2.resize(picture, (320, 240), interpolation=cv2.INTER_AREA).astype("float32")
dreampipe.dream(picture)
start = time.perf_counter()
dreamed = dreampipe.dream(picture)
print(hashlib.sha256(dreamed.tobytes()).hexdigest(), time.perf_counter() - start, backend.device(), sep="|")
"""


def dreams() -> None:
    """Prints a line for each backend and way."""
    for name in installed():
        for way, variables in {**WAYS, **(XLA if name == "jax" else {})}.items():
            settings = {REPEATABLE: "", "KERAS_BACKEND": name, "PYTHONPATH": str(ROOT), **variables}
            rows = []
            for _ in range(2):
                words = (sys.executable, "-c", DREAM)
                ran = subprocess.run(words, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True)
                if ran.returncode:
                    print(f"{name}, {way}: fails ({ran.stderr.strip().splitlines()[-1][:120]})", flush=True)
                    break
                rows.append(ran.stdout.splitlines()[-1].split("|"))
            else:
                same = "the same bits" if rows[0][0] == rows[1][0] else "other bits"
                seconds = min(float(row[1]) for row in rows)
                print(f"{name} on {rows[0][2]}, {way}: {same} in two processes, {seconds:.2f} s", flush=True)


def encoded(film: Path, count: int, parameters: str) -> tuple[float, int]:
    """CPU seconds, and the bytes, of the first frames of a film as H.264; parameters are x264's own."""
    with av.open(str(film)) as container:
        frames = [frame for _, frame in zip(range(count), container.decode(video=0), strict=False)]
    width, height = frames[0].width, frames[0].height
    form = Form(CODECS["h264"], "yuv420p", width, height, 0, False, Fraction(1), Colour(1, 1, 1, 1), Fraction(24), 18)
    context = av.VideoCodecContext.create("libx264", "w")
    form.configure(context)
    kept = {name: said for name, said in context.options.items() if name != "x264-params"}
    context.options = {**kept, **({"x264-params": parameters} if parameters else {})}
    began, size = time.process_time(), 0
    for at, frame in enumerate(frames):
        frame.pts, frame.time_base = at, 1 / form.rate
        size += sum(packet.size for packet in context.encode(frame))
    size += sum(packet.size for packet in context.encode(None))
    return time.process_time() - began, size


def x264(film: Path, count: int) -> None:
    """Prints a line for each way to encode; the ways take turns."""
    ours = f"asm={instructions()}" if instructions() else ""
    ways = {"every set": "", f"ours ({ours})": ours, "plain C": "asm=0", "no tree": "mbtree=0"}
    rounds = [{way: encoded(film, count, said) for way, said in ways.items()} for _ in range(ROUNDS)]
    least = {way: min(found[way][0] for found in rounds) for way in ways}
    for way in ways:
        share = least[way] / least["every set"]
        print(f"{way}: {least[way]:.2f} CPU s ({share:.2f}), {rounds[0][way][1]} bytes")


def avif() -> None:
    """Prints seconds for a still of smooth noise, in turns."""
    noise = np.random.default_rng(5)
    height, width = STILL
    scales = [noise.random((height // scale, width // scale, 3), np.float32) for scale in (4, 8, 16, 64)]
    pixels = sum(cv2.resize(scale, (width, height), interpolation=cv2.INTER_CUBIC) for scale in scales)
    still = Image.fromarray(cv2.normalize(np.asarray(pixels), None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8))  # type: ignore[call-overload]
    for threads in (os.cpu_count() or 1, 1):
        wall, cpu = time.perf_counter(), time.process_time()
        still.save(BytesIO(), "AVIF", quality=90, subsampling="4:4:4", max_threads=threads)
        print(f"{threads} threads: {time.perf_counter() - wall:.1f} s, {time.process_time() - cpu:.1f} CPU s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", type=Path, help="what is encoded; without it, the rendered clip")
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--size", type=clip.size_of, default=(1280, 720), metavar="WIDTHxHEIGHT")
    parser.add_argument("--dreams", action="store_true", help="leave out what is not dreamed")
    options = parser.parse_args()
    dreams()
    if options.dreams:
        return
    with tempfile.TemporaryDirectory() as folder:
        film = options.film or Path(folder) / "clip.mp4"
        if options.film is None:
            clip.write(film, options.frames, options.size)
        x264(film, options.frames)
    avif()


if __name__ == "__main__":
    main()
