"""Films: files to frames and frames to files, through PyAV and Pillow, which are loaded when first used.

info.py       what a film says of itself, and what a pass over it found
protocols.py  the two ends: Source and Target
forms.py      what a path's name says of films
jobs.py       which inputs and outputs are one film
pixels.py     stored pixels to RGB and back, exactly
matrices.py   between RGB and luma with colour differences
layouts.py    for how many pixels a colour is stored
orientation.py  how stored frames are turned and mirrored
tones.py      HDR as a person sees it, and back
meaning.py    whether a target keeps the meaning of numbers, or shows it as sRGB

sources.py    which source a path holds
film.py       a film's file: its stamps, cuts, damages and frames
opening.py    which of its streams is the video, and what it says of itself
holding.py    everything that it holds besides pixels
sidedata.py   what its frames carry besides pixels, and what of it goes along
boxtree.py    the boxes of an MP4 or QuickTime film
stamps.py     times that rise
damage.py     decoding that goes on over what is damaged
numbered.py   a folder of pictures as a film
animated.py   an animated picture as a film; apng.py, the frames of a PNG
stills.py     what the two have in common
shots.py      where shots begin
reading.py    the frames of a film, for iterating over them

targets.py    which target an output's name asks for
codecs.py     the table of codecs and containers
coding.py     how the picture of a film is stored
instructions.py  what x264 may use of the processor
segments.py   frames to one segment, encoded at once as the film will have it
packets.py    the file of a segment
joining.py    segments to a film
sinks.py      what a muxer writes into, and the room for a film's index
releasing.py  segments that go while the film that is joined of them grows
labels.py     HDR10 levels, 360 degrees and stereo 3D, written into a film
timecodes.py  timecodes, counted on
beside.py     the source's sound, subtitles and chapters, carried over
animations.py segments to an animated picture
numbering.py  a film as numbered pictures
checking.py   what an output cannot hold
whole.py      frames to a film at once
"""

from __future__ import annotations

from dreampipe.media.video.info import Colour, FilmInfo, Survey
from dreampipe.media.video.protocols import Encoding, Source, Target
from dreampipe.media.video.sources import open_source
from dreampipe.media.video.targets import target_of

__all__ = ["Colour", "Encoding", "FilmInfo", "Source", "Survey", "Target", "open_source", "target_of"]
