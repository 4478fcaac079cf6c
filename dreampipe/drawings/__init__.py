"""Sheets, pages and animations of what a model draws, and the pictures that they show beside it.

sheet.py      one photo through every recommended layer
batches.py    the channels of an atlas in batches, and what they drew
contact.py    labelled tiles on a sheet; page.py: on a page of HTML
exemplars.py  the pictures that excite a channel most; pictures.py: where they come from
forming.py    a visualization as it forms
"""
