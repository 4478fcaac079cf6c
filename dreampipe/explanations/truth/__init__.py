"""The truth: pictures whose every part has a known worth to a network, and measures of how right a map of them is.

    scenes.py       compose(number) -> Scene: motifs on scenery; each can be left out, moved, recoloured
    worth.py        drops(question, scene): what the answer loses without each part
    measures.py     where, how much, contrast, independence: numbers of one map
    grids.py        a network of four cells whose answers each see one cell only
    randomizing.py  the same network with random weights, from the top down
    rivals.py       maps that know nothing of the model: random, edges, a blob

`benchmarks/truth.py` puts them together into one table of all methods.
"""
