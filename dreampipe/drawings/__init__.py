"""Draw what a model sees: visualizations, atlases, sheets and dives, and the sheets and pages that show them.

visualization.py  the pictures of a unit; forming.py: the frames of how they form
atlas.py          every channel of a layer; batches.py: which channels climb together, and a folder that keeps them
sheet.py          one photo through every recommended layer
dive.py           the frames of a dive into a still
attacks.py        an attack on one sheet; curves.py: accuracy under attacks; labelled.py: pictures of known classes
concepts.py       the concepts of a layer; concept_pictures.py: where they are looked for
explanations.py   the maps and overlays of explanations, on one sheet
influence.py      the labelled pictures behind an answer; reading.py: reads them once
report.py         a report on one picture as a page of HTML; report_style.py: its style
contact.py        labelled tiles on a sheet; page.py: on a page of HTML
exemplars.py      the pictures that excite a channel most; pictures.py: where they come from
"""
