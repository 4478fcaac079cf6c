"""Limits of a model's configuration, checked before it is read as a graph; no keras here.

A few hundred bytes can ask for years: models within models, each called twice, double from level to level. So calls
are counted before any of them is laid out, and the numbers that make layers large are held to what pictures need.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dreampipe.errors import ModelError


@dataclass(frozen=True)
class Caps:
    """The most that a configuration may ask for.

    Attributes:
        calls: of layers, those within models counted each time that their model is called; NASNetLarge has 1000.
        depth: models within each other.
        resized: layers that change the size of their grid; a deep network has 30 of them.
        window: cells of a kernel, of a pooling or of steps along one side, and times of an enlarging.
        margin: cells that are added or cut off at one side.
        width: channels, units or heads of a layer.
    """

    calls: int = 5_000
    depth: int = 32
    resized: int = 512
    window: int = 1024
    margin: int = 4096
    width: int = 1 << 20


CAPS = Caps()

_WINDOWS = ("kernel_size", "strides", "dilation_rate", "pool_size", "size")
_MARGINS = ("padding", "cropping", "pad_width")
_WIDTHS = """
    filters units depth_multiplier groups num_heads num_query_heads num_key_value_heads key_dim value_dim head_dim n
    height width output_size
"""
_RESIZING = ("strides", "pool_size", "size")


def refuse(config: Mapping[str, Any], caps: Caps = CAPS) -> None:
    """Raise ModelError, with a clause about "it", where a model's configuration asks for more than it may.

    LookupError, TypeError and their like where it is no configuration of a model.
    """
    calls = _calls(config, caps, 1)
    if calls > caps.calls:
        raise ModelError(f"it calls layers {_many(calls)} times, but {caps.calls} are the most: choose a smaller one.")
    resized = 0
    for kind, settings in _settings(config):
        _refuse_layer(kind, settings, caps)
        resized += any(_largest(settings.get(name)) > 1 for name in _RESIZING)
    if resized > caps.resized:
        raise ModelError(
            f"{resized} of its layers change the size of their grid, but {caps.resized} are the most: choose another."
        )


def _calls(config: Mapping[str, Any], caps: Caps, depth: int) -> int:
    """Count the calls of layers at each call of a model, with the models within it."""
    if depth > caps.depth:
        raise ModelError(f"it holds models in models more than {caps.depth} deep: save it flatter.")
    return sum(
        max(1, len(layer.get("inbound_nodes") or ()))
        * (_calls(layer, caps, depth + 1) if "layers" in layer["config"] else 1)
        for layer in config["config"]["layers"]
    )


def _settings(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The class and configuration of everything that has one, however deep."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(config := value.get("config"), dict) and isinstance(kind := value.get("class_name"), str):
                yield kind, config
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _refuse_layer(kind: str, settings: Mapping[str, Any], caps: Caps) -> None:
    for names, most in ((_WINDOWS, caps.window), (_MARGINS, caps.margin), (_WIDTHS.split(), caps.width)):
        for name in names:
            if (asked := _largest(settings.get(name))) > most:
                raise ModelError(f"its {kind[:40]} has a {name} of {_many(asked)}, but {most} is the most: change it.")


def _largest(value: object) -> float:
    """The largest number in a setting: one, or a list of them; 0 where there is none."""
    if isinstance(value, list | tuple):
        return max(map(_largest, value), default=0)
    return abs(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _many(number: float) -> str:
    return f"{number:,}" if number < 10**15 else "more than 1,000,000,000,000,000"
