"""Tasks: everything that can be made, and the runs that make it over files, at what pace.

task.py      Task: the one shape of what can be made; Place: where a task puts a file
dreams.py    DreamTask: a picture, a film, or a folder of these; orders.py: how a run makes pictures and films
explanations.py  ExplainTask: an explanation of a picture, a film, or a folder of these
dives.py     DiveTask: a film that dives into one still
drawings.py  VisualizationTask, AtlasTask, SheetTask
galleries.py GalleryTask: a page of the dreams in a folder; sources.py: what dreams were made from
attacks.py   AttackTask: a picture that fools a model; RobustnessTask: the accuracy under attacks
several.py   Several: the same for each of several pictures
concepts.py  ConceptsTask: the concepts of a layer
influence.py InfluenceTask: the labelled pictures behind an answer
reports.py   ReportTask: all of that on one page; report_parts.py and report_training.py: its
             parts; report_subject.py: what they are about
remaking.py  Remaking: any of these again, from its record
local.py     pictures on this machine, one after the other; makers.py: what is done with each, a dream or, in
             explaining.py, an explanation; stopping.py: Ctrl-C that keeps what is ready
hiring.py    Hire: this process, several, or Ray; rows.py: pictures and films in pieces for a crew
crew.py      Crew, Supply, Piece and Bench: how workers share a run; coordinating.py: who makes what
workers.py   a crew of processes; ray.py: of actors of Ray, with nodes.py, what a node must have, and sending.py, the
             files that it lacks; parts.py: the parts of a drawing, or a whole task as one
filming.py   one film, whatever is made of its frames; films.py: a dream; explaining_films.py: an explanation
producing.py frames to segments to a film; continues a stopped run
keeping.py   a picture under its final name, with its record in it or next to it
standing.py  whether the existing file is this run's own finished output; outputs.py: the same for a film
forecasting.py  what would be made, for --dry-run; diagnosis.py, whether the machine is set up
estimating.py  how long something takes, by its first steps
pacing.py    work in other threads
"""

from dreampipe.engines.local import run

__all__ = ["run"]
