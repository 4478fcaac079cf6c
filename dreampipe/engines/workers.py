"""A crew of processes on this machine, each with its share of the processors; they have nothing in common but the disk.

    python -m dreampipe.engines.workers     the process of a worker

A worker reads pieces from its stdin, and writes messages to its stdout: pickles, between processes of the same program.
If its stdin ends without a word, its driver is gone, and it ends as after Ctrl-C. It is not of the terminal's group, so
Ctrl-C reaches the driver alone.
"""

from __future__ import annotations

import _thread
import os
import pickle
import platform
import signal
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from typing import IO, Any

from dreampipe.engines.crew import Broken, Died, Message, Piece, Shared, environment, work
from dreampipe.errors import DreampipeError

PATIENCE = 10.0
"""Seconds that a worker has to end by itself."""


@dataclass(frozen=True, eq=False)
class _Hand:
    """A process that works, and the thread that hears it."""

    process: subprocess.Popen[bytes]
    hearing: threading.Thread

    def send(self, value: Any) -> None:
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):  # it has died, which the thread says
            pickle.dump(value, self.process.stdin)
            self.process.stdin.flush()

    def close(self) -> None:
        """Say that no more comes."""
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()


class Workers:
    """Processes of this machine; a `Crew`.

    Args:
        size: their number.
        shared: what they have in common.
    """

    def __init__(self, size: int, shared: Shared) -> None:
        self.size = size
        self._shared = shared
        self._hands: dict[int, _Hand] = {}
        self._heard: Queue[tuple[int, Message]] = Queue(1000)
        self._dismissed = False

    def start(self, worker: int) -> None:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dreampipe.engines.workers"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(self.size),
                start_new_session=True,
            )
        except OSError as error:
            raise DreampipeError(
                f"A worker cannot be started ({error.strerror}): free some memory, or try fewer workers."
            ) from None
        _hold(process, worker, self.size)
        hearing = threading.Thread(target=self._hear, args=(worker, process), name=f"worker {worker}", daemon=True)
        self._hands[worker] = hand = _Hand(process, hearing)
        hearing.start()
        hand.send(self._shared)

    def _hear(self, worker: int, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        try:
            while True:
                self._say(worker, pickle.load(process.stdout))
        except EOFError:  # it has ended
            pass
        except Exception:  # at a torn message pickle raises many kinds of errors
            process.kill()
        code = process.wait()
        process.stdout.close()
        self._hands[worker].close()
        self._say(worker, Died(_describe_end(code)))

    def _say(self, worker: int, message: Message) -> None:
        if not self._dismissed:
            self._heard.put((worker, message))

    def give(self, worker: int, piece: Piece) -> None:
        self._hands[worker].send(piece)

    def listen(self) -> tuple[int, Message]:
        return self._heard.get()

    def dismiss(self) -> None:
        self._dismissed = True
        with suppress(Empty):  # the threads that hear may wait for room
            while True:
                self._heard.get_nowait()
        hands, until = list(self._hands.values()), time.monotonic() + PATIENCE
        try:
            for hand in hands:
                hand.close()
            for hand in hands:
                with suppress(subprocess.TimeoutExpired):
                    hand.process.wait(max(0.0, until - time.monotonic()))
        finally:  # also after a second Ctrl-C
            for hand in hands:
                hand.process.kill()
                hand.process.wait()
                hand.hearing.join()


def _hold(process: subprocess.Popen[bytes], worker: int, size: int) -> None:
    """Hold a worker to its share of the processors, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        here = sorted(os.sched_getaffinity(0))
        first, stop = len(here) * (worker - 1) // size, len(here) * worker // size
        with suppress(OSError):  # it has ended
            os.sched_setaffinity(process.pid, here[first : max(stop, first + 1)])


def _environment(workers: int) -> dict[str, str]:
    """Return the environment of a worker: it finds this very package, and computes with the same backend."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path),
        **environment(workers),
    }


def _describe_end(code: int) -> str:
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with the exit code {code}"


def main() -> None:
    """Work, as the process of a worker."""
    inbox, outbox = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not tear a message
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pieces: Queue[Piece | None] = Queue()
    writing = threading.Lock()

    def send(message: Message) -> None:
        with writing:
            pickle.dump(message, outbox)
            outbox.flush()

    code = 0
    try:
        shared = pickle.load(inbox)
        threading.Thread(target=_read, args=(inbox, pieces), daemon=True).start()
        work(shared, platform.node(), iter(pieces.get, None), send)
    except (KeyboardInterrupt, BrokenPipeError, EOFError):
        code = 130
    except Exception:
        with suppress(OSError):
            send(Broken(traceback.format_exc()))
        code = 1
    os._exit(code)  # what is written is on the disk, and the backend takes long to end


def _read(inbox: IO[bytes], pieces: Queue[Piece | None]) -> None:
    """Read pieces; at the end of them, end this process in good order, or else at once."""
    with suppress(Exception):  # what is torn raises many kinds of errors
        while True:
            pieces.put(pickle.load(inbox))
    threading.Timer(PATIENCE, os._exit, (1,)).start()
    _thread.interrupt_main()
    pieces.put(None)  # wakes a thread that waits, which then sees the interrupt


if __name__ == "__main__":
    main()
