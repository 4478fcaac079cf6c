"""Private folders for copies of model files: `scratch_folder()`, gone after the block, and swept after a kill.

The name of a folder says which process uses it and when that began, so that a folder left by a killed process can be
told from one in use. Nothing else in the system's temporary folder is touched.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from dreampipe.errors import ModelError
from dreampipe.media.owner import is_running

_NAME = re.compile(r"dreampipe-model-(\d{1,10})-(\d{1,12})-[a-z0-9_]{8}")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder that only this user can read, for the block alone.

    Raises:
        ModelError: the system's temporary folder cannot be written; the text is a clause about "it", the model.
    """
    prefix = f"dreampipe-model-{os.getpid()}-{int(psutil.Process().create_time())}-"
    try:
        place = Path(tempfile.gettempdir())
        _sweep(place)
        made = tempfile.TemporaryDirectory(prefix=prefix, dir=place, ignore_cleanup_errors=True)
    except OSError as error:
        raise ModelError(
            f"it is opened from a copy, and the temporary folder cannot take one ({error.strerror or error}): make "
            "room there, or name another folder by TMPDIR."
        ) from None
    with made as folder:
        yield Path(folder)


def _sweep(place: Path) -> None:
    """Remove the folders of this user whose process is gone."""
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            match = _NAME.fullmatch(entry.name)
            if match and _is_own_folder(entry) and not is_running(int(match[1]), int(match[2])):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_own_folder(entry: os.DirEntry[str]) -> bool:
    """Say whether it is a folder of this user, and no link to one."""
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and (not hasattr(os, "geteuid") or status.st_uid == os.geteuid())
