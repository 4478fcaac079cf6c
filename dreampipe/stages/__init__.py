"""Frames to frames: the protocol and `Pipeline` (`base`), then `prepare`, `dream` and `recompose`."""

from dreampipe.stages.base import Pipeline, Stage
from dreampipe.stages.dream import Dream
from dreampipe.stages.prepare import Resize
from dreampipe.stages.recompose import Blend, Caption

__all__ = ["Blend", "Caption", "Dream", "Pipeline", "Resize", "Stage"]
