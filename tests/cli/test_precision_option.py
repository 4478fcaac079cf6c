"""`--precision`: refused where the processor has none, recorded as it was, and unknown to explanations and attacks."""

from __future__ import annotations

import json
import re

import pytest

from dreampipe import backend
from dreampipe.backend import choosing
from dreampipe.media import read_record
from dreampipe.models.precision import has_bfloat16

LIMIT = "ONEDNN_MAX_CPU_ISA"
"""The variable that keeps the library that computes from bfloat16, as an older processor would."""
REFUSED = (
    "precision came as bfloat16, but this processor does not compute in it (that takes AMX or AVX512-BF16): take "
    "float32, or auto, which chooses."
)


@pytest.mark.parametrize("words", [("dream", "pictures", "out"), ("visualize", "mixed2[3]", "new.png")])
def test_bfloat16_without_the_processor_for_it_is_one_sentence(call, pictures, monkeypatch, words):
    monkeypatch.setenv(LIMIT, "AVX2")
    monkeypatch.chdir(pictures.parent)
    result = call(*words, "--precision", "bfloat16")
    assert result.exit_code == 2 and result.stdout == ""
    assert REFUSED in " ".join(result.stderr.split())
    assert [path.name for path in pictures.parent.iterdir()] == ["pictures"]


@pytest.mark.parametrize("command", ["explain", "attack"])
def test_explanations_and_attacks_have_no_precision(call, pictures, command):
    result = call(command, pictures / "a.png", pictures / "b.png", "--precision", "auto")
    assert result.exit_code == 2 and "--precision" in result.stderr


def test_auto_is_recorded_as_what_was_used_and_used_again(call, quick, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = "bfloat16" if has_bfloat16() else "float32"
    out, again = tmp_path / "out.png", tmp_path / "again.png"
    assert call("dream", pictures / "a.png", out, *quick, "--precision", "auto").exit_code == 0
    assert json.loads(read_record(out))["recipe"]["precision"] == here
    given = ("--input", pictures / "a.png", "--set", f"model={quick[1]}")
    result = call("rerun", out, again, *given)
    assert (result.exit_code, result.stdout) == (0, "the pixels are the same\n")
    monkeypatch.setenv(LIMIT, "AVX2")
    result = call("rerun", out, again, *given, "--overwrite")
    assert result.exit_code == 0
    assert ("pixels may differ" in result.stderr) == (here == "bfloat16")
    assert json.loads(read_record(again))["recipe"]["precision"] == "float32"


def test_a_record_of_tf32_where_a_processor_computes_says_what_makes_it_again(
    call, quick, pictures, tmp_path, monkeypatch
):
    """There is the driver of a GPU, so only the backend knows."""
    if "GPU" in backend.device():
        pytest.skip("here a GPU computes in it")
    monkeypatch.setattr(choosing, "DRIVERS", (tmp_path,))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    out, record = tmp_path / "out.bmp", tmp_path / "out.bmp.dream.json"
    assert call("dream", pictures / "a.png", out, *quick).exit_code == 0
    held = json.loads(record.read_text())
    held["recipe"]["precision"] = "tf32"
    record.write_text(json.dumps(held))
    words = ("rerun", record, tmp_path / "again.bmp", "--input", pictures / "a.png", "--set", f"model={quick[1]}")
    refused = call(*words)
    assert refused.exit_code != 0 and not (tmp_path / "again.bmp").exists()
    sentence = r"precision came as tf32, but \w+ computes on the CPU here, .*: add --set precision=float32\.$"
    assert re.search(sentence, " ".join(refused.stderr.split()))
    assert call(*words, "--set", "precision=float32").exit_code == 0
