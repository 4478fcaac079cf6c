"""Propagation rules: a network as a chain of steps of few forms, and rules that send the answer back through them.

    steps.py       Step and its forms; Builder, which lists the steps
    kernels.py     steps with weights: convolutions and dense layers
    forms.py       the table: each layer and operation of Keras, by its identity, as steps
    composites.py  normalizations and attention, as several steps
    program.py     the steps from the picture to what an objective reads
    sweep.py       Rule, and the sweep back through the steps of a program
    rescale.py     DeepLIFT; relevance.py, LRP; full.py, FullGrad; guided.py, guided backpropagation and deconvolution

A new layer needs a row in forms.py, and all rules know it then. All modules
import keras: import them where computing begins. `attribution/propagated.py` is the base of the methods.
"""
