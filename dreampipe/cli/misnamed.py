"""The answer to an option that a command does not have: the setting that the word means, if it is known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dreampipe.errors import RecipeError, brief, nearest
from dreampipe.recipes.synonyms import SYNONYMS, plain, translate

_SINGLE = re.compile(r"-[A-Za-z][\w:-]+")
"""A long option with a single dash, as ImageMagick, ffmpeg and neural-dream write it."""


def check_dashes(command: str, params: Sequence[Any], words: Sequence[str]) -> None:
    """Raise RecipeError for a known word with a single dash, which would be read as several short options."""
    known = known_settings(params)
    own = {option for param in params for option in (*param.opts, *param.secondary_opts)}
    for word in words[: words.index("--")] if "--" in words else words:
        name = plain(word)
        if _SINGLE.fullmatch(word) and word not in own and (name in known or name in SYNONYMS):
            raise RecipeError(answer(command, params, word))


def answer(command: str, params: Sequence[Any], word: str) -> str:
    """Write the sentence on an option that a command does not have.

    Args:
        command: its name.
        params: its parameters.
        word: the option as it came, with its dashes.
    """
    known, came = known_settings(params), word.partition("=")[0]
    advice = translate(came, known)
    if advice is None:
        advice = nearest(f"--{plain(came).replace('_', '-')}", [text for text in known.values() if text[0] == "-"])
    return f"{brief(came)} is no option of {command}: {advice}."


def known_settings(params: Sequence[Any]) -> Mapping[str, str]:
    """Return the options and arguments of a command by the names of settings, each as a user writes it."""
    found = {}
    for param in params:
        if param.param_type_name == "argument":
            found[param.name] = f"the argument {param.metavar or param.name.upper()}"
        else:
            options = sorted((*param.opts, *param.secondary_opts), key=len)
            found |= {plain(option): option for option in options if option.startswith("--")}
    return found
