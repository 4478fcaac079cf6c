"""Tasks: everything that can be made, who runs it over files and at what pace, and the events of a run.

task.py      Task: the one shape of what can be made; Place: where a task puts a file
dreams.py    DreamTask: a picture, a film, or a folder of these
dives.py     DiveTask: a film out of one still
drawings.py  VisualizationTask, AtlasTask, SheetTask
remaking.py  Remaking: any of these again, from its record
local.py     pictures on this machine, one after the other;  films.py  one film
producing.py frames to segments to a film; continues what a killed run has left
keeping.py   a picture under its final name, with its record in it or next to it
standing.py  whether a dream made the file that exists already;  outputs.py  the same of a film
estimating.py  how long something takes, by its first steps
pacing.py    work in other threads than the caller's
"""

from dreampipe.engines.local import run

__all__ = ["run"]
