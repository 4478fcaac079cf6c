"""Films: files to frames and frames to files, through PyAV and Pillow, which are loaded when first used.

info.py       the facts in a film's header, and what a pass over it found
protocols.py  the two ends: Source and Target
forms.py      films and animations by their names
jobs.py       which inputs and outputs are one film
pixels.py     stored pixels to RGB and back, exactly
matrices.py   between RGB and luma with colour differences
layouts.py    chroma layouts: 4:2:0, 4:2:2, 4:4:4
orientation.py  how stored frames are turned and mirrored
tones.py      HDR as a person sees it, and back
meaning.py    whether a target keeps the meaning of numbers, or shows it as sRGB

sources.py    which source a path holds
film.py       a film's file: its time stamps, cuts, damage and frames
opening.py    which of its streams is the video, and the facts in its header
holding.py    everything that it holds besides pixels
sidedata.py   what its frames carry besides pixels, and which of that is kept
boxtree.py    the boxes of an MP4 or QuickTime film
stamps.py     strictly increasing time stamps
damage.py     decoding that continues after damage
numbered.py   a folder of pictures as a film
animated.py   an animation as a film
animation_frames.py  the frames of animations; apng.py, those of a PNG
stills.py     what numbered and animated pictures have in common
shots.py      where shots begin
reading.py    the frames of a film, for iterating over them

targets.py    which target an output's name asks for
codecs.py     the table of codecs and containers
coding.py     how the picture of a film is stored
instructions.py  the processor's instruction sets that x264 can use
segments.py   frames to one segment, encoded at once as the film will have it
packets.py    the file of a segment
joining.py    segments to a film
sinks.py      the file that a muxer writes into, and the space for a film's index
releasing.py  remove segments while the film that they make grows
labels.py     HDR10 levels, 360 degrees and stereo 3D, written into a film
timecodes.py  timecodes and how they continue
beside.py     the source's sound, subtitles and chapters, copied
animations.py segments to an animated picture
numbering.py  a film as numbered pictures
checking.py   what an output cannot hold
whole.py      frames to a film at once
"""

from __future__ import annotations

from dreampipe.media.video.info import Colour, FilmInfo, Survey
from dreampipe.media.video.protocols import Encoding, Source, Target
from dreampipe.media.video.sources import check_part, open_source
from dreampipe.media.video.targets import target_of

__all__ = ["Colour", "Encoding", "FilmInfo", "Source", "Survey", "Target", "check_part", "open_source", "target_of"]
