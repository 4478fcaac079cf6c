"""Stages turn frames into frames: the protocol and `Pipeline` (`base`), then `prepare`, `dream` and `recompose`.

For films `flow`, `still` (which parts stand still) and `motion`; `zoom` makes a film of a still, with its `camera` and
its return to the start (`returning`).
"""

from dreampipe.stages.base import Pipeline, Stage
from dreampipe.stages.dream import Dream
from dreampipe.stages.flow import Flow
from dreampipe.stages.motion import Carry, Moment
from dreampipe.stages.prepare import Resize
from dreampipe.stages.recompose import Blend, Caption
from dreampipe.stages.zoom import Zoom

__all__ = ["Blend", "Caption", "Carry", "Dream", "Flow", "Moment", "Pipeline", "Resize", "Stage", "Zoom"]
