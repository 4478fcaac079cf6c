"""The user's own `.keras` files, which may hold code, and the cards next to them.

files.py       card(path) -> Card, load(path, sha256) -> keras.Model: the way in
inspecting.py  what a file is, checked before anything in it is built
archive.py     its outside: what kind of file, which members, how large
foreign.py     models in other forms: what they are, and what to do with them
versions.py    which Keras saved a file, and what to do where it is another
earlier.py     names that dreampipe once had for the layers of a file
allowed.py     its inside: what a configuration may name; caps.py: how much it may ask for
probing.py     a process of its own for a file that is new here; seen.py remembers those that are not
scratch.py     private folders for copies of model files, which are swept after a kill
cards.py       my.card.toml beside my.keras; first_card.py writes a first one
guessing.py    how a file wants its pixels, where nobody says
"""
