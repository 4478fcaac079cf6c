"""Films: files to frames and frames to files, through PyAV and Pillow, which are loaded when first used.

info.py       what a film says of itself, and what a pass over it found
protocols.py  the two ends: Source and Target
"""

from __future__ import annotations

from dreampipe.media.video.info import Colour, FilmInfo, Survey
from dreampipe.media.video.protocols import Encoding, Source, Target

__all__ = ["Colour", "Encoding", "FilmInfo", "Source", "Survey", "Target"]
