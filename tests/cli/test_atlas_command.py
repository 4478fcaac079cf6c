"""`dreampipe atlas`: the sheet, the page, and a run that was killed and goes on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest
from known import known

import dreampipe

pty = pytest.importorskip("pty", reason="needs a POSIX terminal")


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A model with a layer `many` of 40 channels, of which channel 2 never fires."""
    from dreampipe.backend import keras

    keras.utils.set_random_seed(7)
    image = keras.Input((None, None, 3))
    bias = keras.initializers.Constant(np.where(np.arange(40) == 2, -1000, 0))
    layer = keras.layers.Conv2D(40, 3, padding="same", activation="relu", bias_initializer=bias, name="many")
    path = tmp_path_factory.mktemp("wide") / "wide.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Model(image, layer(image)).save(path)
    known(path)
    return path


@pytest.fixture
def settings(wide):
    return {"model": str(wide), "scaling": "unit", "size": 24, "steps": 4}


@pytest.fixture
def words(settings):
    return tuple(word for name, value in settings.items() for word in (f"--{name}", str(value)))


def read(path):
    (frame,) = dreampipe.read(path)
    return np.rint(frame.pixels * 255)


def test_what_is_written_is_the_library_s_sheet(call, words, settings, tmp_path):
    result = call("atlas", "many", tmp_path / "new" / "out.png", *words, "--channels", "3-6,0")
    assert (result.exit_code, result.stderr) == (0, "1/1 many 3 to 0: drawn\n")
    assert result.stdout == f"{tmp_path / 'new' / 'out.png'}\n"
    expected = dreampipe.atlas("many", **settings, channels="3-6,0")
    assert np.array_equal(read(tmp_path / "new" / "out.png"), expected)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.png"]


def test_a_page_has_an_anchor_for_every_channel(call, words, pictures, tmp_path):
    more = ("--channels", "0-3,7", "--pictures", pictures, "--exemplars", "2")
    result = call("atlas", "many", tmp_path / "out.html", *words, *more)
    assert result.exit_code == 0
    page = (tmp_path / "out.html").read_text()
    assert re.findall(r'<figure id="([^"]*)"', page) == [f"channel-{unit}" for unit in (0, 1, 2, 3, 7)]
    assert "<title>many of wide</title>" in page
    assert set(re.findall(r'alt="[^"]*?([abc])\.png"', page)) <= set("abc") and 'class="beside"' in page


def test_a_channel_that_never_fires_is_noted(call, words, tmp_path):
    result = call("atlas", "many", tmp_path / "out.html", *words, "--channels", "1-3")
    assert result.stderr.splitlines()[-1] == "Note: 2 of many never fired, so there is nothing of them to see."
    assert "2 never fires" in (tmp_path / "out.html").read_text()
    assert call("atlas", "many", tmp_path / "o.png", *words, "--channels", "1-3", "--quiet").stderr == ""


def test_what_is_there_is_replaced_only_when_told_so(call, words, tmp_path):
    out = tmp_path / "out.html"
    out.write_text("somebody's")
    refused = call("atlas", "many", out, *words, "--channels", "0")
    assert (refused.exit_code, refused.stderr) == (2, f"Error: {out} exists: give another name, or --overwrite.\n")
    assert out.read_text() == "somebody's"
    assert call("atlas", "many", out, *words, "--channels", "0", "--overwrite").exit_code == 0


def test_a_folder_without_pictures_ends_it_before_it_climbs(call, words, tmp_path):
    (tmp_path / "empty").mkdir()
    result = call("atlas", "many", tmp_path / "out.png", *words, "--pictures", tmp_path / "empty")
    assert result.exit_code == 2
    assert "holds no pictures" in result.stderr and not (tmp_path / "out.png").exists()


def killed_on_a_terminal(words, until: str) -> int:
    """Run the command on a terminal and kill it once it shows these words; the exit code."""
    terminal, end = pty.openpty()
    shown = b""
    program = [sys.executable, "-m", "dreampipe", *map(str, words)]
    with subprocess.Popen(program, stderr=end, stdout=subprocess.DEVNULL) as process:
        os.close(end)
        while True:
            try:
                came = os.read(terminal, 65536)
            except OSError:  # Linux says so when the last writer is gone
                came = b""
            shown += came
            if not came:
                break
            if until.encode() in shown:
                process.kill()
    os.close(terminal)
    return process.returncode


def test_killed_after_a_batch_then_run_again(call, words, tmp_path):
    out, at_once = tmp_path / "out.png", tmp_path / "at once.png"
    words = [*words, "--steps", "60"]
    assert killed_on_a_terminal(("atlas", "many", out, *words), "1/3  many 16 to 31, step") == -signal.SIGKILL
    stored = sorted(path.name for path in (tmp_path / ".out.png.parts").glob("*.npz"))
    assert stored[0].endswith("-0-15.npz") and len(stored) < 3 and not out.exists()

    resumed = call("atlas", "many", out, *words)
    assert resumed.exit_code == 0
    left = 3 - len(stored)
    assert f"{left}/{left} many 32 to 39: drawn" in resumed.stderr.splitlines()
    assert "many 0 to 15" not in resumed.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]

    assert call("atlas", "many", at_once, *words, "--quiet").exit_code == 0
    assert np.array_equal(read(out), read(at_once))
