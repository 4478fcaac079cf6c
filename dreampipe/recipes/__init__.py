"""The one door through which every face comes in: recipes, checked and hashed, and one call for each.

climbing.py      Climbing: what every recipe says: model, objective, how to climb
recipe.py        Recipe: a dream of pictures
film.py          FilmRecipe: a dream of films; keyframes.py, what changes over time
zooming.py       Zooming: a film out of one still
visualization.py Visualization: what a unit has learned
atlas.py         Atlas: every channel of a layer, in one sheet
door.py          dream, visualize, atlas: pictures as arrays, in one call
fetched.py       weights of the model that are missing, downloaded first
files.py         presets/*.toml and files of one's own, by name; reading.py, loaded.py, what such a file says
kinds.py         whose recipe is whose
printing.py      recipes as TOML, and the schema of such files
record.py        Record: how an output was made; making.py, the records of a run; telling.py, one for people
named.py places.py   the files that settings name, and the way to them from a picture
carried.py       the record that a file carries, checked
again.py         from a record to what makes it once more; verdict.py, whether its pixels are the same, or why not
fields.py ways.py  numbers that change over an ascent; the words of a recipe and what they stand for
sheet.py         one photo through every recommended layer
batches.py       the channels of an atlas in batches, and what they drew
    contact.py page.py   labelled tiles on a sheet, or on a page of HTML
exemplars.py pictures.py   the pictures that excite a channel most, and where they come from
"""

from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.film import FilmRecipe
from dreampipe.recipes.recipe import Recipe
from dreampipe.recipes.visualization import Visualization
from dreampipe.recipes.zooming import Zooming

__all__ = ["Atlas", "Climbing", "FilmRecipe", "Recipe", "Visualization", "Zooming"]
