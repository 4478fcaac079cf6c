"""Equal frames become equal bytes, whatever the memory held before and however many processors there are."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import every_encoder
import numpy as np
import pytest

from dreampipe.media.video.codecs import CODECS
from dreampipe.media.video.coding import Form
from dreampipe.media.video.instructions import instructions

PROGRAM = Path(every_encoder.__file__)
WAYS: dict[str, tuple[dict[str, str], list[str]]] = {
    "plain": ({"MALLOC_PERTURB_": "0"}, []),
    "other memory on one processor": ({"MALLOC_PERTURB_": "85"}, ["--one-processor"]),
    "yet other memory": ({"MALLOC_PERTURB_": "255"}, ["--h264"]),  # the encoder that once read memory that nobody set
    "a processor without AVX2": ({"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"}, ["--h264"]),
}
"""The environment and the arguments of each process."""


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, str]]:
    """What each process has made: the SHA-256 of each case."""
    processes = {
        way: subprocess.Popen(
            [sys.executable, str(PROGRAM), *arguments], env=os.environ | said, stdout=subprocess.PIPE, text=True
        )
        for way, (said, arguments) in WAYS.items()
    }
    return {way: json.loads(process.communicate()[0]) for way, process in processes.items()}


def test_every_pixel_format_of_the_table_is_tried(made: dict[str, dict[str, str]]) -> None:
    tried = {tuple(case.split()[:2]) for case in made["plain"]}
    expected = {(codec.name, format) for codec in CODECS.values() for format in codec.formats}
    assert expected <= tried


@pytest.mark.parametrize("way", [way for way in WAYS if way != "plain"])
def test_equal_frames_become_equal_bytes(made: dict[str, dict[str, str]], way: str) -> None:
    assert {case for case, said in made[way].items() if said != made["plain"][case]} == set()


def test_x264_is_held_to_what_this_processor_has_but_avx_512() -> None:
    chosen = instructions()
    x86 = platform.machine().lower() in {"x86_64", "amd64"}
    assert (chosen in {"AVX2", "AVX", "SSE4.2", "SSSE3", "SSE2"}) == x86
    info = np.show_config(mode="dicts")["SIMD Extensions"]
    assert (chosen == "AVX2") == ("X86_V3" in {*info["found"], *info["baseline"]})


@pytest.mark.skipif(instructions() is None, reason="only x264 on an x86 is held to some")
@pytest.mark.parametrize("name", ["SSSE3", "SSE4.2", "AVX", "AVX2"])
def test_every_choice_of_instructions_gives_the_same_film(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ladder = ["SSE2", "SSSE3", "SSE4.2", "AVX", "AVX2"]
    here = instructions()
    assert here is not None
    if ladder.index(name) > ladder.index(here):
        pytest.skip(f"this processor has {here} at most")
    for form in every_encoder.forms(CODECS["h264"]).values():
        plain = every_encoder.stream(form, None)
        with monkeypatch.context() as patch:
            patch.setattr(Form, "instructions", name)
            assert every_encoder.stream(form, None) == plain
