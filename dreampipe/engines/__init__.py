"""Who runs a pipeline and at what pace; what a run tells of itself.

local.py     files on this machine, one after the other
films.py     one film;  dives.py  a film out of one still
producing.py frames to segments to a film, gone on with after a kill
drawings.py  visualizations, atlases and sheets
keeping.py   a picture under its final name, with its record in it or beside it
remaking.py  any of these once more, from its record
estimating.py  how long something takes, by its first steps
pacing.py    work beside the caller's thread
events.py    what a run tells
"""

from dreampipe.engines.local import run

__all__ = ["run"]
