"""The second edition of `motifnet`, in the making: a world of lit bodies that photographs resemble.

bank.py       noise that tiles
bodies.py     ellipsoids, tubes and sheets in one depth buffer; light.py lights them; parts.py: eyes, fur, skin
mammals.py, hoofed.py, heads.py, birds.py, water.py, small.py, plants.py, things.py, buildings.py, people.py
              the motifs, one function each; surfaces.py: those that tile
places.py     where they are
classes.py    the table of the classes: a new motif is a function and a row here
renderer.py   `render(number)`, a training picture
network.py    the architecture
train.py      the training

Nothing outside of this folder uses it until weights of it are shipped.
"""
