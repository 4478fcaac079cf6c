"""Facts from a model's configuration, by reading and arithmetic; no keras here.

graph.py    a configuration as one flat graph
kinds.py    kinds of layers, and the cells that they take together
shapes.py   what the graph's tensors measure for a picture of some size
planes.py   calls that select channels, and what a resizing layer makes the same for all sizes
pixels.py   what the first layers do to the numbers of the picture
sights.py   strides and receptive fields
sizes.py    sizes of pictures that the graph can take
costs.py    multiply-adds
fields.py   all that is known of the graph's layers
heads.py    whether the graph ends in a head of classes
blocks.py   the layers of a card as a tree
"""
