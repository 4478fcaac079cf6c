"""Recipes: settings, checked, printable and hashed, and the files that hold them.

climbing.py      Climbing: what every recipe says: model, objective, how to climb
recipe.py        Recipe: a dream of pictures
film.py          FilmRecipe: a dream of films; keyframes.py, what changes over time
zooming.py       Zooming: a film out of one still
visualization.py Visualization: what a unit has learned
atlas.py         Atlas: every channel of a layer, in one sheet
tasks.py         TASKS: the one list of what can be made, with recipe, record options and task
fields.py        numbers that change over an ascent; ways.py: the words of a recipe and what they stand for
files.py         presets/*.toml and files of one's own, by name; reading.py, loaded.py: what such a file says
named.py         the files that settings name
printing.py      recipes as TOML, and the schema of such files
fetched.py       weights of the model that are missing, downloaded first
"""

from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.film import FilmRecipe
from dreampipe.recipes.recipe import Recipe
from dreampipe.recipes.visualization import Visualization
from dreampipe.recipes.zooming import Zooming

__all__ = ["Atlas", "Climbing", "FilmRecipe", "Recipe", "Visualization", "Zooming"]
