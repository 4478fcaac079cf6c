"""The instruction sets of the processor that x264 may use: all but AVX-512, with which it is not repeatable.

With AVX-512 the macroblock tree of x264 (in PyAV 18.1) reads memory that nobody has set, so equal frames give different
streams from run to run. We therefore name the sets that x264 uses. It does not check them against the processor and
crashes on a missing one; numpy has asked the processor, and also whether the system saves the wide registers.

From SSSE3 up every choice gives the same bits, so another x86 processor can resume a film. Plain C (four times as slow)
and SSE2 give other bits in films of 8 bits, but numpy 2.4 and TensorFlow run on no processor without SSSE3.
"""

from __future__ import annotations

import platform

import numpy as np

_X86 = {"x86_64", "amd64", "i386", "i686", "x86"}
_SETS = (("X86_V3", "AVX2"), ("AVX", "AVX"), ("X86_V2", "SSE4.2"), ("SSE42", "SSE4.2"), ("SSSE3", "SSSE3"))
"""Numpy's name and x264's, the best first; each includes those below it. x264's AVX2 also includes FMA3, BMI2 and
LZCNT, and X86_V3 is numpy's only name that promises them."""
_BASE = "SSE2"
"""Every x86 processor of 64 bits has it."""


def instructions() -> str | None:
    """x264's name of the best set that this processor has; None on other kinds, where x264 has nothing to avoid."""
    if platform.machine().lower() not in _X86:
        return None
    config = np.show_config(mode="dicts") or {}
    known = config.get("SIMD Extensions", {})
    found = {*known.get("baseline", ()), *known.get("found", ())}
    return next((ours for theirs, ours in _SETS if theirs in found), _BASE)
