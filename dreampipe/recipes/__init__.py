"""Recipes: settings, checked, printable and hashed, and the files that hold them. Nothing here climbs or draws.

settings.py      ModelSettings: the settings of every recipe
climbing.py      Climbing: the settings of an ascent
recipe.py        Recipe: a dream of pictures
film.py          FilmRecipe: a dream of films; keyframes.py: settings that change over time
zooming.py       Zooming: a film that dives into one still
visualization.py Visualization: what a unit has learned
atlas.py         Atlas: every channel of a layer, in one sheet
attacking.py     Attacking: an attack on a picture; Robustness: the accuracy of a model under attacks
gallery.py       Gallery: a page of the dreams in a folder
finding.py       Finding: the concepts of a layer
explaining.py    Explaining: why a model answers as it does
influencing.py   Influencing: the labelled pictures that argue for an answer
tasks.py         TASKS: the one list of what can be made, with recipe, record options and task
fields.py        the types of fields, and how each is shown; ways.py: the words of a recipe and their meaning
files.py         presets/*.toml and the user's own files, by name
defaults.py      the defaults of a user and of a folder, dreampipe.toml
named.py         the files that settings name; earlier.py: settings and layers by their earlier names
synonyms.py      the words of other tools, and the settings that they mean
printing.py      recipes as TOML, and the schema of such files
"""

from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.explaining import Explaining
from dreampipe.recipes.film import FilmRecipe
from dreampipe.recipes.recipe import Recipe
from dreampipe.recipes.settings import ModelSettings
from dreampipe.recipes.visualization import Visualization
from dreampipe.recipes.zooming import Zooming

__all__ = ["Atlas", "Climbing", "Explaining", "FilmRecipe", "ModelSettings", "Recipe", "Visualization", "Zooming"]
