"""The mirrors of runs: one in use stays, also where its run is on another machine."""

from __future__ import annotations

import subprocess
import sys

from dreampipe.media.locks import lock
from dreampipe.media.storage.addresses import mirrors
from dreampipe.media.storage.staging import stage


def test_the_mirror_of_a_killed_run_goes_and_that_of_a_live_one_stays():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    mirror = mirrors() / f"run-{process.pid}-01234567"
    (mirror / "s3" / "bucket").mkdir(parents=True)
    elsewhere = lock(mirror)  # its number is no process here, as that is on another machine
    assert elsewhere
    with stage([], False, False):
        assert mirror.is_dir()
    elsewhere.release()
    with stage([], False, False):
        assert not mirror.exists()


def test_a_run_holds_its_mirror():
    with stage([], False, False) as staging:
        assert lock(staging.mirror) is None
    assert not list(mirrors().glob("*"))
