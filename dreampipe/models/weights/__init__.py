"""Files of weights: where they are, how they are downloaded, and what is in them.

store.py        Keras' own folder, and whether a file in it is whole
fetching.py     download weights into it, once; missing.py, which weights a model still needs
downloading.py  one file, through any number of cut connections; parts.py: the part that is here
hdf5.py         the arrays in a file, checked before Keras reads them
"""
