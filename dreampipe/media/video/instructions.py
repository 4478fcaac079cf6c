"""The instruction sets of the processor that x264 may use: all but AVX-512, with which it is not repeatable.

With AVX-512 the macroblock tree of x264 (in PyAV 18.1) reads memory that nobody has set: equal frames give different
streams from run to run. So x264 is told what to use. It does not check that list against the processor, and crashes on
a set that is missing; numpy has asked the processor, and the system whether it saves the wide registers.

From SSSE3 on, which every x86 processor has that runs numpy 2.4 or TensorFlow, each choice gives the same bits, so a
film may be resumed on another of them. Plain C code and SSE2 give other bits in films of 8 bits, because x264 then
searches intra modes by a shortcut; they take four times as long, too.
"""

from __future__ import annotations

import platform

import numpy as np

_X86 = {"x86_64", "amd64", "i386", "i686", "x86"}
_SETS = (("X86_V3", "AVX2"), ("AVX", "AVX"), ("X86_V2", "SSE4.2"), ("SSE42", "SSE4.2"), ("SSSE3", "SSSE3"))
"""Numpy's name and x264's, the best first; x264 takes the lesser sets along. For AVX2 it takes FMA3, BMI2 and LZCNT
along too, and of numpy's names X86_V3 alone promises them."""
_BASE = "SSE2"
"""Part of every x86 processor of 64 bits."""


def instructions() -> str | None:
    """The best set that this processor has, by x264's name; None where x264 has nothing to avoid (not an x86)."""
    if platform.machine().lower() not in _X86:
        return None
    config = np.show_config(mode="dicts") or {}
    known = config.get("SIMD Extensions", {})
    found = {*known.get("baseline", ()), *known.get("found", ())}
    return next((ours for theirs, ours in _SETS if theirs in found), _BASE)
