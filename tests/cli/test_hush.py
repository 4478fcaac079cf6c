from __future__ import annotations

import os

import pytest

from dreampipe.cli.hush import hush


def test_what_is_written_below_python_is_hidden_and_only_then(capfd):
    os.write(2, b"before ")
    with hush():
        os.write(2, b"chatter ")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


def test_what_was_hidden_is_shown_when_it_fails(capfd):
    with pytest.raises(ImportError), hush():
        os.write(2, b"no such library")
        raise ImportError
    assert capfd.readouterr().err == "no such library"
