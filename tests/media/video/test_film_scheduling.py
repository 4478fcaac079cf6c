"""No film makes this process a real-time one, as SVT-AV1 4.1 does to the thread that opens it (PyAV 18.1, root)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from written import frames_of, info_of, survey_of

from dreampipe.media.video import Encoding, target_of

MAY = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"


@pytest.fixture(scope="module")
def privileged() -> None:
    tried = subprocess.run([sys.executable, "-c", MAY], capture_output=True)
    if tried.returncode:
        pytest.skip("this process may not become a real-time one")


def policies() -> set[int]:
    return {os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")}


@pytest.mark.usefixtures("privileged")
@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "vp9"])
def test_every_thread_keeps_its_scheduling(codec: str, tmp_path: Path) -> None:
    before = policies()
    target = target_of(tmp_path / "film.mp4", info_of(), Encoding(codec))
    with target.segment(tmp_path / "segment", survey_of(), 0) as add:
        for frame in frames_of():
            add(frame)
            assert policies() == before
    target.join([tmp_path / "segment"], survey_of())
    assert policies() == before
