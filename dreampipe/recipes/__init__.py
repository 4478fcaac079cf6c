"""The one door through which every face comes in: a `Recipe` (`recipe`) and `dream` for one picture (`door`)."""

from dreampipe.recipes.recipe import Recipe

__all__ = ["Recipe"]
