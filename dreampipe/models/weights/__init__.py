"""Files of weights: where they lie, how they come there, and what is in them.

store.py        Keras' own folder, and whether a file in it is whole
fetching.py     weights brought there, once
downloading.py  one file, however often the connection is cut; parts.py: what has come of it
hdf5.py         the arrays in a file, looked at before Keras reads them
"""
