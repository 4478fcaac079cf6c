"""What a list of all architectures shows, read at once, is what their cards say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dreampipe.models import zoo
from dreampipe.models.zoo import described


@pytest.mark.parametrize("name", [f"{name}{end}" for name in zoo.NAMES for end in ("", zoo.NOTOP)])
def test_a_brief_card_is_the_card_without_its_layers(name: str) -> None:
    card, written = zoo.card(name), described.read(name)
    assert zoo.brief(name) == replace(card, layers=(), head_size=None, least=zoo.brief(name).least)
    assert (card.download, card.outputs) == (written.bytes, written.outputs)
    assert card.download == zoo.weights_of(name).bytes
