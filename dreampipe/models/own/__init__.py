"""The user's own `.keras` files, which may hold code, and the cards next to them.

files.py       card(path) -> Card, load(path, sha256) -> keras.Model: the way in
inspecting.py  what a file is, checked before anything in it is built
archive.py     the archive: what kind of file, which members, how large
foreign.py     models in other forms: what they are, and what to do with them
versions.py    which Keras saved a file, and what to do if it is another one
earlier.py     the names that earlier versions gave to the layers of a file
allowed.py     the configuration: which classes it can name; caps.py: how much it can ask for
probing.py     a separate process for a file that is new here; seen.py remembers the others
changing.py    what differs once a file is written again
scratch.py     private folders for copies of model files, which are swept after a kill
cards.py       my.card.toml next to my.keras; first_card.py writes a first one
guessing.py    how a file wants its pixels, if nobody says
"""
